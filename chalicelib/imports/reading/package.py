"""Which part of an .xlsx package is what: found as Excel finds it, through the relationships.

Part names are compared without case, with / for \\ and %41 for A. A package whose names or relationships can be read in
two ways is refused.
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from chalicelib.imports.reading.cells import shown
from chalicelib.imports.reading.sheets import FileRefused
from chalicelib.imports.reading.xml_parts import LINKS, Damaged, blocks, elements

MAX_SHEETS = 250
# The name of a part is put before each of its relationships. Excel's own have less than 50.
MAX_NAME = 1000

NO_WORKBOOK = "The file is a zip archive but not an .xlsx workbook; save it in Excel as .xlsx."
BINARY = "The file is a binary workbook (.xlsb); save it in Excel as .xlsx."
TEMPLATE = "The file is a template (.xltx), not a workbook; open it in Excel and save it as .xlsx."

# What a sheet is that holds no cells, by the type of its relationship.
_WITHOUT_CELLS = {"chartsheet": "is a chart", "dialogsheet": "is a dialog", "xlMacrosheet": "holds macros",
                  "xlIntlMacrosheet": "holds macros"}  # fmt: skip
_TRUE = ("1", "true")
_FALSE = ("0", "false")

Elements = Sequence[tuple[tuple[str, ...], Mapping[str, str]]]


@dataclass(frozen=True)
class SheetPart:
    """A sheet by its name: its part, or why it is left out, for example "is hidden"; `remarks` are the parts of its
    text boxes and comments.
    """

    name: str
    part: zipfile.ZipInfo | None
    left_out: str | None = None
    remarks: Sequence[zipfile.ZipInfo] = ()


@dataclass(frozen=True)
class Package:
    """The parts of a workbook that are read, and what it says of all of its sheets."""

    sheets: Sequence[SheetPart]
    styles: zipfile.ZipInfo | None
    strings: zipfile.ZipInfo | None
    counts_from_1904: bool
    # Whether the program that wrote it says that it did not calculate the formulas.
    is_uncalculated: bool


@dataclass(frozen=True)
class _Link:
    type: str
    target: str


def open_package(container: zipfile.ZipFile) -> Package:
    """What a package holds. Raises FileRefused if it is no workbook, or none that is read; Damaged, ExpatError."""
    parts = _Parts(container)
    main = _main_part(parts)
    _check_content_type(parts, main)
    found = parts.elements(main)
    if not found or found[0][0] != ("workbook",):
        raise FileRefused(NO_WORKBOOK)
    links = parts.links(main)
    folder = main.rpartition("/")[0]
    return Package(
        _sheets(parts, found, links),
        _styles(parts, links, folder),
        # Some programs forget to link them.
        _only(parts, links, "sharedStrings") or parts.get(f"{folder}/sharedStrings.xml"),
        any(each.get("date1904") in _TRUE for each in _each(found, "workbookPr")),
        any(each.get("fullCalcOnLoad") in _TRUE or each.get("calcCompleted") in _FALSE
            for each in _each(found, "calcPr")),
    )  # fmt: skip


class _Parts:
    """The parts of a package by their names, as these are compared."""

    def __init__(self, container: zipfile.ZipFile) -> None:
        self._container = container
        self._parts: dict[str, list[zipfile.ZipInfo]] = {}
        for part in container.infolist():
            # A damaged file may have a part without a name.
            if not part.filename.endswith("/"):
                self._parts.setdefault(_key(part.filename), []).append(part)

    def get(self, name: str) -> zipfile.ZipInfo | None:
        found = self._parts.get(_key(name), [])
        if len(found) > 1:
            raise FileRefused(
                f"The workbook holds the part {shown(found[0].filename)} twice; open it in Excel and save it."
            )
        return found[0] if found else None

    def elements(self, name: str) -> Elements:
        part = self.get(name)
        return elements(blocks(self._container, part)) if part else []

    def links(self, source: str) -> dict[str, _Link]:
        """The relationships of a part ("" for those of the package) by their ids."""
        if len(source) > MAX_NAME:
            raise Damaged(f"the name of a part has more than {MAX_NAME} characters")
        folder, _, name = _key(source).rpartition("/")
        found: dict[str, _Link] = {}
        for path, each in self.elements(f"{folder}/_rels/{name}.rels"):
            if path == ("Relationships", "Relationship") and each.get("TargetMode") != "External":
                if each.get("Id", "") in found:
                    raise Damaged(f"two relationships have the id {each.get('Id')}")
                target = each.get("Target", "")
                absolute = target if target.startswith(("/", "\\")) else f"{folder}/{target}"
                found[each.get("Id", "")] = _Link(each.get("Type", ""), _key(absolute))
        return found


def _key(name: str) -> str:
    resolved: list[str] = []
    for step in unquote(name).replace("\\", "/").lower().split("/"):
        if step == "..":
            del resolved[-1:]
        elif step not in ("", "."):
            resolved.append(step)
    return "/".join(resolved)


def _main_part(parts: _Parts) -> str:
    mains = {link.target for link in parts.links("").values() if _is(link, "officeDocument")}
    if len(mains) > 1:
        raise Damaged("it names two workbooks")
    # Without any relationships, where every program puts it.
    main = mains.pop() if mains else "xl/workbook.xml"
    if main.endswith(".bin"):
        raise FileRefused(BINARY)
    if not parts.get(main):
        raise FileRefused(NO_WORKBOOK)
    return main


def _check_content_type(parts: _Parts, main: str) -> None:
    types = [each.get("ContentType", "") for path, each in parts.elements("[Content_Types].xml")
             if path == ("Types", "Override") and _key(each.get("PartName", "")) == main]  # fmt: skip
    if any("template" in each for each in types):
        raise FileRefused(TEMPLATE)
    if any("binary" in each for each in types):
        raise FileRefused(BINARY)


def _sheets(parts: _Parts, found: Elements, links: Mapping[str, _Link]) -> list[SheetPart]:
    named = [each for path, each in found if path == ("workbook", "sheets", "sheet")]
    if len(named) > MAX_SHEETS:
        raise FileRefused(f"The workbook has {len(named)} sheets; at most {MAX_SHEETS} are read. Split it.")
    sheets = [_sheet(parts, each, links) for each in named]
    by_part: dict[str, str] = {}
    for sheet in sheets:
        if sheet.part and by_part.setdefault(sheet.part.filename, sheet.name) is not sheet.name:
            raise FileRefused(
                f"The sheets {shown(by_part[sheet.part.filename])} and {shown(sheet.name)} are one part of the "
                "workbook; open it in Excel and save it."
            )
    return sheets


def _sheet(parts: _Parts, attributes: Mapping[str, str], links: Mapping[str, _Link]) -> SheetPart:
    name = attributes.get("name", "")
    ids = [attributes[f"{namespace} id"] for namespace in LINKS if f"{namespace} id" in attributes]
    link = links.get(ids[0]) if len(ids) == 1 else None
    if link and (why := next((why for name, why in _WITHOUT_CELLS.items() if link.type.endswith("/" + name)), None)):
        return SheetPart(name, None, why)
    if attributes.get("state", "visible") != "visible":
        return SheetPart(name, None, "is hidden")
    part = parts.get(link.target) if link and _is(link, "worksheet") else None
    if part is None:
        raise FileRefused(f"The workbook names a sheet {shown(name)} that is not in it; open it in Excel and save it.")
    assert link
    return SheetPart(name, part, remarks=_remarks(parts, link.target))


def _remarks(parts: _Parts, sheet: str) -> list[zipfile.ZipInfo]:
    links = parts.links(sheet).values()
    targets = {link.target for link in links if _is(link, "drawing") or _is(link, "comments")}
    return [part for target in sorted(targets) if (part := parts.get(target))]


def _styles(parts: _Parts, links: Mapping[str, _Link], folder: str) -> zipfile.ZipInfo | None:
    linked = _only(parts, links, "styles")
    if linked is None and parts.get(f"{folder}/styles.xml"):
        # Some programs find them all the same, and show 11.25% where others show 0.1125.
        raise Damaged("its styles are not linked to it; open it in Excel, look at its dates and rates, and save it")
    return linked


def _only(parts: _Parts, links: Mapping[str, _Link], name: str) -> zipfile.ZipInfo | None:
    targets = {link.target for link in links.values() if _is(link, name)}
    if len(targets) > 1:
        raise Damaged(f"it has two parts of {name}")
    part = next(map(parts.get, targets), None)
    if targets and part is None:
        raise Damaged(f"its part of {name} is missing")
    return part


def _is(link: _Link, name: str) -> bool:
    return link.type in [f"{namespace}/{name}" for namespace in LINKS]


def _each(found: Elements, name: str) -> list[Mapping[str, str]]:
    return [each for path, each in found if path == ("workbook", name)]
