"""Deletes the stack of a stage, once somebody has typed its name.

    python -m infra.destroy dev

The bucket of the workbooks, the bucket of the revisions and the database stay: they hold what cannot be made again.
"""

import argparse
import os
import sys
from collections.abc import Mapping

from infra.cloudformation import Stack
from infra.terminal import Refused, confirmed, run, session_of
from infra.uploading import Session

GUARDED = ("prod",)


def destroy(stage: str, session: Session) -> list[str]:
    """Deletes the stack and returns the names of the buckets that stay. Raises Refused where there is no stack."""
    stack = Stack(f"loans-{stage}", session.client("cloudformation"))
    if not stack.exists():
        raise Refused(f"There is no stack {stack.name}.")
    stack.delete()
    owned = f"loans-{stage}-"
    buckets = session.client("s3").list_buckets()["Buckets"]
    return [bucket["Name"] for bucket in buckets if bucket["Name"].startswith(owned)]


def check_guard(stage: str, environ: Mapping[str, str]) -> None:
    """Raises Refused for a stage that nobody destroys by mistake, and for one whose name was not typed."""
    if stage in GUARDED and environ.get("FORCE") != "yes":
        raise Refused(f"The stage {stage} is not destroyed without FORCE=yes.")
    if not confirmed(f"Everything but the data goes. Type the name of the stage ({stage}): ", stage, environ):
        raise Refused(f"The name was not {stage!r}; nothing was destroyed.")


def main(arguments: list[str], environ: Mapping[str, str] = os.environ) -> int:
    """Destroys the stage that the command line names, after its guard."""
    parser = argparse.ArgumentParser(prog="python -m infra.destroy", description="Deletes the stack of a stage.")
    parser.add_argument("stage", help="a stage of .chalice/config.json")
    parser.add_argument("--endpoint", help="LocalStack's address; AWS unless given")
    chosen = parser.parse_args(arguments)

    def command() -> list[str]:
        check_guard(chosen.stage, environ)
        kept = destroy(chosen.stage, session_of(chosen.endpoint))
        return [
            f"The stack loans-{chosen.stage} is gone. What stays: the database, {', '.join(kept) or 'no bucket'}.",
            "Before the stage is deployed again, a new stack takes over the bucket of its workbooks "
            "(docs/operations.md).",
        ]

    return run(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
