"""What a stage's stack is made of, and how it becomes another revision. The stack itself says which it is, by its tags,
so nobody has to keep a list beside it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from infra.cloudformation import Plan, Stack
from infra.functions import invoke
from infra.session import Session
from infra.terminal import CommandError
from infra.uploading import bucket_exists, bucket_of, deployment_bucket, upload_template, url_of

DIGEST_TAG = "loans:digest"
TEMPLATE_TAG = "loans:template"
PREVIOUS_TAG = "loans:previous"

BOOTSTRAP = "Bootstrap"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Revision:
    """A template's key in the bucket, the parameters (None: as they stand), the tags."""

    template_key: str
    parameters: Mapping[str, str | None]
    tags: Mapping[str, str]


class Stage:
    """A stage: its stack, and the bucket with every template and zip it was made of."""

    def __init__(self, name: str, session: Session) -> None:
        self.name = name
        self.session = session
        self.stack = Stack(f"loans-{name}", session.client("cloudformation"))

    @cached_property
    def bucket(self) -> str:
        return deployment_bucket(self.name, self.session)

    def standing(self) -> Revision | None:
        """What the stack is made of; None if there is no stack, or this program did not make it."""
        tags = self.stack.tags()
        if TEMPLATE_TAG not in tags:
            return None
        return Revision(tags[TEMPLATE_TAG], self.stack.parameters(), tags)

    def plan(self, revision: Revision) -> Plan | None:
        """The change to this revision; None if nothing has to change. Raises CommandError."""
        declared = self.template(revision.template_key).get("Parameters", {})
        url = url_of(self.bucket, revision.template_key, self.session)
        return self.stack.plan(url, revision.parameters, revision.tags, declared)

    def plan_back(self, revision: Revision) -> Plan | None:
        """The change to a revision that was there before. Raises CommandError."""
        # It may know other parameters; what it does not declare, CloudFormation refuses.
        known = self.stack.parameters()
        declared = self.template(revision.template_key).get("Parameters", {})
        parameters = {name: revision.parameters.get(name) for name in declared if name in known}
        return self.plan(Revision(revision.template_key, parameters, revision.tags))

    def template(self, key: str) -> dict[str, Any]:
        """An uploaded template."""
        body = self.session.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()
        template: dict[str, Any] = json.loads(body)
        return template


def require_free_bucket(stage: Stage) -> None:
    """Raises CommandError if the bucket of an earlier stack is in the way of the first one.

    CloudFormation would say so too, after it has made half of the stack and removed it again.
    """
    bucket = bucket_of(stage.name, "workbooks", stage.session)
    if not stage.stack.exists() and bucket_exists(bucket, stage.session):
        raise CommandError(
            f"The bucket {bucket} is still there from an earlier stack, and a new one cannot make it again; "
            "docs/operations.md says under Destroy how the new stack takes it over, with what is in it."
        )


def template_before(template_key: str, before: Revision | None) -> str:
    """The template to go back to. A deployment that changed parameters only leaves that as it was."""
    if before is None:
        return template_key
    return before.template_key if before.template_key != template_key else before.tags.get(PREVIOUS_TAG, template_key)


def migrates_first(stage: Stage, before: Revision | None, release: Revision) -> bool:
    """Whether the schema is to be brought to the release before its functions are.

    Not if there is nothing yet, if the code stays as it is, or if the stage moves to another database: the
    one that is left needs no newer schema, and may be the reason of the move.
    """
    if before is None or before.parameters.get("DatabaseUrl") != release.parameters.get("DatabaseUrl"):
        return False
    return _code(stage.template(before.template_key)) != _code(stage.template(release.template_key))


def migrate(stage: Stage, before: Revision, release: Revision, say: Say) -> None:
    """Gives the release's code to the bootstrap function alone and runs it. Raises CommandError.

    The others keep their code, which works on the newer schema, because migrations only add.
    """
    template = stage.template(before.template_key)
    template["Resources"][BOOTSTRAP]["Properties"]["CodeUri"] = _code(stage.template(release.template_key))
    key = upload_template(stage.bucket, template, stage.session)
    # The digest is that of no source, so that a deployment that was killed here is not taken for one that succeeded.
    between = Revision(key, dict.fromkeys(before.parameters), {**before.tags, DIGEST_TAG: "migrating"})
    plan = stage.plan(between)
    if plan is not None:
        say(f"Giving the new code to the bootstrap function of {stage.stack.name}.")
        stage.stack.execute(plan)
    say("Migrating, before the other functions get the new code.")
    invoke(stage.session, stage.stack.outputs()["BootstrapFunctionName"], {})


def _code(template: Mapping[str, Any]) -> str:
    uri: str = template["Resources"][BOOTSTRAP]["Properties"]["CodeUri"]
    return uri
