"""Signing in and out."""

from chalice.app import Response

from chalicelib import runtime
from chalicelib.api.credentials import address_of
from chalicelib.console.cookies import SESSION, VISITOR, drop_cookie, set_cookie
from chalicelib.console.forms import Form
from chalicelib.console.page import safe_next, signed_in
from chalicelib.console.rendering import page, see
from chalicelib.console.visit import Visit
from chalicelib.errors import LoanError, TooManyRequests, Unauthenticated
from chalicelib.rules.access import MAX_PASSWORD
from chalicelib.services import sessions
from chalicelib.services.sessions import Attempt

MAX_LOGIN = 200


def view_sign_in(visit: Visit) -> Response:
    """The form; whoever is signed in already is led on."""
    following = safe_next(visit.query.get("next", ""))
    if signed_in(visit):
        return see(visit, following)
    return page(visit, "sign_in.html", form=Form({"next": following}))


def sign_in(visit: Visit) -> Response:
    """Opens a session and leads on to the page that was asked for."""
    login, password = visit.form.get("login", "").lower(), visit.form.get("password", "")
    following = safe_next(visit.form.get("next", ""))
    stage = runtime.settings().stage
    try:
        opened = sessions.sign_in(runtime.database(), _attempt(visit, login, password))
    except (Unauthenticated, TooManyRequests) as error:
        return _refused(visit, Form({"login": login, "next": following}, fault=error.sentence), error)
    cookies = [set_cookie(stage, SESSION, opened.token), drop_cookie(stage, VISITOR)]
    return see(visit, following, headers={"Set-Cookie": cookies})


def sign_out(visit: Visit) -> Response:
    """Ends the session, in the database as in the browser."""
    assert visit.token is not None
    sessions.sign_out(runtime.database(), visit.author, visit.token)
    runtime.gate().forget()
    dropped = drop_cookie(runtime.settings().stage, SESSION)
    return see(visit, "sign-in/", done="signed-out", headers={"Set-Cookie": dropped})


def _attempt(visit: Visit, login: str, password: str) -> Attempt:
    # What is longer than any login or password costs time to hash, and cannot be right.
    if not login or len(login) > MAX_LOGIN or not password or len(password) > MAX_PASSWORD:
        raise Unauthenticated(sessions.WRONG)
    return Attempt(login, password, address_of(visit.request), visit.request_id)


def _refused(visit: Visit, form: Form, error: LoanError) -> Response:
    # 403 and not 401, which would have to name a way of HTTP's own to show credentials.
    status = error.status if isinstance(error, TooManyRequests) else 403
    response = page(visit, "sign_in.html", status=status, form=form)
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    return response
