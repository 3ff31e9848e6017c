"""S3's notifications: from the body of a message to the objects it names, and back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, unquote_plus

TEST_EVENT = "s3:TestEvent"


class UnknownMessage(ValueError):
    """The body is no notification of S3. It goes back to the queue and ends among the dead letters."""


@dataclass(frozen=True)
class ObjectReference:
    """One version of one object: what an import is made of. `version_id` is None in an unversioned bucket."""

    bucket: str
    key: str
    version_id: str | None
    etag: str | None = None
    size_bytes: int = 0
    sequencer: str | None = None
    uploaded_at: datetime | None = None

    @property
    def identity(self) -> str:
        """What tells this content of the key from another."""
        return self.version_id or f"etag {self.etag}"

    @property
    def is_folder(self) -> bool:
        """Whether this is the empty object that S3's console makes where a person makes a folder."""
        return self.key.endswith("/") and not self.size_bytes


def references(body: str) -> list[ObjectReference]:
    """The objects whose creation a message tells of, but no folders. Empty for the message with which S3 tries a queue.

    Raises UnknownMessage for anything that is not a notification of S3.
    """
    message = _parsed(body)
    if message.get("Event") == TEST_EVENT:
        return []
    try:
        created = [
            _reference(record["s3"], record.get("eventTime")) for record in message["Records"] if _is_creation(record)
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnknownMessage(f"The message is no notification of S3; it lacks {error}.") from error
    return [reference for reference in created if not reference.is_folder]


def message_for(reference: ObjectReference) -> str:
    """The message that S3 would send for an object, for the bootstrap to send in its place."""
    described = {
        "key": quote_plus(reference.key),
        "size": reference.size_bytes,
        "eTag": reference.etag,
        "versionId": reference.version_id,
        "sequencer": reference.sequencer,
    }
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "eventTime": reference.uploaded_at.isoformat() if reference.uploaded_at else None,
        "s3": {"bucket": {"name": reference.bucket}, "object": described},
    }
    return json.dumps({"Records": [record]})


def _parsed(body: str) -> Mapping[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnknownMessage(f"The message is not JSON: {error}.") from error
    if not isinstance(message, dict):
        raise UnknownMessage(f"The message is no notification of S3 but a JSON {type(message).__name__}.")
    return message


def _is_creation(record: Mapping[str, Any]) -> bool:
    return str(record.get("eventName", "ObjectCreated")).removeprefix("s3:").startswith("ObjectCreated")


def _reference(described: Mapping[str, Any], uploaded_at: str | None) -> ObjectReference:
    item = described["object"]
    return ObjectReference(
        bucket=described["bucket"]["name"],
        key=unquote_plus(item["key"]),
        version_id=item.get("versionId"),
        etag=item.get("eTag"),
        size_bytes=item.get("size") or 0,
        sequencer=item.get("sequencer"),
        uploaded_at=datetime.fromisoformat(uploaded_at) if uploaded_at else None,
    )
