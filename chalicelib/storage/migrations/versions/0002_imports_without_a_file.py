"""An import whose file never arrived may fail

Revision: 0002, after 0001.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BEFORE = "imports_object_unless_awaiting_upload"
AFTER = "imports_object_unless_it_did_not_arrive"


def upgrade() -> None:
    # Wider than before, so the code of the release before goes on working beside it.
    op.drop_constraint(BEFORE, "imports", type_="check")
    op.create_check_constraint(AFTER, "imports", "object_version IS NOT NULL OR state IN ('awaiting_upload', 'failed')")


def downgrade() -> None:
    op.execute("""
        UPDATE imports SET state = 'awaiting_upload', message = NULL, finished_at = NULL
        WHERE state = 'failed' AND object_version IS NULL
    """)
    op.drop_constraint(AFTER, "imports", type_="check")
    op.create_check_constraint(BEFORE, "imports", "state = 'awaiting_upload' OR object_version IS NOT NULL")
