"""Numbers, amounts and times as the locale of a stage writes them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.dates import format_datetime
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.console.frame.formats import Formats, months
from chalicelib.console.frame.numbers import NumberWriter
from chalicelib.errors import ConfigurationError

KOLKATA = ZoneInfo("Asia/Kolkata")


@pytest.fixture
def formats() -> Formats:
    return Formats("en_IN", "INR", KOLKATA)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("120030", "₹1,20,030"),
        ("120030.00", "₹1,20,030"),
        ("10447.88", "₹10,447.88"),
        ("10447.5", "₹10,447.50"),
        ("0", "₹0"),
        ("-5", "-₹5"),
        ("12345678901.01", "₹12,34,56,78,901.01"),
    ],
)
def test_amounts_are_grouped_the_indian_way(formats: Formats, amount: str, shown: str) -> None:
    assert formats.money(Decimal(amount)) == shown


@pytest.mark.parametrize(
    ("amount", "shown"), [("9999999.5", "₹1,00,00,000"), ("145646804", "₹14.56Cr"), ("5000", "₹5,000"), ("0", "₹0")]
)
def test_a_large_sum_is_said_shortly(formats: Formats, amount: str, shown: str) -> None:
    assert formats.short_money(Decimal(amount)) == shown


@pytest.mark.parametrize(("rate", "shown"), [("8.12", "8.12%"), ("12.0000", "12%"), ("0", "0%"), ("100", "100%")])
def test_rates_have_the_decimals_they_need(formats: Formats, rate: str, shown: str) -> None:
    assert formats.rate(Decimal(rate)) == shown


@pytest.mark.parametrize("locale", ["en_IN", "de_DE", "de_CH", "fr_FR", "ar_EG", "es_ES", "en_US", "hi_IN", "pl_PL"])
@given(number=st.decimals("-1e13", "1e13", places=4) | st.integers(-(10**15), 10**15).map(Decimal))
def test_numbers_are_written_as_babel_writes_them(locale: str, number: Decimal) -> None:
    known = Locale.parse(locale)
    for pattern in (known.currency_formats["standard"], known.decimal_formats[None], known.percent_formats[None]):
        assert NumberWriter(pattern, known, "₹")(number) == pattern.apply(number, known).replace("¤", "₹")


@pytest.mark.parametrize("locale", ["en_IN", "de_DE", "fr_FR", "hi_IN", "en_US"])
@given(moment=st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis adds it
def test_moments_are_written_as_babel_writes_them(locale: str, moment: datetime) -> None:
    here = moment.astimezone(KOLKATA)
    assert format_datetime(here, "medium", locale=locale) in Formats(locale, "INR", KOLKATA).moment(moment)


def test_a_share_of_nothing_is_a_dash(formats: Formats) -> None:
    assert formats.share(2, 3) == "67%"
    assert "–" in formats.share(0, 0)


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (0, "0%"),
        (1, "<1%"),
        (99, "<1%"),
        (100, "1%"),
        (9900, "99%"),
        (9901, ">99%"),
        (10_000, "100%"),
        (10_001, ">100%"),
        (10_099, ">100%"),
        (10_100, "101%"),
    ],
)
def test_a_share_is_nothing_or_all_only_if_it_is(formats: Formats, part: int, shown: str) -> None:
    assert formats.share(Decimal(part), Decimal(10_000)) == shown


def test_a_moment_is_shown_in_the_business_time_zone_and_says_which(formats: Formats) -> None:
    shown = formats.moment(datetime(2026, 11, 23, 15, 0, tzinfo=UTC))
    assert shown == '<time datetime="2026-11-23T20:30:00+05:30" data-moment>23 Nov 2026, 8:30:00\u202fpm IST</time>'


def test_a_date_is_the_same_day_everywhere(formats: Formats) -> None:
    assert formats.day(date(2026, 11, 3)) == '<time datetime="2026-11-03">3 Nov 2026</time>'


def test_what_is_not_there_is_a_dash(formats: Formats) -> None:
    for shown in (
        formats.money(None),
        formats.rate(None),
        formats.day(None),
        formats.moment(None),
        formats.number(None),
    ):
        assert "–" in shown


def test_another_stage_has_another_locale_and_currency() -> None:
    german = Formats("de_DE", "EUR", ZoneInfo("Europe/Berlin"))
    assert german.money(Decimal("10447.88")) == "10.447,88\xa0€"
    assert (german.tag, german.currency_symbol) == ("de-DE", "€")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("120000", "1,20,000"),
        ("₹ 1,20,000.50", "1,20,000.50"),
        ("10447.8", "10,447.80"),
        (Decimal(900_000), "9,00,000"),
        # What could not be read again stays, so that somebody sees what was wrong with it.
        ("5.005", "5.005"),
        ("much", "much"),
        ("1,2,3", "1,2,3"),
        ("", ""),
    ],
)
def test_an_input_shows_an_amount_in_groups_as_it_can_be_read_again(
    formats: Formats, typed: object, shown: str
) -> None:
    assert formats.typed_amount(typed) == shown


def test_a_locale_whose_point_groups_leaves_an_amount_as_it_was_typed() -> None:
    german = Formats("de_DE", "EUR", ZoneInfo("Europe/Berlin"))
    assert german.typed_amount("120000") == "120000"


def test_a_locale_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="'xx_YY'"):
        Formats("xx_YY", "INR", KOLKATA)


def test_one_month_is_not_months() -> None:
    assert (months(1), months(12)) == ("1 month", "12 months")
