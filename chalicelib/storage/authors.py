"""The names behind identities such as user:3 and key:12, for lists that say who."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, and_, text

from chalicelib.rules.access import KEY, USER

# Of people and keys; a lender has some dozens of both.
MOST = 1000

_NAMES = text(f"""
    (SELECT '{USER}:' || user_id AS identity, name FROM users ORDER BY user_id DESC LIMIT :most)
    UNION ALL
    (SELECT '{KEY}:' || key_id, name FROM api_keys ORDER BY key_id DESC LIMIT :most)
    ORDER BY name, identity
""")  # noqa: S608 - words of ours


def names(connection: Connection) -> Mapping[str, str]:
    """The names of users and keys by identity, in the order of names."""
    return {identity: name for identity, name in connection.execute(_NAMES, {"most": MOST})}  # noqa: C416 - as a dict of texts


def is_by(created_by: ColumnElement[str | None], who: str) -> ColumnElement[bool]:
    """The condition that a column names this one: a whole identity, or a kind of which each of the kind is meant.

    A range of an index that compares byte by byte. The semicolon comes after the colon.
    """
    is_one = ":" in who or who not in NUMBERED
    least, most = (who, who) if is_one else (f"{who}:", f"{who};")
    return and_(created_by.bool_op("~>=~")(least), created_by.bool_op("~<=~" if is_one else "~<~")(most))


# Kinds of which nobody looks for one alone.
NUMBERED = ("import",)


def is_file(who: str) -> bool:
    """Whether an identity is that of files and not of anybody here."""
    return who.partition(":")[0] in NUMBERED
