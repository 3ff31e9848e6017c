"""Papers as PDFs: what is written, in which letters, on how many pages. Their text is read back by PDFium."""

import contextlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfbase import pdfmetrics

from chalicelib.errors import PdfCannotWrite
from chalicelib.paper import key_facts, plans, statement
from chalicelib.paper.letters import BASE, FONTS, OF_SCRIPTS, Run, register, runs
from chalicelib.paper.parts import Facts, Heading, Paper, Part, Points, Rows, Signatures, Words
from chalicelib.paper.pdf import BODY, MARGIN, WIDTH, _paragraph, pdf_of
from chalicelib.rules.lender import Lender

# A name in each script, with letters that join.
NAMES = {
    "Devanagari": "राजेश कृष्णमूर्ति श्रीवास्तव",
    "Bengali": "শ্রীমতী সুস্মিতা চট্টোপাধ্যায়",
    "Gurmukhi": "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ",
    "Gujarati": "શ્રીમતી જ્યોત્સના પટેલ",
    "Oriya": "ଶ୍ରୀମତୀ ଜ୍ୟୋତ୍ସ୍ନା ପଟ୍ଟନାୟକ",
    "Tamil": "கிருஷ்ணமூர்த்தி",
    "Telugu": "శ్రీనివాస్ కృష్ణమూర్తి",
    "Kannada": "ಶ್ರೀನಿವಾಸ ಕೃಷ್ಣಮೂರ್ತಿ",
    "Malayalam": "ശ്രീലക്ഷ്മി കൃഷ്ണൻ",
}
EUROPE = ("Łódź Ñandú Øystein Žižek", "Nguyễn Thị Hường", "Ελένη Παπαδοπούλου", "Дмитрий Щербаков", "₹1,20,030.50")
PAPER = Paper(
    "Statement",
    "No. 7",
    "28 Nov 2026",
    Lender(name="Sahyog Finance & Co", address="12 MG Road, Pune"),
    ["Rudra Singh", "Customer 1"],
    [Words("Dear <b>Rudra</b> & all,")],
    "statement-7",
)


def pages_of(*parts: Part, paper: Paper = PAPER) -> Sequence[str]:
    made = replace(paper, parts=parts or paper.parts)
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf_of(made))]


@pytest.mark.parametrize("name", [*NAMES.values(), *EUROPE])
def test_a_name_is_read_back_as_it_was_written_in_any_script_of_india_and_europe(name: str) -> None:
    (page,) = pages_of(Words(f"For {name}, today"), paper=replace(PAPER, recipient=[name]))
    assert page.count(name) == 2


@pytest.mark.parametrize(("script", "name"), NAMES.items())
def test_a_script_has_a_font_of_its_own(script: str, name: str) -> None:
    assert {run.font for run in runs(name)} == {f"NotoSans{script}-Regular"}


def test_letters_that_join_are_joined() -> None:
    """Unjoined, each is drawn beside the one before it, and is wider."""
    register()
    (run,) = runs("श्री")
    paragraph = _paragraph(run.text, BODY)
    paragraph.wrap(500, 500)
    (line,) = paragraph.blPara.lines  # type: ignore[attr-defined]
    joined = 500 - line.extraSpace
    assert 0 < joined < 0.8 * pdfmetrics.stringWidth(run.text, run.font, BODY.fontSize)


def test_a_word_stays_in_one_piece_and_other_letters_in_their_own_font() -> None:
    assert runs("Rao, राजेश. Pune") == [
        Run(BASE, "Rao, "),
        Run("NotoSansDevanagari-Regular", "राजेश. "),
        Run(BASE, "Pune"),
    ]


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=40))
def test_no_letter_is_lost_on_the_way_to_its_font(text: str) -> None:
    with contextlib.suppress(PdfCannotWrite):
        assert "".join(piece.text for piece in runs(text)) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("name", ["李明", "محمد", "Rudra \N{GRINNING FACE}", "דוד"])
def test_letters_that_no_font_has_are_named_and_no_paper_is_made(name: str) -> None:
    with pytest.raises(PdfCannotWrite, match="fonts of our PDFs have no letters for"):
        pages_of(paper=replace(PAPER, recipient=[name]))
    with pytest.raises(PdfCannotWrite):
        pages_of(Rows(("What",), [(name,)], figures=1))


def test_what_joins_letters_is_written_or_left_out_and_never_a_box() -> None:
    (page,) = pages_of(Words("Rudra\N{ZERO WIDTH JOINER}Singh"))
    assert "Rudra" in page
    assert runs("क्‍ष")[0].font == "NotoSansDevanagari-Regular"


def test_markup_in_a_text_is_text() -> None:
    (page,) = pages_of()
    assert "Dear <b>Rudra</b> & all," in page
    assert "Sahyog Finance & Co" in page


def test_every_page_has_lender_number_date_and_how_many_there_are() -> None:
    rows = [(str(number), f"₹{number}.00") for number in range(1, 201)]
    pages = pages_of(Heading("Lines"), Rows(("No.", "Amount"), rows, figures=1, foot=("All", "₹20,100.00")))
    assert len(pages) > 3
    for number, page in enumerate(pages, 1):
        for said in ("Sahyog Finance & Co", "Statement · No. 7", "28 Nov 2026", f"Page {number} of {len(pages)}"):
            assert said in page
        # The heads of the table are repeated, too.
        assert "Amount" in page
    assert "₹20,100.00" in pages[-1]


def test_a_very_long_table_has_all_its_rows_in_their_order_and_one_foot() -> None:
    rows = [(f"line {number}", "1.00") for number in range(1, 2502)]
    words = "\n".join(pages_of(Rows(("What", "Amount"), rows, figures=1, foot=("All", "2,501.00"))))
    assert [int(number) for number in re.findall(r"line (\d+)", words)] == list(range(1, 2502))
    assert words.count("2,501.00") == 1


def test_every_kind_of_part_is_written() -> None:
    words = "\n".join(
        pages_of(
            Heading("Why"),
            Words("Plainly", strong=True),
            Points(["First.", "Second."]),
            Facts([("Amount", "₹1")]),
            Rows(("A", "B"), [("x", "1")], figures=1),
            Signatures(("Borrower", "Lender")),
        )
    )
    for said in ("Why", "Plainly", "First.", "Second.", "Amount", "₹1", "Borrower", "Lender"):
        assert said in words


def test_the_same_paper_is_the_same_bytes() -> None:
    assert pdf_of(PAPER) == pdf_of(PAPER)


def test_the_longest_name_and_amount_stay_on_the_page() -> None:
    name = "W" * 100
    row = ("600", "30 Sept 2076", *[f"₹{10**12:,}.00"] * 5)
    pages = pages_of(
        Rows(("No.", "Due", "A", "B", "C", "D", "E"), [row], 2, widths=(6, 14, 18, 15, 15, 15, 17)),
        paper=replace(PAPER, recipient=[name]),
    )
    assert "".join(pages[0].split()).count("W" * 100) == 1


@pytest.mark.parametrize(
    "widths", [statement.WIDTHS, plans.WIDTHS, key_facts.FEE_WIDTHS], ids=["statement", "schedule", "fees"]
)
@pytest.mark.parametrize("digits", ["12,34,567", "98,76,54,32", "9,87,65,43,21", "9,99,99,99,99,99"])
def test_no_figure_of_a_table_is_broken_or_written_over_the_next(widths: Sequence[int], digits: str) -> None:
    words, columns = (3 if len(widths) == 4 else 2), range(len(widths))
    figures = [f"₹{digits},{at}00.0{at}" for at in columns][words:]
    texts = ["360", "Disbursal No. 1, of a long reason that goes on over lines", "Once"][:words]
    row, foot = [*texts, *figures], [*texts, *(figure.replace(".0", ".9") for figure in figures)]
    table = Rows([f"Head {at}" for at in columns], [row], figures=words, foot=foot, widths=widths)
    page = pypdfium2.PdfDocument(pdf_of(replace(PAPER, parts=[table])))[0]
    read = page.get_textpage()
    for written in (figures, foot[words:]):
        boxes = []
        for figure in written:
            found = read.search(figure).get_next()
            assert found, f"{figure} is not whole in {read.get_text_range()}"
            boxes.append((read.get_charbox(found[0]), read.get_charbox(found[0] + found[1] - 1)))
        assert all(last[2] < first[0] for (_, last), (first, _) in pairwise(boxes))
        assert all(abs(first[1] - last[1]) < 3 for first, last in boxes)
        assert boxes[-1][1][2] <= WIDTH + MARGIN


def test_a_lender_without_a_name_is_told_of() -> None:
    (page,) = pages_of(paper=replace(PAPER, lender=Lender()))
    assert "The name of the lender is not set" in page


def test_fonts_are_free_and_small() -> None:
    files = sorted(FONTS.glob("*.ttf"))
    assert {file.stem for file in files} == {BASE, "NotoSans-Bold", *OF_SCRIPTS}
    assert sum(file.stat().st_size for file in files) < 1_200_000
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text().upper()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.decimals(0, 10**12, places=2), max_size=60))
def test_every_amount_of_a_table_is_on_the_paper(amounts: list[Decimal]) -> None:
    rows = [(str(number), f"{amount:,}") for number, amount in enumerate(amounts, 1)]
    words = "\n".join(pages_of(Rows(("No.", "Amount"), rows, figures=1)))
    assert all(f"{amount:,}" in words for amount in amounts)
