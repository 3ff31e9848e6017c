"""Receipts and openings in workbooks: their rows on the way in, and those that wait for what they are about

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(16, 2)

KNOWN = "import_sheets_kind_known"


def _place() -> list[sa.Column[object]]:
    return [sa.Column("sheet", sa.Text(), nullable=False), sa.Column("row_number", sa.Integer(), nullable=False)]


def _opening() -> list[sa.Column[object]]:
    return [
        sa.Column("loan_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("opening_date", sa.Date(), nullable=False),
        sa.Column("principal_outstanding", MONEY, nullable=False),
        sa.Column("interest_due", MONEY, nullable=False),
        sa.Column("first_unpaid_due_date", sa.Date(), nullable=False),
        sa.Column("instalments_left", sa.SmallInteger(), nullable=False),
    ]


def _receipt() -> list[sa.Column[object]]:
    return [
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("loan_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_date", sa.Date(), nullable=False),
        sa.Column("amount", MONEY),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text()),
        sa.Column("channel", sa.Text()),
        sa.Column("reverses_reference", sa.Text()),
    ]


def upgrade() -> None:
    op.add_column("import_rows", sa.Column("loan_id", sa.BigInteger()))
    op.add_column("import_rows", sa.Column("reference", sa.Text()))
    op.drop_constraint(KNOWN, "import_sheets", type_="check")
    op.create_check_constraint(KNOWN, "import_sheets", "kind IN ('customers', 'loans', 'openings', 'receipts')")
    for name, columns, key in (("openings", _opening, "loan_id"), ("receipts", _receipt, "reference")):
        op.create_table(
            f"staged_{name}",
            sa.Column("import_id", sa.BigInteger(), nullable=False),
            sa.Column("position", sa.BigInteger(), nullable=False),
            *_place(),
            *columns(),
            sa.PrimaryKeyConstraint("import_id", "position", name=f"staged_{name}_pkey"),
            prefixes=["UNLOGGED"],
        )
        op.create_table(
            f"waiting_{name}",
            sa.Column("import_id", sa.BigInteger(), nullable=False),
            sa.Column("position", sa.BigInteger(), nullable=False),
            *_place(),
            *columns(),
            sa.PrimaryKeyConstraint(key, name=f"waiting_{name}_pkey"),
            sa.ForeignKeyConstraint(["import_id"], ["imports.import_id"], name=f"waiting_{name}_import_fkey"),
        )


def downgrade() -> None:
    for name in ("openings", "receipts"):
        op.drop_table(f"waiting_{name}")
        op.drop_table(f"staged_{name}")
    op.drop_constraint(KNOWN, "import_sheets", type_="check")
    op.create_check_constraint(KNOWN, "import_sheets", "kind IN ('customers', 'loans')")
    op.drop_column("import_rows", "reference")
    op.drop_column("import_rows", "loan_id")
