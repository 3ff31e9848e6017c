"""Under which names the open stage answers: a page of a name that leads here, but is not ours, would be let in too."""

from collections.abc import Collection
from urllib.parse import urlsplit

from chalice.app import Request

from chalicelib.config import Settings
from chalicelib.errors import Forbidden

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def check_host(request: Request, settings: Settings) -> None:
    """Raises Forbidden if the open stage is called under a name that is not its own, or written to by a page of
    another. Stages that ask for credentials answer under every name; what is no browser may send none.
    """
    if not settings.open_to_anyone:
        return
    host = request.headers.get("host")
    if host and not _is_ours(f"//{host}", settings.open_hosts):
        raise Forbidden(
            f"This stage is open to anyone, so it answers to {', '.join(settings.open_hosts)} only, "
            f"not to {host[:60]!r}; use one of these names, or add yours to OPEN_HOSTS."
        )
    origin = request.headers.get("origin")
    if request.method in SAFE_METHODS or not origin or origin in settings.cors_origins:
        return
    if not _is_ours(origin, settings.open_hosts):
        raise Forbidden("A web page of another origin may not write to this stage; name its origin in CORS_ORIGINS.")


def _is_ours(address: str, hosts: Collection[str]) -> bool:
    try:
        return (urlsplit(address).hostname or "") in hosts
    except ValueError:
        return False
