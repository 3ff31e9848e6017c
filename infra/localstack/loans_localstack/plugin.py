"""LocalStack's door to us.

`GATEWAY_SERVER=bound` has LocalStack's own server listen at the host that GATEWAY_LISTEN names. It takes the port alone
otherwise and listens on every network interface, where anybody could read the data, and create a function, which here
runs as the user who started the stack.

`LAMBDA_RUNTIME_EXECUTOR=process` chooses the executor. LocalStack makes an environment for every invocation that
finds no free one, so a storm of requests makes hundreds. Environments are cheap here, because the processes belong
to a pool per function version: when all of its processes are busy, an invocation waits for one.
"""

import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import Any

from localstack.runtime import hooks
from localstack.runtime.server.core import RuntimeServerPlugin
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class ProcessExecutorPlugin(RuntimeExecutorPlugin):  # type: ignore[misc]  # LocalStack lives in a venv of its own
    name = "process"

    def load(self, *_args: Any, **_kwargs: Any) -> Any:
        """The executor class; imported late, because LocalStack lists its plugins at every start."""
        from .executor import ProcessExecutor

        return ProcessExecutor


class BoundServerPlugin(RuntimeServerPlugin):  # type: ignore[misc]  # LocalStack lives in a venv of its own
    name = "bound"

    def load(self, *_args: Any, **_kwargs: Any) -> Any:
        """The server, imported late as well."""
        from localstack import config
        from localstack.runtime.server.twisted import TwistedRuntimeServer, endpoints

        host = config.GATEWAY_LISTEN[0].host
        endpoints.TCP4ServerEndpoint = partial(endpoints.TCP4ServerEndpoint, interface=host)
        return TwistedRuntimeServer()


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # LocalStack lives in a venv of its own
def keep_s3_files_apart() -> None:
    """Puts the files of S3 below this LocalStack's own folder for temporary files.

    LocalStack has one path for them on a whole machine: a second stack would remove the first one's buckets, and
    a second user could not write at all.
    """
    from localstack.services.s3 import provider

    provider.DEFAULT_S3_TMP_DIR = str(Path(tempfile.gettempdir()) / "s3")


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # LocalStack lives in a venv of its own
def compile_routes_one_at_a_time() -> None:
    """Lets one thread at a time turn an address into code, which werkzeug does when an API is first asked.

    A browser's first requests come several at once, and Python before 3.11.8 answers one of them with "AST constructor
    recursion depth mismatch" if two threads parse at the same time (python/cpython#106905).
    """
    from werkzeug.routing import Rule

    compile_rule, lock = Rule.compile, threading.Lock()

    def compile_alone(rule: Rule) -> None:
        with lock:
            compile_rule(rule)

    Rule.compile = compile_alone  # type: ignore[method-assign,assignment]
