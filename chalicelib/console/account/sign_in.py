"""Signing in and out."""

from collections.abc import Mapping

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.cookies import SESSION, VISITOR, devices_of, drop_cookie, set_cookie, set_device
from chalicelib.console.frame.dispatch import signed_in
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import SIGN_IN, redirect, safe_next
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InvalidRequest, LoanError, TooManyRequests, Unauthenticated
from chalicelib.requests.access_models import SignInBody
from chalicelib.requests.gateway import address_of
from chalicelib.rules.access import Operation
from chalicelib.services import sessions
from chalicelib.services.sessions import Attempt


def view_sign_in(visit: Visit) -> Response:
    """The form; a user who is signed in already is sent on."""
    following = safe_next(visit.query.get("next", ""))
    if signed_in(visit, Operation.SEE_ONESELF):
        return redirect(visit, following)
    return page(visit, "account/sign_in.html", form=Form({"next": following}))


def sign_in(visit: Visit) -> Response:
    """Opens a session and sends the browser on to the page that was asked for."""
    typed = {name: visit.form.get(name, "") for name in ("login", "password")}
    following = safe_next(visit.form.get("next", ""))
    stage = runtime.settings().stage
    try:
        opened = sessions.sign_in(runtime.database(), _attempt(visit, typed))
    except (Unauthenticated, TooManyRequests) as error:
        return _refused(visit, Form({"login": typed["login"], "next": following}, fault=error.sentence), error)
    device = set_device(stage, opened.user_id, opened.device)
    cookies = [set_cookie(stage, SESSION, opened.token), device, drop_cookie(stage, VISITOR)]
    return redirect(visit, following, headers={"Set-Cookie": cookies})


def sign_out(visit: Visit) -> Response:
    """Ends the session, in the database as in the browser."""
    assert visit.token is not None
    sessions.sign_out(runtime.database(), visit.author, visit.token)
    runtime.gate().forget()
    dropped = drop_cookie(runtime.settings().stage, SESSION)
    return redirect(visit, SIGN_IN, done="signed-out", headers={"Set-Cookie": dropped})


def _attempt(visit: Visit, typed: Mapping[str, str]) -> Attempt:
    try:
        body = read(SignInBody, typed)
    except InvalidRequest:
        # No login or password is like this, so it is as wrong as any other, and costs no time to hash.
        raise Unauthenticated(sessions.WRONG) from None
    devices = devices_of(visit.request, runtime.settings().stage)
    return Attempt(body.login, body.password, address_of(visit.request), visit.request_id, devices)


def _refused(visit: Visit, form: Form, error: LoanError) -> Response:
    # 403 and not 401, which would have to name a way of HTTP's own to show credentials.
    status = error.status if isinstance(error, TooManyRequests) else 403
    response = page(visit, "account/sign_in.html", status=status, form=form)
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    return response
