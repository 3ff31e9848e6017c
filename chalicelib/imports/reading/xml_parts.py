"""The parts of an .xlsx file, unpacked and taken to pieces without ever holding a whole one in memory.

expat takes XML to pieces, in time in proportion to its length: it is given blocks, and what it must hold until it ends
(a tag, a comment) is bounded, as is the number of elements.
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Any
from xml.parsers import expat

BLOCK_BYTES = 2**20
MAX_PIECE_BYTES = 2**24
# expat looks at an unfinished tag or comment again with each block.
MAX_TOKEN_BYTES = 2**22
# Beside cells. A workbook of 64,000 styles has half of it.
MAX_ELEMENTS = 1_000_000

# The two dialects of .xlsx: what every program writes, and "Strict Open XML".
MAIN = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
LINKS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)

Start = Callable[[str, dict[str, str]], Any]


class Damaged(ValueError):
    """The file cannot be read. `str(error)` says why, as the end of a sentence."""


def blocks(container: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """What a part unpacks to. Raises BadZipFile if that is more than the file says: zipfile would cut it off."""
    unbounded = copy(part)
    unbounded.file_size = part.file_size + BLOCK_BYTES
    unpacked = 0
    with container.open(unbounded) as stream:
        while block := stream.read(BLOCK_BYTES):
            unpacked += len(block)
            if unpacked > part.file_size:
                raise zipfile.BadZipFile(f"{part.filename} unpacks to more than it says")
            yield block


def pieces(some: Iterable[bytes], end: bytes, start: bytes = b"") -> Iterator[bytes]:
    """The XML in pieces that each stop behind an `end`, so that no row or string is cut in two. Raises Damaged.

    Or before a `start`, in a block that has no `end`: a million rows without cells may each be one tag.
    """
    held: list[bytes] = []
    # So many bytes may be the beginning of an end or a start.
    seam, few = b"", max(len(end), len(start)) - 1
    for block in some:
        block = seam + block
        stop = block.rfind(end) + len(end) if end in block else block.rfind(start) if start else 0
        if stop > 0:
            yield b"".join((*held, block[:stop]))
            held = []
        rest = block[max(stop, 0) :]
        cut = max(len(rest) - few, 0)
        held.append(rest[:cut])
        seam = rest[cut:]
        if sum(map(len, held)) > MAX_PIECE_BYTES:
            raise Damaged(f"{MAX_PIECE_BYTES} bytes without {end.decode()}")
    yield b"".join((*held, seam))


def parser(start: Start, end: Callable[[str], Any] | None = None) -> expat.XMLParserType:
    """A parser that names elements and attributes "namespace name". It raises Damaged on a document type."""
    made = expat.ParserCreate(namespace_separator=" ")
    made.buffer_text = True
    made.StartElementHandler = start
    made.EndElementHandler = end
    made.StartDoctypeDeclHandler = _refuse_document_type
    return made


def feed(to: expat.XMLParserType, some: Iterable[bytes]) -> Iterator[None]:
    """Parses the blocks; control comes back after each. Raises ExpatError, and Damaged on a tag without an end."""
    fed = 0
    for block in some:
        to.Parse(block, False)
        fed += len(block)
        if fed - max(to.CurrentByteIndex, 0) > MAX_TOKEN_BYTES:
            raise Damaged(f"a tag or comment of more than {MAX_TOKEN_BYTES} bytes")
        yield
    to.Parse(b"", True)
    yield


def of_characters(some: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks, with the replacement character for each reference to what is no character, such as `&#0;`: XML has
    none of these, and a part is not to be lost for one of its texts, which is rejected where it stands.
    """
    return map(_of_characters, pieces(some, b">"))


def has_only_characters(xml: bytes) -> bool:
    """Whether each reference is to a character, as `of_characters` has it."""
    return _of_characters(xml) == xml


def _of_characters(xml: bytes) -> bytes:
    return _REFERENCE.sub(_of_character, xml) if b"&#" in xml else xml


_REFERENCE = re.compile(rb"&#(?:x([0-9A-Fa-f]{1,8})|(\d{1,8}));")


def _of_character(reference: re.Match[bytes]) -> bytes:
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    is_one = number in (9, 10, 13) or 32 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0x10000 <= number < 0x110000
    return reference[0] if is_one else "\ufffd".encode()


def elements(some: Iterable[bytes]) -> list[tuple[tuple[str, ...], dict[str, str]]]:
    """All elements of a part with their path of names and their attributes, in the order of the file.

    Names of the main namespaces and those of packages are without their namespace, all others with it.
    """
    found: list[tuple[tuple[str, ...], dict[str, str]]] = []
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(known(name))
        if len(found) >= MAX_ELEMENTS or len(path) > 100:
            raise Damaged(f"more than {MAX_ELEMENTS} elements, or more than 100 in one another")
        found.append((tuple(path), attributes))

    for _ in feed(parser(start, lambda _: path.pop()), some):
        pass
    return found


_KNOWN = {*MAIN, "http://schemas.openxmlformats.org/package/2006/relationships",
          "http://schemas.openxmlformats.org/package/2006/content-types"}  # fmt: skip


def known(name: str) -> str:
    """A name without its namespace, if that is one of workbooks and their packages."""
    namespace, _, local = name.rpartition(" ")
    return local if namespace in _KNOWN else name


def _refuse_document_type(*_of_it: Any) -> None:
    raise Damaged("it has a document type, which no workbook has")
