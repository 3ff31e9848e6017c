"""The API in this process, called as Lambda calls it: a full API Gateway event in, a response out."""

import io
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from bench.measuring import STATEMENT_TIMEOUT_MS
from bench.noise import parts_of, spread

# What a browser and API Gateway send along; parsing it is part of a request.
HEADERS = {
    "accept": "application/json",
    "accept-encoding": "gzip, deflate, br",
    "content-type": "application/json",
    "host": "localhost",
    "user-agent": "bench",
    "x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678",
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https",
}


@dataclass(frozen=True)
class Call:
    """A request to measure, ready as an event."""

    name: str
    event: dict[str, Any]
    status: int = 200


class Service:
    """The application of one container."""

    def __init__(self) -> None:
        from chalice.local import LambdaEventConverter, RouteMatcher

        from app import app

        self._app = app
        self._matcher = RouteMatcher(list(app.routes))
        self._converter = LambdaEventConverter(self._matcher)

    def call(
        self,
        name: str,
        method: str,
        path: str,
        body: object = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Call:
        """A request that is to be answered with `status`."""
        data = None if body is None else json.dumps(body).encode()
        event = self._converter.create_lambda_event(method, path, HEADERS | dict(headers or {}), data)
        return Call(name, {**event, "body": data.decode() if data else None, "isBase64Encoded": False}, status)

    def page(self, token: str, path: str) -> Call:
        """A page of the console, as somebody who is signed in reads it."""
        headers = {"accept": "text/html", "cookie": f"loans-session={token}"}
        return self.call(path, "GET", f"/console/{path}", headers=headers)

    def serves(self, method: str, path: str) -> bool:
        """Whether there is an endpoint for such a request."""
        try:
            matched = self._matcher.match_route(path)
        except ValueError:
            return False
        return method in self._app.routes[matched.route]

    def seconds(self, call: Call) -> float:
        """What one request takes, from event to response."""
        return self._answered(call)[0]

    def answer(self, call: Call) -> Any:
        """The body of the response, as JSON."""
        return self.ask(call)[1]

    def ask(self, call: Call) -> tuple[float, Any]:
        """What one request takes, and the body of the response, as JSON."""
        seconds, body = self._answered(call)
        return seconds, json.loads(body)

    def size(self, call: Call) -> int:
        """How many bytes the body of the response has."""
        return len(self._answered(call)[1])

    def _answered(self, call: Call) -> tuple[float, bytes]:
        event = {**call.event, "requestContext": {**call.event["requestContext"], "requestId": "bench"}}
        began = time.perf_counter()
        response = self._app(event, _Context())
        taken = time.perf_counter() - began
        assert response["statusCode"] == call.status, response
        return taken, response["body"].encode()


@dataclass(frozen=True)
class _Context:
    aws_request_id: str = "bench"


@contextmanager
def service(database_url: str, **environ: str) -> Iterator[Service]:
    """A container on a database, with nothing left of the one before; what it logs goes nowhere."""
    from chalicelib import runtime

    wanted = {
        "STAGE": "local",
        "API_AUTH": "open",
        "DATABASE_URL": database_url,
        "IMPORT_BUCKET": "bench",
        "IMPORT_QUEUE_URL": "bench",
        "STATEMENT_TIMEOUT_MS": STATEMENT_TIMEOUT_MS,
        **environ,
    }
    os.environ.update(wanted)
    for builder in (runtime.settings, runtime.database, runtime.gate):
        builder.cache_clear()
    with redirect_stdout(io.StringIO()):
        yield Service()
    runtime.database().engine.dispose()


@dataclass(frozen=True)
class Times:
    """Of one thing measured often, in milliseconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Times":
        return cls(median(seconds) * 1000, quantiles(seconds, n=100)[98] * 1000)


@dataclass(frozen=True)
class Compared:
    """Several things measured in turns: their times, how many times as long as the reference they took, and how far
    the reference strayed meanwhile (bench/noise.py).
    """

    times: Mapping[str, Times]
    ratios: Mapping[str, float]
    noise: float


def compared(measured: Mapping[str, Callable[[], float]], rounds: int, reference: str) -> Compared:
    """As `interleaved`, beside one of them. Each part of the run has a ratio of its own: a slow minute slows both."""
    found = _in_turns(measured, rounds)
    floors = parts_of(found[reference])
    ratios = {
        name: median(part / floor for part, floor in zip(parts_of(seconds), floors, strict=True))
        for name, seconds in found.items()
    }
    return Compared({name: Times.of(seconds) for name, seconds in found.items()}, ratios, spread(found[reference]))


def interleaved(measured: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Times]:
    """Calls each of the functions once a round, so that what disturbs one of them disturbs all."""
    return {name: Times.of(seconds) for name, seconds in _in_turns(measured, rounds).items()}


def _in_turns(measured: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in measured}
    for at in range(rounds + rounds // 10):
        for name, once in measured.items():
            taken = once()
            # The first tenth warms up: connections, compiled statements, Python's own caches.
            if at >= rounds // 10:
                found[name].append(taken)
    return found
