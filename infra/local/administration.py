"""The first admin and API keys, made by the function `administer` of the stack that is up."""

import json
from typing import Any

from infra.local.provision import session
from infra.local.settings import STAGE, LocalError, StackFile

FUNCTION = f"loans-{STAGE}-administer"


def administer(stack: StackFile, operation: str, **values: Any) -> dict[str, Any]:
    """Invokes the function and returns what it made; values that are None are not sent. Raises LocalError."""
    event = {"operation": operation, **{name: value for name, value in values.items() if value is not None}}
    client = session(stack.aws_endpoint_url).client("lambda")
    invoked = client.invoke(FunctionName=FUNCTION, Payload=json.dumps(event).encode())
    answer: dict[str, Any] = json.loads(invoked["Payload"].read())
    if "FunctionError" in invoked:
        raise LocalError(f"The function {FUNCTION} failed: {answer.get('errorMessage', answer)}")
    if "error" in answer:
        raise LocalError(_sentence(answer))
    return answer


def _sentence(refusal: dict[str, Any]) -> str:
    """The refusal, and the sentences to each field."""
    fields = (f"{name} {', '.join(sentences)}" for name, sentences in refusal["fields"].items())
    return " ".join([refusal["error"], *(f"{field}." for field in fields)])
