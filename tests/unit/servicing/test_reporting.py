"""What a file reports of a loan: recorded in any order and any parts as if one after the other."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

from chalicelib.rules.servicing.fold import fold
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.refusals import Code
from chalicelib.rules.servicing.reporting import Report, Reported, report
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind, terms_of

START = date(2025, 1, 31)
TODAY = date(2026, 6, 30)
TERMS = terms_of(Decimal(12_000), Decimal(12), 12, START, Decimal("1066.19"))
DISBURSAL = Fact(1, Kind.DISBURSAL, Decimal(12_000), START)
DISBURSED = fold(TERMS, [DISBURSAL])


def paid(reference: str, day: date, amount: str = "1066.19", **more: object) -> Reported:
    intent = more.pop("intent", Intent.INSTALMENT)
    return Reported(0, Fact(0, Kind.RECEIPT, Decimal(amount), day, intent, **more), reference)  # type: ignore[arg-type]


def undone(reference: str, reverses: str, day: date) -> Reported:
    return Reported(0, Fact(0, Kind.REVERSAL, Decimal(0), day), reference, reverses)


def told(reported: list[Reported], facts: list[Fact] | None = None, position: Position = DISBURSED) -> Report:
    recorded = [DISBURSAL] if facts is None else facts
    return report(TERMS, position, recorded, len(recorded), reported, TODAY)


def days(number: int) -> list[date]:
    return [START + timedelta(days=29 * each) for each in range(1, number + 1)]


def test_steps_and_a_replay_make_the_same() -> None:
    rows = [paid(str(day), day) for day in days(10)]
    steps = report(TERMS, DISBURSED, None, 1, rows, TODAY)
    assert steps == told(rows)
    assert steps.position == fold(TERMS, [DISBURSAL, *(fact for _, fact in steps.taken)])
    assert [fact.number for _, fact in steps.taken] == list(range(2, 12))


def a_year() -> list[Reported]:
    """On time, late and early, prepaid with both effects, and two receipts that bounced."""
    rows = [paid(str(day), day) for day in days(11)]
    rows.append(paid("P", days(6)[-1], "700", intent=Intent.PREPAYMENT, effect=Effect.SHORTER_TENURE))
    rows.append(paid("Q", days(8)[-1], "350.05", intent=Intent.PREPAYMENT, effect=Effect.LOWER_INSTALMENT))
    bounced = [rows[2], rows[7]]
    return rows + [undone(f"R{each.reference}", str(each.reference), days(10)[-1]) for each in bounced]


def test_parts_of_a_year_in_over_a_thousand_orders_make_the_same_position() -> None:
    rows = a_year()
    expected = told(sorted(rows, key=lambda row: row.fact.value_date)).position
    for seed in range(1_200):
        random = Random(seed)
        shuffled = random.sample(rows, len(rows))
        ends = sorted(random.sample(range(1, len(rows)), 3))
        parts = [shuffled[begin:end] for begin, end in pairwise([0, *ends, len(rows)])]
        assert sent(parts + random.sample(parts, 2)) == expected


def sent(parts: list[list[Reported]]) -> Position:
    """One file after the other: what is recorded is unchanged when it comes again, and what reverses a receipt that
    is not recorded yet waits for it.
    """
    numbers: dict[str | None, int] = {}
    facts, position, waiting = [DISBURSAL], DISBURSED, list[Reported]()
    for part in parts:
        new = [row for row in (*part, *waiting) if row.reference not in numbers]
        new = [row._replace(fact=row.fact._replace(reverses=numbers.get(row.reverses_reference))) for row in new]
        made = told(sorted(new, key=lambda row: row.fact.value_date), facts, position)
        assert {refusal.code for _, refusal in made.refused} <= {Code.UNKNOWN_FACT}
        waiting = [row for row, _ in made.refused]
        numbers |= {row.reference: fact.number for row, fact in made.taken}
        facts, position = [*facts, *(fact for _, fact in made.taken)], made.position
    assert not waiting
    return position


def test_a_row_that_is_refused_in_a_replay_leaves_no_gap_in_the_numbers() -> None:
    late = told([paid("A", days(9)[-1])])
    facts = [DISBURSAL, *(fact for _, fact in late.taken)]
    rows = [paid("B", START - timedelta(days=1)), paid("C", days(1)[0]), paid("D", days(2)[1])]
    made = told(rows, facts, late.position)
    assert [(each.reference, refusal.code) for each, refusal in made.refused] == [("B", Code.BEFORE_DISBURSAL)]
    assert [(each.reference, fact.number) for each, fact in made.taken] == [("C", 3), ("D", 4)]
    assert made.position == fold(TERMS, [*facts, *(fact for _, fact in made.taken)])


def test_a_reversal_finds_its_receipt_wherever_it_stands_in_the_list() -> None:
    rows = [paid("A", days(1)[0]), undone("RA", "A", days(2)[1]), undone("RB", "B", days(1)[0]), paid("B", days(3)[2])]
    made = told(rows)
    assert made.position == DISBURSED
    assert not made.refused


def test_a_reversal_of_what_is_not_there_is_an_unknown_fact() -> None:
    made = told([undone("RA", "A", days(1)[0]), paid("B", days(1)[0])])
    assert [refusal.code for _, refusal in made.refused] == [Code.UNKNOWN_FACT]
    assert len(made.taken) == 1


def test_thousands_of_rows_before_the_last_fact_take_one_replay() -> None:
    late = told([paid("A", TODAY)])
    facts = [DISBURSAL, *(fact for _, fact in late.taken)]
    rows = [paid(str(number), START + timedelta(days=number % 400), "0.01") for number in range(2000)]
    made = told(sorted(rows, key=lambda row: row.fact.value_date), facts, late.position)
    assert len(made.taken) == 2000
