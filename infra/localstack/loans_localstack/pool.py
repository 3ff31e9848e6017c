"""The processes of one function version: started when needed, reused, never more than a limit. Knows no LocalStack."""

import contextlib
import json
import threading
import time
import weakref
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .process import Process

# Lambda allows 10 s for the imports; a laptop that starts several processes at once needs more.
START_SECONDS = 60


@dataclass(frozen=True)
class Function:
    """What there is to know of a function version to run it. Its environment has what Lambda tells of it."""

    timeout_seconds: float
    code: Path
    environment: dict[str, str] = field(repr=False)
    python: Path
    log_file: Path


@dataclass(frozen=True)
class Invocation:
    request_id: str
    function_arn: str
    payload: str
    trace_id: str


@dataclass(frozen=True)
class Outcome:
    """The answer as JSON text, whether it is an error, and what the function wrote meanwhile."""

    payload: str
    is_error: bool
    log: str


class StartFailed(Exception):
    """The handler could not be imported. `payload` is the answer Lambda would give."""

    def __init__(self, payload: str) -> None:
        super().__init__(json.loads(payload).get("errorMessage", "The function did not start."))
        self.payload = payload


class Pool:
    """Runs invocations of one function version, at most `limit` at a time; the others wait.

    The processes end with the pool: when the last who has it lets it go, or at `close()` if nobody invokes it then.
    """

    def __init__(self, function: Function, limit: int) -> None:
        self.function = function
        self._free = threading.BoundedSemaphore(limit)
        # A deque needs no lock of ours. The last one in is the warmest.
        self._idle: deque[Process] = deque()
        self._warming = threading.Lock()
        self._warm = False
        self.close = weakref.finalize(self, _end, self._idle)

    def warm_up(self) -> None:
        """Starts the first process, once. Raises StartFailed."""
        with self._warming:
            if not self._warm:
                with self._free:
                    self._put_back(self._take())
                self._warm = True

    def invoke(self, invocation: Invocation) -> Outcome:
        """The handler's answer, or the error Lambda would report for a failure, a timeout or a dead process."""
        with self._free:
            try:
                process = self._take()
            except StartFailed as failure:
                return Outcome(failure.payload, is_error=True, log=f"{failure}\n")
            outcome = _run(process, self.function, invocation)
            self._put_back(process)
            return outcome

    def _take(self) -> Process:
        with contextlib.suppress(IndexError):
            while True:
                process = self._idle.pop()
                if process.is_alive():
                    return process
                process.kill()
        return _start(self.function)

    def _put_back(self, process: Process) -> None:
        if process.is_alive():
            self._idle.append(process)
        else:
            process.kill()


def _end(idle: "deque[Process]") -> None:
    while idle:
        idle.pop().kill()


def _start(function: Function) -> Process:
    process = Process(
        [str(function.python), "-I", str(Path(__file__).with_name("child.py"))],
        directory=function.code,
        environment=function.environment,
        log_file=function.log_file,
    )
    try:
        ready = json.loads(process.receive(time.monotonic() + START_SECONDS))
    except TimeoutError:
        process.kill()
        raise StartFailed(_error("Sandbox.Timedout", f"The imports took longer than {START_SECONDS} s.")) from None
    except EOFError:
        raise StartFailed(_exit_error(process, "init")) from None
    if "error" in ready:
        process.kill()
        raise StartFailed(ready["error"])
    return process


def _run(process: Process, function: Function, invocation: Invocation) -> Outcome:
    version, memory_mb = (function.environment[f"AWS_LAMBDA_FUNCTION_{name}"] for name in ("VERSION", "MEMORY_SIZE"))
    process.write_log(f"START RequestId: {invocation.request_id} Version: {version}\n")
    started = time.monotonic()
    try:
        # Both processes share one clock, so the moment can be told as such.
        request = {**asdict(invocation), "deadline": time.time() + function.timeout_seconds}
        process.send(json.dumps(request))
        answer = json.loads(process.receive(started + function.timeout_seconds))
    except TimeoutError:
        process.kill()
        sentence = f"Task timed out after {function.timeout_seconds:.2f} seconds"
        process.write_log(f"{invocation.request_id} {sentence}\n")
        failure = _error("Sandbox.Timedout", f"RequestId: {invocation.request_id} Error: {sentence}")
        answer = {"payload": failure, "is_error": True}
    except EOFError:
        answer = {"payload": _exit_error(process, invocation.request_id), "is_error": True}
    milliseconds = (time.monotonic() - started) * 1000
    process.write_log(
        f"END RequestId: {invocation.request_id}\n"
        f"REPORT RequestId: {invocation.request_id}\tDuration: {milliseconds:.2f} ms\t"
        f"Memory Size: {memory_mb} MB\tMax Memory Used: {process.peak_memory_mb()} MB\n"
    )
    return Outcome(answer["payload"], answer["is_error"], process.take_log())


def _exit_error(process: Process, request_id: str) -> str:
    how = process.how_it_ended()
    return _error("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {how}")


def _error(kind: str, sentence: str) -> str:
    return json.dumps({"errorType": kind, "errorMessage": sentence})
