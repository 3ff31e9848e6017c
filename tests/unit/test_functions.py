"""A function is called once, for as long as it may take, against a Lambda of our own that counts the calls."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.functions import invoke
from infra.session import Session, session_of
from infra.terminal import CommandError
from tests.support.patience import PATIENCE_SECONDS

# Status, body, seconds until it comes.
Answer = tuple[int, object, float]
BUSY: Answer = (429, {"Type": "User", "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded"}, 0)


@contextmanager
def a_lambda(answer: Callable[[int], Answer], function_seconds: int = 1) -> Iterator[tuple[Session, list[int]]]:
    """A session at a Lambda that gives this answer to the call of this number, and the numbers of the calls."""
    calls, is_over = list[int](), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.tell(200, {"Timeout": function_seconds})

        def do_POST(self) -> None:
            calls.append(len(calls) + 1)
            status, body, seconds = answer(len(calls))
            is_over.wait(seconds)
            self.tell(status, body)

        def tell(self, status: int, body: object) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            if status == 429:
                self.send_header("x-amzn-ErrorType", "TooManyRequestsException")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            # Who gave up does not listen any more.
            with suppress(ConnectionError):
                self.wfile.write(text)

        def log_message(self, *_words: object) -> None:
            """The calls are counted; nobody reads a log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield session_of(f"http://127.0.0.1:{server.server_port}"), calls
        finally:
            is_over.set()
            server.shutdown()


def test_a_function_is_waited_for_as_long_as_it_may_run_and_called_once() -> None:
    with a_lambda(lambda _: (200, {"revision": "0003"}, 1.1)) as (session, calls):
        assert invoke(session, "loans-dev-bootstrap", {}, slack_seconds=PATIENCE_SECONDS) == {"revision": "0003"}
    assert len(calls) == 1


def test_one_that_does_not_answer_is_not_called_again() -> None:
    with (
        a_lambda(lambda _: (200, {}, PATIENCE_SECONDS)) as (session, calls),
        pytest.raises(CommandError, match=r"loans-dev-bootstrap did not answer within 1 s; its log"),
    ):
        invoke(session, "loans-dev-bootstrap", {}, slack_seconds=0.1)
    assert len(calls) == 1


def test_one_that_is_at_work_for_somebody_else_is_waited_for() -> None:
    with a_lambda(lambda number: BUSY if number < 3 else (200, {"revision": "0003"}, 0)) as (session, calls):
        assert invoke(session, "loans-dev-bootstrap", {}, slack_seconds=PATIENCE_SECONDS) == {"revision": "0003"}
    assert len(calls) == 3


def test_one_that_never_has_time_is_given_up() -> None:
    with (
        a_lambda(lambda _: BUSY) as (session, calls),
        pytest.raises(CommandError, match=r"took no call for 1 s: .*TooManyRequestsException"),
    ):
        invoke(session, "loans-dev-bootstrap", {}, slack_seconds=0)
    assert len(calls) > 1


def test_what_a_function_refuses_is_its_sentence() -> None:
    with (
        a_lambda(lambda _: (200, {"error": "No such operation."}, 0)) as (session, _),
        pytest.raises(CommandError, match="refused: No such operation"),
    ):
        invoke(session, "loans-dev-administer", {})
