"""Deletes the stack of a stage, once somebody has typed its name.

The bucket of the workbooks, the bucket of the revisions and the database stay: they hold what cannot be made again.
"""

from infra.cloudformation import Stack
from infra.session import Session, aws_refusals
from infra.terminal import CommandError, confirmed

GUARDED = ("prod",)


@aws_refusals()
def destroy(stage: str, session: Session) -> list[str]:
    """Deletes the stack and returns the names of the buckets that stay. Raises CommandError if there is no stack."""
    stack = Stack(f"loans-{stage}", session.client("cloudformation"))
    if not stack.exists():
        raise CommandError(f"There is no stack {stack.name}.")
    stack.delete()
    owned = f"loans-{stage}-"
    buckets = session.client("s3").list_buckets()["Buckets"]
    return [bucket["Name"] for bucket in buckets if bucket["Name"].startswith(owned)]


def check_guard(stage: str, confirm: str | None, force: str | None) -> None:
    """Raises CommandError for a stage that nobody destroys by mistake, and for one whose name was not typed."""
    if stage in GUARDED and force != "yes":
        raise CommandError(f"The stage {stage} is not destroyed without FORCE=yes.")
    if not confirmed(f"Everything but the data goes. Type the name of the stage ({stage}): ", stage, confirm):
        raise CommandError(f"The name was not {stage!r}; nothing was destroyed.")
