"""What a person is shown of the stack that is up: its state, and what became of imported workbooks."""

from collections.abc import Sequence

import click

from chalicelib.imports import findings, jobs
from chalicelib.imports.jobs import ImportJob
from chalicelib.storage.loans import likely_doubles
from chalicelib.storage.paging import Cursor
from chalicelib.storage.unopened import made_here
from infra.local.portfolio import count, reading
from infra.local.provision import queue_depths
from infra.local.running import NOT_UP, choose_launcher
from infra.local.settings import Home, StackFile
from infra.session import session_of
from infra.terminal import CommandError

# Enough to see what is wrong with a workbook; the report has all of them.
FINDINGS_SHOWN = 20
IMPORTS_SHOWN = 10


def show_status(home: Home) -> None:
    """Shows servers, addresses, counts, queues and the last imports. Raises CommandError if the stack is not up."""
    launcher = choose_launcher(home, home.ports())
    servers = launcher.servers()
    for server in servers:
        _line(server.name, server.detail)
    for note in launcher.notes():
        click.echo(note)
    if not all(server.is_running for server in servers):
        raise CommandError(NOT_UP)
    stack = home.read_stack()
    with reading(stack.database_url) as connection:
        counts, newest = count(connection), jobs.listed(connection, Cursor(IMPORTS_SHOWN)).rows
        doubles, unopened = likely_doubles(connection, FINDINGS_SHOWN), made_here(connection, FINDINGS_SHOWN)
    _line("API", stack.api_url)
    _line("console", stack.console_url)
    _line("AWS", stack.aws_endpoint_url)
    _line("database", stack.database_url)
    _line("data", str(counts))
    depths = queue_depths(session_of(stack.aws_endpoint_url).client("sqs"), stack)
    in_queue = "{waiting} messages waiting, {working} being worked on, {dead} in the dead-letter queue"
    _line("queue", in_queue.format(**depths))
    for pair in doubles:
        _line("twice?", f"loans {pair.made_here}, made here, and {pair.from_workbook} of customer {pair.customer_id}")
    for loan in unopened:
        _line("opening?", f"loan {loan.loan_id} needs one: {stack.console_url}loans/{loan.loan_id}/opening/")
    _show_imports(newest)


def show_imported(stack: StackFile, ended: Sequence[ImportJob]) -> None:
    """Shows what became of the rows of imports that have ended. Raises CommandError if one failed."""
    with reading(stack.database_url) as connection:
        said = [(job, group) for job in ended for group in findings.groups(connection, job.import_id)]
        counts = count(connection)
    for job in ended:
        for sheet in job.sheets:
            outcomes = {name: value for name, value in vars(sheet).items() if isinstance(value, int) and value}
            rows = outcomes.pop("rows_found", 0)
            became = ", ".join(f"{value} {name}" for name, value in outcomes.items())
            click.echo(f"{job.object_key}, sheet {sheet.sheet}: {rows} rows: {became}")
    for job, group in said[:FINDINGS_SHOWN]:
        more = f" (and {group.rows - 1} more like it)" if group.rows > 1 else ""
        click.echo(f"  {group.outcome}: {job.object_key}, {group.sheet}, row {group.first_row}: {group.example}{more}")
    click.echo(str(counts))
    failed = [job.object_key for job in ended if job.state == "failed"]
    if failed:
        raise CommandError(f"Not imported: {', '.join(failed)}; `make status` lists the reasons.")


def _line(name: str, value: str) -> None:
    click.echo(f"{name:12} {value}")


def _show_imports(newest: Sequence[ImportJob]) -> None:
    if not newest:
        return
    width = max(len(job.object_key) for job in newest)
    click.echo(f"{'import':{width}} {'state':15} {'begun':15} message")
    for job in newest:
        line = f"{job.object_key:{width}} {job.state:15} {job.created_at:%d %b %H:%M:%S} {job.message or ''}"
        click.echo(line.rstrip())
