"""Programs that some tests need, as packages of Debian."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.support.patience import PATIENCE_SECONDS


def install(package: str, found: Callable[[], object]) -> str:
    """Installs a package if root can, when others have finished installing; returns what apt-get complained of."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return ""
    with Path("/var/lock/loans-tests-apt").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if found():
            return ""
        said = ""
        # Its own wait is for the lock of dpkg, not for that of the lists, which a second call may find free.
        for command in (["update"], ["install", "-y", package], ["update"], ["install", "-y", package]):
            done = subprocess.run(
                ["apt-get", "-qq", "-o", f"DPkg::Lock::Timeout={PATIENCE_SECONDS:.0f}", *command],
                check=False, capture_output=True, text=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )  # fmt: skip
            if found():
                return ""
            said = done.stderr.strip() or said
        return f"apt-get says: {said}"
