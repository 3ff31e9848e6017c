"""The page of a link: somebody who was invited, or whose password was reset, chooses a password."""

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.account.passwords import new_password
from chalicelib.console.account.sign_in import arrive
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.redirects import SECOND_FACTOR
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InvalidRequest
from chalicelib.requests.gateway import address_of
from chalicelib.rules.tokens import read_invitation
from chalicelib.services import invitations
from chalicelib.services.sessions import OpenedSession

OVER = 404


def view_invitation(visit: Visit, token: str) -> Response:
    """The form to choose a password with, if the link is good."""
    return _page(visit, token, Form())


def accept(visit: Visit, token: str) -> Response:
    """Sets the password, signs the user in, and offers the second factor."""
    try:
        opened = _accepted(visit, token, new_password(visit.form))
    except InvalidRequest as error:
        # What the service refuses is called password there.
        errors = {"new_password" if name == "password" else name: error.fields[name] for name in error.fields}
        return _page(visit, token, Form(errors=errors), error.status)
    if opened is None:
        return _page(visit, token, Form())
    runtime.gate().forget()
    return arrive(visit, opened, following="" if opened.awaits_code else SECOND_FACTOR)


def _accepted(visit: Visit, token: str, password: str) -> OpenedSession | None:
    link = read_invitation(token)
    if link is None:
        return None
    address = address_of(visit.request)
    return invitations.accept(runtime.database(), link, password, address=address, request_id=visit.request_id)


def _page(visit: Visit, token: str, form: Form, status: int = 200) -> Response:
    link = read_invitation(token)
    user = link and invitations.who_is_invited(runtime.database(), link)
    if user is None:
        return page(visit, "account/invitation_over.html", status=OVER)
    return page(visit, "account/invitation.html", status=status, user=user, form=form)
