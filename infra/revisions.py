"""What a stage's stack is made of, and how it becomes another revision. The stack itself says which it is, by its tags,
so nobody has to keep a list beside it."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from infra.cloudformation import Plan, Stack
from infra.functions import run_bootstrap
from infra.packaging import Package
from infra.session import Session
from infra.terminal import CommandError

if TYPE_CHECKING:
    from mypy_boto3_s3.service_resource import Bucket

DIGEST_TAG = "loans:digest"
TEMPLATE_TAG = "loans:template"
PREVIOUS_TAG = "loans:previous"

BOOTSTRAP = "Bootstrap"
TEMPLATE_KEY = "templates/{}.json"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Revision:
    """A template's key in the bucket, the parameters (None: as they stand), the tags."""

    template_key: str
    parameters: Mapping[str, str | None]
    tags: Mapping[str, str]


class Stage:
    """A stage: its stack, and the bucket with every template and zip it was made of, each under a digest of it."""

    def __init__(self, name: str, session: Session) -> None:
        self.name = name
        self.session = session
        self.stack = Stack(f"loans-{name}", session.client("cloudformation"))

    def bucket_of(self, contents: str) -> "Bucket":
        """The stage's bucket for workbooks or deployments, whether it is there or not."""
        account = self.session.client("sts").get_caller_identity()["Account"]
        bucket: Bucket = self.session.resource("s3").Bucket(f"loans-{self.name}-{contents}-{account}")
        return bucket

    @cached_property
    def bucket(self) -> "Bucket":
        """The bucket of the stage's revisions, which is made if it is not there."""
        bucket = self.bucket_of("deployments")
        if not bucket.creation_date:
            region = bucket.meta.client.meta.region_name
            # S3 takes every region as a location but its first.
            location: Any = (
                {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            )
            bucket.create(**location)
        return bucket

    def upload(self, built: Package) -> str:
        """Uploads zip and template and returns the template's key. What was there before stays, for a roll-back."""
        code_key = f"code/{built.code_digest}.zip"
        self.bucket.put_object(Key=code_key, Body=built.zip_file.read_bytes())
        template = with_code(built.template, f"s3://{self.bucket.name}/{code_key}")
        return self.upload_text(TEMPLATE_KEY, json.dumps(template))

    def upload_text(self, key: str, text: str) -> str:
        """Uploads a text under a key that has its digest in place of {}, and returns the key."""
        key = key.format(sha256(text.encode()).hexdigest())
        self.bucket.put_object(Key=key, Body=text.encode())
        return key

    def url_of(self, key: str) -> str:
        """The address under which CloudFormation reads an object."""
        return f"{self.bucket.meta.client.meta.endpoint_url}/{self.bucket.name}/{key}"

    def standing(self) -> Revision | None:
        """What the stack is made of; None if there is no stack, or this program did not make it."""
        tags = self.stack.tags()
        return Revision(tags[TEMPLATE_TAG], self.stack.parameters(), tags) if TEMPLATE_TAG in tags else None

    def plan(self, revision: Revision) -> Plan | None:
        """The change to this revision; None if nothing has to change. Raises CommandError."""
        declared = self.template(revision.template_key).get("Parameters", {})
        return self.stack.plan(self.url_of(revision.template_key), revision.parameters, revision.tags, declared)

    def plan_back(self, revision: Revision) -> Plan | None:
        """The change to a revision that was there before. Raises CommandError."""
        # It may know other parameters; what it does not declare, CloudFormation refuses.
        known = self.stack.parameters()
        declared = self.template(revision.template_key).get("Parameters", {})
        parameters = {name: revision.parameters.get(name) for name in declared if name in known}
        return self.plan(Revision(revision.template_key, parameters, revision.tags))

    def execute(self, plan: Plan | None, say: Say) -> None:
        """Carries the plan out, if there is anything to change. Raises CommandError."""
        if plan is not None:
            say(f"Changing the stack {self.stack.name}.")
            self.stack.execute(plan)

    def template(self, key: str) -> dict[str, Any]:
        """An uploaded template."""
        template: dict[str, Any] = json.loads(self.bucket.Object(key).get()["Body"].read())
        return template

    def require_free_bucket(self) -> None:
        """Raises CommandError if the bucket of an earlier stack is in the way of the first one.

        CloudFormation would say so too, after it has made half of the stack and removed it again.
        """
        bucket = self.bucket_of("workbooks")
        if not self.stack.exists() and bucket.creation_date:
            raise CommandError(
                f"The bucket {bucket.name} is still there from an earlier stack, and a new one cannot make it again; "
                "docs/operations.md says under Destroy how the new stack takes it over, with what is in it."
            )

    def migrates_first(self, before: Revision, release: Revision) -> bool:
        """Whether the schema is to be brought to the release before its functions are.

        Not if the code stays as it is, or if the stage moves to another database: the one that is left needs no newer
        schema, and may be the reason of the move.
        """
        if before.parameters.get("DatabaseUrl") != release.parameters.get("DatabaseUrl"):
            return False
        return _code(self.template(before.template_key)) != _code(self.template(release.template_key))

    def migrate(self, before: Revision, release: Revision, say: Say) -> None:
        """Gives the release's code to the bootstrap function alone and runs it. Raises CommandError.

        The others keep their code, which works on the newer schema, because migrations only add.
        """
        template = self.template(before.template_key)
        template["Resources"][BOOTSTRAP]["Properties"]["CodeUri"] = _code(self.template(release.template_key))
        key = self.upload_text(TEMPLATE_KEY, json.dumps(template))
        # A digest of no source, so that a deployment that was killed here is not taken for one that succeeded.
        between = Revision(key, dict.fromkeys(before.parameters), {**before.tags, DIGEST_TAG: "migrating"})
        say("Giving the new code to the bootstrap function.")
        self.execute(self.plan(between), say)
        say("Migrating, before the other functions get the new code.")
        run_bootstrap(self.session, self.name)


def template_before(template_key: str, before: Revision | None) -> str:
    """The template to go back to. A deployment that changed parameters only leaves that as it was."""
    if before is None:
        return template_key
    return before.template_key if before.template_key != template_key else before.tags.get(PREVIOUS_TAG, template_key)


def _code(template: Mapping[str, Any]) -> str:
    uri: str = template["Resources"][BOOTSTRAP]["Properties"]["CodeUri"]
    return uri


def with_code(template: dict[str, Any], uri: str) -> dict[str, Any]:
    """The template with every function's code at `uri`."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        if resource.get("Type") == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = uri
    return template
