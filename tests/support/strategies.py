"""What hypothesis draws: values in the ranges that the API and the workbooks let through."""

from decimal import Decimal

from hypothesis import strategies as st

from chalicelib.rules.policy import PRUDENT_1, STANDARD_1, Policy, Slab
from chalicelib.rules.score import Facts, LoanRequest

rupees = st.integers(100, 10**12).map(lambda paise: Decimal(paise) / 100)
rates = st.integers(0, 1_000_000).map(lambda tenths: Decimal(tenths) / 10_000)
tenures = st.integers(1, 600)

requests = st.builds(LoanRequest, loan_amount=rupees, interest_rate=rates, tenure=tenures)

built_in_policies = st.sampled_from([STANDARD_1, PRUDENT_1])


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any policy that makes sense, with numbers of its own."""
    cuts = sorted(draw(st.sets(st.integers(0, 99), min_size=1, max_size=4)), reverse=True)
    floors = sorted(draw(st.lists(rates, min_size=len(cuts), max_size=len(cuts))))
    punctuality = draw(st.integers(0, 100))
    return Policy(
        name=draw(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)),
        income_multiple=draw(st.decimals("0.01", 100, places=2)),
        limit_rounding_step=draw(st.sampled_from([Decimal("0.01"), Decimal(1), Decimal("1E+5")])),
        max_emi_share_of_income=draw(st.decimals("0.01", 1, places=2)),
        counts_requested_loan=draw(st.booleans()),
        score_without_history=draw(st.integers(0, 100)),
        punctuality_points=punctuality,
        completion_points=100 - punctuality,
        slabs=tuple(map(Slab, cuts, floors)),
    )


@st.composite
def facts_of_customers(draw: st.DrawFn, amounts: st.SearchStrategy[Decimal] = rupees) -> Facts:
    """Facts as they can be aggregated from loans: none of the sums without a loan, and full loans among them."""
    loans = draw(st.lists(st.tuples(tenures, st.integers(0, 700), amounts, amounts, st.booleans()), max_size=6))
    current = [loan for loan in loans if loan[4]]
    return Facts(
        monthly_income=draw(amounts),
        approved_limit=draw(amounts),
        loans=len(loans),
        loans_paid_in_full=sum(paid >= tenure for tenure, paid, *_ in loans),
        tenure_total=sum(tenure for tenure, *_ in loans),
        emis_paid_on_time=sum(paid for _, paid, *_ in loans),
        current_principal=sum((amount for _, _, amount, *_ in current), Decimal(0)),
        current_emis=sum((instalment for *_, instalment, _ in current), Decimal(0)),
    )


@st.composite
def able_customers(draw: st.DrawFn, most: int = 10**9) -> Facts:
    """Facts of whom something can be approved more often than not: the loans near, but mostly within, the bounds."""
    facts = draw(facts_of_customers())
    income = draw(st.integers(1, most))
    limit = draw(st.integers(1, most))
    current = facts.current_principal > 0
    return Facts(
        monthly_income=Decimal(income) / 100,
        approved_limit=Decimal(limit) / 100,
        loans=facts.loans,
        loans_paid_in_full=facts.loans_paid_in_full,
        tenure_total=facts.tenure_total,
        emis_paid_on_time=facts.emis_paid_on_time,
        current_principal=Decimal(draw(st.integers(1, limit + limit // 8 + 1))) / 100 if current else Decimal(0),
        current_emis=Decimal(draw(st.integers(1, income // 2 + income // 8 + 1))) / 100 if current else Decimal(0),
    )
