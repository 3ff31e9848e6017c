"""The style sheet, scripts and icons. Their addresses change with what is in them, so they may be kept for a year."""

import hashlib
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from chalice.app import Response

from chalicelib.console.frame.visit import Visit
from chalicelib.errors import PathNotFound
from chalicelib.requests.heading import tags_known
from chalicelib.requests.transport import strict_transport

FOLDER = Path(__file__).with_name("static")
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def static_path(name: str) -> str:
    """The address of a file, from /console/ on."""
    assert name in static_files(), f"There is no file {name} in static/."
    return f"static/{version()}/{name}"


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
    if version() in tags_known(visit.request):
        return Response("", headers, 304)
    return Response(files[name], headers)


@cache
def static_files() -> dict[str, str]:
    """The files by name, as text."""
    return {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir() if path.suffix in KINDS}


@cache
def version() -> str:
    """A digest of all files."""
    digest = hashlib.sha256()
    for name, text in sorted(static_files().items()):
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:12]
