"""Links to choose a password with, who chose it, and the second factor

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

# The last entry about the password of a user says who set it. If that was another user, they know it.
_GIVEN = """
    UPDATE users SET password_state = 'given' -- pragma: allowlist secret
    FROM (
        SELECT DISTINCT ON (subject_id) subject_id, actor_kind, actor_id FROM audit_log
        WHERE subject_kind = 'user'
          AND (action = 'user_created' OR action = 'user_changed' AND after ? 'password_changed_at')
        ORDER BY subject_id, audit_id DESC
    ) AS latest
    WHERE latest.subject_id = users.user_id::text
      AND latest.actor_kind = 'user' AND latest.actor_id <> users.user_id
"""


def upgrade() -> None:
    op.add_column("users", sa.Column("email", sa.Text()))
    op.add_column("users", sa.Column("password_state", sa.Text(), server_default="own", nullable=False))
    op.add_column("users", sa.Column("link_hash", sa.LargeBinary()))
    op.add_column("users", sa.Column("link_expires_at", MOMENT))
    op.add_column("users", sa.Column("totp_secret", sa.Text()))
    op.add_column("users", sa.Column("totp_since", MOMENT))
    op.add_column("users", sa.Column("totp_step", sa.BigInteger()))
    op.create_unique_constraint("users_link_hash_key", "users", ["link_hash"])
    op.create_check_constraint(
        "users_password_state_known", "users", "password_state IN ('own', 'given', 'none')"
    )
    op.create_check_constraint("users_link_expires", "users", "(link_hash IS NULL) = (link_expires_at IS NULL)")
    op.create_check_constraint(
        "users_totp_whole",
        "users",
        "(totp_secret IS NULL) = (totp_since IS NULL) AND (totp_secret IS NULL) = (totp_step IS NULL)",
    )
    op.execute(_GIVEN)
    op.add_column("sessions", sa.Column("awaits_code", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name="recovery_codes_pkey"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="recovery_codes_user_fkey"),
        sa.CheckConstraint("octet_length(code_hash) = 32", name="recovery_codes_code_hash_length"),
    )


def downgrade() -> None:
    op.drop_table("recovery_codes")
    op.drop_column("sessions", "awaits_code")
    for name in ("totp_step", "totp_since", "totp_secret", "link_expires_at", "link_hash", "password_state", "email"):
        op.drop_column("users", name)
