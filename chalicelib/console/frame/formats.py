"""Numbers, amounts, dates and times as the locale writes them. Babel is imported with this module."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_compact_currency, get_currency_symbol, parse_pattern
from markupsafe import Markup, escape

from chalicelib.console.frame.numbers import NumberWriter
from chalicelib.errors import ConfigurationError
from chalicelib.rules.sentences import counted
from chalicelib.rules.typed.numbers import amount as read_amount

# A crore, or ten million: from here on all digits are more than a glance takes in.
LARGE = 10**7
# So many days are remembered as they are written: those of a year or two come again and again.
DAYS = 2000
NOTHING = Markup('<span class="nothing" title="none">–</span>')


class Formats:
    """What the templates use as filters. Raises ConfigurationError for a locale that Babel does not know.

    Patterns are prepared once and days are remembered: a page of a table formats some hundred of them.
    """

    def __init__(self, locale: str, currency: str, zone: ZoneInfo) -> None:
        self._locale = _known(locale)
        self._zone = zone
        self.currency_symbol = get_currency_symbol(currency, self._locale)
        self._currency = currency
        pattern = self._locale.currency_formats["standard"]
        whole = parse_pattern(_without_decimals(pattern.pattern))
        percent = parse_pattern(_with_decimals(self._locale.percent_formats[None].pattern, 4))
        self._amount = NumberWriter(pattern, self._locale, self.currency_symbol)
        self._whole = NumberWriter(whole, self._locale, self.currency_symbol)
        self._amount_alone, self._whole_alone = NumberWriter(pattern, self._locale), NumberWriter(whole, self._locale)
        self._number = NumberWriter(self._locale.decimal_formats[None], self._locale)
        self._percent = NumberWriter(percent, self._locale)
        # As Babel puts a day and a time together.
        self._day_and_time = str(get_datetime_format("medium", self._locale)).replace("'", "")
        # As scripts and the lang attribute write it.
        self.tag = str(self._locale).replace("_", "-")

    def filters(self) -> Mapping[str, Callable[..., Any]]:
        """The filters by their names in templates."""
        return {
            "money": self.money,
            "whole_money": self.whole_money,
            "exact_money": self.exact_money,
            "short_money": self.short_money,
            "number": self.number,
            "rate": self.rate,
            "share": self.share,
            "date": self.day,
            "moment": self.moment,
            "months": months,
        }

    def money(self, amount: Decimal | int | None) -> str:
        """An amount with its currency: ₹1,20,030, and ₹10,447.88 if there are paise."""
        if amount is None:
            return NOTHING
        return (self._whole if amount == int(amount) else self._amount)(amount)

    def exact_money(self, amount: Decimal) -> str:
        """An amount with its paise even if there are none, so that a column of them lines up."""
        return self._amount(amount)

    def whole_money(self, amount: Decimal | int) -> str:
        """A sum of which the paise do not matter."""
        return self.money(Decimal(amount).to_integral_value(ROUND_HALF_UP))

    def short_money(self, amount: Decimal | int) -> str:
        """A sum as people say it if it is large: ₹14.56Cr."""
        if -LARGE < amount < LARGE:
            return self.whole_money(amount)
        return format_compact_currency(amount, self._currency, locale=self._locale, fraction_digits=2)

    def typed_amount(self, typed: object) -> str:
        """What an input of an amount shows: 120000 as 1,20,000; what could not be read again, as it was typed."""
        text = str(typed)
        found = read_amount(text.removeprefix(self.currency_symbol).strip())
        if not isinstance(found, Decimal):
            return text
        grouped = (self._whole_alone if found == int(found) else self._amount_alone)(found).strip()
        return grouped if read_amount(grouped) == found else text

    def number(self, value: Decimal | int | None) -> str:
        """A number with its digits grouped."""
        return NOTHING if value is None else self._number(value)

    def rate(self, percent: Decimal | None) -> str:
        """A rate in percent a year: 8.12%."""
        return NOTHING if percent is None else self._percent(percent.scaleb(-2))

    def share(self, part: Decimal | int, whole: Decimal | int) -> str:
        """How much of a whole, in whole percent; nothing of nothing is not a share.

        0% is said of nothing and 100% of the whole alone: a class with few loans has a share all the same, and what is
        a little above a limit is above it.
        """
        if not whole:
            return NOTHING
        if 0 < 100 * part < whole:
            return "<1%"
        if 0 < 100 * (whole - part) < whole:
            return ">99%"
        if 0 < 100 * (part - whole) < whole:
            return ">100%"
        return f"{round(100 * part / whole)}%"

    def day(self, day: date | None) -> Markup | str:
        """A date without a time, which is the same day for everybody."""
        return NOTHING if day is None else _as_element(day, self._locale)

    def plain_day(self, day: date) -> str:
        """The same as text, for sentences."""
        return _as_text(day, self._locale)

    def short_day(self, day: date) -> str:
        """Day and month, if the year is known: 23 Nov."""
        return format_skeleton("MMMd", day, locale=self._locale)

    def short_month(self, day: date) -> str:
        """Month and year: Nov 2026."""
        return format_skeleton("yMMM", day, locale=self._locale)

    def ago(self, moment: datetime, now: datetime) -> str:
        """How long ago a moment was: 2 minutes ago."""
        return format_timedelta(moment - now, add_direction=True, locale=self._locale)

    def moment(self, moment: datetime | None) -> Markup | str:
        """A moment in the business time zone; a script shows it in the viewer's own."""
        if moment is None:
            return NOTHING
        here = moment.astimezone(self._zone)
        time = format_time(here, "medium", locale=self._locale)
        shown = escape(self._day_and_time.replace("{0}", time).replace("{1}", self.plain_day(here.date())))
        return Markup(  # noqa: S704 - escaped
            f'<time datetime="{here.isoformat(timespec="seconds")}" data-moment>{shown} {escape(here.tzname())}</time>'
        )


def months(count: int) -> str:
    """A number of months in words: 1 month, 12 months."""
    return counted(count, "month")


@lru_cache(maxsize=DAYS)
def _as_text(day: date, locale: Locale) -> str:
    return format_date(day, "medium", locale=locale)


@lru_cache(maxsize=DAYS)
def _as_element(day: date, locale: Locale) -> Markup:
    return Markup(f'<time datetime="{day.isoformat()}">{escape(_as_text(day, locale))}</time>')  # noqa: S704 - escaped


def _known(name: str) -> Locale:
    try:
        return Locale.parse(name)
    except (UnknownLocaleError, ValueError):
        raise ConfigurationError(
            f"CONSOLE_LOCALE must be the name of a locale, such as en_IN. Invalid value: {name!r}."
        ) from None


def _without_decimals(pattern: str) -> str:
    return pattern.replace(".00", "")


def _with_decimals(pattern: str, most: int) -> str:
    """`#,##0%` as `#,##0.##%`."""
    last = pattern.rindex("0")
    return f"{pattern[: last + 1]}.{'#' * most}{pattern[last + 1 :]}"
