"""Clients that are generated from the contract: made without a warning, small, and good for calling a running stack."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.api.contract import PUBLISHED
from tests.support import debian
from tests.support.stack import Stack

pytestmark = pytest.mark.e2e

# A class for each object and each list of words; copies of the envelope would be hundreds.
MOST_MODELS = 150


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the package that openapi-python-client makes of the contract."""
    folder = tmp_path_factory.mktemp("client") / "loans"
    program = Path(sys.executable).with_name("openapi-python-client")
    done = subprocess.run(
        [program, "generate", "--path", PUBLISHED / "openapi.json", "--output-path", folder, "--fail-on-warning"],
        # It has its result formatted by ruff, which lies beside it.
        env=os.environ | {"PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "arning" not in done.stdout + done.stderr
    return folder


@pytest.fixture
def client(generated: Path, empty_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The package, with a client of the stack as `here`."""
    monkeypatch.syspath_prepend(generated)
    (package,) = (each.parent.name for each in generated.glob("*/client.py"))

    def module(name: str) -> Any:
        return importlib.import_module(f"{package}.{name}")

    # The addresses in the contract begin with /api.
    here = module("client").Client(base_url=empty_stack.api_url.removesuffix("/api"))
    with here:
        yield SimpleNamespace(module=module, here=here, models=module("models"))


def test_a_python_client_has_a_class_for_each_model_and_no_copies(generated: Path) -> None:
    assert 50 < len(list(generated.glob("*/models/*.py"))) <= MOST_MODELS


def test_a_python_client_registers_asks_borrows_and_reads(client: Any) -> None:
    def call(where: str, **more: Any) -> Any:
        return client.module(f"api.{where}").sync(client=client.here, **more)

    models = client.models
    person = models.RegisterBody(
        first_name="Asha", last_name="Rao", age=33, monthly_income=50000, phone_number="9812345678"
    )
    customer = call("decisions.register", body=person)
    assert (customer.name, customer.approved_limit) == ("Asha Rao", 1_800_000)
    wish = {"customer_id": customer.customer_id, "loan_amount": 120030, "interest_rate": 18, "tenure": 12}
    assert call("decisions.check_eligibility", body=models.CheckEligibilityBody(**wish)).approval
    loan = call("decisions.create_loan", body=models.CreateLoanBody(**wish))
    assert loan.loan_approved
    assert call("loans.view_loan", loan_id=loan.loan_id).monthly_installment == loan.monthly_installment
    assert [each.loan_id for each in call("loans.view_loans", customer_id=customer.customer_id)] == [loan.loan_id]


def test_a_python_client_is_told_of_errors_by_one_class(client: Any) -> None:
    models = client.models
    for where, more in (("loans.view_loan", {"loan_id": 4711}), ("customers.view_customer", {"customer_id": 4711})):
        error = client.module(f"api.{where}").sync(client=client.here, **more)
        assert isinstance(error, models.Error)
        assert error.code in (models.ErrorCode.LOAN_NOT_FOUND, models.ErrorCode.CUSTOMER_NOT_FOUND)


TYPESCRIPT = Path(__file__).with_name("typescript")
STRICT = ("--strict", "--noUncheckedIndexedAccess", "--target", "es2022", "--module", "nodenext", "--skipLibCheck")


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what is locked for TypeScript, and the types that openapi-typescript makes of the contract."""
    said = debian.install("npm", lambda: shutil.which("npm"))
    if not shutil.which("npm"):
        pytest.skip(f"npm is not there, and could not be installed. {said}")
    folder = tmp_path_factory.mktemp("typescript") / "client"
    shutil.copytree(TYPESCRIPT, folder)
    run(folder, "npm", "ci", "--no-audit", "--no-fund")
    said = run(folder, "npx", "openapi-typescript", str(PUBLISHED / "openapi.json"), "-o", "schema.d.ts")
    assert "warn" not in said.lower()
    return folder


def test_a_typescript_client_is_strictly_typed_and_lends(node: Path, empty_stack: Stack) -> None:
    run(node, "npx", "tsc", *STRICT, "calls.ts")
    told = json.loads(run(node, "node", "calls.js", empty_stack.api_url.removesuffix("/api")))
    expected = {"limit": 1_800_000, "approval": True, "approved": True, "loans": [True], "code": "customer_not_found"}
    assert told == expected
