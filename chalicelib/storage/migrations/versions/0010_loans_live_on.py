"""What happens to a loan after it was made: its terms, its transactions, and the position that they make

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(16, 2)
MOMENT = sa.DateTime(timezone=True)
FACTS = ("loan_amount", "tenure", "interest_rate", "monthly_installment", "emis_paid_on_time", "end_date")


def upgrade() -> None:
    # Loans that were made here before get their disbursal from services/servicing_upkeep.py, which runs after this:
    # what it makes of them is a matter of rules, and the release before makes such loans for a while yet.
    _create_transactions()
    _let_loans_say_that_they_are_open()
    op.create_table(
        "loan_terms",
        sa.Column("loan_id", sa.BigInteger(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("stated_end_date", sa.Date()),
        sa.PrimaryKeyConstraint("loan_id", name="loan_terms_pkey"),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.loan_id"], name="loan_terms_loan_fkey"),
    )
    op.create_table(
        "loan_positions",
        sa.Column("loan_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("principal", MONEY, nullable=False),
        sa.Column("charges", MONEY, nullable=False),
        sa.Column("credit", MONEY, nullable=False),
        sa.Column("unpaid_from", sa.Date()),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("repayments_left", sa.SmallInteger(), nullable=False),
        sa.Column("last_fact_on", sa.Date()),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("position", postgresql.JSONB(), nullable=False),
        sa.Column("updated_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("loan_id", name="loan_positions_pkey"),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.loan_id"], name="loan_positions_loan_fkey"),
        sa.CheckConstraint(
            "status IN ('not_serviced', 'open', 'closed', 'written_off')", name="loan_positions_status_known"
        ),
    )
    # The sums over all loans are read from the index alone as long as most pages are known as visible. A receipt in
    # twenty loans makes nearly half of them unknown, and a fifth is what autovacuum waits for by itself.
    op.execute("""
        ALTER TABLE loan_positions
        SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01)
    """)
    op.create_index(
        "loan_positions_unpaid_idx",
        "loan_positions",
        ["unpaid_from", "loan_id"],
        postgresql_include=["held", "principal", "last_fact_on"],
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "loan_positions_held_idx",
        "loan_positions",
        ["unpaid_from", "loan_id"],
        postgresql_where=sa.text("status = 'open' AND held"),
    )
    op.create_index("loan_positions_last_fact_idx", "loan_positions", ["last_fact_on"])


def _create_transactions() -> None:
    op.create_table(
        "loan_transactions",
        sa.Column("loan_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("value_date", sa.Date(), nullable=False),
        sa.Column("intent", sa.Text()),
        sa.Column("effect", sa.Text()),
        sa.Column("reference", sa.Text()),
        sa.Column("channel", sa.Text()),
        sa.Column("reverses", sa.Integer()),
        sa.Column("opening", postgresql.JSONB()),
        sa.Column("reason", sa.Text()),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger()),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("import_id", sa.BigInteger()),
        sa.Column("recorded_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("loan_id", "number", name="loan_transactions_pkey"),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.loan_id"], name="loan_transactions_loan_fkey"),
        sa.ForeignKeyConstraint(
            ["loan_id", "reverses"],
            ["loan_transactions.loan_id", "loan_transactions.number"],
            name="loan_transactions_reverses_fkey",
        ),
        sa.CheckConstraint("number > 0", name="loan_transactions_number_positive"),
        sa.CheckConstraint("amount > 0", name="loan_transactions_amount_positive"),
        sa.CheckConstraint(
            "kind IN ('disbursal', 'receipt', 'refund', 'waiver', 'write_off', 'opening', 'reversal')",
            name="loan_transactions_kind_known",
        ),
        sa.CheckConstraint(
            "intent IN ('instalment', 'prepayment', 'settlement', 'charges', 'interest', 'principal')",
            name="loan_transactions_intent_known",
        ),
        sa.CheckConstraint("effect IN ('shorter_tenure', 'lower_instalment')", name="loan_transactions_effect_known"),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reverses IS NOT NULL)", name="loan_transactions_reverses_if_reversal"
        ),
        sa.CheckConstraint("(kind = 'opening') = (opening IS NOT NULL)", name="loan_transactions_opening_if_opening"),
    )
    op.create_index(
        "loan_transactions_reference_key",
        "loan_transactions",
        ["reference"],
        unique=True,
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    op.create_index(
        "loan_transactions_reverses_key",
        "loan_transactions",
        ["loan_id", "reverses"],
        unique=True,
        postgresql_where=sa.text("reverses IS NOT NULL"),
    )
    op.create_index("loan_transactions_value_date_idx", "loan_transactions", ["value_date"], postgresql_using="brin")
    op.execute("""
        CREATE FUNCTION refuse_to_change_transactions() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'Transactions are append-only: % is refused. Record a reversal.', TG_OP
            USING ERRCODE = 'insufficient_privilege';
        END $$
    """)
    # For each statement, so that one which touches no row is refused too.
    op.execute("""
        CREATE TRIGGER loan_transactions_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON loan_transactions
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_transactions()
    """)
    # Also where session_replication_role switches ordinary triggers off.
    op.execute("ALTER TABLE loan_transactions ENABLE ALWAYS TRIGGER loan_transactions_are_append_only")


def _let_loans_say_that_they_are_open() -> None:
    """A default that is a constant rewrites no table; the index is made anew, a second or two a million loans."""
    op.add_column("loans", sa.Column("is_open", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    _index_facts(*FACTS, "is_open")


def _index_facts(*included: str) -> None:
    op.drop_index("loans_customer_facts_idx", "loans")
    op.create_index(
        "loans_customer_facts_idx", "loans", ["customer_id", "loan_id"], postgresql_include=list(included)
    )


def downgrade() -> None:
    _index_facts(*FACTS)
    op.drop_column("loans", "is_open")
    for table in ("loan_positions", "loan_terms", "loan_transactions"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_to_change_transactions")
