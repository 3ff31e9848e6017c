"""The second factor of the user: set it up, see and renew its recovery codes, remove it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from chalice.app import Response

from chalicelib import runtime
from chalicelib.config import PRODUCTION
from chalicelib.console.account.passwords import NOT_CURRENT, current_password
from chalicelib.console.frame.cookies import SECRET
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.redirects import SECOND_FACTOR, handed_over, redirect
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import Conflict, InvalidRequest, TooManyRequests, Unauthenticated
from chalicelib.requests import gateway
from chalicelib.rules.access import Owed
from chalicelib.services import second_factors, users
from chalicelib.services.second_factor_codes import KEY_FORM, RECOVERY_FORM, address_of, new_secret
from chalicelib.services.second_factors import Proof
from chalicelib.storage.users import User

RECOVERY_CODES = "account/recovery-codes/"
# Between the codes where they are handed over; a cookie holds neither blanks nor commas.
BETWEEN = "."


def view_second_factor(visit: Visit) -> Response:
    """The code to scan, or what there is to know of the second factor."""
    return _page(visit, Form({"key": new_secret()}))


def set_up(visit: Visit) -> Response:
    """Sets the second factor up, if the password and its first code are right, and leads to the recovery codes."""
    key = visit.form.get("key", "")
    # The key was made by the page. A form without one is not ours, and gets another.
    if not re.fullmatch(KEY_FORM, key):
        return view_second_factor(visit)
    try:
        attempt = current_password(visit, _own_user(visit).login)
        codes = second_factors.set_up(runtime.database(), visit.author, key, attempt=attempt, proof=_proof(visit))
    except Unauthenticated:
        return _page(visit, Form({"key": key}, NOT_CURRENT), 400)
    except InvalidRequest as error:
        return _page(visit, Form({"key": key}, error.fields), error.status)
    except TooManyRequests as error:
        return _too_many(visit, Form({"key": key}, fault=error.sentence), error)
    except Conflict:
        # Most likely the form was sent twice, and the first time has handed the codes over.
        return redirect(visit, RECOVERY_CODES)
    runtime.gate().forget()
    return redirect(visit, RECOVERY_CODES, done="second-factor-set-up", secret=BETWEEN.join(codes))


def remove(visit: Visit) -> Response:
    """Removes the second factor, if the code is right."""
    return _proven(visit, _removed)


def view_recovery_codes(visit: Visit) -> Response:
    """The recovery codes, once, after they were made."""
    codes = handed_over(visit).split(BETWEEN)
    shown = codes if all(re.fullmatch(RECOVERY_FORM, code) for code in codes) else []
    return page(visit, "account/recovery_codes.html", codes=shown, drops=SECRET if shown else None)


def renew_recovery_codes(visit: Visit) -> Response:
    """Makes other recovery codes, if the code is right, and leads to them."""
    return _proven(visit, _renewed)


def _removed(visit: Visit) -> Response:
    second_factors.remove_own(runtime.database(), visit.author, _proof(visit))
    runtime.gate().forget()
    return redirect(visit, SECOND_FACTOR, done="second-factor-removed")


def _renewed(visit: Visit) -> Response:
    codes = second_factors.renew_recovery_codes(runtime.database(), visit.author, _proof(visit))
    return redirect(visit, RECOVERY_CODES, secret=BETWEEN.join(codes))


def _proven(visit: Visit, act: Callable[[Visit], Response]) -> Response:
    """What `act` answers; if the code was wrong, the page with a sentence beside it."""
    try:
        return act(visit)
    except Conflict:
        # It was removed meanwhile, by an admin or in another window.
        return redirect(visit, SECOND_FACTOR)
    except Unauthenticated as error:
        return _page(visit, Form(errors={"code": [error.sentence]}), 400)
    except TooManyRequests as error:
        return _too_many(visit, Form(fault=error.sentence), error)


def _too_many(visit: Visit, form: Form, error: TooManyRequests) -> Response:
    response = _page(visit, form, error.status)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _proof(visit: Visit) -> Proof:
    return Proof(visit.form.get("code", ""), datetime.now(UTC), gateway.address_of(visit.request), visit.request_id)


def _page(visit: Visit, form: Form, status: int = 200) -> Response:
    user = _own_user(visit)
    if user.totp_since is None:
        return _set_up_page(visit, user, form, status)
    return page(
        visit,
        "account/second_factor.html",
        status=status,
        user=user,
        codes_left=second_factors.view(runtime.database(), user.user_id).recovery_codes_left,
        form=form,
        is_compulsory=user.role in runtime.settings().second_factor_roles,
    )


def _set_up_page(visit: Visit, user: User, form: Form, status: int) -> Response:
    settings = runtime.settings()
    issuer = "Loans" if settings.stage == PRODUCTION else f"Loans {settings.stage}"
    key = str(form.value("key"))
    size, squares = qr_of(address_of(key, user.login, issuer))
    return page(
        visit,
        "account/second_factor_new.html",
        status=status,
        user=user,
        form=form,
        key=" ".join(key[place : place + 4] for place in range(0, len(key), 4)),
        size=size,
        squares=squares,
        is_owed=visit.actor.owes is Owed.SECOND_FACTOR,
    )


def qr_of(text: str) -> tuple[int, str]:
    """A QR code as the length of its side and the path of its dark squares, in units of an SVG."""
    import segno

    rows = list(segno.make(text, error="m", micro=False).matrix_iter(border=4))
    dark = ((x, y) for y, row in enumerate(rows) for x, square in enumerate(row) if square)
    return len(rows), "".join(f"M{x} {y}h1v1h-1z" for x, y in dark)


def _own_user(visit: Visit) -> User:
    assert visit.actor.actor_id is not None, "a session belongs to a user"
    user, _ = users.view_user(runtime.database(), visit.actor.actor_id)
    return user
