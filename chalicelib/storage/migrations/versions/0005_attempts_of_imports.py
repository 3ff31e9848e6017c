"""How often a worker has begun an import and did not come back

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("imports", sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("imports", sa.Column("attempt_ends_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("imports", "attempt_ends_at")
    op.drop_column("imports", "attempts")
