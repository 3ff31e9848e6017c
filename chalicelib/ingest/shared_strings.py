"""How long the texts are that the cells of a workbook share: the reader copies such a text for every cell.

A file of 100 KB may have a text of 30,000 characters in 20,000 cells.
"""

import re
import zipfile
from array import array
from dataclasses import dataclass
from functools import cached_property

from chalicelib.ingest.xml_parts import blocks, pieces, prefix_of, text_bytes

PART = "xl/sharedstrings.xml"


@dataclass(frozen=True)
class SharedStrings:
    """The length of each text in bytes. Where the reader might count them differently, each is as the longest."""

    lengths: "array[int]"
    is_sure: bool = True

    @cached_property
    def longest(self) -> int:
        return max(self.lengths, default=0)

    @cached_property
    def total(self) -> int:
        return sum(self.lengths)

    def expanded(self, xml: bytes, prefix: bytes) -> int:
        """The bytes that the cells of a piece of a sheet expand to; a cell that is written oddly has the longest."""
        longest = self.longest
        indices = [int(index) for index in _shared_cell(prefix).findall(xml)] if self.is_sure else []
        known = [self.lengths[index] for index in indices if index < len(self.lengths)]
        return sum(known) + (shared_cells(xml) - len(known)) * longest


def shared_cells(xml: bytes) -> int:
    """How many cells of a piece of a sheet have a shared text, or a few more."""
    return xml.count(b'"s"') + xml.count(b"'s'")


def shared_strings(container: zipfile.ZipFile) -> SharedStrings:
    """The shared texts of a workbook; none where it has no such part."""
    parts = [part for part in container.infolist() if part.filename.lower() == PART]
    lengths = array("I")
    is_sure = len(parts) < 2
    for part in parts:
        prefix = prefix_of(container, part, b"sst")
        item = re.compile(rb"<%bsi(?:\s[^<>]*)?(?:/>|>(.*?)</%bsi>)" % (prefix, prefix), re.DOTALL)
        for xml in pieces(blocks(container, part), b"</%bsi>" % prefix):
            found = item.findall(xml)
            # One without any text in it may count as none.
            is_sure = is_sure and b"" not in found
            lengths.extend(map(text_bytes, found))
    return SharedStrings(lengths, is_sure)


def _shared_cell(prefix: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"""<%bc\s[^<>]*\bt\s*=\s*["']s["'][^<>]*>\s*<%bv>(\d{1,9})</""" % (prefix, prefix))
