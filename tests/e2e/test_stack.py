"""The stack itself: what is deployed, how it is seeded, and what it survives."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
import requests
from openpyxl import load_workbook

from chalicelib.storage import customers
from chalicelib.storage.paging import Cursor
from infra.local.portfolio import Counts, reading
from infra.terminal import CommandError
from tests.support import plain_http
from tests.support.patience import patiently
from tests.support.settings import DATA, PROJECT
from tests.support.stack import Stack, functions_of

pytestmark = pytest.mark.e2e

REAL_DATA = PROJECT.parent / "shared" / "data"
needs_real_data = pytest.mark.skipif(not REAL_DATA.exists(), reason="the real workbooks are not on this machine")


def check_eligibility(stack: Stack) -> requests.Response:
    """Asks for a customer that exists."""
    with reading(stack.file.database_url) as connection:
        (customer,) = customers.listed(connection, cursor=Cursor(1)).rows
    return post_check(stack, customer.customer_id)


def post_check(stack: Stack, customer_id: int | None) -> requests.Response:
    body = {"customer_id": customer_id, "loan_amount": 100000, "interest_rate": 12.5, "tenure": 24}
    return stack.post("/check-eligibility/", body)


def test_a_deployment_without_seeds_is_empty_and_answers(empty_stack: Stack) -> None:
    assert empty_stack.bootstrap()["seeded"] == []
    assert empty_stack.counts() == Counts(0, 0, 0, 0, 0)
    assert empty_stack.get("/view-loan/1/").status_code == 404


def test_an_empty_database_seeds_itself_and_a_populated_one_is_left_alone(empty_stack: Stack) -> None:
    imports = empty_stack.seed(DATA)
    assert [item.state for item in imports] == ["completed"] * 3
    seeded = empty_stack.counts()
    assert seeded.customers > 100
    assert seeded.loans > 1000
    assert seeded.waiting == 0
    again = empty_stack.bootstrap()
    assert again["populated"]
    assert again["seeded"] == []
    assert empty_stack.counts() == seeded


def test_a_schedule_comes_as_a_workbook_through_the_gateway_and_s3(used_stack: Stack) -> None:
    body = {"loan_amount": 100000, "interest_rate": 12.5, "tenure": 24}
    sent = plain_http.post(used_stack.api_url + "/schedule/?format=xlsx", json=body)
    assert [answer.status_code for answer in (*sent.history, sent)] == [303, 200]
    assert load_workbook(BytesIO(sent.content))["Schedule"]["A1"].value == "Preview"


@needs_real_data
def test_the_real_workbooks_in_the_wrong_order_and_twice_give_the_same_portfolio(empty_stack: Stack) -> None:
    loans, customers = REAL_DATA / "loan_data.xlsx", REAL_DATA / "customer_data.xlsx"
    for path in (loans, customers, loans, customers):
        assert empty_stack.wait_for_import(empty_stack.upload(path)).state == "completed"
    assert empty_stack.counts() == Counts(customers=300, loans=782, renumbered=29, waiting=0, rejected=0)


def test_a_file_that_is_no_workbook_ends_as_a_failed_import_and_is_not_tried_again(
    empty_stack: Stack, tmp_path: Path
) -> None:
    path = tmp_path / "letter.xlsx"
    path.write_text("Dear Sir or Madam")
    ended = empty_stack.wait_for_import(empty_stack.upload(path))
    assert ended.state == "failed"
    assert ended.message
    empty_stack.wait_until_idle()
    assert empty_stack.depths()["dead"] == 0


def test_a_name_with_spaces_and_accents_is_imported(empty_stack: Stack) -> None:
    (first, *_) = sorted(DATA.glob("*.xlsx"))
    uploaded = empty_stack.upload(first, "incoming/März + April (1).xlsx")
    assert empty_stack.wait_for_import(uploaded).state == "completed"


def test_without_a_database_the_answer_is_503_and_nothing_needs_a_restart_afterwards(
    used_stack: Stack,
) -> None:
    postgres = used_stack.native.postgres
    answered = check_eligibility(used_stack)
    assert answered.status_code == 200
    customer = answered.json()["customer_id"]
    postgres.stop("immediate")
    try:
        refused = post_check(used_stack, customer)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.json()["code"] == "database_unavailable"
        assert refused.json()["request_id"]
    finally:
        postgres.start()
    assert post_check(used_stack, customer).status_code == 200


def test_many_requests_at_once_are_all_answered(used_stack: Stack) -> None:
    with ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(lambda _: check_eligibility(used_stack), range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


def test_a_function_whose_process_is_killed_answers_the_next_request(used_stack: Stack) -> None:
    assert check_eligibility(used_stack).status_code == 200
    for process in functions_of(used_stack):
        process.kill()
    for _ in patiently("an answer from a new process"):
        if check_eligibility(used_stack).status_code == 200:
            break
    # The other functions lost their processes too, and the first call of each may be the one that finds out.
    for _ in patiently("the bootstrap in a new process"):
        with suppress(CommandError):
            used_stack.bootstrap()
            break


def test_the_steps_of_the_compose_deployer_run_on_servers_that_others_started(
    used_stack: Stack, tmp_path: Path
) -> None:
    endpoints = used_stack.native.endpoints()
    project = tmp_path / "project"
    project.mkdir()
    for name in ("app.py", "requirements.txt"):
        shutil.copy(PROJECT / name, project)
    for name in ("chalicelib", "infra", ".chalice"):
        shutil.copytree(PROJECT / name, project / name)
    done = subprocess.run(
        [
            sys.executable, "-m", "infra.local", "provision",
            "--aws-endpoint-url", endpoints.aws_endpoint_url,
            "--database-url", endpoints.database_url,
            "--public-endpoint", endpoints.public_endpoint,
            "--data", str(DATA),
        ],
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "left alone" in done.stdout
    assert (project / ".local" / "stack.json").exists()


def test_the_bootstrap_is_scheduled(stack: Stack) -> None:
    rules = stack.client("events").list_rules()["Rules"]
    assert [rule["ScheduleExpression"] for rule in rules] == ["rate(15 minutes)"]
