"""Serves what pages need beside HTML."""

from pathlib import PurePosixPath
from typing import Any

from chalice.app import Response

from chalicelib.console.frame.static_assets import KINDS, static_files, version
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import PathNotFound
from chalicelib.requests.transport import strict_transport


def view_static(visit: Visit, digest: str, name: str) -> Response:
    """A file of static/. The sign-in needs it, so it is for everybody."""
    files = static_files()
    if name not in files:
        raise PathNotFound("There is no such file.")
    # A page of the version before still asks for its own; it gets the present one, and nobody keeps that.
    keep = "public, max-age=31536000, immutable" if digest == version() else "no-cache"
    headers: dict[str, Any] = {
        "Content-Type": f"{KINDS[PurePosixPath(name).suffix]}; charset=utf-8",
        "ETag": f'"{version()}"',
        "Cache-Control": keep,
        "X-Content-Type-Options": "nosniff",
        "X-Request-Id": visit.request_id,
        **strict_transport(),
    }
    if headers["ETag"] in visit.request.headers.get("if-none-match", ""):
        return Response("", headers, 304)
    return Response(files[name], headers)
