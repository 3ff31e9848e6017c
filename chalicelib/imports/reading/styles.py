"""The number formats of a workbook's cells: a cell names a style, a style a number format."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.imports.reading.marks import STRUCK, Spoilt
from chalicelib.imports.reading.number_formats import BUILT_IN, CURRENCIES, FIRST_OF_EAST_ASIA, GENERAL, NumberFormat
from chalicelib.imports.reading.xml_parts import MAIN, elements

# What the reader is told of a style: no format, a date, or hours that passed.
_GENERAL, _DATE, _ELAPSED = 0, 22, 46
_NO_FORMAT = NumberFormat('"no such format"')
# The sign of a country's currency, in brackets with its language, too. Excel shows that of the reader's own.
_CURRENCY = re.compile(r"\[\$[^\[\]]*+\]|(?<!_)[$€£¥]")
_FALSE = ("0", "false")


@dataclass(frozen=True)
class Styles:
    """The number format of each style by its number; a cell without one has the first."""

    formats: Sequence[NumberFormat] = ()
    # Those whose font strikes out.
    struck: Container[int] = ()

    @property
    def marked(self) -> Mapping[int, NumberFormat | Spoilt]:
        """The styles whose values do not mean themselves."""
        styles = enumerate(self.formats)
        is_struck = self.struck.__contains__
        return {at: STRUCK if is_struck(at) else style for at, style in styles if is_struck(at) or not style.is_plain}

    @property
    def of_own_format(self) -> Container[int]:
        """The styles whose numbers are shown as the style says, and not as a formula does."""
        return {at for at, style in enumerate(self.formats) if style.code.casefold() != GENERAL.casefold()}

    def xml(self) -> bytes:
        """The styles as the reader of workbooks is given them: it has to know the dates only."""
        formats = "".join(f'<xf numFmtId="{_number_for_reader(style)}"/>' for style in self.formats)
        return f'<styleSheet xmlns="{MAIN[0]}"><cellXfs>{formats}</cellXfs></styleSheet>'.encode()


def read_styles(some: Iterable[bytes]) -> Styles:
    """The styles from their part. Raises Damaged and ExpatError."""
    codes: dict[int, str] = {}
    cells: list[dict[str, str]] = []
    named: list[dict[str, str]] = []
    fonts: list[bool] = []
    for path, attributes in elements(some):
        if path == ("styleSheet", "numFmts", "numFmt"):
            number, code = int(attributes.get("numFmtId", "0")), attributes.get("formatCode", "")
            # Two codes of one number are none.
            codes[number] = code if codes.get(number, code) == code else _NO_FORMAT.code
        elif path == ("styleSheet", "fonts", "font"):
            fonts.append(False)
        elif path == ("styleSheet", "fonts", "font", "strike"):
            fonts[-1] = attributes.get("val", "true") not in _FALSE
        elif path == ("styleSheet", "cellXfs", "xf"):
            cells.append(attributes)
        elif path == ("styleSheet", "cellStyleXfs", "xf"):
            named.append(attributes)
    known: dict[int, NumberFormat] = {}
    struck = {str(number) for number, is_struck in enumerate(fonts) if is_struck}
    return Styles(
        [_format(attributes, named, codes, known) for attributes in cells],
        {at for at, attributes in enumerate(cells) if attributes.get("fontId", "0") in struck},
    )


def _format(
    cell: Mapping[str, str],
    named: Sequence[Mapping[str, str]],
    codes: Mapping[int, str],
    known: dict[int, NumberFormat],
) -> NumberFormat:
    own = _numbered(int(cell.get("numFmtId", "0")), codes, known)
    at = int(cell.get("xfId", "0"))
    if cell.get("applyNumberFormat") in _FALSE and at < len(named):
        # Some programs then take the format of the named style instead.
        other = _numbered(int(named[at].get("numFmtId", "0")), codes, known)
        return own if own.sections == other.sections else _NO_FORMAT
    return own


def _numbered(number: int, codes: Mapping[int, str], known: dict[int, NumberFormat]) -> NumberFormat:
    if number not in known:
        known[number] = _new(number, codes)
    return known[number]


def _new(number: int, codes: Mapping[int, str]) -> NumberFormat:
    built_in = BUILT_IN.get(number)
    code = codes.get(number)
    if built_in is None:
        return _NO_FORMAT if code is None else NumberFormat(code)
    usual = NumberFormat(built_in)
    if code is None:
        return usual
    own = NumberFormat(code)
    if number in CURRENCIES:
        return usual if _are_alike(NumberFormat(_CURRENCY.sub("", code)), usual) else own
    # The file may say how its country writes it, but not that it is something else.
    return own if number >= FIRST_OF_EAST_ASIA or _are_alike(own, usual) else _NO_FORMAT


def _are_alike(one: NumberFormat, other: NumberFormat) -> bool:
    return one.sections[0].meaning == other.sections[0].meaning


def _number_for_reader(style: NumberFormat) -> int:
    return _DATE if style.is_date else _ELAPSED if style.is_elapsed else _GENERAL
