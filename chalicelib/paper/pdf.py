"""A paper as a PDF: A4, with lender, number, date and pages on each page. reportlab is imported with this module."""

import codecs
import io
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, assert_never
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    LongTable,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from chalicelib.paper.letters import BASE, BOLD, register, runs
from chalicelib.paper.parts import Facts, Heading, Paper, Part, Points, Rows, Signatures, Words

MARGIN, TOP, BOTTOM = 18 * mm, 24 * mm, 20 * mm
WIDTH = A4[0] - 2 * MARGIN
# Rows of a table that reportlab sets at once.
LONGEST = 1000
# On either side of a cell, in points; and how narrow a column of words may become beside large figures.
PADDING, NARROWEST = 4, 24 * mm
# What is as wide as its column to the last bit may be broken all the same.
AROUND = 2 * PADDING + 0.5
LINE = colors.HexColor("#c9cfd6")
MUTED = colors.HexColor("#5b6470")
SHADE = colors.HexColor("#f2f4f6")

BODY = ParagraphStyle("body", fontName=BASE, fontSize=9.5, leading=14, spaceAfter=6, splitLongWords=True)
STRONG = ParagraphStyle("strong", parent=BODY, fontName=BOLD, fontSize=10.5)
TITLE = ParagraphStyle("title", parent=BODY, fontName=BOLD, fontSize=16, leading=21, spaceAfter=4)
HEADING = ParagraphStyle("heading", parent=BODY, fontName=BOLD, fontSize=11, leading=15, spaceBefore=10, spaceAfter=4)
CELL = ParagraphStyle("cell", parent=BODY, fontSize=8.5, leading=12, spaceAfter=0)
HEAD = ParagraphStyle("head", parent=CELL, fontName=BOLD)
FIGURE_HEAD = ParagraphStyle("figure-head", parent=HEAD, alignment=TA_RIGHT)
LENDER = ParagraphStyle("lender", parent=CELL, textColor=MUTED)
LENDER_NAME = ParagraphStyle("lender-name", parent=LENDER, fontName=BOLD, fontSize=11, leading=15)
EDGE = ParagraphStyle("edge", parent=CELL, fontSize=7.5, leading=10, textColor=MUTED)
EDGE_RIGHT = ParagraphStyle("edge-right", parent=EDGE, alignment=TA_RIGHT)


def pdf_of(paper: Paper) -> bytes:
    """The paper as a PDF; the same paper is the same bytes. Raises PdfCannotWrite if a letter of it is in no font."""
    register()
    file = io.BytesIO()
    document = BaseDocTemplate(
        file,
        pagesize=A4,
        title=f"{paper.title}, {paper.number}",
        subject=", ".join(paper.recipient),
        author=paper.lender.name,
        lang="en",
        # No moment of writing and no random number in it.
        invariant=1,
    )
    frame = Frame(MARGIN, BOTTOM, WIDTH, A4[1] - TOP - BOTTOM, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[frame]))
    document.build(list(_story(paper)), canvasmaker=partial(_Numbered, paper))
    return file.getvalue()


class _Numbered(Canvas):
    """Keeps the pages until all are there, and then draws on each what stands above and below its text."""

    def __init__(self, paper: Paper, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._paper = paper
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        """Puts the page aside."""
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]

    def save(self) -> None:
        """Writes all pages."""
        pages = self._pages
        for number, page in enumerate(pages, 1):
            self.__dict__.update(page)
            _draw_edges(self, self._paper, f"Page {number} of {len(pages)}")
            super().showPage()
        super().save()


def _draw_edges(canvas: Canvas, paper: Paper, pages: str) -> None:
    above = paper.lender_lines[0], f"{paper.title} · {paper.number}"
    for (left, right), height in ((above, A4[1] - 14 * mm), ((paper.dated, pages), 10 * mm)):
        for text, style in ((left, EDGE), (right, EDGE_RIGHT)):
            written = _paragraph(text, style)
            written.wrapOn(canvas, WIDTH, 20 * mm)
            written.drawOn(canvas, MARGIN, height)
    canvas.setStrokeColor(LINE)
    canvas.line(MARGIN, A4[1] - 16 * mm, A4[0] - MARGIN, A4[1] - 16 * mm)


def _story(paper: Paper) -> Iterator[Flowable]:
    name, *lines = paper.lender_lines
    yield _paragraph(name, LENDER_NAME)
    yield from (_paragraph(line, LENDER) for line in lines)
    yield Spacer(0, 6 * mm)
    yield from (_paragraph(line, CELL) for line in paper.recipient)
    yield Spacer(0, 5 * mm)
    yield _paragraph(paper.title, TITLE)
    yield _paragraph(f"{paper.number}, {paper.dated}", BODY)
    for part in paper.parts:
        yield from _flowables(part)


def _flowables(part: Part) -> Iterator[Flowable]:
    match part:
        case Heading():
            # A title alone at the foot of a page belongs on the next.
            yield CondPageBreak(30 * mm)
            yield _paragraph(part.text, HEADING)
        case Words():
            yield _paragraph(part.text, STRONG if part.strong else BODY)
        case Points():
            yield from (_paragraph(f"•  {sentence}", BODY) for sentence in part.sentences)
        case Facts():
            yield _facts(part)
            yield Spacer(0, 2 * mm)
        case Rows():
            yield from _tables(part)
            yield Spacer(0, 3 * mm)
        case Signatures():
            yield KeepTogether([Spacer(0, 18 * mm), _signatures(part)])
        case _:
            assert_never(part)


def _facts(part: Facts) -> Flowable:
    rows = [[_paragraph(label, CELL), _paragraph(value, HEAD)] for label, value in part.rows]
    return Table(rows, colWidths=[WIDTH * 0.4, WIDTH * 0.6], style=[*_GRID, ("VALIGN", (0, 0), (-1, -1), "TOP")])


def _tables(part: Rows) -> Iterator[Flowable]:
    """A table that goes on over pages under its heads; a very long one as several, one right below the other.

    reportlab copies what is left of a table for each page, so the time grows with the square of its length.
    """
    widths, size = _fitted(part)
    figure_head = ParagraphStyle("figure-head", parent=FIGURE_HEAD, fontSize=size)
    starts = range(0, max(len(part.rows), 1), LONGEST)
    for start in starts:
        rows = [_head(part.heads, part.figures, figure_head)]
        rows += [_cells(row, part.figures) for row in part.rows[start : start + LONGEST]]
        style = [*_GRID, *_COLUMNS, ("ALIGN", (part.figures, 0), (-1, -1), "RIGHT")]
        style.append(("FONTSIZE", (part.figures, 0), (-1, -1), size))
        if part.foot and start == starts[-1]:
            rows.append(_head(part.foot, part.figures, figure_head))
            style.append(("BACKGROUND", (0, -1), (-1, -1), SHADE))
        yield LongTable(rows, colWidths=widths, repeatRows=1, style=style)


def _fitted(part: Rows) -> tuple[list[float], float]:
    """The widths of the columns, and the size of the figures.

    No figure is cut, broken or written over the next: of amounts of crores the columns take room from those of words,
    and if that is not enough, the figures are written smaller.
    """
    shares = part.widths or [1] * len(part.heads)
    widths = [WIDTH * share / sum(shares) for share in shares]
    needs = [_need(part, at) for at in range(part.figures, len(part.heads))]
    if all(need <= width for need, width in zip(needs, widths[part.figures :], strict=True)):
        return widths, CELL.fontSize
    words = widths[: part.figures]
    least = [min(width, NARROWEST) for width in words]
    spare = WIDTH - sum(needs) - sum(least)
    if spare >= 0:
        shared = [low + spare * width / sum(words) for low, width in zip(least, words, strict=True)]
        return [*shared, *needs], CELL.fontSize
    smaller = (WIDTH - sum(least) - AROUND * len(needs)) / (sum(needs) - AROUND * len(needs))
    return [*least, *((need - AROUND) * smaller + AROUND for need in needs)], CELL.fontSize * smaller


def _need(part: Rows, column: int) -> float:
    """How wide a column of figures has to be; digits are equally wide, so the longest text is the widest."""
    bold = [*part.heads[column].split(), part.foot[column] if part.foot else ""]
    body = max((row[column] for row in part.rows), key=len, default="")
    widest = max(stringWidth(body, BASE, CELL.fontSize), *(stringWidth(text, BOLD, CELL.fontSize) for text in bold))
    return widest + AROUND


def _head(cells: Sequence[str], figures: int, figure_style: ParagraphStyle) -> list[Any]:
    return [_paragraph(cell, figure_style if at >= figures else HEAD) for at, cell in enumerate(cells)]


def _cells(row: Sequence[str], figures: int) -> list[Any]:
    """Figures are short and of the base font: drawn as they are, a long schedule takes a third of the time."""
    return [cell if at >= figures or not cell else _paragraph(cell, CELL) for at, cell in enumerate(row)]


def _signatures(part: Signatures) -> Flowable:
    width = WIDTH / 2
    cells = [_paragraph(below, LENDER) for below in part.below]
    rules = [("LINEABOVE", (at, 0), (at, 0), 0.5, MUTED) for at in range(0, 2 * len(cells), 2)]
    row = [each for cell in cells for each in (cell, "")]
    return Table([row], colWidths=[width - 8 * mm, 8 * mm] * len(cells), style=rules, hAlign="LEFT")


class _Shaped(Paragraph):
    """A text whose letters are joined by shaping. Its glyphs are no letters any more, so what they say is written
    beside them (ActualText, ISO 32000-1, 14.9.4): for those who search, copy or have it read to them.
    """

    says = ""

    def draw(self) -> None:
        """Draws the text inside of what it says; a part of one that was cut between pages says nothing."""
        # What is drawn so far; reportlab has no call that adds to it as it is.
        code: list[str] = self.canv._code  # type: ignore[attr-defined]
        if self.says:
            words = codecs.BOM_UTF16_BE + self.says.encode("utf-16-be")
            code.append(f"/Span <</ActualText <{words.hex()}>>> BDC")
        super().draw()
        if self.says:
            code.append("EMC")


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    """A text in the fonts of its letters; only what needs it is shaped, because that takes twice the time."""
    pieces = runs(text)
    markup = "".join(
        escape(piece.text) if piece.font == BASE else f'<font name="{piece.font}">{escape(piece.text)}</font>'
        for piece in pieces
    )
    if all(piece.font == BASE for piece in pieces):
        return Paragraph(markup, style)
    shaped = _Shaped(markup, ParagraphStyle("shaped", parent=style, shaping=1))
    shaped.says = text
    return shaped


_GRID: list[Any] = [
    ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
    ("LEFTPADDING", (0, 0), (-1, -1), PADDING),
    ("RIGHTPADDING", (0, 0), (-1, -1), PADDING),
    ("TOPPADDING", (0, 0), (-1, -1), 2.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]
_COLUMNS: list[Any] = [
    ("BACKGROUND", (0, 0), (-1, 0), SHADE),
    ("FONT", (0, 0), (-1, -1), BASE, 8.5, 12),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
