"""S3 and SQS as far as an import needs them, over HTTP, and able to fail: an error, a silence, a broken answer."""

import hashlib
import json
import random
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

# Longer than the workers are willing to wait.
SILENCE_SECONDS = 1.5


class Storage:
    """Objects by their version; what is sent to the queue becomes a file in `queue`."""

    def __init__(self, queue: Path) -> None:
        self._queue = queue
        self._objects: dict[str, bytes] = {}
        self.failing_share = 0.0
        self.failures = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"storage": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, content: bytes) -> str:
        """Keeps a new version of an object, and returns its id."""
        version = uuid4().hex
        self._objects[version] = content
        return version

    def get(self, version: str) -> bytes:
        return self._objects[version]

    def send(self, message: str) -> None:
        """Puts a message into the queue, whole at once."""
        file = self._queue.parent / f"{uuid4().hex}.json"
        file.write_text(message)
        file.rename(self._queue / file.name)

    def failure(self) -> str | None:
        """How this request fails, if it does."""
        if random.random() >= self.failing_share:
            return None
        self.failures += 1
        return random.choice(("error", "silence", "broken"))


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    storage: ClassVar[Storage]

    def do_GET(self) -> None:
        version = parse_qs(urlsplit(self.path).query)["versionId"][0]
        self._answer(self.storage.get(version))

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"")

    def do_POST(self) -> None:
        """SQS: SendMessage is all that is asked for."""
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["MessageBody"]
        digest = hashlib.md5(message.encode(), usedforsecurity=False).hexdigest()
        answer = json.dumps({"MessageId": uuid4().hex, "MD5OfMessageBody": digest}).encode()
        if self._answer(answer):
            self.storage.send(message)

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _answer(self, body: bytes) -> bool:
        """Whether it went well."""
        failure = self.storage.failure()
        if failure == "silence":
            time.sleep(SILENCE_SECONDS)
        self.close_connection = failure is not None
        self.send_response(503 if failure == "error" else 200)
        self.send_header("ETag", '"etag"')
        self.send_header("Last-Modified", "Mon, 23 Nov 2026 10:00:00 GMT")
        self.send_header("Content-Length", str(len(body) + (failure == "broken")))
        with suppress(OSError):
            # Whoever lost patience is gone.
            self.end_headers()
            self.wfile.write(body)
        return failure is None
