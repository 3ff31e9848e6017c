"""Calls the functions of a deployed stage, each call once, and for as long as the function may take."""

import json
import time
from collections.abc import Mapping
from typing import Any

from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from infra.uploading import Session

# What the network and the start of a container may take beyond the function's own time-out.
SLACK_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 5.0


class FunctionFailed(Exception):
    """A function raised, refused, or did not answer; the sentence says which and why."""


def invoke(
    session: Session, name: str, event: Mapping[str, Any], slack_seconds: float = SLACK_SECONDS
) -> dict[str, Any]:
    """The function's answer to the event. Raises FunctionFailed.

    AWS's client gives up after a minute and asks again; a migration that takes longer would be started a second time,
    be refused because the first still runs, and a good release would be put back. So this waits for as long as the
    function may run, and asks once. One that is at work for somebody else is waited for, as long again.
    """
    seconds = session.client("lambda").get_function_configuration(FunctionName=name)["Timeout"] + slack_seconds
    patient = Config(read_timeout=seconds, retries={"total_max_attempts": 1}, tcp_keepalive=True)
    answer = _invoked_when_free(session.client("lambda", config=patient), name, json.dumps(event).encode(), seconds)
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise FunctionFailed(f"The function {name} failed: {payload.get('errorMessage', payload)}")
    if "error" in payload:
        raise FunctionFailed(f"The function {name} refused: {payload['error']}")
    return payload


def _invoked_when_free(client: Any, name: str, payload: bytes, seconds: float) -> Any:
    # Neither of these has reached the function, so to ask again starts it once.
    not_begun = (client.exceptions.TooManyRequestsException, ConnectTimeoutError, EndpointConnectionError)
    pause, end = min(0.5, seconds / 10), time.monotonic() + seconds
    while True:
        try:
            return client.invoke(FunctionName=name, Payload=payload)
        except not_begun as error:
            if time.monotonic() + pause > end:
                raise FunctionFailed(f"The function {name} took no call for {seconds:.0f} s: {error}") from error
        except ReadTimeoutError as error:
            raise FunctionFailed(
                f"The function {name} did not answer within {seconds:.0f} s; its log says how far it came."
            ) from error
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
