"""The parts of an .xlsx file, unpacked and taken to pieces without ever holding a whole one in memory."""

import re
import zipfile
from collections.abc import Iterable, Iterator
from copy import copy
from xml.etree import ElementTree

BLOCK_BYTES = 2**20
MAX_PIECE_BYTES = 2**24

CDATA = b"<![CDATA["
_TEXT = re.compile(rb">([^<]+)<")


def blocks(container: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """What a part unpacks to. Raises BadZipFile where that is more than the file says: zipfile would cut it off."""
    unbounded = copy(part)
    unbounded.file_size = part.file_size + BLOCK_BYTES
    unpacked = 0
    with container.open(unbounded) as stream:
        while block := stream.read(BLOCK_BYTES):
            unpacked += len(block)
            if unpacked > part.file_size:
                raise zipfile.BadZipFile(f"{part.filename} unpacks to more than it says")
            yield block


def pieces(some: Iterable[bytes], end: bytes) -> Iterator[bytes]:
    """The XML in pieces that each stop behind an `end`, so that no row, cell or string is cut in two."""
    rest = b""
    for block in some:
        whole, found, rest = (rest + block).rpartition(end)
        if len(rest) > MAX_PIECE_BYTES:
            raise ValueError(f"{MAX_PIECE_BYTES} bytes without {end.decode()}")
        yield whole + found
    yield rest


def elements(container: zipfile.ZipFile, part: str, tag: str) -> list[dict[str, str]]:
    """The attributes of all elements of that name, in whatever namespace: there are two dialects of .xlsx."""
    root = ElementTree.fromstring(b"".join(blocks(container, container.getinfo(part))))  # noqa: S314 - see below
    # expat refuses entities that multiply.
    return [
        {name.rpartition("}")[2]: value for name, value in element.items()}
        for element in root.iter()
        if element.tag.rpartition("}")[2] == tag
    ]


def prefix_of(container: zipfile.ZipFile, part: zipfile.ZipInfo, root: bytes) -> bytes:
    """The namespace prefix of the part's elements, with its colon; nearly always there is none."""
    found = re.search(rb"<(\w{1,20}:)?%b" % root, next(blocks(container, part), b""))
    return (found and found.group(1)) or b""


def text_bytes(xml: bytes) -> int:
    """How many bytes of text stand between the tags, or a few more."""
    return len(xml) if CDATA in xml else sum(map(len, _TEXT.findall(xml)))
