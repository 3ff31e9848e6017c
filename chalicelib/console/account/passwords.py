"""The passwords of forms under My account: the current one, and a new one, typed twice by who is to have it."""

from collections.abc import Mapping

from chalicelib.console.frame.reading import read
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InvalidRequest, Unauthenticated
from chalicelib.requests.access_models import OwnPassword
from chalicelib.requests.gateway import address_of
from chalicelib.rules.bounds import PASSWORD_LENGTH
from chalicelib.services import sessions
from chalicelib.services.sessions import Attempt

NOT_CURRENT = {"current_password": ["is not your current password"]}


def current_password(visit: Visit, login: str) -> Attempt:
    """The current password in a form, to be proved. Raises Unauthenticated for a text that no password can be."""
    current = visit.form.get("current_password", "")
    if not 0 < len(current) <= PASSWORD_LENGTH.most:
        raise Unauthenticated(sessions.WRONG)
    # Without the mark of the browser: who finds a screen unlocked would have its guesses too.
    return Attempt(login, current, address_of(visit.request), visit.request_id)


def new_password(typed: Mapping[str, str]) -> str:
    """The password in a form. Raises InvalidRequest with the fields of the form."""
    new = typed.get("new_password", "")
    if new != typed.get("repeated_password", ""):
        raise InvalidRequest("The passwords differ.", {"repeated_password": ["must be the same as the new password"]})
    try:
        return read(OwnPassword, {"password": new}).password
    except InvalidRequest as error:
        raise InvalidRequest(error.sentence, {"new_password": error.fields["password"]}) from None
