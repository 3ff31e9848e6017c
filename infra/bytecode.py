"""Compiles what is deployed: a function cannot write beside its code, so it would compile each module at every start.

The compiled files are of the kind that Python takes without a look at the source (PEP 552, unchecked hash): a zip
keeps no time of a file that could be compared.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from copy import copy
from hashlib import sha256
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

SUFFIX = ".pyc"


def add_bytecode(zip_file: Path, kept: Path) -> None:
    """Adds to a zip what this Python makes of the sources in it. `kept` is a folder of what was made before.

    A source that Python cannot compile stays as it is; nobody can import it anyway.
    """
    kept.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(zip_file, "a", zipfile.ZIP_DEFLATED) as archive:
        sources = {name: archive.read(name) for name in archive.namelist() if name.endswith(".py")}
        keys = {name: sha256(MAGIC_NUMBER + name.encode() + b"\0" + source) for name, source in sources.items()}
        compiled = {name: kept / f"{key.hexdigest()}{SUFFIX}" for name, key in keys.items()}
        _compile({file: (name, sources[name]) for name, file in compiled.items() if not file.exists()}, kept)
        for name, file in compiled.items():
            if file.exists():
                entry = copy(archive.getinfo(name))
                entry.filename = cache_from_source(name)
                archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    for stale in set(kept.iterdir()) - set(compiled.values()):
        stale.unlink()


def _compile(wanted: dict[Path, tuple[str, bytes]], kept: Path) -> None:
    """Compiles sources, each into the file of `kept` that it is wanted in."""
    # Beside what is kept and so on its disk, where a file is moved as a whole.
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        for name, source in wanted.values():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source)
        options = ["-qq", "-j", "0", "-s", folder, "--invalidation-mode", "unchecked-hash"]
        # The order of a set in a constant is that of its hashes; so the same source gives the same file.
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        subprocess.run([sys.executable, "-m", "compileall", *options, folder], env=environment, check=False)
        for file, (name, _) in wanted.items():
            made = Path(cache_from_source(str(Path(folder, name))))
            if made.exists():
                made.rename(file)
