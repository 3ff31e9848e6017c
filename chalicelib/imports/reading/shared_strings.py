"""The texts that the cells of a workbook share: the reader copies such a text for every cell.

A file of 100 KB may have a text of 30,000 characters in 20,000 cells, so their lengths are known before.
"""

import re
from array import array
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from xml.sax.saxutils import escape

from chalicelib.imports.reading.cells import shown
from chalicelib.imports.reading.xml_parts import MAIN, MAX_PIECE_BYTES, Damaged, feed, known, of_characters, parser

START = f'<sst xmlns="{MAIN[0]}">'.encode()
END = b"</sst>"

_PLAIN = re.compile(rb'\s*+(?:<si><t(?: xml:space="preserve")?+>[^<>]*+</t></si>\s*+)*+')
# How a text is pronounced, and what programs add.
_UNREAD = frozenset(("rPh", "extLst"))
_TEXT = re.compile(rb"<t[^<>]*+>([^<>]*+)<")


@dataclass(frozen=True)
class SharedStrings:
    """The length of each text in bytes, and which are struck out in part, or have raised or lowered letters."""

    lengths: "array[int]"
    struck: Container[int] = ()

    @cached_property
    def longest(self) -> int:
        return max(self.lengths, default=0)

    @property
    def total(self) -> int:
        return sum(self.lengths)


class Strings:
    """Takes the texts in, piece by piece."""

    def __init__(self) -> None:
        self.lengths = array("I")
        self.struck: set[int] = set()

    def take(self, xml: bytes) -> bool:
        """Takes in whole texts; False if they are not written as nearly every program does."""
        if not _PLAIN.fullmatch(xml):
            return False
        self.lengths.extend(map(len, _TEXT.findall(xml)))
        return True


def is_struck(path: Sequence[str], attributes: Mapping[str, str]) -> bool:
    """Whether this element of a run of text strikes it out, or raises or lowers it: 10 with a small 5 is not 105."""
    value = attributes.get("val", "true")
    if path[-2:] == ["rPr", "strike"]:
        return value not in ("0", "false")
    return path[-2:] == ["rPr", "vertAlign"] and value != "baseline"


def rewritten(some: Iterable[bytes], struck: set[int]) -> Iterator[bytes]:
    """The texts written plainly: without fonts, and without how they are pronounced. `struck` takes in the numbers of
    those that are struck out in part. Raises Damaged, ExpatError.
    """
    path: list[str] = []
    texts: list[str] = []
    ready: list[str] = []
    size = number = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(known(name))
        if is_struck(path, attributes):
            struck.add(number)
        elif path[-1] == "si" and len(path) == 2:
            texts.clear()
        elif len(path) > 100:
            raise Damaged("more than 100 elements in one another")

    def end(_name: str) -> None:
        nonlocal number
        if path == ["sst", "si"]:
            number += 1
            ready.append(f'<si><t xml:space="preserve">{written("".join(texts))}</t></si>')
        path.pop()

    def text(characters: str) -> None:
        nonlocal size
        if path in (["sst", "si", "t"], ["sst", "si", "r", "t"]):
            texts.append(characters)
            size += len(characters)
            if size > MAX_PIECE_BYTES * 16:
                raise Damaged(f"{size} characters of text")
        elif "si" in path and not _UNREAD.intersection(path) and not characters.isspace():
            raise Damaged(f"a text of its cells holds {shown(characters)} where none is read")

    made = parser(start, end)
    made.CharacterDataHandler = text
    for _ in feed(made, of_characters(some)):
        yield "".join(ready).encode()
        ready.clear()


def written(text: str) -> str:
    """A text as XML; without the escape, a carriage return would become a line feed."""
    return escape(text, {"\r": "&#13;"})
