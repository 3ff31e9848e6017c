"""The queries behind the first page of the console. They read whole months and whole books: services/statistics.py
sees to it that they are not asked more often than they are worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, text

# One pass over the applications since a day, by day and outcome and by outcome and band of ten points.
_APPLICATIONS = text("""
    SELECT decided_on, approved, least(score / 10, 9) AS band, count(*)
    FROM loan_applications
    WHERE decided_on BETWEEN :since AND :today
    GROUP BY GROUPING SETS ((decided_on, approved), (approved, least(score / 10, 9)))
""")

# An application that was refused for two reasons counts for each.
_REFUSALS = text("""
    SELECT reason ->> 'code', count(*)
    FROM loan_applications, jsonb_array_elements(reasons) AS reason
    WHERE decided_on BETWEEN :since AND :today AND NOT approved
    GROUP BY 1
    ORDER BY 2 DESC, 1
""")

# Current loans by the band of their rate. What is outstanding is the principal that is left when every instalment that
# has fallen due was paid: P (1 - (1+r)^-m) / (1 - (1+r)^-n), with m of n instalments to come, and P m/n without
# interest. A sum for the first page may be counted in floating point; a decision never is.
_PORTFOLIO = text("""
    SELECT band, count(*), sum(loan_amount),
           CAST(round(CAST(sum(CAST(loan_amount AS double precision) * CASE
               WHEN rate = 0 THEN months_left / tenure
               ELSE (1 - power(1 + rate, -months_left)) / (1 - power(1 + rate, -tenure))
           END) AS numeric), 2) AS numeric)
    FROM (
        SELECT loan_amount, tenure, rate, width_bucket(interest_rate, CAST(:floors AS numeric[])) AS band,
               least(tenure, greatest(0,
                   (date_part('year', last_day) - :year) * 12 + date_part('month', last_day) - :month
                   + CASE WHEN date_part('day', last_day) > :day THEN 1 ELSE 0 END
               )) AS months_left
        FROM (
            SELECT loan_amount, tenure, interest_rate, CAST(interest_rate AS double precision) / 1200 AS rate,
                   CASE WHEN end_date IS NULL THEN start_date + make_interval(months => tenure) ELSE end_date END
                       AS last_day
            FROM loans
            WHERE is_open OR end_date >= :today OR end_date IS NULL
        ) AS current_loans
    ) AS with_months_left
    GROUP BY band
    ORDER BY band
""")


@dataclass(frozen=True)
class ApplicationCount:
    """Applications of one outcome: of a day, or with a score in a band (3 is 30 to 39, 9 also holds 100)."""

    day: date | None
    approved: bool
    band: int | None
    count: int


@dataclass(frozen=True)
class BandOfLoans:
    """Current loans of a band of rates, counted from 1; amounts in rupees."""

    band: int
    loans: int
    lent: Decimal
    outstanding: Decimal


def applications_since(connection: Connection, since: date, today: date) -> list[ApplicationCount]:
    """Applications by day and outcome, and by outcome and band of ten points of score."""
    return [ApplicationCount(*row) for row in connection.execute(_APPLICATIONS, {"since": since, "today": today})]


def refusals_since(connection: Connection, since: date, today: date) -> Mapping[str, int]:
    """How often each code was said in a refusal, the most frequent first; remarks are among them."""
    rows = connection.execute(_REFUSALS, {"since": since, "today": today})
    return {code: count for code, count in rows}  # noqa: C416 - dict() of rows loses the types


def portfolio(connection: Connection, floors: Sequence[Decimal], today: date) -> list[BandOfLoans]:
    """Current loans by band of their rate; band 1 starts at the first of `floors`, percent a year, ascending."""
    values = {"floors": list(floors), "today": today, "year": today.year, "month": today.month, "day": today.day}
    rows = connection.execute(_PORTFOLIO, values)
    return [BandOfLoans(*row) for row in rows]
