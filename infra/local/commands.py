"""The commands of the Makefile, one function each."""

import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chalicelib.storage.loans import likely_doubles
from infra.local.administration import administer
from infra.local.choosing import choose_launcher
from infra.local.dead_letters import move_back
from infra.local.follow_logs import follow_compose, follow_files
from infra.local.launcher import Endpoints, Launcher, require_free
from infra.local.native import Native
from infra.local.portfolio import (
    Counts,
    Sheet,
    count,
    findings_of,
    first_customer,
    newest_imports,
    reading,
    sheets_of,
)
from infra.local.postgres import PostgresError
from infra.local.provision import import_files, provision, queue_depths, steps
from infra.local.reloading import run_and_reload
from infra.local.seeding import workbooks_in
from infra.local.settings import DEV_PORT, REGION, STAGE, Home, LocalError, Ports, StackFile
from infra.packaging import ROOT

# Enough to see what is wrong with a workbook; the report has all of them.
FINDINGS_SHOWN = 20


def up(home: Home, ports: Ports, data: Path | None, console: Console) -> None:
    """Starts, deploys and seeds; says where everything is. What it started, it stops where it fails."""
    began = time.monotonic()
    say = steps(console)
    if data:
        workbooks_in(data)  # raises before anything is started
    with _alone(home):
        launcher = _launcher_for(home, ports)
        say(f"Starting LocalStack and Postgres ({launcher.name})")
        started = launcher.start()
        try:
            _require_postgres(ports.db)
            home.remember_ports(ports)
            home.remember_launcher(launcher.name)
            console.print(f"Started {' and '.join(started)}." if started else "The servers run already.")
            stack = provision(home, launcher.endpoints(), data, console, say)
        except BaseException:
            if started:
                home.stack_file.unlink(missing_ok=True)
                launcher.stop(started)
            raise
        _welcome(stack, time.monotonic() - began, console)


def provision_only(home: Home, endpoints: Endpoints, data: Path, console: Console) -> None:
    """Deploys and seeds on servers that run already: the deployer service of docker-compose.yml."""
    began = time.monotonic()
    home.folder.mkdir(parents=True, exist_ok=True)
    stack = provision(home, endpoints, data, console, steps(console))
    _welcome(stack, time.monotonic() - began, console)


def down(home: Home, console: Console) -> None:
    """Stops both servers; the data stays."""
    with _alone(home):
        choose_launcher(home, home.ports()).stop()
        home.stack_file.unlink(missing_ok=True)
    console.print("Stopped. The data is kept; `make up` brings it back.")


def reset(home: Home, console: Console) -> None:
    """Stops both servers and removes their data."""
    with _alone(home):
        choose_launcher(home, home.ports()).erase()
        home.stack_file.unlink(missing_ok=True)
        home.unfinished_seed.unlink(missing_ok=True)
        home.launcher_file.unlink(missing_ok=True)
    console.print("Stopped, and the data is gone; `make up` starts over.")


def seed(home: Home, files: Sequence[Path], console: Console) -> None:
    """Uploads workbooks as operations would, and waits for their imports. Raises LocalError where one fails."""
    if not files:
        raise LocalError('Name the workbooks: make seed FILES="customers.xlsx loans.xlsx".')
    stack = _running_stack(home)
    ended = import_files(home, stack, list(files), console)
    with reading(stack.database_url) as connection:
        objects = [(item.object_key, item.object_version) for item in ended]
        sheets, findings = sheets_of(connection, objects), findings_of(connection, objects, FINDINGS_SHOWN)
        counts = count(connection)
    for sheet in sheets:
        console.print(_sheet_sentence(sheet), soft_wrap=True, highlight=False)
    for finding in findings:
        where = f"{finding.object_key}, {finding.sheet}, row {finding.row_number}"
        console.print(f"  {finding.outcome}: {where}: {finding.message}", soft_wrap=True, highlight=False, markup=False)
    console.print(_counts_sentence(counts), soft_wrap=True)
    failed = [item.object_key for item in ended if item.state == "failed"]
    if failed:
        raise LocalError(f"Not imported: {', '.join(failed)}; `make status` lists the reasons.")


def _sheet_sentence(sheet: Sheet) -> str:
    outcomes = {name: value for name, value in vars(sheet).items() if isinstance(value, int) and value}
    rows = outcomes.pop("rows_found", 0)
    said = ", ".join(f"{value} {name}" for name, value in outcomes.items())
    return f"{sheet.object_key}, sheet {sheet.sheet}: {rows} rows: {said}"


def status(home: Home, console: Console) -> None:
    """Servers, addresses, counts, queues and the last imports."""
    launcher = choose_launcher(home, home.ports())
    servers = launcher.servers()
    for server in servers:
        console.print(f"{server.name:12} {server.detail}")
    for note in launcher.notes():
        console.print(note, soft_wrap=True)
    if not all(server.is_running for server in servers):
        raise LocalError("The stack is not up; `make up` starts it.")
    stack = home.read_stack()
    with reading(stack.database_url) as connection:
        counts, imports = count(connection), newest_imports(connection, limit=10)
        doubles = likely_doubles(connection, FINDINGS_SHOWN)
    depths = queue_depths(stack)
    console.print(f"{'API':12} {stack.api_url}\n{'console':12} {stack.console_url}", soft_wrap=True)
    console.print(f"{'AWS':12} {stack.aws_endpoint_url}\n{'database':12} {stack.database_url}", soft_wrap=True)
    console.print(f"{'data':12} {_counts_sentence(counts)}", soft_wrap=True)
    console.print(
        f"{'queue':12} {depths['waiting']} messages waiting, {depths['working']} being worked on, "
        f"{depths['dead']} in the dead-letter queue",
        soft_wrap=True,
    )
    for pair in doubles:
        console.print(
            f"{'twice?':12} loan {pair.made_here} of customer {pair.customer_id} was made here; loan "
            f"{pair.from_workbook} came in a workbook under that number and is likely the same",
            soft_wrap=True,
        )
    table = Table("import", "state", "begun", "message", box=None)
    for item in imports:
        table.add_row(item.object_key, item.state, f"{item.created_at:%d %b %H:%M:%S}", item.message or "")
    if imports:
        console.print(table)


def redrive(home: Home, console: Console) -> None:
    """Puts the messages of the dead-letter queue back into the import queue, and says how many."""
    moved = move_back(_running_stack(home))
    if not moved:
        console.print("The dead-letter queue is empty; there is nothing to put back.")
        return
    words = "1 message is" if moved == 1 else f"{moved} messages are"
    console.print(f"{words} back in the import queue; `make status` shows what becomes of them.", soft_wrap=True)


def superuser(home: Home, login: str, name: str | None, console: Console) -> None:
    """Makes an admin, or gives one who is there a new password, and shows the password this once."""
    made = administer(_running_stack(home), "create_superuser", login=login, name=name)
    console.print(f"{made['login']} is an admin. The password, which is not shown again:", markup=False)
    console.print(made["password"], soft_wrap=True, markup=False)


def api_key(home: Home, wanted: Mapping[str, Any], console: Console) -> None:
    """Makes an API key and shows it this once."""
    made = administer(_running_stack(home), "create_api_key", **wanted)
    ends = f" until {made['expires_at'][:10]}" if made["expires_at"] else ""
    console.print(
        f"API key {made['key_id']}, {made['name']}, {made['role']}{ends}; it is not shown again:", markup=False
    )
    console.print(made["token"], soft_wrap=True, markup=False)


def database(home: Home, stage: str, console: Console) -> None:
    """Makes a database for another stage on the local server, and shows its URL. Raises LocalError."""
    launcher = choose_launcher(home, home.ports())
    if not isinstance(launcher, Native):
        raise LocalError(
            "The server in Docker lets in nobody without a password; use LAUNCHER=native for other stages."
        )
    if not launcher.postgres.is_running():
        raise LocalError("The stack is not up; `make up` starts it.")
    try:
        console.print(launcher.postgres.add_open_database(f"loans_{stage}"), soft_wrap=True, markup=False)
    except PostgresError as error:
        raise LocalError(str(error)) from error


def logs(home: Home) -> None:
    """Follows every log until Ctrl-C."""
    launcher = choose_launcher(home, home.ports())
    command = launcher.log_command()
    if command:
        follow_compose(command, ROOT, sys.stdout)
    else:
        follow_files(launcher.log_files, sys.stdout)


def dev(home: Home, port: int = DEV_PORT) -> None:
    """`chalice local` on the database and the LocalStack of the stack that is up, until Ctrl-C."""
    stack = _running_stack(home)
    require_free(port, "dev", "PORT")
    environment = {
        **os.environ,
        "DATABASE_URL": stack.database_url,
        "IMPORT_BUCKET": stack.bucket,
        "IMPORT_QUEUE_URL": stack.import_queue_url,
        "AWS_ENDPOINT_URL": stack.aws_endpoint_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    chalice = str(Path(sys.executable).with_name("chalice"))
    command = [chalice, "local", "--no-autoreload", "--stage", STAGE, "--port", str(port)]
    run_and_reload(command, environment, ROOT)


def _launcher_for(home: Home, ports: Ports) -> Launcher:
    known = home.ports()
    running = any(server.is_running for server in choose_launcher(home, known).servers())
    # Before the first `make up` only the servers know their ports; `docker compose up` tells nobody.
    if running and home.ports_file.exists() and ports != known:
        raise LocalError(
            f"The stack runs with AWS_PORT={known.aws} DB_PORT={known.db}; `make down` first to change them."
        )
    return choose_launcher(home, ports)


def _require_postgres(port: int) -> None:
    """Raises LocalError where the server that runs is not at this port, which would lead everybody astray later."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)):
            raise LocalError(
                f"Postgres runs, but not at port {port}: it was started with another DB_PORT. "
                "Name that one, or `make down` first."
            )


def _running_stack(home: Home) -> StackFile:
    if not all(server.is_running for server in choose_launcher(home, home.ports()).servers()):
        raise LocalError("The stack is not up; `make up` starts it.")
    return home.read_stack()


def _welcome(stack: StackFile, seconds: float, console: Console) -> None:
    with reading(stack.database_url) as connection:
        counts, customer = count(connection), first_customer(connection)
    console.print(f"Up after {seconds:.0f} s: {stack.api_url}/", soft_wrap=True)
    console.print(_counts_sentence(counts), soft_wrap=True)
    if customer is not None:
        console.print("Try:\n" + example(stack.api_url, customer), soft_wrap=True, markup=False, highlight=False)


def example(api_url: str, customer_id: int) -> str:
    """A curl line that works when pasted."""
    body = f'{{"customer_id":{customer_id},"loan_amount":100000,"interest_rate":12.5,"tenure":24}}'
    return f"curl -X POST {api_url}/check-eligibility/ -H 'Content-Type: application/json' -d '{body}'"


def _counts_sentence(counts: Counts) -> str:
    return (
        f"{counts.customers} customers, {counts.loans} loans ({counts.renumbered} renumbered), "
        f"{counts.waiting} loans waiting for their customer, {counts.rejected} rows rejected"
    )


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Two commands that start and stop the same servers at once would leave them half-running."""
    home.folder.mkdir(parents=True, exist_ok=True)
    with (home.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LocalError("Another make up, down or reset of this checkout is at work; wait for it.") from None
        yield


def end_like_ctrl_c() -> None:
    """Lets a polite kill, or the end of the terminal, clean up as Ctrl-C does."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
