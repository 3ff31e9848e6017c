"""What a person reads on a sheet beside its cells: text boxes, and the comments on cells."""

from collections.abc import Iterable

from chalicelib.imports.reading.cells import shown
from chalicelib.imports.reading.merged import merged_at
from chalicelib.imports.reading.sheets import LONGEST_REMARK, Remark
from chalicelib.imports.reading.xml_parts import MAX_ELEMENTS, MAX_PIECE_BYTES, Damaged, feed, parser


def _place(reference: str) -> tuple[int, int]:
    try:
        place = merged_at(reference)
    except Damaged:
        raise Damaged(f"a comment is said to be on the cell {shown(reference)}") from None
    return place.top, place.left


def read_remarks(some: Iterable[bytes]) -> list[Remark]:
    """The texts of a part with drawings, or with comments. Raises Damaged and ExpatError."""
    found: list[Remark] = []
    texts: list[str] = []
    is_text = False
    at = size = row = column = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal is_text, at, row, column
        at += 1
        if at > MAX_ELEMENTS:
            raise Damaged(f"more than {MAX_ELEMENTS} elements of drawings or comments")
        local = name.rpartition(" ")[2]
        is_text = local == "t"
        if local in ("txBody", "comment"):
            texts.clear()
            row, column = _place(attributes.get("ref", "")) if local == "comment" else (0, 0)
        elif local == "p":
            texts.append(" ")

    def end(name: str) -> None:
        nonlocal is_text, size
        is_text = False
        if name.rpartition(" ")[2] in ("txBody", "comment") and (text := "".join(texts).strip()):
            found.append(Remark(text[:LONGEST_REMARK], row, column))
            texts.clear()
            size += len(found[-1].text)
            if size > MAX_PIECE_BYTES:
                raise Damaged(f"more than {MAX_PIECE_BYTES} characters of text boxes or comments")

    def text(characters: str) -> None:
        if is_text and len(texts) <= LONGEST_REMARK:
            texts.append(characters)

    made = parser(start, end)
    made.CharacterDataHandler = text
    for _ in feed(made, some):
        pass
    return found
