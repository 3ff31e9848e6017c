"""Which keys of machines may change limits and incomes

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Those that there are may not any more, and neither may what the release before makes.
    op.add_column(
        "api_keys", sa.Column("may_change_terms", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("api_keys", "may_change_terms")
