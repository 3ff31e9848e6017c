#!/usr/bin/python3.11
"""The first process of a function's container, in place of LocalStack's lambda-runtime-init: its protocol with it.

The handler runs in a process as it does without Docker, but as a user who may write to /tmp only, as on AWS.
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

sys.path.insert(0, "/var/rapid")
from infra.localstack.loans_localstack.pool import Function, Invocation, Pool, StartFailed

PORT = 9563
USER, GROUP = 993, 990
TEMPORARY = "/tmp"  # noqa: S108 - the one folder that a function may write to
LOCALSTACK = os.environ["LOCALSTACK_RUNTIME_ENDPOINT"]
STATUS = f"/status/{os.environ['LOCALSTACK_RUNTIME_ID']}"
OPENER = build_opener(ProxyHandler({}))


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    become_somebody()
    pool = Pool(function(), limit=1)
    try:
        pool.warm_up()
    except StartFailed as failure:
        tell(f"{STATUS}/error", failure.payload)
        sys.exit(1)
    server = ThreadingHTTPServer(("", PORT), handler_for(pool))
    tell(f"{STATUS}/ready", "{}")
    server.serve_forever()


def become_somebody() -> None:
    for path in json.loads(os.environ["LOCALSTACK_CHMOD_PATHS"]):
        Path(path["path"]).chmod(int(path["mode"], 8))
    os.chown(TEMPORARY, USER, GROUP)
    os.setgroups([])
    os.setgid(GROUP)
    os.setuid(USER)


def function() -> Function:
    seen = {name: value for name, value in os.environ.items() if not name.startswith("LOCALSTACK_")}
    return Function(
        timeout_seconds=float(seen["AWS_LAMBDA_FUNCTION_TIMEOUT"]),
        code=Path("/var/task"),
        environment=seen | {"HOME": TEMPORARY, "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11"},
        python=Path("/usr/bin/python3.11"),
        log_file=Path("/dev/null"),
    )


def handler_for(pool: Pool) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.wfile.flush()
            run(pool, request)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def run(pool: Pool, request: dict[str, str]) -> None:
    number = request["invoke-id"]
    called = Invocation(number, request["invoked-function-arn"], request["payload"], request.get("trace-id", ""))
    outcome = pool.invoke(called)
    print(outcome.log, end="", flush=True)
    tell(f"/invocations/{number}/logs", json.dumps({"logs": outcome.log}))
    tell(f"/invocations/{number}/{'error' if outcome.is_error else 'response'}", outcome.payload)


def tell(path: str, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    request = Request(LOCALSTACK + path, body.encode(), headers)  # noqa: S310 - LocalStack's own address
    OPENER.open(request).close()


if __name__ == "__main__":
    main()
