"""Calls the functions of a deployed stage, each call once, and for as long as the function may take."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from infra.session import Session, aws_refusals
from infra.terminal import CommandError, patiently

# What the network and the start of a container may take beyond the function's own time-out.
SLACK_SECONDS = 30.0


def invoke(
    session: Session, name: str, event: Mapping[str, Any], slack_seconds: float = SLACK_SECONDS
) -> dict[str, Any]:
    """The function's answer to the event. Raises CommandError if it fails, refuses, or does not answer.

    AWS's client gives up after a minute and asks again; a migration that takes longer would be started a second time,
    be refused because the first still runs, and a good release would be put back. So this waits for as long as the
    function may run, and asks once. One that is at work for somebody else is waited for, as long again.
    """
    seconds = session.client("lambda").get_function_configuration(FunctionName=name)["Timeout"] + slack_seconds
    patient = Config(read_timeout=seconds, retries={"total_max_attempts": 1}, tcp_keepalive=True)
    answer = _invoked_when_free(session.client("lambda", config=patient), name, json.dumps(event).encode(), seconds)
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise CommandError(f"The function {name} failed: {payload.get('errorMessage', payload)}")
    if "error" in payload:
        fields = (f"{field} {', '.join(said)}." for field, said in payload.get("fields", {}).items())
        raise CommandError(" ".join([f"The function {name} refused: {payload['error']}", *fields]))
    return payload


@aws_refusals()
def run_bootstrap(session: Session, stage: str) -> dict[str, Any]:
    """Invokes the function that migrates, and seeds an empty database; returns its answer. Raises CommandError."""
    return invoke(session, f"loans-{stage}-bootstrap", {})


def _invoked_when_free(client: Any, name: str, payload: bytes, seconds: float) -> Any:
    # Neither of these has reached the function, so to ask again starts it once.
    not_begun = (client.exceptions.TooManyRequestsException, ConnectTimeoutError, EndpointConnectionError)
    refusal: Exception | None = None
    for _ in patiently(seconds, min(0.5, seconds / 10), longest_pause=5):
        try:
            return client.invoke(FunctionName=name, Payload=payload)
        except not_begun as error:
            refusal = error
        except ReadTimeoutError as error:
            sentence = f"The function {name} did not answer within {seconds:.0f} s; its log says how far it came."
            raise CommandError(sentence) from error
    raise CommandError(f"The function {name} took no call for {seconds:.0f} s: {refusal}") from refusal
