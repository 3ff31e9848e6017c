"""The cookies of the console: the session of a user, a random value for somebody who is not signed in, a mark for each
user who has signed in with this browser (rules/devices.py), and what one page hands over to the next, which drops it.
"""

import secrets
from collections.abc import Iterable, Iterator

from chalice.app import Request

from chalicelib.config import LOCAL

SESSION, VISITOR = "loans-session", "loans-visitor"
DEVICE = "loans-device-"
# What was done, and a secret to be shown once.
DONE, SECRET = "loans-done", "loans-secret"  # pragma: allowlist secret - names of cookies
HANDED_OVER_SECONDS = 60
DEVICE_SECONDS = 365 * 24 * 3600
# More people than this do not share a browser.
MOST_DEVICES = 20


def cookie_of(request: Request, stage: str, name: str) -> str | None:
    """The value of a cookie; None if there is none."""
    wanted = _full(stage, name)
    return next((value or None for found, value in _cookies(request) if found == wanted), None)


def devices_of(request: Request, stage: str) -> list[str]:
    """The marks that this browser got when somebody signed in with it."""
    beginning = _full(stage, DEVICE)
    return [value for found, value in _cookies(request) if found.startswith(beginning)][:MOST_DEVICES]


def set_cookie(stage: str, name: str, value: str) -> str:
    """The header that sets a cookie until the browser ends; the server ends a session by itself."""
    # Lax and not Strict, so that a link in an e-mail opens the page and not the sign-in.
    return f"{_full(stage, name)}={value}; Path=/; HttpOnly; SameSite=Lax{_secure(stage)}"


def hand_over(stage: str, name: str, value: str) -> str:
    """The header that hands a value over to the page that comes next."""
    return (
        f"{_full(stage, name)}={value}; Path=/; Max-Age={HANDED_OVER_SECONDS}; HttpOnly; SameSite=Lax{_secure(stage)}"
    )


def add_cookies(headers: dict[str, str | list[str]], cookies: Iterable[str]) -> None:
    """Adds cookies to those that the headers set already."""
    kept = headers.pop("Set-Cookie", [])
    several = [*([kept] if isinstance(kept, str) else kept), *cookies]
    if several:
        headers["Set-Cookie"] = several[0] if len(several) == 1 else several


def set_device(stage: str, user_id: int, mark: str) -> str:
    """The header that has the browser keep the mark of a user. Only our own sign-in form needs it."""
    kept = f"Path=/; Max-Age={DEVICE_SECONDS}; HttpOnly; SameSite=Strict{_secure(stage)}"
    return f"{_full(stage, f'{DEVICE}{user_id}')}={mark}; {kept}"


def drop_cookie(stage: str, name: str) -> str:
    """The header that removes a cookie."""
    return f"{_full(stage, name)}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{_secure(stage)}"


def new_visitor() -> str:
    """A value that nobody can guess."""
    return secrets.token_urlsafe(24)


def _cookies(request: Request) -> Iterator[tuple[str, str]]:
    for part in request.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        yield name, value


def _full(stage: str, name: str) -> str:
    # The prefix makes browsers refuse the cookie from a subdomain, or without TLS; a laptop has no TLS.
    return name if stage == LOCAL else f"__Host-{name}"


def _secure(stage: str) -> str:
    return "" if stage == LOCAL else "; Secure"
