"""What `bench/beside.py` runs with the Python of the other service: its application, asked over a pipe.

Needs Django and what the checkout requires, and nothing of ours. The first line that it reads is the configuration;
each line after that is a request, and is answered by a line with the seconds, the status and the body.
"""

import importlib
import io
import json
import os
import sys
import time
from typing import Any


def configured(folder: str, settings_module: str, database: dict[str, Any]) -> Any:
    """The application of the checkout, on a database of the bench and without the limits of its throttles."""
    sys.path.insert(0, folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    settings = importlib.import_module("django.conf").settings
    settings.DATABASES["default"].update(database)
    rest = getattr(settings, "REST_FRAMEWORK", {})
    rest["DEFAULT_THROTTLE_RATES"] = dict.fromkeys(rest.get("DEFAULT_THROTTLE_RATES", {}))
    return importlib.import_module("django.core.wsgi").get_wsgi_application()


def path_of(name: str, argument: str) -> str:
    """Where the checkout serves an endpoint: with or without `api` in front and a slash at the end."""
    urls = importlib.import_module("django.urls")
    wanted = [f"{front}{name}{argument}{end}" for front in ("/api/", "/") for end in ("/", "")]
    for path in wanted:
        try:
            urls.resolve(path)
        except urls.Resolver404:
            continue
        return path
    raise SystemExit(f"The service has no endpoint at one of {', '.join(wanted)}.")


def asked(application: Any, method: str, path: str, body: Any) -> dict[str, Any]:
    """What a request takes, from its WSGI environment to the last byte, and what it is answered."""
    data = b"" if body is None else json.dumps(body).encode()
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": "", "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(data)), "HTTP_ACCEPT": "application/json", "HTTP_HOST": "localhost",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(data), "wsgi.errors": sys.stderr,
        "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip
    said: list[str] = []
    began = time.perf_counter()
    response = application(environ, lambda status, _: said.append(status))
    content = b"".join(response)
    response.close()
    taken = time.perf_counter() - began
    return {"seconds": taken, "status": int(said[0].split()[0]), "body": content.decode()}


def main() -> None:
    """Answers requests until nobody asks any more."""
    answers, sys.stdout = sys.stdout, sys.stderr
    application = configured(**json.loads(sys.stdin.readline()))
    importlib.import_module("django.core.management").call_command("migrate", verbosity=0, interactive=False)
    paths: dict[tuple[str, str], str] = {}
    for line in sys.stdin:
        method, name, argument, body = json.loads(line)
        key = (name, argument)
        if key not in paths:
            paths[key] = path_of(name, f"/{argument}" if argument else "")
        answers.write(json.dumps(asked(application, method, paths[key], body)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
