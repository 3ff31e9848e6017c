"""What a file is called, by which its versions are told under whatever key; and how many rows were read of each sheet

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEX = "imports_file_idx"


def upgrade() -> None:
    # Empty where the release before writes, and for what was imported before: these are known by their keys.
    op.add_column("imports", sa.Column("file_key", sa.Text()))
    op.add_column("imports", sa.Column("rows_by_sheet", postgresql.JSONB()))
    op.create_index(INDEX, "imports", ["bucket", "file_key"])


def downgrade() -> None:
    op.drop_index(INDEX, "imports")
    op.drop_column("imports", "rows_by_sheet")
    op.drop_column("imports", "file_key")
