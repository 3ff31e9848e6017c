"""The processes in which LocalStack runs our functions, driven as LocalStack drives them."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.localstack.loans_localstack.pool import Function, Invocation, Outcome, Pool, StartFailed
from tests.support.patience import wait_until

PROJECT = Path(__file__).parent.parent.parent

HANDLERS = """
    import os, sys, time

    def echo(event, context):
        return event

    def pid(event, context):
        time.sleep(event)
        return os.getpid()

    def meet(event, context):
        open(f"here-{os.getpid()}", "w").close()
        while len([name for name in os.listdir() if name.startswith("here-")]) < event:
            time.sleep(0.01)
        return os.getpid()

    def about(event, context):
        names = ("aws_request_id", "function_name", "function_version", "memory_limit_in_mb",
                 "invoked_function_arn", "log_group_name", "log_stream_name")
        answer = {name: getattr(context, name) for name in names}
        time.sleep(0.05)
        return answer | {"remaining": context.get_remaining_time_in_millis(), "cwd": os.getcwd()}

    def environment(event, context):
        return dict(os.environ)

    def chatter(event, context):
        print("said to standard output")
        print("said to standard error", file=sys.stderr)
        os.write(1, b'{"payload": "forged", "is_error": false}\\n')
        return "answer"

    def fail(event, context):
        raise LookupError("no such thing")

    def odd(event, context):
        return {1, 2}

    def vanish(event, context):
        if event == "leave":
            os._exit(3)
        if event == "exit":
            sys.exit(4)
        os.kill(os.getpid(), 9)
"""


@pytest.fixture
def make_pool(tmp_path: Path) -> Iterator[Callable[..., Pool]]:
    (tmp_path / "handlers.py").write_text(textwrap.dedent(HANDLERS))
    (tmp_path / "broken.py").write_text("import nothing_of_this_name")
    pools: list[Pool] = []

    def make(handler: str, limit: int = 2, **changes: Any) -> Pool:
        pools.append(Pool(replace(function(tmp_path, handler), **changes), limit))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def function(code: Path, handler: str) -> Function:
    return Function(
        timeout_seconds=600,
        code=code,
        environment={
            "_HANDLER": handler,
            "AWS_LAMBDA_FUNCTION_NAME": "sums",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/sums",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        },
        python=Path(sys.executable),
        log_file=code / "lambda-sums.log",
    )


def invoke(pool: Pool, event: Any = None) -> Outcome:
    return pool.invoke(Invocation("request-1", "arn:sums", json.dumps(event), "Root=1"))


def answer(pool: Pool, event: Any = None) -> Any:
    outcome = invoke(pool, event)
    assert not outcome.is_error, outcome.payload
    return json.loads(outcome.payload)


def error(pool: Pool, event: Any = None) -> dict[str, Any]:
    outcome = invoke(pool, event)
    assert outcome.is_error
    found: dict[str, Any] = json.loads(outcome.payload)
    return found


def test_the_answer_of_the_handler_is_the_answer(make_pool: Callable[..., Pool]) -> None:
    assert answer(make_pool("handlers.echo"), {"a": ["ü", None, 1.5]}) == {"a": ["ü", None, 1.5]}


def test_events_and_answers_of_several_megabytes_pass(make_pool: Callable[..., Pool]) -> None:
    big = "x" * 5_000_000
    assert answer(make_pool("handlers.echo"), big) == big


def test_a_process_serves_one_invocation_after_the_other(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool("handlers.pid")
    assert len({answer(pool, 0) for _ in range(5)}) == 1


def test_invocations_at_once_have_a_process_each(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool("handlers.meet", limit=3)
    with ThreadPoolExecutor(3) as threads:
        assert len(set(threads.map(lambda _: answer(pool, 3), range(3)))) == 3


def test_invocations_above_the_limit_wait(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool("handlers.pid", limit=2)
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(lambda _: answer(pool, 0.05), range(8)))) <= 2


def test_the_context_has_what_lambda_promises(make_pool: Callable[..., Pool], tmp_path: Path) -> None:
    about = answer(make_pool("handlers.about"))
    assert 0 < about.pop("remaining") < 600_000
    assert Path(about.pop("cwd")).samefile(tmp_path)
    assert about == {
        "aws_request_id": "request-1",
        "function_name": "sums",
        "function_version": "$LATEST",
        "memory_limit_in_mb": "128",
        "invoked_function_arn": "arn:sums",
        "log_group_name": "/aws/lambda/sums",
        "log_stream_name": "stream",
    }


def test_the_function_sees_its_own_environment_only(
    make_pool: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OF_THE_PARENT", "1")
    seen = answer(make_pool("handlers.environment"))
    own = function(tmp_path, "handlers.environment").environment
    assert seen.keys() - own.keys() - {"LC_CTYPE"} == {"PATH", "LANG", "_X_AMZN_TRACE_ID"}


def test_what_a_function_prints_is_logged_and_is_no_answer(make_pool: Callable[..., Pool], tmp_path: Path) -> None:
    outcome = invoke(make_pool("handlers.chatter"))
    assert json.loads(outcome.payload) == "answer"
    for line in ("said to standard output", "said to standard error", "START RequestId: request-1", "END", "REPORT"):
        assert line in outcome.log
        assert line in (tmp_path / "lambda-sums.log").read_text()


def test_an_exception_is_told_as_lambda_tells_it(make_pool: Callable[..., Pool]) -> None:
    found = error(make_pool("handlers.fail"))
    assert found["errorType"] == "LookupError"
    assert found["errorMessage"] == "no such thing"
    assert "in fail" in found["stackTrace"][-1]


def test_an_answer_that_is_no_json_is_an_error(make_pool: Callable[..., Pool]) -> None:
    assert error(make_pool("handlers.odd"))["errorType"] == "Runtime.MarshalError"


@pytest.mark.parametrize(
    ("how", "words"), [("leave", "exit status 3"), ("exit", "exit status 4"), ("kill", "signal: killed")]
)
def test_a_process_that_dies_is_an_error_and_the_next_invocation_has_a_new_one(
    make_pool: Callable[..., Pool], how: str, words: str
) -> None:
    pool = make_pool("handlers.vanish")
    for _ in range(2):
        found = error(pool, how)
        assert found["errorType"] == "Runtime.ExitError"
        assert words in found["errorMessage"]


def test_a_process_killed_between_invocations_is_replaced_unnoticed(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool("handlers.pid")
    first = answer(pool, 0)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: is_gone(first), "the end of the process")
    assert answer(pool, 0) != first


def test_an_invocation_that_takes_too_long_is_ended(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool("handlers.pid", timeout_seconds=0.5)
    found = error(pool, 30)
    assert found["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 0.50 seconds" in found["errorMessage"]
    # On a busy machine a new process, too, may take longer than that for its first answer.
    wait_until(lambda: not invoke(pool, 0).is_error, "an answer from a new process")


def test_a_handler_that_cannot_be_imported_says_so_at_the_start(make_pool: Callable[..., Pool]) -> None:
    with pytest.raises(StartFailed, match="nothing_of_this_name") as raised:
        make_pool("broken.handler").warm_up()
    assert json.loads(raised.value.payload)["errorType"] == "Runtime.ImportModuleError"
    with pytest.raises(StartFailed, match=r"handlers\.nobody"):
        make_pool("handlers.nobody").warm_up()


def test_a_closed_pool_leaves_no_process(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool("handlers.pid")
    process = answer(pool, 0)
    pool.close()
    wait_until(lambda: is_gone(process), "the end of the process")


PARENT = """
    import sys, threading
    from tests.slow.test_local_executor import Path, Pool, answer, function, invoke

    pool = Pool(function(Path(sys.argv[1]), "handlers.pid"), 2)
    print(answer(pool, 0), flush=True)
    invoke(pool, 60)
"""


@pytest.mark.usefixtures("make_pool")
def test_processes_end_with_a_parent_that_is_killed_even_in_the_middle_of_an_invocation(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.2)
        parent.kill()
    wait_until(lambda: is_gone(child), "the end of the child")


def is_gone(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        # A zombie can be collected only when the last of its threads has gone.
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    except psutil.NoSuchProcess:
        return True
