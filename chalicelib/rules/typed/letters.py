"""The characters of a text as an eye sees them: what is invisible is gone, and what looks alike is alike."""

import html
import re
import unicodedata

# Nothing that is read here is longer; what is gets no expression run over it.
MAX_TYPED = 100

# What turns the order of what stands around it: 321 is then seen as 123.
REVERSING = frozenset("\u202b\u202e\u2067")
# Letters, symbols and marks of which nothing is seen, beside all format characters.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u2800\u3164\uffa0")

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_WIDE = range(0xFF01, 0xFF5F)
_ALIKE = {**{ord(dash): "-" for dash in _DASHES}, **{wide: chr(wide - 0xFEE0) for wide in _WIDE}, ord("﹪"): "%"}
NO_BREAK_SPACE = "\u00a0"
# How web pages, addresses and programs write a character.
_CODED = re.compile(
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\['\"]"
)


_QUOTATION_MARKS = frozenset(("''", '""', "``", "“”", "‘’", "„“", "«»"))


def is_unseen(character: str) -> bool:
    """Whether a character takes no ink and no room: a format character, a filler, a variation selector."""
    return (
        unicodedata.category(character) == "Cf"
        or character in _UNSEEN
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )


def coded(text: str) -> str | None:
    """The first character of a text that stands in it as a code, as web pages and programs write it; None if none does.

    >>> coded("O&#39;Neil"), coded("Rao &amp; Sons"), coded("O%27Neil"), coded("AT&T"), coded("R&D; 5%")
    ('&#39;', '&amp;', '%27', None, None)
    """
    found = (match[0] for match in _CODED.finditer(text))
    return next((code for code in found if code[0] != "&" or html.unescape(code) != code), None)


def is_quoted(text: str) -> bool:
    """Whether a text stands between quotation marks, as programs with other marks of their own leave it: 'UTR-1'.

    >>> is_quoted("'UTR-1'"), is_quoted("“Asha”"), is_quoted("'0012"), is_quoted("D'Souza")
    (True, True, False, False)
    """
    stripped = text.strip()
    return len(stripped) > 1 and stripped[0] + stripped[-1] in _QUOTATION_MARKS


def is_blank(text: str) -> bool:
    """Whether there is nothing in a text to be seen."""
    stripped = text.strip()
    return not stripped or (not stripped.isascii() and all(c.isspace() or is_unseen(c) for c in stripped))


def bare(text: str) -> str:
    """A text that is not a name, in ASCII as far as it goes, without blanks around it.

    Empty if it is too long to be anything read here, or its characters are not shown in the order they have.

    | text            | result        |
    |-----------------|---------------|
    | '300000         | 300000, without the mark by which Excel knows a text |
    | ３००, –5, 1‑2     | ３００ stays, its digits are of two scripts; -5; 1-2 |
    | ३००             | 300           |
    | 300<thin>000    | 300<no-break>000: every space that is not an ordinary one is this |
    """
    text = text.strip()
    if len(text) > MAX_TYPED or REVERSING.intersection(text):
        return ""
    return _as_ascii(text).strip().removeprefix("'").strip()


def alike(text: str) -> str:
    """As `bare`, with an ordinary space for each other one: two texts that nobody can tell apart are one."""
    return bare(text).replace(NO_BREAK_SPACE, " ")


def _as_ascii(text: str) -> str:
    if text.isascii():
        return text
    seen = "".join(character for character in text.translate(_ALIKE) if not is_unseen(character))
    # The digits of several scripts in one number look like others: ৪ is a four of Bengali.
    convert = len({_zero(character) for character in seen if character.isdecimal()}) == 1
    return "".join(_one(character, convert) for character in seen)


def _zero(digit: str) -> int:
    return ord(digit) - unicodedata.decimal(digit)


def _one(character: str, convert: bool) -> str:
    if unicodedata.category(character) == "Zs":
        return character if character == " " else NO_BREAK_SPACE
    return str(unicodedata.decimal(character)) if convert and character.isdecimal() else character


def spaced(text: str) -> str:
    """As `bare`, with one ordinary space wherever there are spaces."""
    return " ".join(bare(text).split())
