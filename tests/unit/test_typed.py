"""What people type: one table of examples for each kind, which workbooks, the API and the console all read so."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.auditing import SubjectKind
from chalicelib.rules.typed import Problem, dates, names, numbers, phones, references
from chalicelib.rules.typed.dates import EitherWay
from chalicelib.rules.typed.sought import Sought, sought

AMOUNTS = {
    "300000": "₹3,00,000|₹ 3,00,000.00|Rs. 3,00,000|Rs.3,00,000/- only|3,00,000/-|300000 INR|300000.|+300000|300,000|"
              "300\u00a0000|3\u202f00\u202f000|'300000|３０００００|३०००००|\u202a300000\u202c| 300000\u200b ",
    "-300000": "-300000|-₹3,00,000|₹-300000|\u2212300000|\u2011300000",
    "150000.5": "1,50,000.5",
    "10447.876": "10447.876|10,447.876",
    "447.5": "447.5000|447.5",
    "0.5": ".5",
}  # fmt: skip
NO_AMOUNTS = (
    "3 lakh|3L|3e5|3E+05|(300000)|300000-|3,00,000 Dr|$300000|300_000|3,000,00|30,0,000|3,00,00|1,23|8,25|0,125|"
    "1.50.000|300.000|3.000|₹60.500|3 00 000|1,000,00,000|12%|-|₹|₹.60000|Rs .60000|Rs..5|--5|\u202e321|1٢|" + "9" * 101
).split("|")
PHONES = [
    "9812345678",
    "+91 98123 45678",
    "+919812345678",
    "09812345678",
    "91-9812345678",
    "\u202a9812345678\u202c",
    "98123\xa045678",
    "98123‑45678",
    "98123.45678",
    "9812345678\u200b",
    "0091 9812345678",
    "98123/45678",
    "９８１２３４５６７８",
    "98123–45678",
    "+91 (981) 234-5678",
    "(+91) 98123-45678",
    "+91 (0) 98123 45678",
    "9812345678.0",
    "'9812345678",
    "[981] 2345678",
]
NO_PHONES = [
    "9812345678, 9812345679",
    "9812345678 / 9812345679",
    "9812345678/79",
    "022-2345678/9",
    "+98 1234 5678",
    "+9812345678",
    "981234567",
    "98123456789",
    "9.812345678E9",
    "98123 45678 ext 3",
    "9812345678a",
    "98123+45678",
    "\u202e8765432189",
    "९812345678",
]
RATES = {
    "11.25": "11.25|11.25%|11.25 %|11.25\u00a0%|11.25 % p.a.|11.25 p.a.|11.25% p. a.|11.25 percent|１１.２５％",
    "0.1125": "0.1125",
}
NO_RATES = ["11,25", "11,25 %", "1,000%", "12%%", "%", "12 p.m."]
DATES = [
    "2024-01-31",
    "2024-1-31",
    "2024/01/31",
    "2024-01-31T00:00:00Z",
    "2024-01-31T00:00:00.000Z",
    "2024-01-31 00:00:00.000",
    "2024-01-31T00:00:00+05:30",
    "2024-01-31 00:00:00.000 +0530",
    "31/01/2024 00:00 IST",
    "Wed Jan 31 2024 00:00:00 GMT+0530 (India Standard Time)",
    "Wed Jan 31 2024 00:00:00 GMT+0000 (Coordinated Universal Time)",
    "31/01/2024",
    "31.1.2024",
    "31-01-2024",
    "31/01/2024 00:00",
    "31-01-2024 12:00:00 AM",
    "31-Jan-2024",
    "31 Jan 2024",
    "31 JANUARY, 2024",
    "Jan 31, 2024",
    "Jan. 31 2024",
    "Wed Jan 31 2024",
    "Wednesday, 31 January 2024",
    "01/31/2024",
    "३१/०१/२०२४",
    "'31/01/2024",
    "31‑01‑2024",
]
NO_DATES = [
    "31-Jan-24",
    "31/01/24",
    "2024-01-31 17:45:00",
    "31st January 2024",
    "0",
    "00/00/0000",
    "0000-00-00 00:00:00",
    "1706659200",
    "1706659200000",
    "20240131",
    "2024-02-30",
    "31/01-2024",
    "Mon 31 Jan 2024",
    "31 Foo 2024",
    "1949-12-31",
    "2024-01-31 25:00",
    "2024-01-30T18:30:00+00:00",
    "2024-01-31T05:30:00+05:30",
    "2024-01-31T00:00:00-05:00",
    "Tue Jan 30 2024 18:30:00 GMT+0000 (Coordinated Universal Time)",
    "31 Jan",
]


def wrong(result: object) -> bool:
    return isinstance(result, Problem)


@pytest.mark.parametrize(("meant", "text"), [(meant, each) for meant in AMOUNTS for each in AMOUNTS[meant].split("|")])
def test_an_amount_is_read_however_it_is_written(meant: str, text: str) -> None:
    assert numbers.amount(text) == Decimal(meant)


@pytest.mark.parametrize("text", NO_AMOUNTS)
def test_an_amount_that_not_everybody_would_read_the_same_is_refused(text: str) -> None:
    assert wrong(numbers.amount(text))


@pytest.mark.parametrize("text", ["UTR 0012-7", "0012", "12E34", "N426000123", "1.2.3", "NONE-4", "AXIS_XABCD_01"])
def test_a_reference_is_kept_as_it_is(text: str) -> None:
    assert references.reference(text) == text


@pytest.mark.parametrize(
    "text", ["1.23457E+11", "4E+11", "123.0", "NULL", "nan", "N/A", "-", "??", "#ERROR!", "A\ufffd", "A_x200B_"]
)
def test_a_reference_that_several_payments_may_have_is_refused(text: str) -> None:
    assert wrong(references.reference(text))


@pytest.mark.parametrize("text", PHONES)
def test_a_phone_number_is_its_ten_digits(text: str) -> None:
    assert phones.phone_number(text) == "9812345678"


@pytest.mark.parametrize("text", NO_PHONES)
def test_what_is_not_one_phone_number_of_this_country_is_refused(text: str) -> None:
    assert wrong(phones.phone_number(text))


@pytest.mark.parametrize(("meant", "text"), [(meant, each) for meant in RATES for each in RATES[meant].split("|")])
def test_a_rate_may_have_its_sign(meant: str, text: str) -> None:
    assert numbers.percent(text) == Decimal(meant)


@pytest.mark.parametrize("text", NO_RATES)
def test_a_rate_with_the_comma_of_a_decimal_is_refused(text: str) -> None:
    assert wrong(numbers.percent(text))


@pytest.mark.parametrize("text", DATES)
def test_a_date_is_read_however_it_is_written(text: str) -> None:
    assert dates.read_date(text) == date(2024, 1, 31)


@pytest.mark.parametrize("text", NO_DATES)
def test_a_date_that_not_everybody_would_read_the_same_is_refused(text: str) -> None:
    assert wrong(dates.read_date(text))


def test_a_date_may_be_read_either_way_unless_its_weekday_tells() -> None:
    assert dates.read_date("04/05/2024") == EitherWay(date(2024, 5, 4), date(2024, 4, 5))
    assert dates.read_date("Fri 04/05/2024") == date(2024, 4, 5)
    assert dates.read_date("04/04/2024") == date(2024, 4, 4)


@pytest.mark.parametrize(
    ("text", "proves"), [("03/31/2024", True), ("3-31-24", True), ("31/03/2024", False), ("x", False)]
)
def test_a_date_whose_second_number_is_no_month_proves_the_order(text: str, proves: bool) -> None:
    assert dates.proves_month_first(text) is proves


@pytest.mark.parametrize(
    ("text", "meant"),
    [("Asha", "Asha"), ("D'Souza", "D'Souza"), ("श्री\u200d", "श्री\u200d"), ("Asha\u200b", "Asha"),
     ("\u2066Asha\u2069", "Asha"),

     ("As\u200dha", "Asha"), ("ಅಶಾ", "ಅಶಾ"), ("NULL", "NULL"), ("-", "-"), (" Sharma, Asha ", "Sharma, Asha")],
)  # fmt: skip
def test_a_name_is_kept_as_it_is_seen(text: str, meant: str) -> None:
    assert names.name(text) == meant


@pytest.mark.parametrize(
    "text",
    ["\u200b", "\u3164", "12", "007", "\u202eAsha", "\u202dAsha", "Asha\ufffd", "As_x200B_ha", "a\nb", "x" * 101],
)
def test_a_name_that_is_not_seen_as_it_is_stored_is_refused(text: str) -> None:
    assert wrong(names.name(text))


@pytest.mark.parametrize("text", ["NULL", "None", "nan", "N/A", "#ERROR!", "-", "Err:502", "1E5", "TRUE"])
def test_a_word_of_programs_for_nothing_is_told_of(text: str) -> None:
    assert names.means_nothing(text)


@pytest.mark.parametrize("text", ["Asha", "May", "Nan Goldin", "Nullen"])
def test_a_name_is_not_taken_for_a_word_of_programs(text: str) -> None:
    assert names.means_nothing(text) is None


@pytest.mark.parametrize(
    ("sent", "meant"),
    [("7.000000000000001", "7"), ("0.30000000000000004", "0.3"), ("24.299999999999997", "24.3"), ("8.25", "8.25"),
     ("7.12345", "7.12345"), ("7.0000000000000000001", "7.0000000000000000001"),
     ("999999999999.99", "999999999999.99")],
)  # fmt: skip
def test_what_a_float_prints_beyond_the_digits_it_keeps_is_noise(sent: str, meant: str) -> None:
    assert numbers.without_float_noise(Decimal(sent)) == Decimal(meant)


@pytest.mark.parametrize("meant", ["José", "Zoë Brontë", "आशा", "ಅಶಾ", "张伟", "Müller", "ठाकुर"])
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_a_name_whose_utf_8_was_read_in_another_encoding_is_refused_with_what_it_was(meant: str, encoding: str) -> None:
    text = "".join(bytes([byte]).decode(encoding, errors="ignore") or chr(byte) for byte in meant.encode())
    read = names.name(text)
    assert isinstance(read, Problem)
    assert read.code == "damaged_text"
    assert f"most likely is {meant};" in read.message
    assert names.name(meant) == meant


NAMED = "ƒŠŒŽšœžŸ\u00a0 " + "".join(map(chr, [*range(0x41, 0x5B), *range(0x61, 0x7B), *range(0xC0, 0x100)]))


@given(st.text(NAMED, min_size=1, max_size=30))
def test_no_name_of_the_letters_that_those_encodings_have_is_taken_for_misread(text: str) -> None:
    assert names.misread(text) is None


def test_ten_digits_that_begin_with_0_are_taken_and_told_of() -> None:
    assert phones.phone_number("0697989224") == "0697989224"
    assert phones.unlikely("0697989224") is phones.UNLIKELY
    assert phones.unlikely("9812345678") is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("rudra singh", Sought("rudra singh")),
        ("+91 98123", Sought("+91 98123")),
        ("98123 45678", Sought("98123 45678")),
        ("301", Sought("301", 301)),
        ("३०१", Sought("३०१", 301)),
        ("#301", Sought("", 301)),
        ("No. 301", Sought("", 301)),
        ("number 301", Sought("", 301)),
        ("loan 301", Sought("", 301, SubjectKind.LOAN)),
        ("Loan #301", Sought("", 301, SubjectKind.LOAN)),
        ("loan301", Sought("", 301, SubjectKind.LOAN)),
        ("applications no 12", Sought("", 12, SubjectKind.APPLICATION)),
        (" import  12 ", Sought("", 12, SubjectKind.IMPORT)),
        ("user 12", Sought("user 12")),
        ("loaner 12", Sought("loaner 12")),
        ("loan", Sought("loan")),
        # To an expression that ignores case, a long s is an s; to nobody else.
        ("cu\u017ftomer 3", Sought("cu\u017ftomer 3")),
        ("9" * 19, Sought("9" * 19)),
        ("9" * 90, Sought("9" * 90)),
    ],
)
def test_a_search_is_read_as_a_number_where_it_can_be_one(typed: str, meant: Sought) -> None:
    assert sought(typed) == meant
