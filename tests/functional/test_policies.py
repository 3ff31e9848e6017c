"""Each function may do what it does, and nothing else: the calls of AWS of a run, against .chalice/policy-*.json."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest
from chalice.local import LambdaContext
from chalice.test import Client
from moto import mock_aws

from chalicelib import runtime
from chalicelib.imports.s3_events import ObjectReference, message_for
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from infra.packaging import ROOT
from tests.support import plain_http
from tests.support.application import BUCKET, Api
from tests.support.console.browser import Browser
from tests.support.customers import registered
from tests.support.people import credentials_of
from tests.support.workbooks import customer, customers_book, loan, loans_book

QUEUE, DEAD = "loans-test-imports", "loans-test-imports-dead"
SCHEDULE = {"loan_amount": 100000, "interest_rate": 12, "tenure": 12, "start_date": "2026-01-31"}
NAMES_IN_THE_TEMPLATE = {QUEUE: "ImportQueue", DEAD: "DeadLetterQueue"}

# What is done in a function's name without a call of AWS that could be recorded.
BY_LAMBDA = {("logs:CreateLogStream", "log-group"), ("logs:PutLogEvents", "log-group")}
BY_EVERY_FUNCTION = BY_LAMBDA | {("rds-db:connect", "dbuser")}
BY_THE_POLLERS = {
    (action, "ImportQueue") for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
}
# S3 turns to KMS for whoever reads and writes.
BY_S3 = {
    "s3:GetObject": "kms:Decrypt",
    "s3:GetObjectVersion": "kms:Decrypt",
    "s3:PutObject": "kms:GenerateDataKey",
}

# An action of IAM and what it is done to: the name in the template of a queue, or a key or prefix of the bucket.
Act = tuple[str, str]


@dataclass
class Recorder:
    """Notes what clients of boto3 do while it is told to: by a call, or by a link that they sign."""

    acts: set[Act] = field(default_factory=set)
    is_on: bool = False

    def during(self, work: Callable[[], object]) -> None:
        """Runs the work of a function, and notes its acts."""
        self.is_on = True
        try:
            work()
        finally:
            self.is_on = False

    def note(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        # For a form, boto3 asks itself where a bucket would be made; note_form notes what the form is for.
        if self.is_on and model.name != "CreateBucket":
            done = acts_of(model.service_model.service_name, model.name, params)
            is_link = context.get("is_presign_request", False)
            # Whoever opens a link is told 403 of an object that is gone; only we need to know the difference.
            self.acts |= {act for act in done if not (is_link and act[0] == "s3:ListBucket")}

    def note_form(self, request: Any, **_: object) -> None:
        """A form of an upload is signed without an operation; its policy says what it is for."""
        policy = request.context.get("s3-presign-post-policy")
        if self.is_on and policy:
            (key,) = [each["key"] for each in policy["conditions"] if isinstance(each, dict) and "key" in each]
            self.acts |= acts_of("s3", "PutObject", {"Key": key})


def acts_of(service: str, operation: str, params: dict[str, Any]) -> set[Act]:
    """What IAM asks for, for an operation with these parameters. Fails for an operation that it was not told about."""
    key = params.get("Key", "")
    queue = NAMES_IN_THE_TEMPLATE.get(params.get("QueueUrl", "").rpartition("/")[2], "")
    match service, operation:
        case "s3", "GetObject" | "HeadObject":
            action = "s3:GetObjectVersion" if "VersionId" in params else "s3:GetObject"
            # Without it S3 says 403 of an object that is not there.
            return {(action, key), (BY_S3[action], "key"), ("s3:ListBucket", key)}
        case "s3", "CopyObject":
            read = acts_of("s3", "GetObject", params["CopySource"])
            return read | acts_of("s3", "PutObject", {"Key": key})
        case "s3", "PutObject":
            return {("s3:PutObject", key), (BY_S3["s3:PutObject"], "key")}
        case "s3", "ListObjectsV2":
            return {("s3:ListBucket", params["Prefix"])}
        case "sqs", "SendMessage" | "ReceiveMessage" | "GetQueueAttributes":
            return {(f"sqs:{operation}", queue)}
        case "sqs", "GetQueueUrl":
            return {("sqs:GetQueueUrl", NAMES_IN_THE_TEMPLATE[params["QueueName"]])}
        case "sqs", "StartMessageMoveTask":
            moving = ("StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
            return {(f"sqs:{name}", "DeadLetterQueue") for name in moving} | {("sqs:SendMessage", "ImportQueue")}
    raise AssertionError(f"What does IAM ask for, for {operation} of {service}?")


def allowed(function: str) -> set[Act]:
    """What a policy allows, each action with each pattern of what it may be done to."""
    policy = json.loads((ROOT / ".chalice" / f"policy-{function}.json").read_text())
    return {
        (action, target)
        for statement in policy["Statement"]
        for action in listed(statement["Action"])
        for target in targets(statement)
    }


def targets(statement: dict[str, Any]) -> list[str]:
    prefixes = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
    return listed(prefixes) if prefixes else [target(resource) for resource in listed(statement["Resource"])]


def target(resource: dict[str, Any]) -> str:
    if "Fn::GetAtt" in resource:
        return str(resource["Fn::GetAtt"][0])
    text = str(resource["Fn::Sub"])
    if text.startswith("${WorkbooksBucket.Arn}/"):
        return text.removeprefix("${WorkbooksBucket.Arn}/")
    # arn:partition:service:region:account:kind:… or kind/…
    return text.replace("AWS::", "").split(":")[5].partition("/")[0]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def covers(grant: Act, act: Act) -> bool:
    return grant[0] == act[0] and fnmatchcase(act[1], grant[1])


def assert_exactly(function: str, acts: set[Act]) -> None:
    grants = allowed(function)
    assert {act for act in acts if not any(covers(grant, act) for grant in grants)} == set(), "done, not allowed"
    assert {grant for grant in grants if not any(covers(grant, act) for act in acts)} == set(), "allowed, not done"


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """The bucket and both queues in this process, with every client of boto3 under observation."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    recorder = Recorder()
    with mock_aws():
        make_bucket_and_queues()
        boto3.setup_default_session()
        assert boto3.DEFAULT_SESSION
        boto3.DEFAULT_SESSION.events.register("provide-client-params.*.*", recorder.note)
        boto3.DEFAULT_SESSION.events.register("before-sign.s3.PutObject", recorder.note_form)
        forget_clients()
        yield recorder
    boto3.DEFAULT_SESSION = None
    forget_clients()


def make_bucket_and_queues() -> None:
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    dead = sqs.create_queue(QueueName=DEAD)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    sqs.create_queue(QueueName=QUEUE, Attributes={"RedrivePolicy": redrive})


def forget_clients() -> None:
    runtime.s3.cache_clear()
    runtime.sqs.cache_clear()


@pytest.fixture
def admin(
    recorder: Recorder, browser: Browser, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Browser]:
    """An admin at the console, whose settings name the queue."""
    url = boto3.client("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"]
    assert not recorder.is_on
    monkeypatch.setenv("IMPORT_QUEUE_URL", url)
    runtime.settings.cache_clear()
    yield browser.sign_in_as(database, Role.ADMIN)
    runtime.settings.cache_clear()


def uploaded(key: str, with_version: bool = True) -> ObjectReference:
    content = customers_book(customer(1))
    answer = boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)
    version = answer["VersionId"] if with_version else None
    return ObjectReference(BUCKET, key, version, answer["ETag"].strip('"'), len(content))


def deliver(client: Client, *references: ObjectReference, milliseconds: int = 60_000) -> Callable[[], object]:
    """What the import function does with the messages of these objects, with so much time left."""
    from app import app

    event = client.events.generate_sqs_event([message_for(each) for each in references], QUEUE)
    context = LambdaContext("import_workbooks", 128, max_runtime_ms=milliseconds)
    return lambda: app.handler_map["import_workbooks"](event, context)


def test_the_import(admin: Browser, recorder: Recorder) -> None:
    for prefix in ("incoming", "seed"):
        for with_version in (True, False):
            found = uploaded(f"{prefix}/{with_version}.xlsx", with_version)
            recorder.during(deliver(admin.client, found))
    recorder.during(deliver(admin.client, uploaded("incoming/later.xlsx"), milliseconds=0))
    assert_exactly("import", recorder.acts | BY_EVERY_FUNCTION | BY_THE_POLLERS)


def test_the_bootstrap(admin: Browser, recorder: Recorder) -> None:
    uploaded("seed/customers.xlsx")
    recorder.during(lambda: admin.client.lambda_.invoke("bootstrap", {}))
    assert_exactly("bootstrap", recorder.acts | BY_EVERY_FUNCTION)


def test_the_administration(admin: Browser, recorder: Recorder) -> None:
    event = {"operation": "create_superuser", "login": "asha", "name": "Asha Rao"}
    recorder.during(lambda: admin.client.lambda_.invoke("administer", event))
    assert_exactly("administer", recorder.acts | BY_EVERY_FUNCTION)


def test_the_api_and_the_console(admin: Browser, recorder: Recorder, database: Database) -> None:
    api = Api(admin.client, credentials_of(database, Role.ADMIN))
    recorder.during(lambda: upload_a_file(api))
    deliver(admin.client, reference_of_the_upload())()
    deliver(admin.client, import_of(api, customers_book(customer(1, age=50))))()
    recorder.during(lambda: follow_the_links(api, admin))
    # A loan that waits for its customer, and may not reach who registers here.
    waiting = import_of(Api(admin.client, credentials_of(database, Role.IMPORTER)), loans_book(loan(77, 5001)))
    deliver(admin.client, waiting)()
    recorder.during(lambda: release(api))
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=DEAD)["QueueUrl"], MessageBody="no notice of a file")
    recorder.during(lambda: redrive(admin))
    assert_exactly("api", recorder.acts | BY_EVERY_FUNCTION)


def upload_a_file(api: Api) -> None:
    form = api.post("/api/imports/", {"file_name": "customers.xlsx"}).json["upload"]
    file = {"file": customers_book(customer(1))}
    assert plain_http.post(form["url"], data=form["fields"], files=file).ok


def reference_of_the_upload() -> ObjectReference:
    (found,) = boto3.client("s3").list_object_versions(Bucket=BUCKET)["Versions"]
    return ObjectReference(BUCKET, found["Key"], found["VersionId"], found["ETag"].strip('"'), found["Size"])


def a_loan(api: Api) -> int:
    asked = {"customer_id": registered(api), "loan_amount": 1000, "interest_rate": 12, "tenure": 12}
    return int(api.post("/api/create-loan/", asked).json["loan_id"])


def follow_the_links(api: Api, admin: Browser) -> None:
    """To the report of the import, the template, and whatever else is made when it is first asked for."""
    offered = {"customer_id": registered(api), "loan_amount": 1000, "interest_rate": 12, "tenure": 12}
    key_facts = api.post("/api/key-facts/", offered).json["number"]
    # The last one changed what the one before had brought.
    (changing,) = api.get("/api/imports/?limit=1").json["imports"]
    links = [
        api.get("/api/imports/1/").json["report"]["url"],
        api.get("/api/imports/template/").headers["Location"],
        api.post("/api/schedule/?format=xlsx", SCHEDULE).headers["Location"],
        api.get(f"/api/loans/{a_loan(api)}/statement/?format=xlsx").headers["Location"],
        api.get(f"/api/key-facts/{key_facts}/?format=pdf").headers["Location"],
        admin.get("/console/customers/?format=csv").headers["Location"],
        admin.get("/console/loans/openings/").headers["Location"],
        admin.get(f"/console/imports/{changing['import_id']}/changes/csv/").headers["Location"],
    ]
    for link in links:
        assert plain_http.get(link).ok


def import_of(importer: Api, content: bytes) -> ObjectReference:
    """A file that somebody uploads."""
    job = importer.post("/api/imports/", {"file_name": "book.xlsx"}).json
    form = job["upload"]
    assert plain_http.post(form["url"], data=form["fields"], files={"file": content}).ok
    head = boto3.client("s3").head_object(Bucket=BUCKET, Key=job["key"])
    return ObjectReference(BUCKET, job["key"], head["VersionId"], head["ETag"].strip('"'), head["ContentLength"])


def release(api: Api) -> None:
    (latest,) = api.get("/api/imports/?limit=1").json["imports"]
    answer = api.call("POST", f"/api/imports/{latest['import_id']}/release/")
    assert answer.status == 201, answer.text


def redrive(admin: Browser) -> None:
    page = admin.get("/console/imports/failed-files/")
    assert "1 file" in page.words
    # What is told to move the messages here does not know how, but the call was made.
    with suppress(NotImplementedError):
        admin.send(page, "")
