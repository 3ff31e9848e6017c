"""Which serviced loans are over: what loans that need an opening are told from

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "loan_positions_ended_idx",
        "loan_positions",
        ["loan_id"],
        postgresql_where=sa.text("status IN ('closed', 'written_off')"),
    )


def downgrade() -> None:
    op.drop_index("loan_positions_ended_idx", table_name="loan_positions")
