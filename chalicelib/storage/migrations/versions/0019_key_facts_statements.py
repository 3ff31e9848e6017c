"""Key Facts Statements that were issued

Revision: 0019, after 0017.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_facts_statements",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("customer_id", sa.BigInteger()),
        sa.Column("customer_name", sa.Text()),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("proposal", postgresql.JSONB(), nullable=False),
        sa.Column("lender", postgresql.JSONB(), nullable=False),
        sa.Column("apr", sa.Numeric(24, 2), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger()),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("number", name="key_facts_statements_pkey"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.customer_id"], name="key_facts_statements_customer_fkey"
        ),
        sa.CheckConstraint(
            "(customer_id IS NULL) = (customer_name IS NULL)", name="key_facts_statements_name_if_customer"
        ),
        sa.CheckConstraint("valid_until >= issued_on", name="key_facts_statements_valid_from_issue"),
    )
    op.create_index("key_facts_statements_customer_idx", "key_facts_statements", ["customer_id", "number"])
    op.execute("""
        CREATE FUNCTION refuse_to_change_key_facts() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'Key Facts Statements are append-only: % is refused. Issue another one.', TG_OP
            USING ERRCODE = 'insufficient_privilege';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER key_facts_statements_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON key_facts_statements
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_key_facts()
    """)
    op.execute("ALTER TABLE key_facts_statements ENABLE ALWAYS TRIGGER key_facts_statements_are_append_only")


def downgrade() -> None:
    op.drop_table("key_facts_statements")
    op.execute("DROP FUNCTION refuse_to_change_key_facts()")
