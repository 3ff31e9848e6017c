"""What a request shows to be let in."""

from collections.abc import Iterable

from chalice.app import Request

from chalicelib.errors import Unauthenticated

HEADERS = ("authorization", "x-api-key")
SCHEME = "bearer "


def credentials_of(request: Request) -> str | None:
    """The credentials of a request; None where it shows none.

    Raises Unauthenticated where it shows several that differ, or shows them in a way that is not ours: which of them
    counts must not depend on who reads the request.
    """
    shown = {_bare(name, value) for name, value in _headers(request) if name in HEADERS}
    if len(shown) > 1:
        raise Unauthenticated("Send the credentials once, as Authorization: Bearer … or as X-API-Key: ….")
    return shown.pop() if shown else None


def _bare(name: str, value: str) -> str:
    if name != "authorization":
        return value.strip()
    if value[: len(SCHEME)].lower() != SCHEME:
        raise Unauthenticated("The header Authorization must be: Bearer, a space, and the key or token.")
    return value[len(SCHEME) :].strip()


def _headers(request: Request) -> Iterable[tuple[str, str]]:
    """The headers as they came, also one that came twice. Chalice itself shows the last of them only."""
    several = request._event_dict.get("multiValueHeaders") or {}
    for name, values in several.items():
        yield from ((name.lower(), value) for value in values)
    yield from ((name.lower(), value) for name, value in request.headers.items())
