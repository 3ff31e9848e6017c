"""My account: who I am, where I am signed in, and a new password."""

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.account.passwords import NOT_CURRENT, current_password, new_password
from chalicelib.console.frame.cookies import set_device
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.redirects import ACCOUNT, SIGN_IN, redirect
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InvalidRequest, LoanError, TooManyRequests, Unauthenticated
from chalicelib.rules.access import Owed
from chalicelib.services import sessions, users
from chalicelib.storage.sessions import REFERENCE_LENGTH, OpenSession
from chalicelib.storage.users import User


def view_account(visit: Visit) -> Response:
    """The user, and where they are signed in."""
    return _account(visit, Form())


def change_password(visit: Visit) -> Response:
    """Changes the user's own password, which ends all sessions, and leads to the sign-in."""
    try:
        new, attempt = new_password(visit.form), current_password(visit, _own_user(visit)[0].login)
        device = sessions.change_own_password(runtime.database(), visit.author, attempt, new=new)
    except Unauthenticated:
        return _account(visit, Form(errors=NOT_CURRENT), 400)
    except InvalidRequest as error:
        # What the service refuses is called password there.
        errors = {"new_password" if name == "password" else name: error.fields[name] for name in error.fields}
        return _account(visit, Form(errors=errors), error.status)
    except TooManyRequests as error:
        return _too_many(visit, error)
    runtime.gate().forget()
    assert visit.actor.actor_id is not None, "a session belongs to a user"
    cookie = set_device(runtime.settings().stage, visit.actor.actor_id, device)
    return redirect(visit, SIGN_IN, done="password-changed", headers={"Set-Cookie": cookie})


def end_session(visit: Visit, reference: str) -> Response:
    """Ends one session of the user."""
    ended = sessions.end_own_session(runtime.database(), visit.author, reference)
    runtime.gate().forget()
    return redirect(visit, ACCOUNT, done="session-closed" if ended else None)


def _too_many(visit: Visit, error: TooManyRequests) -> Response:
    response = _account(visit, _fault(error), error.status)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _fault(error: LoanError) -> Form:
    return Form(fault=error.sentence)


def _account(visit: Visit, form: Form, status: int = 200) -> Response:
    user, open_sessions = _own_user(visit)
    return page(
        visit,
        "account/account.html",
        status=status,
        user=user,
        sessions=open_sessions,
        this_session=visit.token and visit.token.digest.hex()[:REFERENCE_LENGTH],
        is_given=visit.actor.owes is Owed.PASSWORD,
        form=form,
    )


def _own_user(visit: Visit) -> tuple[User, list[OpenSession]]:
    assert visit.actor.actor_id is not None, "a session belongs to a user"
    return users.view_user(runtime.database(), visit.actor.actor_id)
