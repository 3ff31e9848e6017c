"""What a request shows to be let in."""

from chalice.app import Request

from chalicelib.errors import Unauthenticated
from chalicelib.requests.gateway import values_of

HEADERS = ("authorization", "x-api-key")
SCHEME = "bearer "


def credentials_of(request: Request) -> str | None:
    """The credentials of a request; None where it shows none.

    Raises Unauthenticated where it shows several that differ, or shows them in a way that is not ours: which of them
    counts must not depend on who reads the request.
    """
    shown = {_bare(name, value) for name in HEADERS for value in values_of(request, name)}
    if len(shown) > 1:
        raise Unauthenticated("Send the credentials once, as Authorization: Bearer … or as X-API-Key: ….")
    return shown.pop() if shown else None


def _bare(name: str, value: str) -> str:
    if name != "authorization":
        return value.strip()
    if value[: len(SCHEME)].lower() != SCHEME:
        raise Unauthenticated("The header Authorization must be: Bearer, a space, and the key or token.")
    return value[len(SCHEME) :].strip()
