"""Dates of birth instead of ages

Revision: 0020, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0013"
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


def downgrade() -> None:
    op.drop_constraint("customers_date_of_birth_range", "customers", type_="check")
    op.drop_constraint("customers_age_or_date_of_birth", "customers", type_="check")
    born = "CAST(date_part('year', age(date_of_birth)) AS smallint)"
    for table in ("customers", "staged_customers"):
        op.execute(f"UPDATE {table} SET age = least(120, greatest(18, {born})) WHERE age IS NULL")  # noqa: S608
        op.alter_column(table, "age", existing_type=sa.SmallInteger(), nullable=False)
        op.drop_column(table, "date_of_birth")
