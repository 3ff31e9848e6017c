"""What is done to the stack that is up by its own functions and queues: the first admin, API keys, dead letters."""

from typing import Any

from chalicelib.services import dead_letters
from infra.functions import invoke
from infra.local.settings import STAGE, StackFile
from infra.session import aws_refusals, session_of
from infra.terminal import CommandError, patiently

FUNCTION = f"loans-{STAGE}-administer"
PATIENCE_SECONDS = 60


@aws_refusals()
def administer(stack: StackFile, operation: str, **values: Any) -> dict[str, Any]:
    """Invokes the function and returns what it made; values that are None are not sent. Raises CommandError."""
    event = {"operation": operation, **{name: value for name, value in values.items() if value is not None}}
    return invoke(session_of(stack.aws_endpoint_url), FUNCTION, event)


@aws_refusals()
def move_dead_letters_back(stack: StackFile) -> int:
    """Puts every dead letter back where it came from, each with all its attempts anew; returns how many.

    One that somebody is looking at, which hides it from others, stays. Raises CommandError if the move fails.
    """
    sqs = session_of(stack.aws_endpoint_url).client("sqs")
    queue = dead_letters.find_queue(sqs, stack.import_queue_url)
    if not dead_letters.count(sqs, queue):
        return 0
    dead_letters.start_moving_back(sqs, queue)
    for _ in patiently(PATIENCE_SECONDS):
        (task,) = sqs.list_message_move_tasks(SourceArn=queue.arn, MaxResults=1)["Results"]
        moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
        if task["Status"] == "COMPLETED":
            return moved
        if task["Status"] != "RUNNING":
            raise CommandError(
                f"SQS stopped after {moved} messages: {task.get('FailureReason', task['Status'])}. "
                "The others are still in the dead-letter queue; `make redrive` tries again."
            )
    raise CommandError(f"SQS is still moving messages after {PATIENCE_SECONDS} s; `make status` shows how far it is.")
