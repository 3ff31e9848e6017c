"""The style sheet, scripts and icons, and their addresses, which change with what is in them."""

import hashlib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("static")
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@cache
def static_files() -> dict[str, str]:
    """The files by name, as text."""
    return {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir() if path.suffix in KINDS}


@cache
def version() -> str:
    """What tells this set of files from any other; it stands in their addresses, so they may be kept for a year."""
    digest = hashlib.sha256()
    for name, text in sorted(static_files().items()):
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:12]


def static_path(name: str) -> str:
    """The address of a file, from /console/ on."""
    assert name in static_files(), f"There is no file {name} in static/."
    return f"static/{version()}/{name}"
