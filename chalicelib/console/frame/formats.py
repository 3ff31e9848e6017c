"""Numbers, amounts, dates and times as the locale writes them. Babel is imported with this module."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_skeleton, format_timedelta
from babel.numbers import NumberPattern, format_compact_currency, get_currency_symbol, parse_pattern
from markupsafe import Markup

from chalicelib.errors import ConfigurationError
from chalicelib.rules.sentences import counted
from chalicelib.rules.typed.numbers import amount as read_amount

# A crore, or ten million: from here on all digits are more than a glance takes in.
LARGE = 10**7
NOTHING = Markup('<span class="nothing" title="none">–</span>')


class Formats:
    """What the templates use as filters. Raises ConfigurationError for a locale that Babel does not know.

    Patterns are prepared once: a page of a table formats some hundred numbers.
    """

    def __init__(self, locale: str, currency: str, zone: ZoneInfo) -> None:
        self._locale = _known(locale)
        self._zone = zone
        self.currency_symbol = get_currency_symbol(currency, self._locale)
        self._currency = currency
        pattern = self._locale.currency_formats["standard"]
        self._amount = pattern
        self._whole = parse_pattern(_without_decimals(pattern.pattern))
        self._number = self._locale.decimal_formats[None]
        self._percent = parse_pattern(_with_decimals(self._locale.percent_formats[None].pattern, 4))
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
        return self._with_symbol(self._whole if amount == int(amount) else self._amount, amount)

    def exact_money(self, amount: Decimal) -> str:
        """An amount with its paise even if there are none, so that a column of them lines up."""
        return self._with_symbol(self._amount, amount)

    def _with_symbol(self, pattern: NumberPattern, amount: Decimal | int) -> str:
        # Told the currency, Babel would first look up its name in the plural of the amount, which no pattern of ours
        # has: half of the time of an amount.
        return str(pattern.apply(amount, self._locale)).replace("¤", self.currency_symbol)

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
        pattern = self._whole if found == int(found) else self._amount
        grouped = str(pattern.apply(found, self._locale)).replace("¤", "").strip()
        return grouped if read_amount(grouped) == found else text

    def number(self, value: Decimal | int | None) -> str:
        """A number with its digits grouped."""
        return NOTHING if value is None else self._number.apply(value, self._locale)

    def rate(self, percent: Decimal | None) -> str:
        """A rate in percent a year: 8.12%."""
        return NOTHING if percent is None else self._percent.apply(percent.scaleb(-2), self._locale)

    def share(self, part: Decimal | int, whole: Decimal | int) -> str:
        """How much of a whole, in whole percent; nothing of nothing is not a share."""
        if not whole:
            return NOTHING
        return f"{round(100 * part / whole)}%"

    def day(self, day: date | None) -> Markup | str:
        """A date without a time, which is the same day for everybody."""
        if day is None:
            return NOTHING
        return Markup('<time datetime="{}">{}</time>').format(
            day.isoformat(), format_date(day, "medium", locale=self._locale)
        )

    def plain_day(self, day: date) -> str:
        """The same as text, for sentences."""
        return format_date(day, "medium", locale=self._locale)

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
        shown = format_datetime(here, "medium", locale=self._locale)
        return Markup('<time datetime="{}" data-moment>{} {}</time>').format(
            here.isoformat(timespec="seconds"), shown, here.tzname()
        )


def months(count: int) -> str:
    """A number of months in words: 1 month, 12 months."""
    return counted(count, "month")


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
