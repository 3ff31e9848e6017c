"""The same questions to a stack with Docker and to one without, whose answers must be the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import NullPool, create_engine, text

from chalicelib.rules.importing import ImportState
from chalicelib.storage import customer_list
from chalicelib.storage.listing import Place
from infra.local.portfolio import Counts, count, imports_of, reading
from infra.session import session_of
from tests.support import plain_http
from tests.support.patience import patiently
from tests.support.settings import DATA
from tests.support.stack import stack_of_its_own
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, Rows, customer, loan, workbook

BUCKET = "loans-local-workbooks-000000000000"
BUSINESS = ZoneInfo("Asia/Kolkata")
# A locale of a language puts them into another order than their letters' codes do.
NAMES = (
    "de Souza",
    "Zaveri",
    "Ánand",
    "Anand",
    "anand",
    "D'Costa",
    "Dcosta",
    "ÉCLAIR",
    "éclair",
    "Élan",
    "अनिल",
    "Øster",
)
# Every so many customers are asked for, and one who is not there; all of them would take minutes.
STEP = 32
# The second before midnight at the lender's place, and midnight. Told without a zone, so the server's own counts.
BEFORE_MIDNIGHT, MIDNIGHT = "2026-03-31 18:29:59", "2026-03-31 18:30:00"


@dataclass(frozen=True)
class Service:
    """A stack as its clients see it: its API, AWS and its database."""

    api: str
    aws: str
    database_url: str

    def get(self, path: str) -> Any:
        """Status and body of a GET."""
        return _told(plain_http.get(self.api + path))

    def post(self, path: str, body: object) -> Any:
        """Status and body of a POST of JSON."""
        return _told(plain_http.post(self.api + path, json=body))

    def counts(self) -> Counts:
        with reading(self.database_url) as connection:
            return count(connection)

    def take_in(self, name: str, sheets: Mapping[str, Rows]) -> None:
        """Puts a workbook into the bucket, and returns when it was imported."""
        key = f"incoming/{name}.xlsx"
        put = session_of(self.aws).client("s3").put_object(Bucket=BUCKET, Key=key, Body=workbook(sheets))
        for _ in patiently(f"the import of {key}"):
            with reading(self.database_url) as connection:
                found = imports_of(connection, [(key, put["VersionId"])])
            if found and found[0].state != ImportState.RUNNING:
                assert found[0].state == ImportState.COMPLETED, found[0].message
                return


def require_the_same(service: Service) -> None:
    """Fails unless a new stack with Docker answers as one without it does, on the same day of the lender's."""
    today = business_day()
    with_docker = answers(service, today)
    without = _without_docker(today)
    # Past midnight other loans are current.
    if business_day() == today:
        assert with_docker == without
    # Failing alike is not enough.
    assert {told["status"] for told in with_docker.values() if isinstance(told, dict)} == {200, 201, 400, 404}
    assert with_docker["around midnight"] == ["2026-03-31T23:59:59+05:30", "2026-04-01T00:00:00+05:30"]


@cache
def _without_docker(today: date) -> dict[str, Any]:
    with stack_of_its_own() as stack:
        stack.seed(DATA)
        return answers(Service(stack.api_url, stack.file.aws_endpoint_url, stack.file.database_url), today)


def answers(service: Service, today: date) -> dict[str, Any]:
    """What a stack answers that holds the sample portfolio and nothing else. `today` is the lender's."""
    told = dict(_five_endpoints(service))
    told["ends today and yesterday"] = _loans_that_end(service, today)
    told["names in order"] = _names_in_order(service, today)
    told["the server's order, locale and zone"] = _server(service)
    told["found by letters of another case"] = [service.get(f"/customers/?q={name}") for name in ("ÁNAND", "Éclair")]
    told["around midnight"] = _around_midnight(service)
    return told


def business_day() -> date:
    """The date at the lender's place of business."""
    return datetime.now(BUSINESS).date()


def _five_endpoints(service: Service) -> Iterator[tuple[str, Any]]:
    for number, name in enumerate(NAMES):
        person = {"first_name": name, "last_name": "", "age": 30, "monthly_income": 90000 + number}
        yield f"register {name}", service.post("/register/", person | {"phone_number": 9812345600 + number})
    yield "register nobody", service.post("/register/", {"age": "old", "first_name": ""})
    for customer_id in range(1, 420, STEP):
        terms = {"customer_id": customer_id, "loan_amount": 120030.5, "interest_rate": 8.12, "tenure": 12}
        yield f"view-loans {customer_id}", (lent := service.get(f"/view-loans/{customer_id}/"))
        if lent["status"] == 200:
            yield f"view-loan of {customer_id}", service.get(f"/view-loan/{lent['body'][0]['loan_id']}/")
        yield f"check-eligibility {customer_id}", service.post("/check-eligibility/", terms)
        yield f"create-loan {customer_id}", (made := service.post("/create-loan/", terms | {"tenure": 25}))
        if made["body"].get("loan_id"):
            yield f"view-loan new of {customer_id}", service.get(f"/view-loan/{made['body']['loan_id']}/")
        yield f"view-loans {customer_id} again", service.get(f"/view-loans/{customer_id}/")


def _loans_that_end(service: Service, today: date) -> Any:
    """What a customer may borrow with two loans, of which one ends today, and counts, and the other ended yesterday."""
    ends = (today, today - timedelta(days=1))
    loans = [loan(910001, 920001 + days, loan_amount=100000 + days, end_date=end) for days, end in enumerate(ends)]
    sheets = {"customers": [CUSTOMER_HEADER, customer(910001)], "loans": [LOAN_HEADER, *loans]}
    service.take_in("ends-today", sheets)
    terms = {"customer_id": 910001, "loan_amount": 50000, "interest_rate": 12, "tenure": 12}
    return service.post("/check-eligibility/", terms)


def _names_in_order(service: Service, today: date) -> list[str]:
    """The names of all customers as the console's list has them."""
    place = Place(customer_list.ORDERS["name"], 1000)
    with reading(service.database_url) as connection:
        listed = customer_list.page(connection, customer_list.Wanted(), place, today=today).rows
    return [f"{each.first_name} {each.last_name}" for each in listed]


def _server(service: Service) -> list[tuple[Any, ...]]:
    """How the database server sorts names and tells times by itself."""
    locale = text(
        "SELECT datcollate, datctype, current_setting('timezone') FROM pg_database WHERE datname = current_database()"
    )
    names = text("SELECT first_name, last_name FROM customers ORDER BY first_name, last_name, customer_id")
    with reading(service.database_url) as connection:
        return [tuple(row) for statement in (locale, names) for row in connection.execute(statement)]


def _around_midnight(service: Service) -> list[str]:
    """When the newest import began and ended as the API tells it, once that is moved to both sides of a midnight."""
    newest = service.get("/imports/")["body"]["imports"][0]["import_id"]
    engine = create_engine(service.database_url.replace("postgresql:", "postgresql+pg8000:"), poolclass=NullPool)
    moved = "UPDATE imports SET created_at = CAST(:began AS timestamp), finished_at = CAST(:ended AS timestamp)"
    with engine.begin() as connection:
        values = {"began": BEFORE_MIDNIGHT, "ended": MIDNIGHT, "number": newest}
        connection.execute(text(f"{moved} WHERE import_id = :number"), values)
    found = service.get(f"/imports/{newest}/")["body"]
    return [found["created_at"], found["finished_at"]]


def _told(answer: Any) -> dict[str, Any]:
    body = answer.json()
    if isinstance(body, dict):
        body.pop("request_id", None)
    return {"status": answer.status_code, "body": body}
