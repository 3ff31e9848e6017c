"""The program of a child: imports the handler once, then answers one message of JSON with one message of JSON.

Runs in the interpreter that stands in for Lambda's, so it imports the standard library and the function only.
Messages have a connection of their own; what the function prints goes to standard output and error.
"""

import importlib
import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

Handler = Callable[[Any, "Context"], Any]


class Context:
    """What Lambda hands to a handler beside the event."""

    client_context = identity = None

    def __init__(self, request_id: str, function_arn: str, deadline: float) -> None:
        self.aws_request_id = request_id
        self.invoked_function_arn = function_arn
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))


def main(descriptor: int) -> None:
    """Serves until the parent closes the connection."""
    # A program that the function starts must not hold it open after us.
    os.set_inheritable(descriptor, False)
    parent = Connection(descriptor)
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(parent, requests), daemon=True).start()
    try:
        handler = _load(os.environ["_HANDLER"])
    except BaseException as error:
        _answer(parent, {"error": _import_failure(error)})
        return
    _answer(parent, {"ready": True})
    while True:
        _answer(parent, _invoke(handler, json.loads(requests.get())))


def _listen(parent: Connection, requests: "queue.SimpleQueue[bytes]") -> None:
    # Reads while a handler runs, so that the end of the parent is noticed, and is the end of this process too.
    try:
        while True:
            requests.put(parent.recv_bytes())
    except (EOFError, OSError):
        os._exit(0)


def _load(name: str) -> Handler:
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - sys.path holds strings
    module, _, attribute = name.replace("/", ".").rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), attribute)
    return handler


def _invoke(handler: Handler, request: dict[str, Any]) -> dict[str, Any]:
    os.environ["_X_AMZN_TRACE_ID"] = request["trace_id"]
    context = Context(request["request_id"], request["function_arn"], request["deadline"])
    try:
        result = handler(json.loads(request["payload"]), context)
    except Exception as error:
        traceback.print_exc()
        failure = _failure(type(error).__name__, str(error), error, request["request_id"])
        return {"is_error": True, "payload": failure}
    try:
        return {"is_error": False, "payload": json.dumps(result)}
    except (TypeError, ValueError) as error:
        sentence = f"Unable to marshal response: {error}"
        return {"is_error": True, "payload": _failure("Runtime.MarshalError", sentence, error, request["request_id"])}


def _import_failure(error: BaseException) -> str:
    traceback.print_exception(error)
    name = os.environ["_HANDLER"]
    if isinstance(error, ImportError):
        return _failure("Runtime.ImportModuleError", f"Unable to import module of {name!r}: {error}", error)
    if isinstance(error, AttributeError):
        return _failure("Runtime.HandlerNotFound", f"Handler {name!r} is missing: {error}", error)
    return _failure(type(error).__name__, str(error), error)


def _failure(kind: str, sentence: str, error: BaseException, request_id: str = "") -> str:
    stack = traceback.format_tb(error.__traceback__)
    return json.dumps({"errorType": kind, "errorMessage": sentence, "requestId": request_id, "stackTrace": stack})


def _answer(parent: Connection, message: dict[str, Any]) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    parent.send_bytes(json.dumps(message).encode())


if __name__ == "__main__":
    main(int(sys.argv[1]))
