"""Requests made up from the contract, on the deployed stack: nothing breaks, and every answer is as promised."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, Response
from schemathesis.core.result import Ok
from schemathesis.generation.stateful import run_state_machine_as_test
from schemathesis.schemas import APIOperation, BaseSchema

from chalicelib.postgres.database import Database, make_engine
from chalicelib.services import users
from chalicelib.services.users import WantedUser
from contract.conformance import Conformance
from tests.support import plain_http
from tests.support.people import PASSWORD, TEST
from tests.support.settings import settings_for
from tests.support.stack import Stack

pytestmark = pytest.mark.e2e

LENDING = [
    "register",
    "check_eligibility",
    "create_loan",
    "view_loan",
    "view_loans",
    "view_schedule",
    "view_application",
    "view_customer",
    "change_customer",
]

NUMBERS = count(1)

AnyCase = Case[Any]
AnyOperation = APIOperation[Any, Any, Any, Any]

# The same requests in every run; for more of them, and others, schemathesis has a command line.
BOUNDED = partial(
    settings,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


class Admin:
    """An admin who calls the API, and signs in again where a made-up request has ended the session."""

    def __init__(self, stack: Stack) -> None:
        self.base_url = stack.api_url.removesuffix("/api")
        self.document: dict[str, Any] = stack.get("/openapi.json").json()
        self._conformance = Conformance(self.document)
        self._database = Database(make_engine(settings_for(stack.file.database_url)))
        self._http = plain_http.new_session()
        self.statuses: dict[str, set[int]] = {}
        self.become_somebody_new()

    def become_somebody_new(self) -> None:
        """A new admin with a session, whatever became of the last one."""
        login = f"admin-{next(NUMBERS)}"
        users.create_user(self._database, TEST, WantedUser(login, "An admin", "admin", PASSWORD))
        signed_in = plain_http.post(f"{self.base_url}/api/sessions/", json={"login": login, "password": PASSWORD})
        self._http.headers["Authorization"] = f"Bearer {signed_in.json()['token']}"

    def call(self, case: AnyCase) -> Response:
        """The answer to a made-up request, after it was held to the contract."""
        answer = case.call(base_url=self.base_url, session=self._http)
        if answer.status_code == 401 and case.operation.definition.raw["operationId"] != "sign_in":
            self.become_somebody_new()
            answer = case.call(base_url=self.base_url, session=self._http)
        self.check(case, answer)
        return answer

    def check(self, case: AnyCase, answer: Response) -> None:
        """Fails where the answer is a server's error, or another than the contract promises."""
        assert answer.status_code < 500, f"{case.as_curl_command()}\n{answer.text}"
        path = case.operation.path
        headers = {name: values[0] for name, values in answer.headers.items()}
        faults = self._conformance.faults(case.method, path, answer.status_code, headers, answer.text)
        assert faults == [], case.as_curl_command()
        self.statuses.setdefault(f"{case.method} {path}", set()).add(answer.status_code)

    def close(self) -> None:
        self._http.close()
        self._database.engine.dispose()


@pytest.fixture
def admin(used_stack: Stack) -> Iterator[Admin]:
    admin = Admin(used_stack)
    yield admin
    admin.close()


def schema_of(admin: Admin) -> BaseSchema:
    # Without made-up credentials: they would only lead to one more 401.
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    return schemathesis.openapi.from_dict(admin.document, config=config)


def operations_of(admin: Admin) -> list[AnyOperation]:
    return [found.ok() for found in schema_of(admin).get_all_operations() if isinstance(found, Ok)]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_operation_answers_requests_of_any_making_as_the_contract_says(
    admin: Admin, mode: GenerationMode
) -> None:
    for operation in operations_of(admin):

        @BOUNDED(max_examples=8)
        @given(case=operation.as_strategy(generation_mode=mode))
        def answers_as_promised(case: AnyCase) -> None:
            admin.call(case)

        # What asks for nothing, or takes any text, cannot be asked wrongly.
        with suppress(*[Unsatisfiable] if mode is GenerationMode.NEGATIVE else []):
            answers_as_promised()
    assert len(admin.statuses) > 25


def test_requests_that_follow_the_links_of_answers_are_answered_as_the_contract_says(admin: Admin) -> None:
    # Begins with a registration; the lists would be begun with as often, and lead to the same places.
    chain = schema_of(admin).include(operation_id=LENDING)

    class Client(chain.as_state_machine()):  # type: ignore[misc]
        """Registers, asks, applies, and looks at what came of it."""

        def call(self, case: AnyCase, **_kwargs: Any) -> Response:
            # A chain is begun again and again, and a key that comes again answers otherwise.
            case.headers.pop("Idempotency-Key", None)
            return admin.call(case)

        def validate_response(self, response: Response, case: AnyCase, **_kwargs: Any) -> None:
            """It was held to the contract when it came."""

    run_state_machine_as_test(Client, settings=BOUNDED(max_examples=40, stateful_step_count=8))
    for reached in ("GET /api/view-loan/{loan_id}/", "GET /api/applications/{application_id}/"):
        assert 200 in admin.statuses[reached]
