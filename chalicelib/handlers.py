"""The Lambda functions that are not the API: imports from the queue, the bootstrap of a deployment, the first admin."""

from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint

from chalicelib.config import import_queue_name

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=import_queue_name(), name="import_workbooks", batch_size=1)
def import_workbooks(event: Any) -> dict[str, Any]:
    """Imports the workbooks that the messages of the queue name; answers which messages to send again."""
    from chalicelib import runtime
    from chalicelib.imports.running import import_messages

    def time_left() -> float:
        return float(event.context.get_remaining_time_in_millis()) / 1000

    def send(body: str) -> None:
        runtime.sqs().send_message(QueueUrl=runtime.settings().import_queue_url, MessageBody=body)

    messages = [(record.to_dict()["messageId"], record.body) for record in event]
    failed = import_messages(runtime.database(), runtime.s3(), messages, time_left, send, runtime.today())
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


@functions.lambda_function(name="bootstrap")
def bootstrap(_event: object, _context: object) -> dict[str, Any]:
    """Migrates, and seeds an empty database from `seed/` in the bucket. Run at each deploy and on a schedule."""
    from chalicelib import runtime
    from chalicelib.services.bootstrap import bootstrap as run

    return dict(run(runtime.database(), runtime.settings(), s3=runtime.s3(), sqs=runtime.sqs()))


@functions.lambda_function(name="administer")
def administer(event: Any, context: Any) -> Mapping[str, object]:
    """Makes the first admin and API keys, for whoever may invoke it. Neither event nor answer is logged."""
    from chalicelib.api.administration import administer as run

    return run(event, str(getattr(context, "aws_request_id", "unknown")))
