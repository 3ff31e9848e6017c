"""The index of who made a loan has those that were made here: imported ones cost a tenth of their import for it

Revision: 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_INDEX = "loans_created_by_idx"


def upgrade() -> None:
    op.drop_index(_INDEX, "loans")
    _create(sa.text("source_loan_id IS NULL"))


def downgrade() -> None:
    op.drop_index(_INDEX, "loans")
    _create(None)


def _create(of: sa.TextClause | None) -> None:
    columns = ["created_by", "loan_id"]
    op.create_index(_INDEX, "loans", columns, postgresql_ops={"created_by": "text_pattern_ops"}, postgresql_where=of)
