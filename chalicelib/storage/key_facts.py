"""The queries on Key Facts Statements. They are added and read: the database refuses any other."""

import json
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, select, text

from chalicelib.rules.access import Author
from chalicelib.rules.auditing import Action, Event, SubjectKind
from chalicelib.rules.key_facts import Proposal
from chalicelib.rules.lender import Lender
from chalicelib.rules.stored_key_facts import (
    lender_as_stored,
    lender_from_stored,
    proposal_as_stored,
    proposal_from_stored,
)
from chalicelib.storage import audit
from chalicelib.storage.tables import key_facts_statements


@dataclass(frozen=True)
class Statement:
    """What a statement says, besides its number: for whom, of what, by which rule, and from whom.

    `customer_id` and `customer_name` are None if it is for somebody who is not a customer yet. `apr` is in percent.
    """

    customer_id: int | None
    customer_name: str | None
    issued_on: date
    valid_until: date
    rule: str
    proposal: Proposal
    lender: Lender
    apr: Decimal


@dataclass(frozen=True)
class StoredStatement:
    """A statement that was issued, and its number."""

    number: int
    statement: Statement


# A statement and its entry in the audit log, which needs its number, in one round trip.
_ADD = text("""
    WITH statement AS (
        INSERT INTO key_facts_statements
            (customer_id, customer_name, issued_on, valid_until, rule, proposal, lender, apr,
             actor_kind, actor_id, actor_name, request_id)
        VALUES
            (:customer_id, :customer_name, :issued_on, :valid_until, :rule, CAST(:proposal AS jsonb),
             CAST(:lender AS jsonb), :apr, :actor_kind, :actor_id, :actor_name, :request_id)
        RETURNING number
    ), entry AS (
        INSERT INTO audit_log
            (actor_kind, actor_id, actor_name, action, subject_kind, subject_id, after, request_id)
        SELECT :actor_kind, :actor_id, :actor_name, :action, :subject_kind, number, CAST(:after AS jsonb), :request_id
        FROM statement
    )
    SELECT number FROM statement
""")
_FIELDS = tuple(field.name for field in fields(Statement))
_STORED: Select[Any] = select(key_facts_statements.c.number, *(key_facts_statements.c[name] for name in _FIELDS))


def add(connection: Connection, author: Author, statement: Statement) -> StoredStatement:
    """Issues a statement under a number of its own, and writes down who did."""
    terms = statement.proposal.terms
    after = {
        "customer_id": statement.customer_id,
        "loan_amount": terms.principal,
        "interest_rate": terms.annual_rate,
        "tenure": terms.tenure,
        "apr": statement.apr,
    }
    values = {
        **vars(statement),
        "proposal": json.dumps(proposal_as_stored(statement.proposal)),
        "lender": json.dumps(lender_as_stored(statement.lender)),
        **audit.entry_values(author, Event(Action.KEY_FACTS_ISSUED, SubjectKind.KEY_FACTS, None, after=after)),
    }
    return StoredStatement(connection.execute(_ADD, values).scalar_one(), statement)


def get(connection: Connection, number: int) -> StoredStatement | None:
    """One statement; None if none of that number was issued."""
    row = connection.execute(_STORED.where(key_facts_statements.c.number == number)).first()
    return None if row is None else _stored(row)


def latest_of(connection: Connection, customer_id: int, most: int) -> list[StoredStatement]:
    """The last statements that were issued to a customer, the newest first."""
    columns = key_facts_statements.c
    wanted = _STORED.where(columns.customer_id == customer_id).order_by(columns.number.desc()).limit(most)
    return [_stored(row) for row in connection.execute(wanted)]


def _stored(row: Any) -> StoredStatement:
    values = {name: getattr(row, name) for name in _FIELDS}
    values |= {"proposal": proposal_from_stored(row.proposal), "lender": lender_from_stored(row.lender)}
    return StoredStatement(row.number, Statement(**values))
