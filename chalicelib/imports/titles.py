"""The title of a column: what does not matter in it, and a unit in brackets behind it."""

import re
import unicodedata

from chalicelib.imports.kinds.columns import DATES, Unit

# Longer titles are of no column that is known.
MAX_TITLE = 200
_BRACKETS = {")": "(", "]": "[", "}": "{"}

_OTHER_SCALES = re.compile(
    r"lakhs?|lacs?|crores?|cr|thousands?|k|hundreds?|millions?|mn|mio|billions?|bn|tsd|000s?|usd|us|eur|euros?|gbp|aed|"
    r"dollars?|pounds?|fractions?|decimals?"
)
_TIMES = {
    "day": r"days?|daily", "week": r"weeks?|weekly|wks?|fortnights?|fortnightly",
    "month": r"months?|monthly|mths?|mons?|pm", "quarter": r"quarters?|quarterly|qtrs?",
    "year": r"years?|yearly|yrs?|annum|annual|annually|pa",
}  # fmt: skip
_MONTH_FIRST = re.compile(r"mm?\W+dd?\W+yy(yy)?")


def normalised(title: str) -> str:
    """A column's title without what does not matter in it: case, white space, underscores, punctuation."""
    if len(title) > MAX_TITLE:
        return ""
    compatible = unicodedata.normalize("NFKC", title).casefold()
    return "".join(character for character in compatible if character.isalnum())


def without_unit(title: str) -> str:
    """A title without what stands in brackets at its end, such as `(Rs.)`."""
    title = title[: MAX_TITLE + 1].rstrip()
    start = title.rfind(_BRACKETS[title[-1]]) if title and title[-1] in _BRACKETS else -1
    return title[:start] if start > 0 else title


def unit_of(title: str) -> str:
    """What stands in brackets at the end of a title."""
    title = title[: MAX_TITLE + 1].rstrip()
    return title[len(without_unit(title)) :][1:-1].strip()


def of_other_unit(own: Unit, unit: str) -> bool:
    """Whether values in the unit of a title are not in the `own` one of its column: lakhs, years, dollars."""
    text = unicodedata.normalize("NFKC", unit).casefold().replace("p.a", "pa").replace("p.m", "pm")
    if own is DATES:
        return bool(_MONTH_FIRST.search(text))
    words = re.findall(r"[^\W_]+", text)
    if any(map(_OTHER_SCALES.fullmatch, words)) or any(symbol in text for symbol in "$€£¥"):
        return True
    times = {time for time, pattern in _TIMES.items() if any(re.fullmatch(pattern, word) for word in words)}
    return own.time is not None and bool(times - {own.time})
