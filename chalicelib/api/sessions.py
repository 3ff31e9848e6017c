"""Sign in, accept an invitation, see who one is, sign out."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.call import Call
from chalicelib.api.credentials import credentials_of
from chalicelib.api.declaring import OF_A_WRITE, created, done, ok
from chalicelib.api.moments import moment
from chalicelib.errors import Conflict, InvitationNotFound, SecondFactorRequired, Unauthenticated
from chalicelib.requests.access_models import AcceptInvitationBody, SignInBody
from chalicelib.requests.gateway import address_of
from chalicelib.rules.access import USER, Operation, Scope
from chalicelib.rules.tokens import Token, read_invitation, read_token
from chalicelib.services import invitations, second_factors, sessions
from chalicelib.services.second_factors import Proof
from chalicelib.services.sessions import Attempt, OpenedSession

if TYPE_CHECKING:
    from chalicelib.api.answers import access as answers


@endpoints.add(
    "POST",
    "/api/sessions",
    Operation.SIGN_IN,
    created("The session. Its token goes where a key would."),
    tag="Access",
    raises=(Unauthenticated, SecondFactorRequired, *OF_A_WRITE),
    note="After several failures the login, or the address, has to wait: 429 says how long. A user with a second "
    "factor sends its `code` too; without it the answer is 401 with `second_factor_required`.",
)
def sign_in(call: Call, body: SignInBody) -> "answers.OpenedSession":
    """Opens a session for a login and its password."""
    attempt = Attempt(body.login, body.password, address_of(call.request), call.request_id)
    return _opened(call, sessions.sign_in(runtime.database(), attempt), body.code)


@endpoints.add(
    "POST",
    "/api/invitations",
    Operation.SIGN_IN,
    created("The session of the user, whose password is set. Its token goes where a key would."),
    tag="Access",
    raises=(InvitationNotFound, Unauthenticated, SecondFactorRequired, *OF_A_WRITE),
    note="A token works once, and for three days. The password is set even if the code of a second factor is wrong or "
    "missing; then sign in with both.",
)
def accept_invitation(call: Call, body: AcceptInvitationBody) -> "answers.OpenedSession":
    """Chooses the password of a user who was invited, or whose password was reset."""
    link, address = read_invitation(body.token), address_of(call.request)
    opened = link and invitations.accept(
        runtime.database(), link, body.password, address=address, request_id=call.request_id
    )
    if not isinstance(opened, OpenedSession):
        raise InvitationNotFound("This link was used, replaced or is too old; ask an admin for a new one.")
    runtime.gate().forget()
    return _opened(call, opened, body.code)


def _opened(call: Call, opened: OpenedSession, code: str | None) -> "answers.OpenedSession":
    if opened.awaits_code:
        if code is None:
            raise SecondFactorRequired("Send the code of your second factor too, as code.")
        proof = Proof(code, datetime.now(UTC), address_of(call.request), call.request_id)
        opened = second_factors.pass_code(runtime.database(), Token(opened.token), proof)
    return {
        "token": opened.token,
        "user_id": opened.user_id,
        "name": opened.name,
        "role": opened.role,
        "expires_at": moment(opened.expires_at),
    }


@endpoints.add(
    "GET",
    "/api/sessions/current",
    Operation.SEE_ONESELF,
    ok("Who makes the request."),
    tag="Access",
)
def view_oneself(call: Call, scope: Scope) -> "answers.Oneself":
    """Who makes the request, and what they may do."""
    actor = call.actor
    return {
        "kind": actor.kind,
        "id": actor.actor_id,
        "name": actor.name,
        "role": actor.role,
        "customer_id": scope.customer_id,
        "expires_at": moment(actor.expires_at),
        "may": sorted(operation.value for operation in Operation if actor.may(operation)),
    }


@endpoints.add(
    "DELETE",
    "/api/sessions/current",
    Operation.SEE_ONESELF,
    done("The session is over."),
    tag="Access",
    raises=(Conflict, *OF_A_WRITE),
    about_no_customer=True,
)
def sign_out(call: Call) -> None:
    """Ends the session that makes the request."""
    token = read_token(credentials_of(call.request) or "")
    if token is None or call.actor.kind != USER:
        raise Conflict("There is no session to end: the request was not made with one.")
    sessions.sign_out(runtime.database(), call.author, token)
    runtime.gate().forget()
