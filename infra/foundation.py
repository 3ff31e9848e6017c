"""Makes or changes the foundation of a stage on AWS: network, database, key, and the functions' user of the database.

    python -m infra.foundation dev MaxCapacity=8

shows the change set of infra/foundation.yaml, executes it, and makes the user.
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace

import yaml

from infra.approval import Approve, approved, asking
from infra.cloudformation import Stack, changed_settings
from infra.database_user import make_user
from infra.packaging import ROOT
from infra.terminal import pairs, run, session_of
from infra.uploading import Session, deployment_bucket, url_of

TEMPLATE = ROOT / "infra" / "foundation.yaml"
# A database takes a quarter of an hour to be made, and longer to be changed.
WAIT_SECONDS = 3600.0


def found(
    stage: str,
    session: Session,
    parameters: Mapping[str, str],
    approve: Approve,
    say: Callable[[str], None] = print,
    template: str | None = None,
) -> dict[str, str]:
    """Brings the foundation to its template and these parameters, makes the database's user; returns the outputs.

    A parameter that is not named keeps its value: a database must not shrink because somebody forgot one. Raises
    StackError, Refused, or what botocore raises.
    """
    template = TEMPLATE.read_text() if template is None else template
    stack = Stack(f"loans-{stage}-foundation", session.client("cloudformation"), WAIT_SECONDS)
    _change(stage, stack, session, template, parameters, approve, say)
    outputs = stack.outputs()
    made = make_user(session, outputs)
    say(f"Made {', '.join(made)}." if made else "The database's user has all it needs; nothing had to change.")
    return outputs


def _change(
    stage: str,
    stack: Stack,
    session: Session,
    template: str,
    parameters: Mapping[str, str],
    approve: Approve,
    say: Callable[[str], None],
) -> None:
    declared = yaml.safe_load(template)["Parameters"]
    standing = stack.parameters() if stack.stands() else {}
    values = {**dict.fromkeys(name for name in standing if name in declared), "Stage": stage, **parameters}
    plan = stack.plan(_upload(stage, session, template), values, {})
    if plan is None:
        say(f"The stack {stack.name} is that of its template; nothing had to change.")
        return
    approved(stack, replace(plan, settings=changed_settings(standing, values, declared)), approve)
    say(f"Changing the stack {stack.name}. A database takes a quarter of an hour.")
    stack.execute(plan)


def _upload(stage: str, session: Session, template: str) -> str:
    bucket, body = deployment_bucket(stage, session), template.encode()
    key = f"templates/foundation-{hashlib.sha256(body).hexdigest()}.yaml"
    session.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    return url_of(bucket, key, session)


def main(arguments: list[str], environ: Mapping[str, str] = os.environ) -> int:
    """Makes or changes the foundation that the command line names; `CONFIRM=yes` answers the question before it."""
    parser = argparse.ArgumentParser(prog="python -m infra.foundation", description="The foundation of a stage.")
    parser.add_argument("stage", help="a stage of .chalice/config.json")
    parser.add_argument("parameters", nargs="*", metavar="Name=value", help="parameters of infra/foundation.yaml")
    chosen = parser.parse_args(arguments)

    def command() -> list[str]:
        approve = asking(f"the foundation of the stage {chosen.stage}", environ)
        outputs = found(chosen.stage, session_of(None), pairs(chosen.parameters), approve)
        return [f"{name}: {value}" for name, value in sorted(outputs.items())]

    return run(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
