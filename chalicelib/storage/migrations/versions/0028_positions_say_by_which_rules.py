"""A position says which rules made it, so that a change of the rules can make it anew

Those that are there were made by older ones, one of which counted an instalment too few as paid on time.

Revision: 0028, after 0027.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("loan_positions", sa.Column("fold_revision", sa.SmallInteger, nullable=False, server_default="0"))
    op.create_index(
        "loan_positions_outdated_idx", "loan_positions", ["loan_id"], postgresql_where=sa.text("fold_revision < 1")
    )


def downgrade() -> None:
    op.drop_index("loan_positions_outdated_idx", "loan_positions")
    op.drop_column("loan_positions", "fold_revision")
