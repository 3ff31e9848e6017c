"""What the application does when a process starts with it."""

import json
import os
import subprocess
import sys

import pytest

from tests.support.settings import PROJECT


@pytest.mark.parametrize(
    ("variables", "starts"),
    [
        ({"STAGE": "local", "API_AUTH": "open"}, True),
        ({"STAGE": "prod"}, True),
        ({"STAGE": "prod", "API_AUTH": "open"}, False),
        ({"API_AUTH": "open"}, False),
        ({"STAGE": "prod", "CORS_ORIGINS": "*"}, False),
    ],
)
def test_a_process_whose_doors_stand_open_by_mistake_does_not_start(variables: dict[str, str], starts: bool) -> None:
    """Nothing else is set, as while the application is packaged."""
    environ = {"PATH": os.environ["PATH"], **variables}
    ended = subprocess.run(
        [sys.executable, "-c", "import app"], cwd=PROJECT, env=environ, capture_output=True, text=True
    )
    assert (ended.returncode == 0) is starts, ended.stderr
    assert starts or "ConfigurationError: " in ended.stderr


def test_the_application_starts_without_the_password_hasher() -> None:
    program = "import sys, app; print([name for name in ('argon2', 'cffi', '_cffi_backend') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_function_starts_with_the_five_endpoints_and_answers_everything_else_when_asked() -> None:
    """Each request finds the application as the one before left it, in one process."""
    program = """
import json, sys
from app import app
from chalicelib.api.routes import LATER

class Context:
    aws_request_id = "1"

def asked(method, resource):
    context = {"resourcePath": resource, "httpMethod": method, "requestId": "1", "identity": {}}
    event = {"requestContext": context, "headers": {}, "multiValueHeaders": {}, "multiValueQueryStringParameters": None,
             "pathParameters": {"proxy": "nowhere"}, "stageVariables": None, "body": None, "isBase64Encoded": False}
    return app(event, Context())["statusCode"]

def later():
    return [name for name in LATER if f"chalicelib.api.{name}" in sys.modules]

found = [later(), asked("POST", "/api/register"), later(), asked("GET", "/api/register")]
found += [asked("GET", "/api/openapi.json"), asked("GET", "/{proxy+}"), asked("GET", "/console")]
found.append(set(later()) == set(LATER))
print(json.dumps(found), file=sys.stderr)
"""
    environ = {"PATH": os.environ["PATH"], "STAGE": "prod", "AWS_LAMBDA_FUNCTION_NAME": "loans"}
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # Without a setting, what needs one fails, and what is for everybody is answered.
    assert json.loads(done.stderr.splitlines()[-1]) == [[], 500, [], 405, 200, 404, 500, True]


def test_a_function_that_could_not_be_completed_tries_again_with_the_next_request() -> None:
    """Another thing fails each time: an import, and the registration of each part."""
    program = """
import sys
from app import app
from chalicelib.handlers import functions

def completed():
    try:
        app.complete()
    except (ImportError, MemoryError):
        return False
    return True

def failing(blueprint):
    if len(tried) < 4 and blueprint not in tried:
        tried.append(blueprint)
        raise MemoryError
    register(blueprint)

missing = "chalicelib.api.users", "chalicelib.console.frame.routes"
for name in missing:
    sys.modules[name] = None
    assert not completed(), name
    del sys.modules[name]
tried, register = [], app.register_blueprint
app.register_blueprint = failing
assert [completed() for _ in range(4)] == [False, False, False, True], tried
assert {"GET", "POST", "PUT"} <= set(app.routes["/api/users"]), app.routes["/api/users"]
assert "/{proxy+}" in app.routes and "/console" in app.routes
assert "bootstrap" in [each.name for each in app.pure_lambda_functions]
"""
    environ = {"PATH": os.environ["PATH"], "STAGE": "prod", "AWS_LAMBDA_FUNCTION_NAME": "loans"}
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_pdfs_are_made_without_pillow_which_the_package_does_not_have() -> None:
    program = """
import sys
sys.modules["PIL"] = None
from chalicelib.paper.pictures import do_without_pictures
do_without_pictures()
# Each PDF of a container asks for it.
do_without_pictures()
from chalicelib.paper.parts import Paper, Words
from chalicelib.paper.pdf import pdf_of
from chalicelib.rules.lender import Lender
print(pdf_of(Paper("Letter", "1", "today", Lender(), ["राजेश"], [Words("Dear")], "letter"))[:5])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("b'%PDF-'", "")
