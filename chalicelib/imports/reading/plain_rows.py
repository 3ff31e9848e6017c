"""The rows of a sheet as nearly every program writes them, and what the reader of workbooks does not say of them.

One pattern is the grammar of plain rows: it says of every byte what it is, so that nothing in a sheet that it matches
can be read in two ways. Rows stand in ascending order, cells in theirs, each with its address, and never twice. What
does not match is written anew by rewriting.py, so that it does. The pattern never goes back over what it has matched:
its time is in proportion to the length, and less than the reader's.
"""

import re
from array import array
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from chalicelib.imports.reading.cells import ERROR_NAMES, ErrorCell, Uncalculated
from chalicelib.imports.reading.marks import (
    LAST_COLUMN,
    STRUCK,
    Mark,
    Marks,
    OtherwiseSeen,
    SeenByFormula,
    Spoilt,
    ascending,
    column_number,
)
from chalicelib.imports.reading.number_formats import NumberFormat
from chalicelib.imports.reading.shared_strings import SharedStrings
from chalicelib.imports.reading.xml_parts import Damaged, has_only_characters

# Whatever else a file calls an error is shown as one of unknown name: there could be a million.
_ERRORS = {name.encode(): ErrorCell(name) for name in ERROR_NAMES}
_OTHER = ErrorCell("#ERROR")
_UNCALCULATED = Uncalculated()
# A pattern tries alternatives one by one.
_MOST_ALTERNATIVES = 20
# More texts than this are counted one by one, instead of each as the longest.
_SHORT_TEXT = 20

_ATTRIBUTE = rb' (?!xmlns|r=)[A-Za-z_][A-Za-z0-9_:.-]*+="[^"<>]*+"'
_STYLE, _OTHERS = rb' s="(?:0|[1-9]\d{0,4})"', rb'(?: [cvp][mh]="\d{1,9}"){0,3}+'
_FORMULA = rb"(?:<~f(?: (?!xmlns)[A-Za-z][A-Za-z0-9]*+=\"[^\"<>]*+\"){0,12}+ ?+(?:/>|>[^<>]*+</~f>))?+"
# What a cell of a type has as its value. A reference such as &#48; is a digit too, which not every reader puts in its
# place, so only text has them.
_NUMERIC = rb"[+-]?+(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?+\d++)?+"
_VALUES = {
    b"n": _NUMERIC,
    b"s": rb"\d{1,9}+",
    b"b": rb"(?:0|1|true|false)",
    b"d": rb"[^<>&]++",
    b"str|e": rb"[^<>]++",
}
_VALUE_OF = {of_type: value.decode() for types, value in _VALUES.items() for of_type in types.decode().split("|")}
_EMPTY = rb"<~v></~v>|<~v ?+/>"
_OWN_TEXT = rb'(?:%b|<~is><~t(?: xml:space="preserve")?+>[^<>]*+</~t></~is>)?+' % _EMPTY


def is_value(of_type: str, text: str) -> bool:
    """Whether a text is what a cell of a type has as its value; none is one of each."""
    return not text or bool(re.fullmatch(_VALUE_OF[of_type], text))


def _ended(value: bytes) -> bytes:
    """What follows the style and type of a cell whose value is written so."""
    return rb"%b ?+(?:/>|>%b%b</~c>)" % (_OTHERS, _FORMULA, value)


def _alternatives() -> bytes:
    """What follows the address of a cell: its value is what its type says, and where every reader looks for it: text of
    its own in <is>, all else in <v>.
    """
    ended = {types: _ended(rb"(?:<~v>%b</~v>|%b)?+" % (value, _EMPTY)) for types, value in _VALUES.items()}
    ended[b"inlineStr"] = _ended(_OWN_TEXT)
    typed = b"|".join(rb' t="(?:%b)"(?:%b)?+%b' % (types, _STYLE, end) for types, end in ended.items())
    # The style stands before the type or behind it, and not twice.
    return rb'(?:%b(?! t="\w++" s=))?+(?:%b|%b)\s*+' % (_STYLE, typed, ended[b"n"])


_REST = _alternatives()
# Of numbers there is nothing to be found, so that most rows of most files need no second look.
_NUMBER = rb'(?:%b)?+(?: t="n")?+ ?+(?:/>|><~v>%b</~v></~c>)\s*+' % (_STYLE, _NUMERIC)
_ZERO = re.compile(rb"[^>]*>\s*[+-]?[0.]+(?:[eE][+-]?\d+)?\s*")
_COLUMNS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@lru_cache(16)
def grammar(prefix: bytes, rest: bytes = _REST) -> re.Pattern[bytes]:
    """The pattern of plain rows whose elements have this namespace prefix, with its colon.

    Its groups from the second on tell whether there is a cell in the columns A to Z, and the last, beyond them. `rest`
    is what follows the address of a cell.
    """
    cells = b"".join(rb'(?:<~c r="(%c)\1"%b)?+' % (letter, rest) for letter in _COLUMNS)
    cells += rb'(?:<~c r="([A-Z]{2,3})\1"%b)*+' % rest
    row = rb'<~row r="([1-9]\d{0,6})"(?:%b){0,20}+ ?+(?:/>|>\s*+%b</~row>)\s*+' % (_ATTRIBUTE, cells)
    return re.compile(rb"\s*+(?:%b)*+" % row.replace(b"~", prefix))


class PlainRows:
    """Takes the rows of a sheet in, piece by piece, and finds what its cells are beside their values."""

    def __init__(
        self,
        prefix: bytes,
        strings: SharedStrings,
        formats: Mapping[int, NumberFormat | Spoilt],
        of_own_format: Container[int] = (),
    ) -> None:
        self.last_row = self.width = self.text_bytes = 0
        # Whether any formula has a value that somebody must have calculated.
        self.is_calculated = False
        # Whether any formula has a zero as Apache POI writes it, and Excel never does.
        self.has_zeros_of_java = False
        # The last row that may have a value or lacks that of a formula, and the first column that has a cell.
        self.height = 0
        self.first_column = LAST_COLUMN
        self._prefix = prefix
        self._grammar, self._numbers = grammar(prefix), grammar(prefix, _NUMBER)
        self._strings = strings
        self._formats = formats
        self._of_own_format = of_own_format
        self._patterns = _Patterns(prefix, formats)
        self._errors: dict[tuple[bytes, ErrorCell | Spoilt], array[int]] = {}
        # Of formulas by their columns: those with a value, of these the ones with a zero, and those without a value.
        self._formulas: dict[bytes, array[int]] = {}
        self._zeros: dict[bytes, array[int]] = {}
        self._valueless: dict[bytes, array[int]] = {}
        # Those in cells without a format whose value may be a percentage.
        self._fractions: dict[bytes, array[int]] = {}
        # The first formula whose values stand in other cells too.
        self._spread: bytes | None = None
        self._formatted: dict[tuple[bytes, bytes], array[int]] = {}
        # Dates that are written as such, in a style that shows numbers as something else.
        self._dated: dict[tuple[bytes, bytes], array[int]] = {}

    def take(self, xml: bytes) -> bool:
        """Takes in whole rows; False if they are not plain, and then nothing is known. Raises Damaged."""
        numbers = self._numbers.fullmatch(xml)
        matched = numbers or self._grammar.fullmatch(xml)
        if not matched or not has_only_characters(xml) or not self._is_in_order(xml, matched):
            return False
        self._find_height(xml)
        if not numbers:
            self._count_texts(xml)
            self._find_errors(xml)
            self._find_struck(xml)
            self._find_formulas(xml)
        self._find_formats(xml)
        return True

    def marks(self, *, is_uncalculated: bool = False) -> Marks:
        """All that was found so far. If the file says that it was not calculated, no formula has a value; then it
        raises Damaged if one has values in other cells too, which do not say so.
        """
        if is_uncalculated and self._spread:
            raise Damaged(
                f"the formula of the cells {self._spread.decode()} was not calculated; save the file in Excel"
            )
        marks: dict[tuple[int, Mark], array[int]] = {}
        for (letters, fault), rows in self._errors.items():
            marks.setdefault((column_number(letters), fault), array("I")).extend(rows)
        for some in (self._valueless, self._formulas) if is_uncalculated else (self._valueless,):
            for key, rows in _uncalculated(some).items():
                marks.setdefault(key, array("I")).extend(rows)
        for letters, rows in self._fractions.items():
            marks.setdefault((column_number(letters), SeenByFormula()), array("I")).extend(rows)
        # A file may have tens of thousands of styles of one format.
        for (letters, style), rows in self._formatted.items():
            marks.setdefault((column_number(letters), self._formats[int(style)]), array("I")).extend(rows)
        for (letters, style), rows in self._dated.items():
            own = self._formats[int(style)]
            mark = OtherwiseSeen(own.code) if isinstance(own, NumberFormat) else own
            marks.setdefault((column_number(letters), mark), array("I")).extend(rows)
        return {key: ascending(rows) for key, rows in marks.items()}

    def zeros(self) -> Marks:
        """The formulas whose value is zero, as cells without one: programs that do not calculate write it."""
        return _uncalculated(self._zeros)

    def _is_in_order(self, xml: bytes, matched: re.Match[bytes]) -> bool:
        rows = [self.last_row, *map(int, self._patterns.row.findall(xml))]
        if not all(above < below for above, below in pairwise(rows)):
            return False
        self.last_row = rows[-1]
        *near, beyond = matched.groups()[1:]
        if beyond:
            cells = [(int(row), column_number(letters)) for letters, row in self._patterns.cell.findall(xml)]
            self._reach([column for _, column in cells])
            return all(one < other for one, other in pairwise(cells))
        self._reach([at for at, letter in enumerate(near, start=1) if letter])
        return True

    def _reach(self, columns: Sequence[int]) -> None:
        self.width = max([self.width, *columns])
        self.first_column = min([self.first_column, *columns])

    def _find_height(self, xml: bytes) -> None:
        at = -1
        # A formula or an error without a value is seen as well, and is not to be lost below the last one with a value.
        for seen in (b"<%bv>", b"<%bis>", b"<%bf"):
            at = max(at, xml.rfind(seen % self._prefix, max(at, 0)))
        at = max(at, xml.rfind(b' t="e"', max(at, 0)))
        if at >= 0:
            row = xml.rindex(b"<%brow " % self._prefix, 0, at)
            self.height = int(self._patterns.row.findall(xml, row, at)[0])

    def _count_texts(self, xml: bytes) -> None:
        if b"<%bis>" % self._prefix in xml:
            self.text_bytes += sum(map(len, self._patterns.inline.findall(xml)))
        if b't="str"' in xml or b't="d"' in xml:
            self.text_bytes += sum(map(len, self._patterns.text.findall(xml)))
        if b't="s"' in xml:
            self.text_bytes += self._shared(xml)

    def _shared(self, xml: bytes) -> int:
        longest = self._strings.longest
        if longest <= _SHORT_TEXT:
            return xml.count(b't="s"') * longest
        lengths = self._strings.lengths
        indices = map(int, self._patterns.shared.findall(xml))
        return sum(lengths[index] for index in indices if index < len(lengths))

    def _find_errors(self, xml: bytes) -> None:
        if b't="e"' in xml:
            for letters, row, value in self._patterns.error.findall(xml):
                key = letters, _ERRORS.get(value, _OTHER)
                self._errors.setdefault(key, array("I")).append(int(row))

    def _find_struck(self, xml: bytes) -> None:
        if self._strings.struck and b't="s"' in xml:
            for letters, row, index in self._patterns.shared_at.findall(xml):
                if int(index) in self._strings.struck:
                    self._errors.setdefault((letters, STRUCK), array("I")).append(int(row))

    def _find_formulas(self, xml: bytes) -> None:
        if b"<%bf" % self._prefix not in xml:
            return
        for letters, row, attributes, formula, value, is_empty in self._patterns.formula.findall(xml):
            if b't="e"' in attributes:
                self.is_calculated = True
                continue
            self._spread = self._spread or _spread(formula, letters + row)
            is_text = b't="str"' in attributes
            # A text without any characters is a value: ="" has it.
            has_value = bool(value) or (is_empty and is_text)
            is_zero = bool(value) and not is_text and _ZERO.fullmatch(value) is not None
            self.has_zeros_of_java = self.has_zeros_of_java or (is_zero and value.endswith(b">0.0"))
            self.is_calculated = self.is_calculated or (bool(value) and not is_zero)
            is_fraction = bool(value) and self._may_be_percent(attributes, value)
            for some, is_one in (
                (self._formulas if has_value else self._valueless, True),
                (self._zeros, is_zero),
                (self._fractions, is_fraction),
            ):
                if is_one:
                    some.setdefault(letters, array("I")).append(int(row))

    def _may_be_percent(self, attributes: bytes, value: bytes) -> bool:
        if b' t="' in attributes and b' t="n"' not in attributes:
            return False
        found = self._patterns.style.search(attributes)
        return int(found[1] if found else 0) not in self._of_own_format and 0 < float(value.rpartition(b">")[2]) <= 1

    def _find_formats(self, xml: bytes) -> None:
        if not self._formats:
            return
        for letters, row, style in self._patterns.formatted.findall(xml):
            if (style := style or b"0") in self._patterns.styles:
                self._formatted.setdefault((letters, style), array("I")).append(int(row))
        if b't="d"' in xml:
            for letters, row, attributes in self._patterns.dated.findall(xml):
                found = self._patterns.style.search(attributes)
                if (style := found[1] if found else b"0") in self._patterns.styles:
                    self._dated.setdefault((letters, style), array("I")).append(int(row))


class _Patterns:
    """What is looked for in rows that are plain; each goes over them once."""

    def __init__(self, prefix: bytes, formats: Iterable[int]) -> None:
        def pattern(text: bytes) -> re.Pattern[bytes]:
            return re.compile(text.replace(b"~", re.escape(prefix)))

        formula = rb"<~f([^<>]*+)>(?:[^<>]*+</~f>)?+"
        self.row = pattern(rb'<~row r="(\d+)')
        self.cell = pattern(rb'<~c r="([A-Z]++)(\d++)"')
        self.inline = pattern(rb"<~is><~t[^<>]*+>([^<>]++)")
        self.text = pattern(
            rb'<~c r="\w++"[^<>]*? t="(?:str|d)"[^<>]*+>(?:%b)?+<~v>([^<>]++)' % formula.replace(b"(", b"(?:", 1)
        )
        self.shared = pattern(
            rb'<~c r="\w++"[^<>]*? t="s"[^<>]*+>(?:%b)?+<~v>(\d{1,9}+)<' % formula.replace(b"(", b"(?:", 1)
        )
        self.shared_at = pattern(
            rb'<~c r="([A-Z]++)(\d++)"[^<>]*? t="s"[^<>]*+>(?:%b)?+<~v>\s*+(\d{1,9}+)'
            % formula.replace(b"(", b"(?:", 1)
        )
        self.error = pattern(
            rb'<~c r="([A-Z]++)(\d++)"[^<>]*? t="e"[^<>]*+>(?:%b)?+(?:<~v>([^<>]*+))?+'
            % formula.replace(b"(", b"(?:", 1)
        )
        self.dated = pattern(rb'<~c r="([A-Z]++)(\d++)"([^<>]*? t="d"[^<>]*+)>')
        self.style = pattern(rb' s="(\d++)"')
        self.formula = pattern(
            rb'<~c r="([A-Z]++)(\d++)"([^<>]*+)>%b(<~v>[^<>]++|<~is>)?+(<~v ?+/>|<~v></~v>)?+' % formula
        )
        self.styles = {b"%d" % number for number in formats}
        few = 0 < len(self.styles) <= _MOST_ALTERNATIVES and b"0" not in self.styles
        style = rb' s="(%b)"' % b"|".join(sorted(self.styles)) if few else rb'(?: s="(\d++)")?+'
        self.formatted = pattern(rb'<~c r="([A-Z]++)(\d++)"(?: t="[A-Za-z]++")?+' + style)


def _uncalculated(rows_by_letters: Mapping[bytes, "array[int]"]) -> dict[tuple[int, Mark], "array[int]"]:
    return {(column_number(letters), _UNCALCULATED): rows for letters, rows in rows_by_letters.items()}


def _spread(formula: bytes, address: bytes) -> bytes | None:
    """The cells of a formula whose values stand in other cells too."""
    if b" ref=" not in formula or b't="shared"' in formula:
        return None
    reference = re.search(rb' ref="([A-Z0-9:]{1,30})"', formula)
    return reference[1] if reference and reference[1] not in (address, address + b":" + address) else None
