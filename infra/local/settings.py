"""What both launchers, docker-compose.yml and the tests must agree on; the one place for each constant."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.packaging import ROOT
from infra.terminal import CommandError

STAGE = "local"
API_ID = "loans"

AWS_PORT = 4566
# Not 5432, which the database of somebody's other project tends to hold.
DB_PORT = 54329
# Where they listen inside their containers.
LOCALSTACK_PORT, POSTGRES_PORT = 4566, 5432

# A workbook of a million rows is loaded and reported in one go, as on AWS. The message does not stay hidden for six
# times as long, which is for throttled functions: a person does not wait half an hour for the second try.
IMPORT_PARAMETERS = {"ImportTimeoutSeconds": "300", "ImportVisibilitySeconds": "360"}

# Made up, as the portfolio is, so that papers on a laptop look like papers.
LENDER = {
    "name": "Sahyog Finance Ltd (made up)",
    "address": "12 MG Road, Pune 411001",
    "contact": "020 5550 1234, care@sahyog.example",
    "grievance_officer": "Meera Iyer, 020 5550 1299, grievance@sahyog.example",
    "grievance_clause": "Clause 14 of the loan agreement",
    "recovery_clause": "Clause 11 of the loan agreement",
    "transfer": "No",
    "cooling_off_days": 3,
}


@dataclass(frozen=True)
class Ports:
    """Where LocalStack and Postgres listen on this machine."""

    aws: int = AWS_PORT
    db: int = DB_PORT


@dataclass(frozen=True)
class StackFile:
    """What `.local/stack.json` tells programs. `api_url` is what `/register/` is appended to."""

    api_url: str
    console_url: str
    aws_endpoint_url: str
    region: str
    database_url: str
    bucket: str
    import_queue_url: str
    dead_letter_queue_url: str


class Home:
    """The folder in which one local stack keeps all that it has. Two folders are two stacks."""

    def __init__(self, folder: Path = ROOT / ".local") -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self.postgres = folder / "postgres"
        self.localstack = folder / "localstack-state"
        self.ports_file = folder / "ports.json"
        self.launcher_file = folder / "launcher"
        self.stack_file = folder / "stack.json"
        # There only while the first workbooks are being imported.
        self.unfinished_seed = folder / "unfinished-seed"

    def ports(self) -> Ports:
        """The ports of the last `up`, or the defaults."""
        if not self.ports_file.exists():
            return Ports()
        return Ports(**json.loads(self.ports_file.read_text()))

    def launcher(self) -> str:
        """How the last `up` started the stack: native, docker, or empty if there was none since `reset`."""
        return self.launcher_file.read_text().strip() if self.launcher_file.exists() else ""

    def remember(self, launcher: str, ports: Ports) -> None:
        """Notes how the stack is started."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _replace(self.launcher_file, launcher)
        _replace(self.ports_file, json.dumps(asdict(ports)))

    def read_stack(self) -> StackFile:
        """The stack that is up. Raises CommandError if none is."""
        if not self.stack_file.exists():
            raise CommandError("There is no local stack yet; `make up` makes one.")
        return StackFile(**json.loads(self.stack_file.read_text()))

    def write_stack(self, stack: StackFile) -> None:
        _replace(self.stack_file, json.dumps(asdict(stack), indent=2))


def _replace(file: Path, text: str) -> None:
    # All of it or nothing: every command reads it, and could not go on with what a full disk takes of it.
    file.with_suffix(".new").write_text(text + "\n")
    file.with_suffix(".new").replace(file)
