"""Customers found by the words of their whole name and their age: the same person may have registered before

The words are those of revision 0008, in one order whatever order they were written in.

Revision: 0016, after 0015.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(
        "CREATE INDEX customers_same_person_idx ON customers "
        "(array_to_tsvector(search_words((first_name || ' ') || last_name)), age)"
    )


def downgrade() -> None:
    op.drop_index("customers_same_person_idx", "customers")
