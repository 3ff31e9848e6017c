"""docs/servicing.md: its examples are computed here, from the rules."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.rules.servicing.account import account
from chalicelib.rules.servicing.buckets import BUCKETS
from chalicelib.rules.servicing.days import A_DAY
from chalicelib.rules.servicing.fold import fold, history
from chalicelib.rules.servicing.opening import propose_opening
from chalicelib.rules.servicing.prepayment import Prepaid, Prospect, compare_prepayments
from chalicelib.rules.servicing.refusals import Code
from chalicelib.rules.servicing.settlement import settlement
from chalicelib.rules.servicing.standing import standing
from chalicelib.rules.servicing.statement import statement
from chalicelib.rules.servicing.values import Fact, Terms
from tests.support.servicing.histories import loan, paid, receipt

DOCUMENT = Path(__file__).parents[3] / "docs" / "servicing.md"
# 1,000 rupees at 12% over 4 months: the example that runs through the document.
SMALL = loan(1000, 12, 4, date(2026, 1, 31))
PENAL = loan(1000, 12, 4, date(2026, 1, 31), grace_days=5, penal_charge=Decimal(50))
LARGE = loan(100_000, 12, 24, date(2026, 1, 5), prepayment_charge=Decimal(2))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of a document, figures to the right."""
    lines = [[str(cell) for cell in row] for row in rows]
    rule = ["--:" if all(line[at][:1].isdigit() for line in lines) else "---" for at in range(len(header))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *lines])


def receipts(made: Terms, facts: Iterable[Fact]) -> str:
    left, rows = made.principal, []
    for entry in history(made, facts).entries[1:]:
        left -= entry.split.principal
        rows.append([entry.fact.value_date, entry.fact.amount, entry.split.interest, entry.split.principal, left])
    return table(["value date", "receipt", "interest", "principal", "principal left"], rows)


def instalments(made: Terms, facts: Iterable[Fact], as_of: date) -> str:
    rows = []
    for row in account(made, facts, as_of).instalments:
        covers = ", ".join(f"{cover.amount} on {cover.value_date}" for cover in row.covered_by)
        rows.append([row.number, row.due_date, row.demanded, covers, row.left, row.state.replace("_", " ")])
    return table(["instalment", "due", "demanded", "paid with", "left", "state"], rows)


def paid_on_its_due_dates() -> str:
    dues = [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    return receipts(SMALL, paid(SMALL, *((SMALL.instalment, day) for day in dues), ("256.29", date(2026, 5, 31))))


LATE = paid(SMALL, ("256.28", date(2026, 3, 10)), ("256.28", date(2026, 3, 31)), ("256.28", date(2026, 4, 30)))


def ten_days_late() -> str:
    return receipts(SMALL, [*LATE, receipt(5, "257.12", date(2026, 5, 31))])


def what_covered_each() -> str:
    return instalments(SMALL, LATE, date(2026, 5, 1))


def paid_ahead() -> str:
    return instalments(SMALL, paid(SMALL, (600, date(2026, 2, 28))), date(2026, 3, 31))


def settled() -> str:
    made = loan(100, 7, 6, date(2024, 1, 1))
    quote = settlement(made, fold(made, paid(made, ("17.01", date(2024, 2, 1)))), date(2024, 2, 15))
    header = ["on", "principal", "interest", "charges", "prepayment charge", "total", "a day more"]
    figures = [quote.on, quote.principal, quote.interest, quote.charges, quote.prepayment_charge, quote.total]
    return table(header, [[*figures, quote.per_day]])


def prepaid() -> str:
    rows = [*((LARGE.instalment, date(2026, month, 5)) for month in range(2, 8))]
    compared = compare_prepayments(LARGE, fold(LARGE, paid(LARGE, *rows)), Decimal(20_000), date(2026, 7, 5))

    def line(name: str, prospect: Prospect, prepayment: Prepaid | None) -> list[object]:
        saved = [prepayment.interest_saved, prepayment.split.charge_levied] if prepayment else ["0.00", "0.00"]
        left = prospect.instalments_left
        return [name, prospect.instalment, left, prospect.end_date, prospect.interest, *saved]

    header = ["", "instalment", "left", "ends on", "interest to come", "interest saved", "charge"]
    without = line("without it", compared.without, None)
    effects = [
        line(f"`{each.effect}`", each.prospect, each) for each in (compared.shorter_tenure, compared.lower_instalment)
    ]
    return table(header, [without, *effects])


def classes() -> str:
    made = loan(100_000, 12, 24, date(2021, 1, 31))
    position = fold(made, paid(made, (made.instalment, date(2021, 2, 28))))
    rows = []
    for bucket in BUCKETS[1:]:
        today = date(2021, 3, 31) + timedelta(days=bucket.days_past_due)
        owed = standing(made, position, today)
        rows.append([f"`{owed.bucket.code}`", owed.days_past_due, today - A_DAY, today])
    return table(["class", "days past due", "at the end of", "so on"], rows)


def penal_charges() -> str:
    today = date(2026, 4, 10)
    late = paid(PENAL, ("256.28", date(2026, 3, 10)), ("256.28", date(2026, 4, 2)))
    found = [*late, receipt(4, "256.28", date(2026, 2, 28))]
    rows = []
    for what, facts in (("as recorded at first", late), ("with the receipt of 2026-02-28", found)):
        owed = account(PENAL, facts, today)
        states = [row.state.replace("_", " ") for row in owed.instalments[:3]]
        rows.append([what, *states, owed.standing.charges, owed.standing.paid_on_time])
    return table(["", "1st", "2nd", "3rd", "charges", "paid on time"], rows)


def statement_of_account() -> str:
    made = statement(PENAL, paid(PENAL, (300, date(2026, 3, 10))), date(2026, 2, 1), date(2026, 4, 15))
    rows: list[list[object]] = [[made.since, "opening balance", "", "", made.opening_balance]]
    for line in made.lines:
        amounts = [amount or "" for amount in (line.debit, line.credit)]
        rows.append([line.value_date, line.what.replace("_", " "), *amounts, line.balance])
    rows.append([made.until, "closing balance", made.total_debit, made.total_credit, made.closing_balance])
    return table(["date", "", "debit", "credit", "balance"], rows)


def opening() -> str:
    fact = propose_opening(LARGE, date(2026, 8, 20), 5, emis_paid_on_time=4)
    assert fact.opening is not None
    header = ["date", "principal", "interest due", "first unpaid due date", "instalments left", "EMIs paid on time"]
    said = fact.opening
    figures = [said.interest_due, said.first_unpaid_due_date, said.instalments_left, said.emis_paid_on_time]
    return table(header, [[fact.value_date, fact.amount, *figures]])


EXAMPLES = (
    paid_on_its_due_dates,
    ten_days_late,
    what_covered_each,
    paid_ahead,
    settled,
    prepaid,
    classes,
    penal_charges,
    statement_of_account,
    opening,
)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.__name__)
def test_the_document_has_the_example_as_the_rules_compute_it(example: Callable[[], str]) -> None:
    assert f"\n\n{example()}\n" in DOCUMENT.read_text()


def test_every_table_of_the_document_is_an_example_or_of_codes() -> None:
    computed = "\n".join(example() for example in EXAMPLES).splitlines()
    tables = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("|")]
    codes = [line for line in tables if re.match(r"\| (`[a-z_]+` \| (400|409)|code|---) \|", line)]
    assert sorted({*tables} - {*codes}) == sorted({*computed} - {*codes})


def test_every_refusal_is_in_the_document() -> None:
    documented = dict(re.findall(r"^\| `([a-z_]+)` \| (400|409) \|", DOCUMENT.read_text(), re.MULTILINE))
    assert documented == {code.value: "400" if code.is_bad_input else "409" for code in Code}
