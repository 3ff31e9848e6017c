"""The dead-letter queue: what lies in it, and back into the import queue when the reason is mended.

Its place is read from the import queue, which names it as the end of what failed too often.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Conflict, Unavailable
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import Author
from chalicelib.rules.auditing import Action, Event, SubjectKind
from chalicelib.storage import audit

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# What SQS hands out at once.
MOST_SHOWN = 10

# How SQS says that it is moving the messages already.
MOVING = ("UnsupportedOperation", "InvalidParameterValue")


@dataclass(frozen=True)
class DeadLetter:
    """A message that failed too often. `keys` are the objects it tells of; None where it is no notice of S3."""

    sent_at: datetime
    keys: tuple[str, ...] | None


@dataclass(frozen=True)
class DeadLetters:
    """How many there are, about, and some of them, the oldest first."""

    count: int
    shown: tuple[DeadLetter, ...]


@dataclass(frozen=True)
class DeadLetterQueue:
    """Where the dead letters lie, and the import queue that they go back to."""

    url: str
    arn: str
    import_queue_arn: str


def find_queue(sqs: "SQSClient", import_queue_url: str) -> DeadLetterQueue:
    """The queue in which the messages of the import queue end. Raises what SQS raises."""
    asked = sqs.get_queue_attributes(QueueUrl=import_queue_url, AttributeNames=["QueueArn", "RedrivePolicy"])
    found = asked["Attributes"]
    arn = json.loads(found["RedrivePolicy"])["deadLetterTargetArn"]
    return DeadLetterQueue(sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"], arn, found["QueueArn"])


def count(sqs: "SQSClient", queue: DeadLetterQueue) -> int:
    """About how many messages lie in it. Raises what SQS raises."""
    found = sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def start_moving_back(sqs: "SQSClient", queue: DeadLetterQueue) -> None:
    """Has SQS put every dead letter into the import queue, with all its attempts anew. Raises what SQS raises.

    SQS moves them itself: a program that receives, sends and deletes would double what it dies on.
    """
    sqs.start_message_move_task(SourceArn=queue.arn, DestinationArn=queue.import_queue_arn)


def look(sqs: "SQSClient", import_queue_url: str) -> DeadLetters:
    """What lies in the queue. Raises Unavailable where SQS cannot be reached."""
    with _reached():
        queue = find_queue(sqs, import_queue_url)
        return DeadLetters(count(sqs, queue), tuple(sorted(_peek(sqs, queue), key=lambda each: each.sent_at)))


def redrive(database: Database, author: Author, *, sqs: "SQSClient", import_queue_url: str) -> int:
    """Puts all dead letters back, each with all its attempts anew; returns about how many. SQS takes a moment for it.

    Raises Conflict while SQS still moves those of the time before, and Unavailable.
    """
    with _reached():
        queue = find_queue(sqs, import_queue_url)
        found = count(sqs, queue)
        if found:
            start_moving_back(sqs, queue)
            _note(database, author, found)
    return found


def _peek(sqs: "SQSClient", queue: DeadLetterQueue) -> list[DeadLetter]:
    # Hidden for no time at all: a message that is hidden would not be moved back.
    answer = sqs.receive_message(
        QueueUrl=queue.url,
        MaxNumberOfMessages=MOST_SHOWN,
        VisibilityTimeout=0,
        MessageSystemAttributeNames=["SentTimestamp"],
    )
    return [_dead_letter(message) for message in answer.get("Messages", [])]


def _dead_letter(message: Any) -> DeadLetter:
    from chalicelib.imports.s3_events import UnknownMessage, references

    sent_at = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    try:
        return DeadLetter(sent_at, tuple(reference.key for reference in references(message["Body"])))
    except UnknownMessage:
        return DeadLetter(sent_at, None)


@retried
def _note(database: Database, author: Author, found: int) -> None:
    event = Event(Action.IMPORTS_REDRIVEN, SubjectKind.IMPORT, None, after={"messages": found})
    with database.transaction() as tx:
        audit.add(tx.connection, author, event)
        tx.commit()


@contextmanager
def _reached() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if any(code in error.response.get("Error", {}).get("Code", "") for code in MOVING):
            raise Conflict("The messages of the time before are still on their way back; try again later.") from error
        raise _out_of_reach() from error
    except BotoCoreError as error:
        raise _out_of_reach() from error


def _out_of_reach() -> Unavailable:
    return Unavailable("The queue of imports cannot be reached at the moment; please try again.")
