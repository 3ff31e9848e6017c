"""Who made applications and loans, the indexes that lists are filtered and sorted by, and the views that people save

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# The codes of the reasons of an application, as an array, of which Postgres keeps how frequent each is. The columns are
# filled whoever writes, also the release before. One statement, because each writes the table anew.
REASON_CODES = """
    CREATE FUNCTION reason_codes(reasons jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ARRAY(SELECT jsonb_array_elements(reasons) ->> 'code')
"""

APPLICATIONS_WITH = """
    ALTER TABLE loan_applications
    ADD COLUMN created_by text,
    ADD COLUMN policy_name text GENERATED ALWAYS AS (policy ->> 'name') STORED,
    ADD COLUMN reason_codes text[] GENERATED ALWAYS AS (reason_codes(reasons)) STORED
"""

# The log says who applied, and the rows of imports which loans they brought.
APPLICATIONS_BY = """
    UPDATE loan_applications SET created_by = applied.actor_kind || coalesce(':' || applied.actor_id, '')
    FROM audit_log AS applied
    WHERE applied.subject_kind = 'application' AND applied.action = 'loan_applied_for'
      AND applied.subject_id = CAST(loan_applications.application_id AS text)
"""
LOANS_MADE_HERE_BY = """
    UPDATE loans SET created_by = made_from.created_by
    FROM loan_applications AS made_from
    WHERE made_from.loan_id = loans.loan_id
"""
LOANS_IMPORTED_BY = """
    UPDATE loans SET created_by = 'import:' || brought.import_id
    FROM (SELECT loan_id, min(import_id) AS import_id FROM import_rows
          WHERE source_loan_id IS NOT NULL AND outcome IN ('inserted', 'waiting') GROUP BY loan_id) AS brought
    WHERE brought.loan_id = loans.loan_id AND loans.source_loan_id IS NOT NULL
"""

# What lists ask for beside the day, so that the index of days answers by itself.
LISTED = ["customer_id", "approved", "score", "loan_amount", "policy_name", "reason_codes", "created_by"]


def upgrade() -> None:
    op.add_column("loans", sa.Column("created_by", sa.Text()))
    for statement in (REASON_CODES, APPLICATIONS_WITH, APPLICATIONS_BY, LOANS_MADE_HERE_BY, LOANS_IMPORTED_BY):
        op.get_bind().exec_driver_sql(statement)
    op.create_index("loan_applications_policy_idx", "loan_applications", ["policy_name", "application_id"])
    op.drop_index("loan_applications_decided_idx", "loan_applications")
    op.create_index(
        "loan_applications_listed_idx", "loan_applications", ["decided_on", "application_id"], postgresql_include=LISTED
    )
    op.create_index(
        "loan_positions_over_idx",
        "loan_positions",
        ["status", "loan_id"],
        postgresql_where=sa.text("status <> 'open'"),
    )
    op.create_index("loans_start_idx", "loans", ["start_date", "loan_id"])
    op.create_index(
        "loans_created_by_idx", "loans", ["created_by", "loan_id"], postgresql_ops={"created_by": "text_pattern_ops"}
    )
    op.create_table(
        "saved_views",
        sa.Column("view_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("view_id", name="saved_views_pkey"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="saved_views_user_fkey"),
        sa.UniqueConstraint("user_id", "list", "name", name="saved_views_name_key"),
    )


def downgrade() -> None:
    op.drop_table("saved_views")
    for index in ("created_by", "start"):
        op.drop_index(f"loans_{index}_idx", "loans")
    op.drop_index("loan_positions_over_idx", "loan_positions")
    for index in ("listed", "policy"):
        op.drop_index(f"loan_applications_{index}_idx", "loan_applications")
    op.create_index("loan_applications_decided_idx", "loan_applications", ["decided_on", "application_id"])
    for column in ("reason_codes", "policy_name", "created_by"):
        op.drop_column("loan_applications", column)
    op.drop_column("loans", "created_by")
    op.get_bind().exec_driver_sql("DROP FUNCTION reason_codes(jsonb)")
