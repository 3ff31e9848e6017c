"""Signing in and out."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame import kept
from chalicelib.console.frame.cookies import (
    SESSION,
    VISITOR,
    add_cookies,
    devices_of,
    drop_cookie,
    set_cookie,
    set_device,
)
from chalicelib.console.frame.csrf import csrf_token
from chalicelib.console.frame.dispatch import signed_in
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.pages import PAGES, page_at
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import SIGN_IN, redirect, safe_next
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InvalidRequest, LoanError, TooManyRequests, Unauthenticated
from chalicelib.requests.access_models import SignInBody
from chalicelib.requests.gateway import address_of
from chalicelib.rules.access import Operation, Owed
from chalicelib.rules.tokens import Token
from chalicelib.services import second_factors, sessions
from chalicelib.services.second_factors import Proof
from chalicelib.services.sessions import Attempt, OpenedSession


def view_sign_in(visit: Visit) -> Response:
    """The form; a user who is signed in already is sent on."""
    following = safe_next(visit.query.get("next", ""))
    if signed_in(visit, Operation.SEE_ONESELF):
        return redirect(visit, following)
    return _sign_in_page(visit, Form({"next": following}))


def sign_in(visit: Visit) -> Response:
    """Opens a session and sends the browser on to the page that was asked for."""
    typed = {name: visit.form.get(name, "") for name in ("login", "password")}
    try:
        opened = sessions.sign_in(runtime.database(), _attempt(visit, typed))
    except (Unauthenticated, TooManyRequests) as error:
        form = Form({"login": typed["login"], **_carried(visit)}, fault=error.sentence)
        return _waiting(_sign_in_page(visit, form, _status_of(error)), error)
    return arrive(visit, opened)


def view_code(visit: Visit) -> Response:
    """The form for the code of the second factor; a user who owes none is sent on."""
    following = safe_next(visit.query.get("next", ""))
    if visit.actor.owes is not Owed.CODE:
        return redirect(visit, following)
    return _code_page(visit, Form({"next": following}))


def send_code(visit: Visit) -> Response:
    """Takes the code of the second factor and sends the browser on."""
    assert visit.token is not None
    if visit.actor.owes is not Owed.CODE:
        return redirect(visit, _carried(visit)["next"])
    proof = Proof(visit.form.get("code", ""), datetime.now(UTC), address_of(visit.request), visit.request_id)
    try:
        opened = second_factors.pass_code(runtime.database(), visit.token, proof)
    except Unauthenticated as error:
        return _code_page(visit, Form(_carried(visit), {"code": [error.sentence]}), _status_of(error))
    except TooManyRequests as error:
        return _waiting(_code_page(visit, Form(_carried(visit), fault=error.sentence), error.status), error)
    return arrive(visit, opened)


def sign_out(visit: Visit) -> Response:
    """Ends the session, in the database as in the browser."""
    assert visit.token is not None
    sessions.sign_out(runtime.database(), visit.author, visit.token)
    runtime.gate().forget()
    dropped = drop_cookie(runtime.settings().stage, SESSION)
    return redirect(visit, SIGN_IN, done="signed-out", headers={"Set-Cookie": dropped})


def arrive(visit: Visit, opened: OpenedSession, following: str | None = None) -> Response:
    """Gives the browser its session and leads it on: to the code of the second factor, to a form that was left, or to
    the page that was asked for.
    """
    carried = _carried(visit)
    if following is not None:
        carried = {"next": following}
    # The page that answers belongs to the new session, and so does its form.
    inside = replace(visit, csrf=csrf_token(opened.token), token=Token(opened.token), visitor=None)
    if opened.awaits_code:
        response = _code_page(inside, Form(carried))
    elif carried.get(kept.FIELD) and _has_form(carried["next"]):
        response = page(inside, "account/go_on.html", form=Form(carried), following=carried["next"])
    else:
        response = redirect(visit, carried["next"])
    add_cookies(response.headers, _cookies_of(opened))
    return response


def _cookies_of(opened: OpenedSession) -> list[str]:
    stage = runtime.settings().stage
    # The mark of a browser is for who has signed in completely.
    device = [set_device(stage, opened.user_id, opened.device)] if opened.device else []
    return [set_cookie(stage, SESSION, opened.token), *device, drop_cookie(stage, VISITOR)]


def _carried(visit: Visit) -> dict[str, str]:
    """Where the sign-in leads, and what was typed there."""
    return {"next": safe_next(visit.form.get("next", "")), kept.FIELD: visit.form.get(kept.FIELD, "")}


def _has_form(following: str) -> bool:
    """Whether the page, from /console/ on, shows a form that is sent to its own address."""
    return ("POST", page_at(following)) in PAGES


def _attempt(visit: Visit, typed: Mapping[str, str]) -> Attempt:
    try:
        body = read(SignInBody, typed)
    except InvalidRequest:
        # No login or password is like this, so it is as wrong as any other, and costs no time to hash.
        raise Unauthenticated(sessions.WRONG) from None
    devices = devices_of(visit.request, runtime.settings().stage)
    return Attempt(body.login, body.password, address_of(visit.request), visit.request_id, devices)


def _sign_in_page(visit: Visit, form: Form, status: int = 200) -> Response:
    return page(visit, "account/sign_in.html", status=status, form=form, ended=None)


def _code_page(visit: Visit, form: Form, status: int = 200) -> Response:
    return page(visit, "account/code.html", status=status, form=form)


def _status_of(error: LoanError) -> int:
    # 403 and not 401, which would have to name a way of HTTP's own to show credentials.
    return error.status if isinstance(error, TooManyRequests) else 403


def _waiting(response: Response, error: LoanError) -> Response:
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    return response
