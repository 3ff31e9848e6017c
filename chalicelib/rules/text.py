"""Text: which characters a name may have, and words as a sentence lists them.

Any script is welcome; what cannot be stored or seen is not.
"""

import unicodedata
from collections.abc import Iterable

# Control characters, halves of surrogate pairs, and line and paragraph separators. Format characters stay:
# names in several Indian scripts need the joiners among them.
REFUSED_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
# What a spreadsheet takes for the beginning of a formula; the wide signs, one that is set to an East Asian language.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def is_plain_text(text: str) -> bool:
    """Whether a text can be stored and shown on one line."""
    # Nearly every text is of ASCII, where printable means just that.
    return (text.isascii() and text.isprintable()) or not any(
        unicodedata.category(character) in REFUSED_CATEGORIES for character in text
    )


def joined(words: Iterable[str], last: str) -> str:
    """Words as a sentence lists them; `last` stands before the last of them.

    >>> joined([".xlsx", ".xlsm", ".csv"], "or")
    '.xlsx, .xlsm or .csv'
    """
    *most, final = words
    return f"{', '.join(most)} {last} {final}" if most else final


def harmless(text: str) -> str:
    """A text with an apostrophe in front if a spreadsheet would take it for a formula.

    >>> harmless("=1+1")
    "'=1+1"
    """
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would take a text for a formula: in a CSV, or in a cell that somebody edits."""
    return text.startswith(FORMULA)
