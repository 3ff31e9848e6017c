"""Names are folded in place, and not by calling functions

PostgreSQL puts the body of a function of SQL in place of its call, unless the function is STRICT and its body is not.
Then each index of a customer's words called both, for each customer, and so did a search for each name that it looked
at. Of NULL they make NULL as before, so the indexes stay as they are.

Revision: 0027, after 0026.
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

FUNCTIONS = ("search_folded", "search_words")


def upgrade() -> None:
    for function in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {function}(text) CALLED ON NULL INPUT")


def downgrade() -> None:
    for function in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {function}(text) STRICT")
