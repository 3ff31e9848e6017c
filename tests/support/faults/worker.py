"""A Lambda container of its own process: the real application under a mixed load, every request and answer recorded.

It works until FOLDER/stop exists, and rests while FOLDER/rest does. Each request writes a value that no other writes
(an amount, an income, a phone number), so that its effect can be found in the database whatever became of the answer.
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from tests.support.faults.paying import PayingClient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

HEADERS = {"accept": "application/json", "content-type": "application/json", "host": "localhost"}
PAISE = 100
# Of amounts and incomes: what is below it is the mark of the request, what is above may be chosen.
MARKED_RUPEES = 100_000
MARKS_A_WORKER = 100_000
MOST_TURNS = 99_000
# Requests that several workers send have marks that none of them has otherwise.
SHARED_SERIAL = 99
SHARED_KEY_SECONDS = 0.25
AWS_PATIENCE_SECONDS = 1
PAUSE_SECONDS = 0.01


class Clock(datetime):
    """A clock that a test moves: FOLDER/clock holds by how many seconds."""

    file: ClassVar[Path]

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(seconds=float(cls.file.read_text()))


class Context:
    """What Lambda hands to a function: all its time at the beginning. A quarter of the looks afterwards find none left.

    An import is given up once two of its workers were killed and their time is over. No worker here is killed by what
    it reads, so that time is longer than any test.
    """

    def __init__(self, aws_request_id: str) -> None:
        self.aws_request_id = aws_request_id
        self._has_looked = False

    def get_remaining_time_in_millis(self) -> int:
        left = random.choice((500, 60_000, 60_000, 60_000)) if self._has_looked else 900_000
        self._has_looked = True
        return left


class Container:
    """The application as Lambda runs it, and the file of what it was asked and answered."""

    def __init__(self, folder: Path, name: str) -> None:
        from chalice.local import LambdaEventConverter, RouteMatcher

        from app import app
        from chalicelib import runtime

        self._app = app
        self._today = runtime.today
        self._converter = LambdaEventConverter(RouteMatcher(list(app.routes)))
        self._file = (folder / "records" / f"{name}.jsonl").open("w", buffering=1)
        self._number = 0

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None, **noted: object
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Sends a request; returns status, body and headers of the answer."""
        data = None if body is None else json.dumps(body).encode()
        event = self._converter.create_lambda_event(method, path, HEADERS | dict(headers or {}), data)
        event = {**event, "body": data.decode() if data else None, "isBase64Encoded": False}
        self._number += 1
        self._write("sent", method=method, path=path, body=body, **noted)
        response = self._app(event, Context(str(self._number)))
        given = {name.lower(): value for name, value in response["headers"].items()}
        self._write("answered", status=response["statusCode"], text=response["body"], headers=given)
        return response["statusCode"], json.loads(response["body"]), given

    def deliver(self, name: str, message: str) -> bool:
        """Hands a message to the import function; False where it must come again."""
        self._number += 1
        self._write("sent", method="IMPORT", path=name, body=None)
        record = {"messageId": name, "body": message, "eventSource": "aws:sqs", "receiptHandle": name}
        answer = self._app.handler_map["import_workbooks"]({"Records": [record]}, Context(str(self._number)))
        done = bool(answer == {"batchItemFailures": []})
        self._write("answered", status=200 if done else 503, text="", headers={"retry-after": "queue"})
        return done

    def _write(self, what: str, **fields: object) -> None:
        line = {"what": what, "number": self._number, "at": time.monotonic(), "day": self._today().isoformat()}
        self._file.write(json.dumps({**line, **fields}) + "\n")


class Worker:
    """What a client of the service may do, in a random order."""

    def __init__(self, folder: Path, name: str, serial: int) -> None:
        self._folder, self._name, self._serial = folder, name, serial
        self._container = Container(folder, name)
        self._customers: list[int] = json.loads((folder / "customers").read_text())
        self._loans: list[int] = []
        self._turn = 0
        self._client = PayingClient(self._container, folder)

    def run(self) -> None:
        """Takes turns until there is a file `stop`."""
        turns: dict[Callable[[], object], int] = {
            self.register: 8,
            self.check: 15,
            self.apply: 20,
            self.apply_twice: 8,
            self.apply_with_others: 8,
            self.correct: 8,
            self.look_at_loan: 10,
            self.look_at_loans: 8,
            self.import_book: 15,
            self.pay: 12,
            self.pay_with_others: 6,
            self.reverse: 5,
            self.look_at_a_payer: 12,
        }
        while not (self._folder / "stop").exists():
            if (self._folder / "rest").exists():
                time.sleep(PAUSE_SECONDS)
                continue
            self._turn += 1
            random.choices(list(turns), list(turns.values()))[0]()

    def register(self) -> None:
        mark = self._mark(self._serial, self._turn)
        person = {"first_name": "Asha", "last_name": "Menon", "age": 41, "monthly_income": 60_000}
        status, answer, _ = self._container.ask("POST", "/api/register", {**person, "phone_number": f"9{mark:09d}"})
        if status == 201:
            self._customers.append(answer["customer_id"])

    def check(self) -> None:
        self._container.ask("POST", "/api/check-eligibility", self._loan(self._mark(self._serial, self._turn)))

    def apply(self) -> None:
        self._apply(self._loan(self._mark(self._serial, self._turn)), {})

    def apply_twice(self) -> None:
        """As a client that is not sure: the same again, until it was answered with the same."""
        body, key = self._loan(self._mark(self._serial, self._turn)), f"{self._serial}-{self._turn}"
        for _ in range(3):
            self._apply(body, {"idempotency-key": key})

    def apply_with_others(self) -> None:
        """What every worker sends in these moments."""
        moment = int(time.monotonic() / SHARED_KEY_SECONDS) % MOST_TURNS
        chance = random.Random(moment)
        body = self._loan(self._mark(SHARED_SERIAL, moment), chance, self._customers[:2])
        self._apply(body, {"idempotency-key": f"shared-{moment}"})

    def correct(self) -> None:
        path = f"/api/customers/{random.choice(self._customers)}"
        status, answer, headers = self._container.ask("GET", path)
        if status == 200:
            marked = self._mark(self._serial, self._turn) / PAISE
            income = int(float(answer["monthly_income"]) // MARKED_RUPEES) * MARKED_RUPEES
            body = {"monthly_income": round(max(income, MARKED_RUPEES) + marked, 2)}
            self._container.ask("PATCH", path, body, {"if-match": headers["etag"]})

    def look_at_loan(self) -> None:
        if self._loans:
            self._container.ask("GET", f"/api/view-loan/{random.choice(self._loans)}")

    def look_at_loans(self) -> None:
        self._container.ask("GET", f"/api/view-loans/{random.choice(self._customers)}")

    def import_book(self) -> None:
        """Takes a message out of the queue, and puts it back where it was not done with."""
        waiting = sorted((self._folder / "queue").iterdir())
        for message in waiting[:1]:
            taken = self._folder / "taken" / f"{self._name} {message.name}"
            with suppress(FileNotFoundError):
                message.rename(taken)
                done = self._container.deliver(message.name, taken.read_text())
                taken.rename(self._folder / ("done" if done else "queue") / message.name)

    def pay(self) -> None:
        self._client.pay(random.Random(), self._mark(self._serial, self._turn), f"{self._serial}-{self._turn}")

    def pay_with_others(self) -> None:
        """What every worker sends in these moments, with one reference."""
        moment = int(time.monotonic() / SHARED_KEY_SECONDS) % MOST_TURNS
        self._client.pay(random.Random(moment), self._mark(SHARED_SERIAL, moment), f"shared-{moment}")

    def reverse(self) -> None:
        self._client.reverse(f"{self._serial}-{self._turn}")

    def look_at_a_payer(self) -> None:
        """The account, a preview, or whether a payer would get another loan."""
        customer_id = self._client.look()
        if customer_id is not None:
            body = {"customer_id": customer_id, "loan_amount": 1000, "interest_rate": 12, "tenure": 12}
            self._container.ask("POST", "/api/check-eligibility", body)

    def _apply(self, body: Mapping[str, object], headers: Mapping[str, str]) -> None:
        key = headers.get("idempotency-key")
        status, answer, _ = self._container.ask("POST", "/api/create-loan", body, headers, key=key)
        if status == 201 and answer["loan_id"]:
            self._loans.append(answer["loan_id"])

    def _loan(
        self, mark: int, chance: random.Random | None = None, among: list[int] | None = None
    ) -> Mapping[str, object]:
        chance = chance or random.Random()
        amount = chance.randrange(6) * MARKED_RUPEES + mark / PAISE
        # The seeded customers most of the time, because the workers share them.
        among = among or (self._customers[:8] if chance.random() < 0.6 else self._customers)
        rate, tenure = chance.choice((0, 8.12, 14, 18)), chance.choice((6, 12, 36, 240))
        return {
            "customer_id": chance.choice(among),
            "loan_amount": round(amount, 2),
            "interest_rate": rate,
            "tenure": tenure,
        }

    def _mark(self, serial: int, turn: int) -> int:
        """The number of a request, in paise: below MARKED_RUPEES and never 0."""
        assert turn < MOST_TURNS
        return serial * MARKS_A_WORKER + turn + PAISE


def impatient_clients() -> None:
    """S3 and SQS are waited for a second, where botocore would wait a minute."""
    from chalicelib import runtime

    @cache
    def s3() -> "S3Client":
        import boto3
        from botocore.config import Config

        return boto3.client("s3", config=Config(s3={"addressing_style": "path"}, **_impatience()))

    @cache
    def sqs() -> "SQSClient":
        import boto3
        from botocore.config import Config

        return boto3.client("sqs", config=Config(**_impatience()))

    runtime.s3, runtime.sqs = s3, sqs


def _impatience() -> dict[str, Any]:
    patience = AWS_PATIENCE_SECONDS
    return {"connect_timeout": patience, "read_timeout": patience, "retries": {"total_max_attempts": 1}}


def work(folder: Path, name: str, serial: int) -> None:
    """What the process of a worker does: moves the clock, then works."""
    from chalicelib import runtime

    Clock.file = folder / "clock"
    setattr(runtime, "datetime", Clock)  # noqa: B010 - mypy would have a module's class stay what it is
    impatient_clients()
    Worker(folder, name, serial).run()
