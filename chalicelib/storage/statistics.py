"""The queries behind the first page of the console. They read whole months and whole books: services/statistics.py
sees to it that they are not asked more often than they are worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, text

from chalicelib.rules.money import from_paise

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

# Current loans by the band of their rate; of those that are serviced here, the open ones, of which it is known what is
# outstanding. Of any other it is the principal that is left when every instalment that has fallen due was paid:
# P (1 - (1+r)^-m) / (1 - (1+r)^-n), with m of n instalments to come, and P m/n without interest. A sum for the first
# page may be counted in floating point; a decision never is.
_PORTFOLIO = text("""
    SELECT band, count(*), sum(loan_amount),
           CAST(round(CAST(sum(coalesce(CAST(principal AS double precision),
               CAST(loan_amount AS double precision) * CASE
                   WHEN rate = 0 THEN months_left / tenure
                   ELSE (1 - power(1 + rate, -months_left)) / (1 - power(1 + rate, -tenure))
               END)) AS numeric), 2) AS numeric)
    FROM (
        SELECT loan_amount, principal, tenure, rate, width_bucket(interest_rate, CAST(:floors AS numeric[])) AS band,
               least(tenure, greatest(0,
                   (date_part('year', last_day) - :year) * 12 + date_part('month', last_day) - :month
                   + CASE WHEN date_part('day', last_day) > :day THEN 1 ELSE 0 END
               )) AS months_left
        FROM (
            SELECT loan_amount, principal, tenure, interest_rate,
                   CAST(interest_rate AS double precision) / 1200 AS rate,
                   CASE WHEN end_date IS NULL THEN start_date + make_interval(months => tenure) ELSE end_date END
                       AS last_day
            FROM loans
            LEFT JOIN loan_positions AS positions
                ON positions.loan_id = loans.loan_id AND positions.status <> 'not_serviced'
            WHERE is_open OR end_date >= :today OR end_date IS NULL
        ) AS current_loans
    ) AS with_months_left
    GROUP BY band
    ORDER BY band
""")


# Months from a loan's start to a day, and so the number of the instalment that is due in the month of that day.
def _months_to(day: str) -> str:
    return f"""(CAST(date_part('year', {day}) * 12 + date_part('month', {day})
                     - date_part('year', start_date) * 12 - date_part('month', start_date) AS integer))"""


# What was demanded up to an instalment, in paise, as rules/servicing/demands.py counts it; most loans have one step.
_DEMANDED = """CASE
    WHEN jsonb_array_length(demands) = 1
    THEN CAST(demands -> 0 ->> 1 AS bigint) * greatest(0, number - CAST(demands -> 0 ->> 0 AS integer) + 1)
    ELSE (SELECT sum(instalment * greatest(0, least(number, coalesce(following - 1, number)) - first + 1))
          FROM (SELECT CAST(step ->> 0 AS integer) AS first, CAST(step ->> 1 AS bigint) AS instalment,
                       lead(CAST(step ->> 0 AS integer)) OVER (ORDER BY place) AS following
                FROM jsonb_array_elements(demands) WITH ORDINALITY AS steps (step, place)) AS spans)
END"""

# What is overdue, in paise. The final instalment asks for all that is left, and none for more than that, as those of a
# shortened loan would: with interest that is counted here by an average month, right to some rupees, on a page that
# shows thousands. It runs at the rate of the terms, which is not the stated one if the instalment is not its EMI.
_OVERDUE = text(f"""
    SELECT coalesce(sum(CASE WHEN number < final THEN least({_DEMANDED} - received, left_to_pay)
                             ELSE left_to_pay END), 0)
    FROM (
        SELECT *, months - CASE WHEN start_date + make_interval(months => months) >= :today THEN 1 ELSE 0 END AS number,
               principal * 100 + interest + rate / 30.4375 * (paise_days + principal * 100 * (:today - last_fact_on))
                   AS left_to_pay
        FROM (
            SELECT principal, last_fact_on, start_date,
                   CAST(terms ->> 'annual_rate' AS double precision) / 1200 AS rate,
                   {_months_to("CAST(:today AS date)")} AS months,
                   position -> 'demands' AS demands, CAST(position -> 'received' AS bigint) AS received,
                   CAST(position -> 'final' AS integer) AS final,
                   CAST(position -> 'interest_accrued' AS bigint)
                       - CAST(position -> 'interest_taken' AS bigint) AS interest,
                   CAST(position -> 'paise_days' AS double precision) AS paise_days
            FROM loan_positions
            JOIN loans ON loans.loan_id = loan_positions.loan_id
            JOIN loan_terms ON loan_terms.loan_id = loan_positions.loan_id
            WHERE status = 'open' AND unpaid_from < :today
        ) AS late
    ) AS counted
""")  # noqa: S608 - expressions of ours

# What the instalments of this month ask for of open loans, in paise: of those that are due by today, and of all. Steps
# that lower the instalment can begin behind the one of this month; then it is that of the last step before them.
_DEMANDS = text(f"""
    SELECT coalesce(sum(instalment) FILTER (WHERE start_date + make_interval(months => number) <= :today), 0),
           coalesce(sum(instalment), 0)
    FROM (
        SELECT start_date, number,
               CAST(CASE WHEN CAST(demands -> -1 -> 0 AS integer) <= number THEN demands -> -1 -> 1
                         ELSE (SELECT step -> 1
                               FROM jsonb_array_elements(demands) WITH ORDINALITY AS steps (step, place)
                               WHERE CAST(step -> 0 AS integer) <= number ORDER BY place DESC LIMIT 1)
                    END AS bigint) AS instalment
        FROM (
            SELECT start_date, {_months_to("CAST(:today AS date)")} AS number,
                   position -> 'demands' AS demands, CAST(position -> 'final' AS integer) AS final
            FROM loan_positions
            JOIN loans ON loans.loan_id = loan_positions.loan_id
            WHERE status = 'open'
        ) AS lives
        WHERE number BETWEEN 1 AND final
    ) AS of_this_month
""")  # noqa: S608 - expressions of ours

_RECEIPTS = text("""
    SELECT coalesce(sum(amount), 0)
    FROM loan_transactions AS receipt
    WHERE kind = 'receipt' AND value_date BETWEEN :first AND :today
      AND NOT EXISTS (SELECT FROM loan_transactions AS reversal
                      WHERE reversal.loan_id = receipt.loan_id AND reversal.reverses = receipt.number)
""")


@dataclass(frozen=True)
class Demands:
    """What the instalments of a month ask for of loans that are open, so far and in all of it, in rupees."""

    so_far: Decimal
    in_all: Decimal


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


def overdue(connection: Connection, today: date) -> Decimal:
    """What should have been paid before today of loans that are serviced here, without charges, in rupees."""
    return _rupees(connection.execute(_OVERDUE, {"today": today}).scalar_one())


def demands(connection: Connection, today: date) -> Demands:
    """What the instalments of this month ask for."""
    so_far, in_all = connection.execute(_DEMANDS, {"today": today}).one()
    return Demands(_rupees(so_far), _rupees(in_all))


def receipts(connection: Connection, today: date) -> Decimal:
    """What was received this month and not reversed, in rupees."""
    return Decimal(connection.execute(_RECEIPTS, {"first": today.replace(day=1), "today": today}).scalar_one())


def _rupees(paise: float | Decimal | int) -> Decimal:
    return from_paise(round(paise))
