"""Which font has the letters of a text. The built-in fonts of PDF know only Western European ones.

Noto Sans writes Latin, Greek and Cyrillic, and a Noto font each the scripts of India. A letter that none of them has is
told of: no paper goes out with a box where a part of a name should be.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from chalicelib.errors import PdfCannotWrite

FONTS = Path(__file__).with_name("fonts")
BASE, BOLD = "NotoSans-Regular", "NotoSans-Bold"
SCRIPTS = ("Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam")
OF_SCRIPTS = tuple(f"NotoSans{script}-Regular" for script in SCRIPTS)
# What joins letters or keeps them apart is not seen itself; a font may do without it.
UNSEEN = "Cf"


class Run(NamedTuple):
    """Letters side by side that one font has; BASE stands for the font of the text around."""

    font: str
    text: str


def runs(text: str) -> list[Run]:
    """A text in pieces of one font each. Raises PdfCannotWrite with the letters that no font has."""
    composed = unicodedata.normalize("NFC", text)
    if missing := sorted({letter for letter in composed if not _is_unseen(letter) and not _fonts_with(letter)}):
        raise PdfCannotWrite(
            f"The fonts of our PDFs have no letters for {', '.join(missing[:10])} in {text[:60]!r}. Print the page "
            "instead: a browser has the letters of every script."
        )
    return list(_runs(composed))


def _runs(text: str) -> Iterator[Run]:
    font, start = BASE, 0
    for place, letter in enumerate(text):
        wanted = _font_for(letter, font)
        if wanted != font:
            if place > start:
                yield Run(font, text[start:place])
            font, start = wanted, place
    if start < len(text):
        yield Run(font, text[start:])


def _font_for(letter: str, present: str) -> str:
    """The present font as long as it has the letter, so that a word stays in one piece with its signs."""
    having = _fonts_with(letter)
    return present if present in having or not having else having[0]


# A paper repeats its letters: some hundred are asked for again and again.
@cache
def _fonts_with(letter: str) -> tuple[str, ...]:
    return tuple(name for name in (BASE, *OF_SCRIPTS) if ord(letter) in _letters_of(name))


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) == UNSEEN


@cache
def _letters_of(name: str) -> Mapping[int, int]:
    """The letters of a font, which is registered with reportlab under its name."""
    # Shapable, because a paragraph is shaped only if its own font is, whatever the fonts of its pieces are.
    font = TTFont(name, FONTS / f"{name}.ttf", shapable=True)
    pdfmetrics.registerFont(font)
    letters: Mapping[int, int] = font.face.charToGlyph
    return letters


def register() -> None:
    """Makes the two fonts of every paper known to reportlab. Those of scripts are read when one is needed."""
    _letters_of(BASE)
    _letters_of(BOLD)
