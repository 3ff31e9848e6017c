"""What hypothesis draws: values in the ranges that the API and the workbooks let through."""

from decimal import Decimal

from hypothesis import strategies as st

from chalicelib.rules.score import Facts, LoanRequest

rupees = st.integers(100, 10**12).map(lambda paise: Decimal(paise) / 100)
rates = st.integers(0, 1_000_000).map(lambda tenths: Decimal(tenths) / 10_000)
tenures = st.integers(1, 600)

requests = st.builds(LoanRequest, loan_amount=rupees, interest_rate=rates, tenure=tenures)


@st.composite
def facts_of_customers(draw: st.DrawFn) -> Facts:
    """Facts as they can be aggregated from loans: none of the sums without a loan, and full loans among them."""
    loans = draw(st.lists(st.tuples(tenures, st.integers(0, 700), rupees, rupees, st.booleans()), max_size=6))
    current = [loan for loan in loans if loan[4]]
    return Facts(
        monthly_income=draw(rupees),
        approved_limit=draw(rupees),
        loans=len(loans),
        loans_paid_in_full=sum(paid >= tenure for tenure, paid, *_ in loans),
        tenure_total=sum(tenure for tenure, *_ in loans),
        emis_paid_on_time=sum(paid for _, paid, *_ in loans),
        current_principal=sum((amount for _, _, amount, *_ in current), Decimal(0)),
        current_emis=sum((instalment for *_, instalment, _ in current), Decimal(0)),
    )
