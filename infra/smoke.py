"""Whether a deployed stage answers at all: its contract, its door, its database."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import requests

from infra.functions import invoke
from infra.session import Session
from infra.terminal import CommandError, patiently

# API Gateway serves a new deployment everywhere only after some seconds, and the first request starts a container.
PATIENCE_SECONDS = 60
TIMEOUT_SECONDS = 30
CUSTOMERS = "/api/customers/?limit=1"


def smoke_test(session: Session, outputs: Mapping[str, str], say: Callable[[str], None] = print) -> None:
    """Asks the stage three questions. Raises CommandError at the first that is not answered in time."""
    base = outputs["BaseUrl"]
    _expect(f"{base}/api/openapi.json", 200)
    say("The contract is served.")
    _expect(base + CUSTOMERS, 401)
    say("Nobody gets in without credentials.")
    with _key(session, outputs["AdministerFunctionName"]) as token:
        _expect(base + CUSTOMERS, 200, {"Authorization": f"Bearer {token}"})
    say("With a key the database answers; the key is revoked.")


@contextmanager
def _key(session: Session, administer: str) -> Iterator[str]:
    """The token of an API key that exists for the block only."""
    wanted = {"operation": "create_api_key", "name": "smoke test", "role": "reader", "days": 1}
    made = invoke(session, administer, wanted)
    try:
        yield made["token"]
    finally:
        invoke(session, administer, {"operation": "revoke_api_key", "key_id": made["key_id"]})


def _expect(url: str, status: int, headers: Mapping[str, str] | None = None) -> None:
    """GETs until the status comes. Raises CommandError when the time is over."""
    answered = ""
    for _ in patiently(PATIENCE_SECONDS, 0.5, longest_pause=5):
        try:
            answer = requests.get(url, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            answered = f"no answer ({type(error).__name__})"
            continue
        if answer.status_code == status:
            return
        answered = f"{answer.status_code} {answer.text[:200] if answer.status_code >= 500 else ''}".rstrip()
    raise CommandError(f"GET {url} should be answered with {status}; it was: {answered}.")
