"""`chalice local`, started anew whenever a file of the application changes.

Chalice's own watcher looks at the whole folder: the files of Postgres, the logs and the environments below `.local/`
kept it restarting, so that it hardly ever answered while the stack had traffic.
"""

import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

WATCHED = ("app.py", "chalicelib", ".chalice")
# What is written there by programs, and no source.
WRITTEN = {"__pycache__", "deployments", "deployed"}
POLL_SECONDS = 0.25


def moments(root: Path) -> dict[Path, int]:
    """When each file of the application was last written, in nanoseconds."""
    found = {}
    for place in (root / name for name in WATCHED):
        for path in (place, *place.rglob("*")):
            if path.is_file() and not WRITTEN & set(path.relative_to(root).parts):
                # An editor may be replacing the file at this moment.
                with suppress(FileNotFoundError):
                    found[path] = path.stat().st_mtime_ns
    return found


def run_and_reload(command: Sequence[str], environment: Mapping[str, str], root: Path) -> None:
    """Runs the command in `root` and starts it anew after each change, until it is interrupted.

    A program that ends by itself, because of a fault in a file say, is started again when a file has changed.
    """
    while True:
        before = moments(root)
        with subprocess.Popen(command, env=dict(environment), cwd=root) as process:
            try:
                while (now := moments(root)) == before:
                    time.sleep(POLL_SECONDS)
            finally:
                process.terminate()
        changed = sorted(str(path.relative_to(root)) for path, _ in now.items() ^ before.items())
        print(f"Changed: {', '.join(dict.fromkeys(changed))}; starting anew.", flush=True)
