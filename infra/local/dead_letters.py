"""From the dead-letter queue back to the import queue, when the reason of the failures is mended."""

import time
from typing import Any

from chalicelib.services import dead_letters
from infra.local.provision import session
from infra.local.settings import LocalError, StackFile

PATIENCE_SECONDS = 60


def move_back(stack: StackFile) -> int:
    """Puts every dead letter back where it came from, each with all its attempts anew; returns how many.

    One that somebody is looking at, which hides it from others, stays. Raises LocalError where the move fails.
    """
    sqs = session(stack.aws_endpoint_url).client("sqs")
    queue = dead_letters.find_queue(sqs, stack.import_queue_url)
    if not dead_letters.count(sqs, queue):
        return 0
    dead_letters.start_moving_back(sqs, queue)
    return _moved(sqs, queue.arn)


def _moved(sqs: Any, queue_arn: str) -> int:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        (task,) = sqs.list_message_move_tasks(SourceArn=queue_arn, MaxResults=1)["Results"]
        moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
        if task["Status"] == "COMPLETED":
            return moved
        if task["Status"] != "RUNNING":
            raise LocalError(
                f"SQS stopped after {moved} messages: {task.get('FailureReason', task['Status'])}. "
                "The others are still in the dead-letter queue; `make redrive` tries again."
            )
        time.sleep(0.1)
    raise LocalError(f"SQS is still moving messages after {PATIENCE_SECONDS} s; `make status` shows how far it is.")
