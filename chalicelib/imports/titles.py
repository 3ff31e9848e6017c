"""The title of a column: what does not matter in it, and a unit in brackets behind it."""

import re
import unicodedata

from chalicelib.imports.kinds.columns import DATES, EVERY_UNIT, Column

# Longer titles are of no column that is known.
MAX_TITLE = 200
_BRACKETS = {")": "(", "]": "[", "}": "{"}

# What programs put behind a title that is there already: Loan Amount2 in tables of Excel, .1 of pandas, _1 of SheetJS.
_NUMBERED = re.compile(r"(\S.*?[^\W\d_])[._]?\d{1,2}", re.DOTALL)

_DATE_ORDERS = ("", "dmy", "ymd")


def normalised(title: str) -> str:
    """A column's title without what does not matter in it: case, white space, underscores, punctuation."""
    if len(title) > MAX_TITLE:
        return ""
    compatible = unicodedata.normalize("NFKC", title).casefold()
    return "".join(character for character in compatible if character.isalnum())


def without_number(title: str) -> str:
    """A title without the number that programs add to one that is there already; 'Phone 2' was numbered by a person."""
    found = _NUMBERED.fullmatch(title[:MAX_TITLE].strip())
    return found[1] if found else title


def without_unit(title: str) -> str:
    """A title without what stands in brackets at its end, such as `(Rs.)`."""
    title = _without_end(title)
    start = title.rfind(_BRACKETS[title[-1]]) if title and title[-1] in _BRACKETS else -1
    return title[:start] if start > 0 else title


def unit_of(title: str) -> str:
    """What stands in brackets at the end of a title."""
    title = _without_end(title)
    return title[len(without_unit(title)) :][1:-1].strip()


def _without_end(title: str) -> str:
    """A title in ordinary characters, without the marks of a required field behind it."""
    return unicodedata.normalize("NFKC", title[: MAX_TITLE + 1]).rstrip(" \t\r\n\f\v*:")


def not_understood(column: Column, title: str) -> str:
    """What a title says beside its column's name, if that may change what its values are; empty if it does not.

    | title                                                        | result       |
    |--------------------------------------------------------------|--------------|
    | Loan Amount (₹), Interest Rate (% p.a.), End Date (dd/mm/yyyy) |            |
    | Loan Amount (₹ lakhs), Loan Amount $, End Date (mm/dd/yyyy)  | lakhs, $, mm/dd/yyyy |
    """
    unit = unit_of(title)
    if normalised(unit) in map(normalised, (column.title, *column.aliases)):
        return ""
    said = [*words(unit), *_symbols(title)]
    order = "".join(word[0] for word in said if column.unit is DATES and set(word) <= set("dmy"))
    if order not in _DATE_ORDERS:
        return unit
    known = EVERY_UNIT | column.unit.spellings | {*words(" ".join((column.title, *column.aliases)))}
    return " ".join(word for word in dict.fromkeys(said) if word not in known)


def words(text: str) -> list[str]:
    """The words of a text, in lower case and ordinary characters; p.a. is one."""
    return re.findall(r"[^\W_]+", _plain(text))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("p.a", "pa").replace("p.m", "pm")


def _symbols(title: str) -> list[str]:
    """Signs of currencies, percent and its like, which `normalised` leaves out of a title."""
    return [sign for sign in _plain(title) if unicodedata.category(sign) == "Sc" or sign in "%‰‱"]
