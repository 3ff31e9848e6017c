"""LocalStack's `RuntimeExecutor`, in terms of a pool of processes."""

import os
import threading
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from localstack import config
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from .pool import Function, Invocation, Pool, StartFailed

# What the launcher sets: the interpreter that stands in for Lambda's, and where the functions' output goes.
PYTHON = "LAMBDA_PROCESS_PYTHON"
LOGS = "LAMBDA_PROCESS_LOGS"
LIMIT = "LAMBDA_PROCESS_LIMIT"


class ProcessExecutor(RuntimeExecutor):  # type: ignore[misc]  # LocalStack lives in a venv of its own
    """One of LocalStack's execution environments; shares the pool of its function version with the others."""

    # A pool that the last environment has left is gone, and its processes with it.
    _pools: ClassVar[WeakValueDictionary[str, Pool]] = WeakValueDictionary()
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002 - LocalStack's name
        super().__init__(id, function_version)
        self._pool: Pool | None = None

    def start(self, env_vars: dict[str, str]) -> None:
        """Joins the pool, whose first process proves that the handler can be imported."""
        key = f"{self.function_version.qualified_arn}@{self.function_version.config.internal_revision}"
        # More processes than this only share the cores; each also holds a connection to the database.
        limit = int(os.environ.get(LIMIT) or max(4, 2 * (os.cpu_count() or 2)))
        with self._lock:
            pool = self._pools.get(key) or Pool(_function(self.function_version, env_vars), limit)
            self._pools[key] = self._pool = pool
        try:
            pool.warm_up()
        except StartFailed as failure:
            raise StatusErrorException(str(failure), payload=failure.payload.encode()) from failure

    def stop(self) -> None:
        """Leaves the pool."""
        self._pool = None

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Runs the handler in a free process and waits for its answer."""
        if self._pool is None:
            raise RuntimeError(f"The environment {self.id} was stopped before it was invoked.")
        told = (payload[name] for name in ("invoke-id", "invoked-function-arn", "payload", "trace-id"))
        outcome = self._pool.invoke(Invocation(*told))
        number, answer = payload["invoke-id"], outcome.payload.encode()
        return InvocationResult(request_id=number, payload=answer, is_error=outcome.is_error, logs=outcome.log)

    def get_logs(self) -> str:
        """Nothing for LocalStack's own log: what functions print is in files of theirs."""
        return ""

    def get_address(self) -> str:
        return "127.0.0.1"

    get_endpoint_from_executor = get_address

    def get_runtime_endpoint(self) -> str:
        # Lambda's own runtime would call LocalStack here; our processes answer over their pipes.
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}/_localstack_lambda/{self.id}"

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Nothing to undo: LocalStack stops the environments itself, and with the last one goes the pool."""

    @classmethod
    def validate_environment(cls) -> bool:
        return Path(os.environ.get(PYTHON, "")).is_file()


def _function(version: FunctionVersion, env_vars: dict[str, Any]) -> Function:
    settings = version.config
    code = settings.code.get_unzipped_code_location()
    environment = {name: str(value) for name, value in env_vars.items()}
    return Function(
        timeout_seconds=settings.timeout,
        code=code,
        environment=environment | {"LAMBDA_TASK_ROOT": str(code)},
        python=Path(os.environ[PYTHON]),
        log_file=Path(os.environ[LOGS]) / f"lambda-{version.id.function_name}.log",
    )
