"""Numbers that a file used up: the sequences go back below those that no workbook can name

Revision: 0006, after 0005.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Of imports/merging/refusals.py, as it was at this revision.
HIGHEST_NUMBER = 899_999_999_999_999


def upgrade() -> None:
    # Customers and loans keep the numbers they have. Nothing happens where no file went that far.
    for table, column in (("customers", "customer_id"), ("loans", "loan_id")):
        op.execute(f"""
            SELECT setval('{table}_{column}_seq', coalesce(highest.number, 1), highest.number IS NOT NULL)
            FROM (SELECT max({column}) AS number FROM {table} WHERE {column} <= {HIGHEST_NUMBER}) AS highest,
                 {table}_{column}_seq AS sequence
            WHERE sequence.last_value > {HIGHEST_NUMBER}
        """)  # noqa: S608 - names of ours


def downgrade() -> None:
    """The sequences stay where they are: the numbers above are taken by nobody new."""
