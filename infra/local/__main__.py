"""The local stack's command line, which the Makefile calls; `python -m infra.local --help` lists the commands."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from infra.deploy import DeployError
from infra.local import commands
from infra.local.environment import forget_other_clouds
from infra.local.launcher import Endpoints
from infra.local.settings import DEV_PORT, Home, LocalError
from infra.packaging import ROOT


def main(arguments: list[str]) -> int:
    """Runs one command; a failure is one sentence and a status other than 0."""
    chosen = _parser().parse_args(arguments)
    forget_other_clouds()
    commands.end_like_ctrl_c()
    try:
        _run(chosen, Console(highlight=False))
    except (LocalError, DeployError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        if chosen.command in ("logs", "dev"):
            return 0  # the only way to leave it
        print("Interrupted; what this command had started is stopped.", file=sys.stderr)
        return 130
    return 0


def _run(chosen: argparse.Namespace, console: Console) -> None:
    home = Home(chosen.state.resolve())
    match chosen.command:
        case "up":
            known = home.ports()
            ports = replace(known, aws=chosen.aws_port or known.aws, db=chosen.db_port or known.db)
            commands.up(home, ports, chosen.data, console)
        case "seed":
            commands.seed(home, chosen.files, console)
        case "status":
            commands.status(home, console)
        case "redrive":
            commands.redrive(home, console)
        case "superuser":
            commands.superuser(home, chosen.login, chosen.name, console)
        case "api-key":
            wanted = {"name": chosen.name, "role": chosen.role, "days": chosen.days, "customer_id": chosen.customer}
            commands.api_key(home, wanted, console)
        case "database":
            commands.database(home, chosen.stage, console)
        case "logs":
            commands.logs(home)
        case "down":
            commands.down(home, console)
        case "reset":
            commands.reset(home, console)
        case "dev":
            commands.dev(home, chosen.port)
        case "provision":
            endpoints = Endpoints(chosen.aws_endpoint_url, chosen.database_url, chosen.database_url, chosen.public_url)
            commands.provision_only(home, endpoints, chosen.data, console)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description="The local stack.")
    parser.add_argument("--state", type=Path, default=Home().folder, help="the folder that keeps the stack's state")
    command = parser.add_subparsers(dest="command", required=True)
    up = command.add_parser("up", help="start, deploy, seed")
    up.add_argument("--data", type=Path, default=ROOT / "data", help="the folder of the workbooks to seed from")
    up.add_argument("--aws-port", type=_port, help="LocalStack's port")
    up.add_argument("--db-port", type=_port, help="Postgres's port")
    seed = command.add_parser("seed", help="upload workbooks and wait for their imports")
    seed.add_argument("files", type=Path, nargs="*")
    superuser = command.add_parser("superuser", help="make an admin, or give one a new password")
    superuser.add_argument("login")
    superuser.add_argument("--name", help="as people know them; the login unless told")
    database = command.add_parser("database", help="make a database for another stage on the local server")
    database.add_argument("stage")
    api_key = command.add_parser("api-key", help="make an API key")
    api_key.add_argument("name")
    api_key.add_argument("role", help="reader, writer or importer")
    api_key.add_argument("--days", type=int, help="after how many days it expires; never unless told")
    api_key.add_argument("--customer", type=int, help="the number of the only customer it may see")
    dev = command.add_parser("dev", help="chalice local on the same database and LocalStack")
    dev.add_argument("--port", type=_port, default=DEV_PORT)
    provision = command.add_parser("provision", help="deploy and seed on servers that others started")
    provision.add_argument("--aws-endpoint-url", required=True)
    provision.add_argument("--database-url", required=True, help="the same from here and from the functions")
    provision.add_argument("--public-url", required=True, help="where the API's stage answers a browser")
    provision.add_argument("--data", type=Path, default=ROOT / "data")
    for name, words in {
        "status": "what runs, and what is in it",
        "redrive": "put the messages of the dead-letter queue back into the import queue",
        "logs": "follow all logs",
        "down": "stop; the data stays",
        "reset": "stop and remove the data",
    }.items():
        command.add_parser(name, help=words)
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535. Invalid value: {text!r}.")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
