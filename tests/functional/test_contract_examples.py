"""The examples of the contract are what the service answers: they are made again here, in their order.

After a change that is meant, RECORD_EXAMPLES=1 writes them anew; `make openapi` then puts them into the document.
"""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from chalicelib.api.routes import declared
from chalicelib.imports.running import import_object
from chalicelib.postgres.database import Database
from chalicelib.services import users
from chalicelib.services.users import WantedUser
from contract.document import view_name
from contract.exchanges import FILE, Exchange, read_exchanges
from tests.support.application import Answer, Api
from tests.support.imports.jobs import reference, upload
from tests.support.people import PASSWORD, TEST, second_factor_of
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, loan, workbook

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SHORT_LOAN = loan(
    1, 5001, loan_amount=60000, tenure=4, monthly_installment=15344, emis_paid_on_time=4, end_date=date(2023, 9, 17)
)
PORTFOLIO = workbook(
    {
        "customers": [CUSTOMER_HEADER, customer(1), customer(2, age=7), customer(3, first_name="Meera")],
        "loans": [LOAN_HEADER, SHORT_LOAN, loan(3, 5001), loan(9, 5002)],
    }
)

RAISES = workbook({"customers": [CUSTOMER_HEADER, customer(1, age=42, monthly_income=70000)]})
# By their names; a file of any other has the portfolio.
FILES = {"raises.xlsx": RAISES, "damaged.xlsx": PORTFOLIO[:1000]}

# What no two runs share, and what stands there instead.
VOLATILE = {
    "request_id": "5a0c7a1e-4f0e-4b8e-9a55-2d3f1c6b7e80",
    "url": "https://s3.ap-south-1.amazonaws.com/loans-production-workbooks/…",
    "upload": {
        "url": "https://s3.ap-south-1.amazonaws.com/loans-production-workbooks",
        "fields": {"key": "incoming/1/portfolio.xlsx", "policy": "…", "x-amz-signature": "…"},
    },
    "recorded_at": "2026-11-23T10:15:30.123456+05:30",
    "created_at": "2026-11-23T10:15:30.123456+05:30",
    "finished_at": "2026-11-23T10:15:31.654321+05:30",
    "decided_on": "2026-11-23",
    "issued_on": "2026-11-23",
    "valid_until": "2026-11-26",
    "audit_id": 13,
    "at": "2026-11-23T10:15:30.123456+05:30",
    "expires_at": "2027-02-21T10:15:30.123456+05:30",
    "last_used_at": "2026-11-23T10:20:00.123456+05:30",
    "rotated_at": "2026-11-23T10:20:00.123456+05:30",
    "revoked_at": "2026-11-23T10:25:00.123456+05:30",
    "disabled_at": "2026-11-23T10:25:00.123456+05:30",
    "link_expires_at": "2026-11-26T10:15:30.123456+05:30",
    "second_factor_since": "2026-11-23T10:18:00.123456+05:30",
    "password_changed_at": "2026-11-23T10:15:30.123456+05:30",
    "token": "lk_Zy3kQ81mWc0d_…",
    "invitation": {
        "token": "li_q7Vn2…",
        "path": "/console/invitation/li_q7Vn2…/",
        "expires_at": "2026-11-26T10:15:30.123456+05:30",
    },
    "public_id": "Zy3kQ81mWc0d",
}

# Where a loan stands today, which is another day in each run.
STANDING = {
    "as_of": "2025-02-17",
    "status": "open",
    "class": "STANDARD",
    "outstanding": 44501.98,
    "principal": 44501.98,
    "interest": 0,
    "charges": 0,
    "credit": 0,
    "due": 0,
    "overdue": 0,
    "days_past_due": 0,
    "unpaid_from": "2025-03-17",
    "next_instalment": {"number": 22, "due_date": "2025-03-17", "amount": 15344},
    "repayments_left": 3,
    "emis_paid_on_time": 21,
    "end_date": "2025-05-17",
}
LATENESS = {"days_past_due": 95, "overdue": 46032, "outstanding": 46826.28}

# Stand in the examples for the token of the session that was opened last, and for that of the last key of an importer.
KEY = "Bearer $KEY"
IMPORTER = "Bearer $IMPORTER"
# Stands in the bodies of the examples for the invitation that was made last.
INVITATION = "li_q7Vn2…"


def steady(value: Any) -> Any:
    """The value with its volatile parts replaced."""
    if isinstance(value, dict):
        volatile = VOLATILE | _of_today(value)
        return {name: volatile.get(name, steady(item)) if item is not None else None for name, item in value.items()}
    return [steady(item) for item in value] if isinstance(value, list) else value


def _of_today(value: dict[str, Any]) -> dict[str, Any]:
    """What depends on the day: in the answer to a transaction, in a reversal, a late loan and a page of those."""
    if "recorded_before" in value:
        account = value["account"]
        return {"account": STANDING if account["status"] == "open" else account | {"as_of": STANDING["as_of"]}}
    if "phone_number" in value and "days_past_due" in value:
        return LATENESS
    if value.get("kind") == "reversal":
        return {"value_date": STANDING["as_of"]}
    return {"as_of": STANDING["as_of"]} if "as_of" in value and "loans" in value else {}


def call(api: Api, exchange: Exchange, tokens: Mapping[str, str]) -> Answer:
    text = "" if exchange.body is None else json.dumps(exchange.body, ensure_ascii=False)
    body = text.replace(INVITATION, tokens.get(INVITATION, INVITATION)).encode()
    headers = {name: tokens.get(value, value) for name, value in exchange.headers.items()}
    return api.call(exchange.method, exchange.path, body, {"Content-Type": "application/json"} | headers)


def replayed(api: Api, s3: "S3Client", database: Database) -> Iterator[tuple[Exchange, Answer]]:
    """Makes every exchange again; the file that an import waits for is sent and imported on the way."""
    tokens = {KEY: ""}
    users.create_user(database, TEST, WantedUser("asha", "Asha Menon", "admin", PASSWORD))
    for exchange in read_exchanges():
        answer = call(api, exchange, tokens)
        yield exchange, answer
        if exchange.operation == "accept_invitation" and answer.status == 201:
            second_factor_of(database, users.view_user(database, 2)[0], exchange.body["password"])
        if exchange.operation == "sign_in" and answer.status == 201:
            tokens[KEY] = f"Bearer {answer.json['token']}"
        if "invitation" in (answer.json if answer.text else {}):
            tokens[INVITATION] = answer.json["invitation"]["token"]
        if exchange.operation == "create_key" and answer.json["role"] == "importer":
            tokens[IMPORTER] = f"Bearer {answer.json['token']}"
        if exchange.operation == "start_import" and answer.status == 201:
            assert upload(answer.json, FILES.get(exchange.body["file_name"], PORTFOLIO)).ok
            import_object(database, s3, reference(s3, answer.json["key"]))


def test_every_example_is_answered_as_the_contract_shows_it(api: Api, s3: "S3Client", database: Database) -> None:
    made = [
        {**vars(exchange), "status": answer.status, "answer": steady(json.loads(answer.text or "null"))}
        for exchange, answer in replayed(api, s3, database)
    ]
    if os.environ.get("RECORD_EXAMPLES"):
        FILE.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    assert made == [vars(exchange) for exchange in read_exchanges()]


def test_every_operation_has_an_example() -> None:
    shown = {exchange.operation for exchange in read_exchanges() if exchange.status < 400}
    wanted = {view_name(endpoint) for endpoint in declared().values()}
    assert wanted - shown == {"view_contract", "view_docs"}
