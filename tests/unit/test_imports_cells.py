"""One cell: what it means, or what is wrong with it."""

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from chalicelib.imports.kinds import readers
from chalicelib.imports.kinds.receipts import RECEIPTS
from chalicelib.imports.reading import cells
from chalicelib.imports.reading.cells import Cell, PercentCell
from chalicelib.requests.servicing_models import Reference
from chalicelib.rules import bounds
from chalicelib.rules.text import is_plain_text
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.dates import NO_DATE, TIME_OF_DAY, YEAR_ALONE
from chalicelib.rules.typed.numbers import IS_PERCENT

ANY_CELL = st.one_of(
    st.text(), st.floats(), st.integers(), st.booleans(), st.dates(), st.datetimes(), st.times(), st.timedeltas()
)
PARSERS = [
    readers.whole_number(1, 600).read,
    readers.money(zero=True).read,
    readers.money(zero=False).read,
    readers.PERCENT.read,
    readers.text_of_name(least=1).read,
    readers.PHONE_NUMBER.read,
    readers.DATE.read,
]


def code(result: object) -> str:
    assert isinstance(result, Problem), result
    return result.code


@pytest.mark.parametrize(
    ("cell", "meant"),
    [(14.0, 14), (14, 14), ("14", 14), (" 14 ", 14), ("1,00,000", 100000), ("100,000", 100000), ("14.0", 14)],
)
def test_a_whole_number_may_be_a_float_or_text(cell: Cell, meant: int) -> None:
    assert readers.whole_number(1, 10**6).read(cell) == meant


@pytest.mark.parametrize("cell", [0.0, 601.0, 1.5, "1.5", -1.0, 1e300, "99999999999999999999"])
def test_a_whole_number_outside_its_range_says_the_range(cell: Cell) -> None:
    result = readers.whole_number(1, 600).read(cell)
    assert result == Problem("out_of_range", "must be a whole number from 1 to 600.")


@pytest.mark.parametrize(
    "cell", ["abc", "1,5", "1 2", "0x10", "1e5", "1٢", "", True, math.nan, math.inf, date(2024, 1, 1), time(1, 2)]
)
def test_what_is_no_number_is_said_to_be_none(cell: Cell) -> None:
    assert code(readers.whole_number(1, 600).read(cell)) == "not_a_number"


def test_an_id_longer_than_excel_can_keep_is_refused() -> None:
    parse = readers.whole_number(1, bounds.MAX_ID_IN_A_FILE).read
    assert parse(999_999_999_999_999.0) == 999_999_999_999_999
    assert code(parse(float(2**53))) == "out_of_range"
    assert code(parse(str(2**53 + 1))) == "out_of_range"


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        (15344.0, "15344"),
        (8.2, "8.20"),
        (0.1 + 0.2, "0.30"),
        (10447.876, "10447.88"),
        (10447.875, "10447.88"),
        ("1,00,000.50", "100000.50"),
        (1e12, "1000000000000"),
    ],
)
def test_money_is_exact_and_has_at_most_two_decimals(cell: Cell, meant: str) -> None:
    assert str(readers.money(zero=False).read(cell)) == meant


@pytest.mark.parametrize("cell", [0.0, -1.0, 0.004, 1e12 + 1, 1e300])
def test_money_that_must_not_be_zero_is_above_it(cell: Cell) -> None:
    assert code(readers.money(zero=False).read(cell)) == "out_of_range"


def test_money_may_be_zero_where_the_column_says_so_but_not_below() -> None:
    assert readers.money(zero=True).read(0.0) == 0
    assert code(readers.money(zero=True).read(-0.01)) == "out_of_range"


@given(st.decimals(min_value="0.01", max_value=bounds.MAX_AMOUNT, places=2))
def test_an_amount_survives_the_float_that_excel_makes_of_it(amount: Decimal) -> None:
    assert readers.money(zero=False).read(float(amount)) == amount


@pytest.mark.parametrize(("cell", "meant"), [(8.2, "8.2"), (0.0, "0"), (100.0, "100"), ("8.12345", "8.1235")])
def test_a_rate_is_percent_a_year(cell: Cell, meant: str) -> None:
    assert readers.PERCENT.read(cell) == Decimal(meant)


@pytest.mark.parametrize("cell", [-0.1, 100.01])
def test_a_rate_outside_0_to_100_is_refused(cell: Cell) -> None:
    assert code(readers.PERCENT.read(cell)) == "out_of_range"


@pytest.mark.parametrize("text", ["Asha", "आशा", "=cmd", "+A", "-B", "@C", "O'Neil", "क‍ष", "李"])
def test_a_name_may_be_in_any_script_and_begin_with_anything(text: str) -> None:
    assert readers.text_of_name(least=1).read(f" {text} ") == text


@pytest.mark.parametrize(
    ("cell", "wrong"),
    [("a\x07b", "control_character"), ("a\nb", "control_character"), ("x" * 101, "too_long"), (5.0, "not_text")],
)
def test_a_name_that_cannot_be_stored_or_shown_is_refused(cell: Cell, wrong: str) -> None:
    assert code(readers.text_of_name(least=1).read(cell)) == wrong


@pytest.mark.parametrize("cell", [9812345678.0, 919812345678, "9812345678", " +91 98123 45678 ", "(981) 234-5678"])
def test_a_phone_number_is_ten_digits_however_typed(cell: Cell) -> None:
    assert readers.PHONE_NUMBER.read(cell) == "9812345678"


@pytest.mark.parametrize(
    "cell", [981234567.0, "+98 12345678", "981234567a", "९812345678", 9812345678.5, 98123.45678, True]
)
def test_anything_but_ten_digits_is_no_phone_number(cell: Cell) -> None:
    assert code(readers.PHONE_NUMBER.read(cell)) == "not_a_phone_number"


@pytest.mark.parametrize(
    "cell",
    [
        date(2024, 3, 31),
        datetime.fromisoformat("2024-03-31"),
        datetime.fromisoformat("2024-03-31T00:00:00.004"),
        45382.0,
        45382,
        45382.00000005,
        45381.999999999,
        "45382",
        "45382.0",
        "2024-03-31T00:00:00.000Z",
        "2024-03-31",
        "2024-03-31 00:00:00",
        "31/03/2024",
        "31-3-2024",
        "31.03.2024",
        "03/31/2024",
    ],
)
def test_a_date_may_be_a_date_a_day_number_or_text_with_the_day_first(cell: Cell) -> None:
    assert readers.DATE.read(cell) == date(2024, 3, 31)


@pytest.mark.parametrize(
    "cell", ["31/03/24", "31/03-2024", "31 March", "45382.5", 0.0, "2024-02-30", "", True, time(1), timedelta(1), -5.0,
             # A day, a month and a year, to whoever types it without their dots.
             101124.0, "101124", 101124, 310324.0, 20240331.0],
)  # fmt: skip
def test_what_is_no_date_is_said_to_be_none(cell: Cell) -> None:
    assert code(readers.DATE.read(cell)) == "not_a_date"


@pytest.mark.parametrize(
    "cell",
    [
        datetime.fromisoformat("2024-03-31T17:45"),
        datetime.fromisoformat("2024-03-30T23:59:59.990"),
        datetime.fromisoformat("2024-03-31T00:00:01"),
        45382.75,
        45382.00001,
        45381.9999999,
        "45382.75",
        "2024-03-31 17:45",
        "2024-03-30T18:30:00.000Z",
    ],
)
def test_a_time_of_day_leaves_the_day_in_doubt(cell: Cell) -> None:
    assert readers.DATE.read(cell) is TIME_OF_DAY


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u2009", "\u202f", "\u3000"])
def test_references_that_nobody_can_tell_apart_are_one(blank: str) -> None:
    """A bank's page has no-break spaces where a person types ordinary ones: one payment, not two."""
    assert RECEIPTS.column("reference").reader.read(f"UTR{blank}0012\u200b{blank}7 ") == "UTR 0012 7"
    assert TypeAdapter(Reference).validate_python(f"UTR{blank}0012\u200b{blank}7 ") == "UTR 0012 7"


@pytest.mark.parametrize("cell", [0.0, 0, "0", time(0)])
def test_a_zero_is_no_date_also_in_a_cell_of_dates(cell: Cell) -> None:
    assert readers.DATE.read(cell) is NO_DATE


@pytest.mark.parametrize("cell", [1985.0, 1985, "1985", 1900.0, "2199", 2024.0, "1985.0"])
@pytest.mark.parametrize("reader", [readers.DATE, readers.BIRTH_DATE])
def test_a_year_is_no_number_of_a_day(reader: readers.Reader, cell: Cell) -> None:
    """As one, 1985 is the seventh of June 1905, and a customer born then may still be alive."""
    assert reader.read(cell) is YEAR_ALONE
    assert reader.read(readers.counted_from_1904(cell)) is YEAR_ALONE


@pytest.mark.parametrize("cell", [15.0, date(1949, 12, 31), date(2200, 1, 1)])
def test_a_date_of_another_age_is_refused(cell: Cell) -> None:
    assert code(readers.DATE.read(cell)) == "out_of_range"


@pytest.mark.parametrize("parse", PARSERS)
@given(cell=ANY_CELL)
def test_every_parser_has_an_answer_for_every_cell(parse: Any, cell: Cell) -> None:
    parse(cell)


@given(ANY_CELL)
def test_every_cell_can_be_shown_on_a_short_line(cell: Cell) -> None:
    text = cells.shown(cell)
    assert len(text) <= 4 * cells.MAX_SHOWN_LENGTH
    assert text.isprintable() or is_plain_text(text)


def test_a_cell_is_shown_as_excel_shows_it() -> None:
    shown = [cells.shown(cell) for cell in (14.0, 8.2, True, date(2024, 3, 31), "a\x00b")]
    assert shown == ["14", "8.2", "TRUE", "2024-03-31", "a\\x00b"]


def test_the_number_format_says_what_a_percentage_is_and_not_the_size_of_the_number() -> None:
    assert readers.PERCENT.read(PercentCell(0.1125)) == Decimal("11.25")
    assert readers.PERCENT.read(0.1125) == Decimal("0.1125")
    assert str(PercentCell(0.07)) == "7%"


@pytest.mark.parametrize("parse", [readers.whole_number(1, 600).read, readers.money(zero=True).read])
def test_a_percentage_is_no_amount_and_no_count(parse: Any) -> None:
    assert parse(PercentCell(0.5)) == IS_PERCENT


def test_a_percentage_is_neither_a_name_nor_a_phone_number_nor_a_date() -> None:
    codes = [
        code(parse(PercentCell(0.5)))
        for parse in (readers.text_of_name(least=1).read, readers.PHONE_NUMBER.read, readers.DATE.read)
    ]
    assert codes == ["not_text", "not_a_phone_number", "not_a_date"]
