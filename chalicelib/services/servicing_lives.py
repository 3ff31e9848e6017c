"""The life of a loan as a use case reads it, and the days that it can be asked for."""

from datetime import date

from sqlalchemy import Connection

from chalicelib.errors import InvalidRequest, LoanNotFound
from chalicelib.rules.access import Scope
from chalicelib.rules.bounds import LAST_DATE
from chalicelib.rules.servicing.refusals import before_servicing
from chalicelib.rules.wording import Sentence
from chalicelib.storage import servicing
from chalicelib.storage.lives import Life, life_of
from chalicelib.storage.servicing import Asked


def read_life(connection: Connection, loan_id: int, asked: Asked, *, scope: Scope) -> Life:
    """The life of a loan. Raises LoanNotFound, also if its customer is not there for whoever asks."""
    stored = servicing.get(connection, loan_id, asked)
    if stored is None or not scope.covers(stored.loan.customer_id):
        raise LoanNotFound(f"There is no loan {loan_id}.")
    return life_of(stored)


def check_day(life: Life, day: date, field: str) -> None:
    """Raises InvalidRequest with the field if the day is before the servicing of the loan began, or too far ahead."""
    since = life.position.since
    if since is not None and day < since:
        sentence = before_servicing(day, since)
        raise InvalidRequest(sentence, {field: [sentence]})
    check_reachable(day, field)


def check_reachable(day: date, field: str) -> None:
    """Raises InvalidRequest with the field if the day is too far ahead to count to it."""
    if day > LAST_DATE:
        sentence = Sentence("A date must not be after {last:day}.", last=LAST_DATE)
        raise InvalidRequest(sentence, {field: [sentence]})
