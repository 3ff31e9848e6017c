"""The key by which a workbook's loans are known again has the facts of a decision, and needs no second index beside it

Revision: 0026, after 0025.
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_KEY, _FACTS = "loans_customer_source_loan_key", "loans_customer_facts_idx"
_INCLUDED = ["loan_amount", "tenure", "interest_rate", "monthly_installment", "emis_paid_on_time", "end_date", "is_open"]


def upgrade() -> None:
    op.drop_index(_FACTS, "loans")
    _make_key_anew(f"INCLUDE (loan_id, {', '.join(_INCLUDED)})")


def downgrade() -> None:
    _make_key_anew("")
    op.create_index(_FACTS, "loans", ["customer_id", "loan_id"], postgresql_include=_INCLUDED)


def _make_key_anew(included: str) -> None:
    # In one statement, because each would wait for the table anew.
    op.execute(
        f"ALTER TABLE loans DROP CONSTRAINT {_KEY}, "
        f"ADD CONSTRAINT {_KEY} UNIQUE (customer_id, source_loan_id) {included}"
    )
