"""Dates of birth instead of ages; dry runs of imports, what they changed, and which were dismissed

Revision: 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("customers", "staged_customers"):
        op.add_column(table, sa.Column("date_of_birth", sa.Date()))
        op.alter_column(table, "age", existing_type=sa.SmallInteger(), nullable=True)
    op.create_check_constraint(
        "customers_age_or_date_of_birth", "customers", "age IS NOT NULL OR date_of_birth IS NOT NULL"
    )
    op.create_check_constraint("customers_date_of_birth_range", "customers", "date_of_birth >= '1900-01-01'")
    op.add_column("imports", sa.Column("is_dry_run", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("imports", sa.Column("dismissed_at", sa.DateTime(timezone=True)))
    op.add_column("imports", sa.Column("dismissed_by", sa.Text()))
    op.add_column("imports", sa.Column("said", postgresql.JSONB()))
    op.create_index(
        "import_rows_updated_idx",
        "import_rows",
        ["import_id", "sheet", "row_number"],
        postgresql_where=sa.text("outcome = 'updated'"),
    )
    op.create_table(
        "import_changes",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB()),
        sa.Column("after", postgresql.JSONB()),
        sa.PrimaryKeyConstraint("import_id", "subject_kind", "subject_id", name="import_changes_pkey"),
    )


def downgrade() -> None:
    op.drop_table("import_changes")
    op.drop_index("import_rows_updated_idx", table_name="import_rows")
    for column in ("said", "dismissed_by", "dismissed_at", "is_dry_run"):
        op.drop_column("imports", column)
    op.drop_constraint("customers_date_of_birth_range", "customers", type_="check")
    op.drop_constraint("customers_age_or_date_of_birth", "customers", type_="check")
    born = "CAST(date_part('year', age(date_of_birth)) AS smallint)"
    for table in ("customers", "staged_customers"):
        op.execute(f"UPDATE {table} SET age = least(120, greatest(18, {born})) WHERE age IS NULL")  # noqa: S608
        op.alter_column(table, "age", existing_type=sa.SmallInteger(), nullable=False)
        op.drop_column(table, "date_of_birth")
