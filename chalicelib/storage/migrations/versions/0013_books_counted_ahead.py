"""What was counted of a large book, so that no page has to count it; loans by whether they are open or have ended, and
applications by how they were decided, in the order of their numbers

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "counted_books",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="counted_books_pkey"),
    )
    # Each a second or less a million rows.
    op.create_index("loans_open_idx", "loans", ["is_open", "loan_id"])
    op.create_index("loans_end_idx", "loans", ["end_date", "loan_id"], postgresql_where=sa.text("NOT is_open"))
    op.create_index("loan_applications_outcome_idx", "loan_applications", ["approved", "application_id"])


def downgrade() -> None:
    op.drop_index("loan_applications_outcome_idx", "loan_applications")
    for index in ("loans_end_idx", "loans_open_idx"):
        op.drop_index(index, "loans")
    op.drop_table("counted_books")
