"""No index of last names: the search is by the words of the whole name since 0008, and nothing else looked there

Revision: 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("customers_last_name_idx", "customers")


def downgrade() -> None:
    op.create_index(
        "customers_last_name_idx",
        "customers",
        [sa.literal_column("lower(last_name)").label("lower_last_name")],
        postgresql_ops={"lower_last_name": "text_pattern_ops"},
    )
