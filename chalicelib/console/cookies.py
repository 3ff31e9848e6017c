"""The cookies of the console: the session of somebody who is signed in, and a random one for who is not."""

import secrets

from chalice.app import Request

from chalicelib.config import LOCAL

SESSION, VISITOR = "loans-session", "loans-visitor"


def cookie_of(request: Request, stage: str, name: str) -> str | None:
    """The value of a cookie; None where there is none."""
    wanted = _full(stage, name)
    for part in request.headers.get("cookie", "").split(";"):
        found, _, value = part.strip().partition("=")
        if found == wanted:
            return str(value) or None
    return None


def set_cookie(stage: str, name: str, value: str) -> str:
    """The header that sets a cookie until the browser ends; the server ends a session by itself."""
    # Lax and not Strict, so that a link in a mail opens the page and not the sign-in.
    return f"{_full(stage, name)}={value}; Path=/; HttpOnly; SameSite=Lax{_secure(stage)}"


def drop_cookie(stage: str, name: str) -> str:
    """The header that removes a cookie."""
    return f"{_full(stage, name)}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{_secure(stage)}"


def new_visitor() -> str:
    """A value that nobody can guess."""
    return secrets.token_urlsafe(24)


def _full(stage: str, name: str) -> str:
    # The prefix makes browsers refuse the cookie from a subdomain, or without TLS; a laptop has no TLS.
    return name if stage == LOCAL else f"__Host-{name}"


def _secure(stage: str) -> str:
    return "" if stage == LOCAL else "; Secure"
