"""Transactions of all loans as a list: a number of their own, by which a page goes on, and the index of their days

Revision: 0023, after 0020.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0020"
branch_labels = None
depends_on = None

# What the list asks for, so that the index answers by itself.
LISTED = ["loan_id", "number", "kind", "intent", "amount", "actor_kind", "actor_id"]


def upgrade() -> None:
    # Written anew, those there are in the order of the table; the release before does not name the column.
    op.add_column("loan_transactions", sa.Column("transaction_id", sa.BigInteger(), sa.Identity(), nullable=False))
    op.create_unique_constraint("loan_transactions_transaction_key", "loan_transactions", ["transaction_id"])
    op.create_index(
        "loan_transactions_listed_idx", "loan_transactions", ["value_date", "transaction_id"], postgresql_include=LISTED
    )


def downgrade() -> None:
    op.drop_index("loan_transactions_listed_idx", "loan_transactions")
    op.drop_column("loan_transactions", "transaction_id")
