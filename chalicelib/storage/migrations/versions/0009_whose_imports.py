"""Who asked for an import and what it may change, and which customers a workbook brought

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What the release before brings in counts as registered here, which keeps it from those who may change less.
    op.add_column("customers", sa.Column("from_workbook", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("imports", sa.Column("started_by", sa.Text()))
    op.add_column(
        "imports", sa.Column("spares_registered", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_index("imports_started_by_idx", "imports", ["started_by", "import_id"])
    op.execute("""
        UPDATE customers SET from_workbook = true
        FROM import_rows AS brought
        WHERE brought.customer_id = customers.customer_id AND brought.source_loan_id IS NULL
          AND brought.outcome = 'inserted'
    """)
    # The log says by whom an import was asked for; by itself it says that of a file in the bucket.
    op.execute("""
        UPDATE imports SET started_by = asked.actor_kind || coalesce(':' || asked.actor_id, '')
        FROM audit_log AS asked
        WHERE asked.action = 'import_started' AND asked.actor_kind <> 'import'
          AND asked.subject_kind = 'import' AND asked.subject_id = CAST(imports.import_id AS text)
    """)


def downgrade() -> None:
    op.drop_index("imports_started_by_idx", "imports")
    op.drop_column("imports", "spares_registered")
    op.drop_column("imports", "started_by")
    op.drop_column("customers", "from_workbook")
