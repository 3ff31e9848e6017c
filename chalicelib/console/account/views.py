"""My account: who I am, and another password."""

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.cookies import set_device
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.rendering import page, see
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InvalidRequest, LoanError, TooManyRequests, Unauthenticated
from chalicelib.requests.access_models import PatchUserBody
from chalicelib.requests.gateway import address_of
from chalicelib.rules.bounds import PASSWORD_LENGTH
from chalicelib.services import sessions, users
from chalicelib.services.sessions import Attempt
from chalicelib.storage.sessions import OpenSession
from chalicelib.storage.users import User


def view_account(visit: Visit) -> Response:
    """The one who is signed in, and where."""
    return _account(visit, Form())


def change_password(visit: Visit) -> Response:
    """Gives oneself another password, and leads to the sign-in."""
    try:
        new = _new_password(visit)
        device = sessions.change_own_password(runtime.database(), visit.author, _attempt(visit), new=new)
    except Unauthenticated:
        return _account(visit, Form(errors={"current_password": ["is not your present password"]}), 400)
    except InvalidRequest as error:
        sentences = error.fields.get("password", [error.sentence])
        return _account(visit, Form(errors=error.fields | {"new_password": sentences}), 400)
    except TooManyRequests as error:
        return _too_many(visit, error)
    runtime.gate().forget()
    assert visit.actor.actor_id is not None, "a session belongs to a user"
    cookie = set_device(runtime.settings().stage, visit.actor.actor_id, device)
    return see(visit, "sign-in/", done="password-changed", headers={"Set-Cookie": cookie})


def _new_password(visit: Visit) -> str:
    new = visit.form.get("new_password", "")
    if new != visit.form.get("repeated_password", ""):
        raise InvalidRequest("The two differ.", {"password": ["must be the same twice"]})
    password = read(PatchUserBody, {"password": new}).password
    if password is None:
        raise InvalidRequest("The password is missing.", {"password": ["is required"]})
    return password


def _attempt(visit: Visit) -> Attempt:
    current = visit.form.get("current_password", "")
    if not 0 < len(current) <= PASSWORD_LENGTH.most:
        raise Unauthenticated(sessions.WRONG)
    user, _ = _oneself(visit)
    # Without the mark of the browser: who finds a screen unlocked would have its guesses too.
    return Attempt(user.login, current, address_of(visit.request), visit.request_id)


def _too_many(visit: Visit, error: TooManyRequests) -> Response:
    response = _account(visit, _fault(error), error.status)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _fault(error: LoanError) -> Form:
    return Form(fault=error.sentence)


def _account(visit: Visit, form: Form, status: int = 200) -> Response:
    user, open_sessions = _oneself(visit)
    return page(
        visit,
        "account/account.html",
        status=status,
        user=user,
        sessions=open_sessions,
        form=form,
    )


def _oneself(visit: Visit) -> tuple[User, list[OpenSession]]:
    assert visit.actor.actor_id is not None, "a session belongs to a user"
    return users.view_user(runtime.database(), visit.actor.actor_id)
