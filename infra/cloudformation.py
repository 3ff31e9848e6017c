"""One CloudFormation stack and what is done to it: compare it, plan a change, carry it out, delete it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from infra.terminal import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
# A stack in one of these can only be deleted: its first creation failed.
STILLBORN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED")
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
SIGNS = {"Add": "+", "Modify": "~", "Remove": "-"}
POLL_SECONDS = 1


@dataclass(frozen=True)
class Plan:
    """A change set that waits to be executed, with its changes as CloudFormation describes those of resources.

    `is_first` if there is no stack yet; `settings` tell of parameters.
    """

    name: str
    changes: Sequence[Mapping[str, Any]]
    is_first: bool
    settings: Sequence[str] = ()

    def sentences(self) -> list[str]:
        """The changes as a person reads them; resources that only get another tag are counted."""
        told = [_told(each) for each in self.changes if (each["Action"], each.get("Scope")) != ("Modify", ["Tags"])]
        tagged = len(self.changes) - len(told)
        return [*self.settings, *told] + ([f"and {tagged} that only get the tags of this deployment"] if tagged else [])


def _told(change: Mapping[str, Any]) -> str:
    replaced = ", replaced by a new one" if change.get("Replacement") == "True" else ""
    sign, kind = SIGNS.get(change["Action"], "?"), change.get("ResourceType", "")
    return f"{sign} {change['LogicalResourceId']} ({kind}){replaced}"


def changed_settings(
    standing: Mapping[str, str], given: Mapping[str, str | None], declared: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """What becomes of the parameters that stand, those too that nobody gives and that fall back to what the template
    declares. One that is given as None keeps its value."""
    news = {name: given.get(name, declared.get(name, {}).get("Default")) for name in standing}
    return [
        f"{name}: {old or 'nothing'} -> {news[name] or 'nothing'}"
        for name, old in standing.items()
        if news[name] is not None and str(news[name]) != old
    ]


Approve = Callable[[Plan], bool]


class Stack:
    """The stack `name`; `wait_seconds` bounds how long one change may take.

    What raises CommandError carries the reason of the resource that failed first.
    """

    def __init__(self, name: str, client: "CloudFormationClient", wait_seconds: float = 1800) -> None:
        self.name = name
        self._client = client
        self._wait_seconds = wait_seconds

    def exists(self) -> bool:
        return bool(self._describe())

    def stands(self) -> bool:
        """Whether there is a stack that was ever whole."""
        return self._describe().get("StackStatus", STILLBORN[0]) not in STILLBORN

    def outputs(self) -> dict[str, str]:
        """The outputs by their names; none if there is no stack."""
        return {output["OutputKey"]: output["OutputValue"] for output in self._describe().get("Outputs", [])}

    def tags(self) -> dict[str, str]:
        """The tags of the last change that succeeded; none if there is no stack that was ever whole."""
        return {tag["Key"]: tag["Value"] for tag in self._describe()["Tags"]} if self.stands() else {}

    def parameters(self) -> dict[str, str]:
        """The parameters by their names; none if there is no stack."""
        return {each["ParameterKey"]: each["ParameterValue"] for each in self._describe().get("Parameters", [])}

    def is_deployed_with(self, tags: Mapping[str, str]) -> bool:
        """Whether the stack stands as its last change left it, and that change gave it these tags."""
        return self._describe().get("StackStatus") in COMPLETE and tags.items() <= self.tags().items()

    def plan(
        self,
        template_url: str,
        parameters: Mapping[str, str | None],
        tags: Mapping[str, str],
        declared: Mapping[str, Mapping[str, Any]],
    ) -> Plan | None:
        """A change set, not executed; None if nothing has to change. A parameter that is None keeps its value.

        `declared` are the template's parameters. Raises CommandError if CloudFormation cannot make a change set.
        """
        is_first = not self.stands()
        settings = [] if is_first else changed_settings(self.parameters(), parameters, declared)
        if is_first and self.exists():
            self.delete()
        told: list[Any] = [
            {"ParameterKey": name, **({"UsePreviousValue": True} if value is None else {"ParameterValue": value})}
            for name, value in parameters.items()
        ]
        # Names every attempt differently, because a failed change set keeps its name.
        change_set = f"deploy-{time.time_ns()}"
        self._client.create_change_set(
            StackName=self.name,
            ChangeSetName=change_set,
            ChangeSetType="CREATE" if is_first else "UPDATE",
            TemplateURL=template_url,
            Parameters=told,
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            Capabilities=list(CAPABILITIES),  # type: ignore[arg-type]  # a list of str, not of their literals
        )
        if self._is_executable(change_set):
            pages = self._client.get_paginator("describe_change_set")
            described = pages.paginate(StackName=self.name, ChangeSetName=change_set).search(
                "(Changes || `[]`)[].ResourceChange"
            )
            return Plan(change_set, list(described), is_first, settings)
        self._client.delete_change_set(StackName=self.name, ChangeSetName=change_set)
        return None

    def execute(self, plan: Plan) -> None:
        """Carries a plan out and waits. Raises CommandError."""
        self._client.execute_change_set(StackName=self.name, ChangeSetName=plan.name)
        try:
            self._wait("stack_create_complete" if plan.is_first else "stack_update_complete")
        except WaiterError as error:
            status = self._describe().get("StackStatus", "DELETE_COMPLETE")
            if status.endswith("_IN_PROGRESS"):
                sentence = f"The stack {self.name} was not changed within {self._wait_seconds:.0f} s."
            else:
                sentence = f"The stack {self.name} ended as {status}: {self._first_reason()}"
            raise CommandError(sentence) from error

    def ask(self, plan: Plan, approve: Approve) -> None:
        """Raises CommandError, and leaves nothing behind, if the plan is not approved of."""
        try:
            if not approve(plan):
                raise CommandError(f"The stack {self.name} was left as it is.")
        except BaseException:
            self.discard(plan)
            raise

    def discard(self, plan: Plan) -> None:
        """Forgets a plan, and the empty stack that the first one makes."""
        self._client.delete_change_set(StackName=self.name, ChangeSetName=plan.name)
        if plan.is_first:
            self.delete()

    def delete(self) -> None:
        """Deletes the stack and waits; nothing happens if there is none. Raises CommandError."""
        self._client.delete_stack(StackName=self.name)
        try:
            self._wait("stack_delete_complete")
        except WaiterError as error:
            raise CommandError(f"The stack {self.name} could not be deleted: {self._first_reason()}") from error

    def _is_executable(self, change_set: str) -> bool:
        try:
            self._wait("change_set_create_complete", ChangeSetName=change_set)
        except WaiterError as error:
            reason = error.last_response.get("StatusReason", "")
            # CloudFormation calls an empty change set a failure and tells it from others by words only.
            if "didn't contain changes" in reason or "No updates are to be performed" in reason:
                return False
            raise CommandError(f"The stack {self.name} cannot be changed: {reason or error}") from error
        return True

    def _wait(self, what: str, **more: str) -> None:
        """Waits as boto3 does, but looks more often: LocalStack needs no half minute."""
        waiter: Any = self._client.get_waiter(what)  # type: ignore[call-overload]  # a str, not one of its literals
        patience = {"Delay": POLL_SECONDS, "MaxAttempts": max(1, int(self._wait_seconds / POLL_SECONDS))}
        waiter.wait(StackName=self.name, WaiterConfig=patience, **more)

    def _first_reason(self) -> str:
        # Newest first; everything that is cancelled because of the first failure comes after it.
        events = self._client.describe_stack_events(StackName=self.name)["StackEvents"]
        failed = [event for event in events if event.get("ResourceStatus", "").endswith("_FAILED")]
        if not failed:
            return "CloudFormation gave no reason."
        event = failed[-1]
        return f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"

    def _describe(self) -> Mapping[str, Any]:
        """What CloudFormation tells of the stack; nothing if there is none."""
        try:
            stacks = self._client.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return {}
            raise
        return stacks[0] if stacks and stacks[0]["StackStatus"] != "DELETE_COMPLETE" else {}
