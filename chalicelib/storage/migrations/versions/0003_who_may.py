"""API keys, users, sessions, failed sign-ins, and the audit log

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def now(name: str) -> sa.Column[object]:
    return sa.Column(name, MOMENT, server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("customer_id", sa.BigInteger()),
        now("created_at"),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("last_used_at", MOMENT),
        sa.Column("rotated_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("key_id", name="api_keys_pkey"),
        sa.UniqueConstraint("public_id", name="api_keys_public_id_key"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="api_keys_customer_fkey"),
        sa.CheckConstraint("role IN ('reader', 'writer', 'importer')", name="api_keys_role_known"),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name="api_keys_secret_hash_length"),
    )
    op.create_table(
        "users",
        sa.Column("user_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        now("created_at"),
        now("password_changed_at"),
        sa.Column("disabled_at", MOMENT),
        sa.PrimaryKeyConstraint("user_id", name="users_pkey"),
        sa.UniqueConstraint("login", name="users_login_key"),
        sa.CheckConstraint("login = lower(login)", name="users_login_lower_case"),
        sa.CheckConstraint("role IN ('viewer', 'officer', 'admin')", name="users_role_known"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        now("created_at"),
        now("last_seen_at"),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="sessions_pkey"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="sessions_user_fkey"),
        sa.CheckConstraint("octet_length(token_hash) = 32", name="sessions_token_hash_length"),
    )
    op.create_index("sessions_user_idx", "sessions", ["user_id"])
    op.create_index("sessions_expires_idx", "sessions", ["expires_at"])
    op.create_table(
        "sign_in_failures",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        now("last_failed_at"),
        sa.Column("blocked_until", MOMENT),
        sa.PrimaryKeyConstraint("subject", name="sign_in_failures_pkey"),
    )
    _create_audit_log()


def _create_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("audit_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        now("at"),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger()),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text()),
        sa.Column("before", postgresql.JSONB()),
        sa.Column("after", postgresql.JSONB()),
        sa.Column("request_id", sa.Text()),
        sa.PrimaryKeyConstraint("audit_id", name="audit_log_pkey"),
    )
    op.create_index("audit_log_subject_idx", "audit_log", ["subject_kind", "subject_id", "audit_id"])
    op.create_index("audit_log_actor_idx", "audit_log", ["actor_kind", "actor_id", "audit_id"])
    op.create_index("audit_log_action_idx", "audit_log", ["action", "audit_id"])
    op.create_index("audit_log_at_idx", "audit_log", ["at"], postgresql_using="brin")
    op.execute("""
        CREATE FUNCTION refuse_to_change_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'The audit log is append-only: % is refused.', TG_OP USING ERRCODE = 'insufficient_privilege';
        END $$
    """)
    # For each statement, so that one which touches no row is refused too.
    op.execute("""
        CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log()
    """)
    # Also where session_replication_role switches ordinary triggers off.
    op.execute("ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_is_append_only")


def downgrade() -> None:
    for table in ("audit_log", "sign_in_failures", "sessions", "users", "api_keys"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_to_change_the_audit_log")
