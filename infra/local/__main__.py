"""The local stack's commands, which the Makefile calls; `python -m infra.local --help` lists them."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from infra.local import running
from infra.local.administration import administer, move_dead_letters_back
from infra.local.launcher import Endpoints, require_free
from infra.local.native import Native
from infra.local.provision import import_files
from infra.local.reloading import run_and_reload
from infra.local.running import choose_launcher
from infra.local.settings import STAGE, Home
from infra.local.showing import show_imported, show_status
from infra.local.steps import Steps
from infra.packaging import ROOT
from infra.session import LOCAL_REGION, forget_other_clouds
from infra.terminal import CommandError, Telling

PATH: Any = click.Path(path_type=Path)
PORT = click.IntRange(1, 65535)
PORT.name = "port"


@click.group(cls=Telling)
@click.option("--state", type=PATH, default=Home().folder, help="the folder that keeps the stack's state")
@click.pass_context
def main(context: click.Context, state: Path) -> None:
    """The local stack."""
    forget_other_clouds()
    context.obj = Home(state.resolve())


def command(function: Callable[..., None]) -> click.Command:
    """A command of the stack, which is handed its `Home`."""
    return main.command()(click.pass_obj(function))


data_option = click.option("--data", type=PATH, default=ROOT / "data", help="the folder of the workbooks to seed from")


@command
@data_option
@click.option("--aws-port", type=PORT, help="LocalStack's port")
@click.option("--db-port", type=PORT, help="Postgres's port")
def up(home: Home, data: Path, aws_port: int | None, db_port: int | None) -> None:
    """Start, deploy, seed."""
    known = home.ports()
    running.bring_up(home, replace(known, aws=aws_port or known.aws, db=db_port or known.db), data)


@command
@click.option("--aws-endpoint-url", required=True)
@click.option("--database-url", required=True, help="the same from here and from the functions")
@click.option("--public-endpoint", required=True, help="where LocalStack answers a browser")
@data_option
def provision(home: Home, aws_endpoint_url: str, database_url: str, public_endpoint: str, data: Path) -> None:
    """Deploy and seed on servers that others started."""
    running.deploy_to(home, Endpoints(aws_endpoint_url, database_url, database_url, public_endpoint), data)


@command
def down(home: Home) -> None:
    """Stop; the data stays."""
    running.stop(home)
    click.echo("Stopped. The data is kept; `make up` brings it back.")


@command
def reset(home: Home) -> None:
    """Stop and remove the data."""
    running.erase(home)
    click.echo("Stopped, and the data is gone; `make up` starts over.")


@command
@click.argument("files", type=PATH, nargs=-1, required=True)
def seed(home: Home, files: tuple[Path, ...]) -> None:
    """Upload workbooks as operations would, and wait for their imports."""
    stack = running.running_stack(home)
    show_imported(stack, import_files(stack, list(files), Steps()))


@command
def status(home: Home) -> None:
    """What runs, and what is in it."""
    show_status(home)


@command
def redrive(home: Home) -> None:
    """Put the messages of the dead-letter queue back into the import queue."""
    moved = move_dead_letters_back(running.running_stack(home))
    words = "1 message is" if moved == 1 else f"{moved} messages are"
    click.echo(
        f"{words} back in the import queue; `make status` shows what becomes of them."
        if moved
        else "The dead-letter queue is empty; there is nothing to put back."
    )


@command
@click.argument("login")
@click.option("--name", help="as people know them; a new one is called by the login unless told")
def superuser(home: Home, login: str, name: str | None) -> None:
    """Make an admin, or reset the password of one. Shows a link, this once, to choose a password with."""
    stack = running.running_stack(home)
    made = administer(stack, "create_superuser", login=login, name=name)
    click.echo(f"{made['login']} is an admin. The link to choose a password with works once, and for 3 days:")
    click.echo(stack.console_url + made["invitation"])


@command
@click.argument("name")
@click.argument("role")
@click.option("--days", type=int, help="after how many days it expires; never unless told")
@click.option("--customer", "customer_id", type=int, help="the number of the only customer it may see")
def api_key(home: Home, **wanted: str | int | None) -> None:
    """Make an API key, which is shown this once. ROLE is reader, writer or importer."""
    made = administer(running.running_stack(home), "create_api_key", **wanted)
    ends = f" until {made['expires_at'][:10]}" if made["expires_at"] else ""
    click.echo(f"API key {made['key_id']}, {made['name']}, {made['role']}{ends}; it is not shown again:")
    click.echo(made["token"])


@command
@click.argument("stage")
def database(home: Home, stage: str) -> None:
    """Make a database for another stage on the local server, and show its URL."""
    launcher = choose_launcher(home, home.ports())
    if not isinstance(launcher, Native):
        raise CommandError(
            "The server in Docker lets in nobody without a password; use LAUNCHER=native for other stages."
        )
    if not launcher.postgres.is_running():
        raise CommandError(running.NOT_UP)
    click.echo(launcher.postgres.add_open_database(f"loans_{stage}"))


@command
def logs(home: Home) -> None:
    """Follow all logs until Ctrl-C."""
    with suppress(KeyboardInterrupt):
        choose_launcher(home, home.ports()).follow_logs(sys.stdout)


@command
@click.option("--port", type=PORT, default=8000)
def dev(home: Home, port: int) -> None:
    """`chalice local` on the database and the LocalStack of the stack that is up, until Ctrl-C."""
    stack = running.running_stack(home)
    require_free(port, "dev", "PORT")
    environment = {
        **os.environ,
        "DATABASE_URL": stack.database_url,
        "IMPORT_BUCKET": stack.bucket,
        "IMPORT_QUEUE_URL": stack.import_queue_url,
        "AWS_ENDPOINT_URL": stack.aws_endpoint_url,
        "AWS_DEFAULT_REGION": LOCAL_REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    chalice = str(Path(sys.executable).with_name("chalice"))
    command = [chalice, "local", "--no-autoreload", "--stage", STAGE, "--port", str(port)]
    with suppress(KeyboardInterrupt):
        run_and_reload(command, environment, ROOT)


if __name__ == "__main__":
    main(prog_name="python -m infra.local")
