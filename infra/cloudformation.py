"""One CloudFormation stack and what is done to it: compare it, plan a change, carry it out, delete it."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
# A stack in one of these can only be deleted: its first creation failed.
STILLBORN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED")
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
# What CloudFormation shows instead of a parameter that is not to be seen.
HIDDEN = "****"
SIGNS = {"Add": "+", "Modify": "~", "Remove": "-"}


class StackError(Exception):
    """The stack could not be changed; the sentence carries the reason of the resource that failed first."""


@dataclass(frozen=True)
class Change:
    """What would become of one resource. `action` is Add, Modify or Remove."""

    action: str
    resource: str
    kind: str
    is_replaced: bool = False
    is_tagged_only: bool = False

    def __str__(self) -> str:
        replaced = ", replaced by a new one" if self.is_replaced else ""
        return f"{SIGNS.get(self.action, '?')} {self.resource} ({self.kind}){replaced}"


@dataclass(frozen=True)
class Plan:
    """A change set that waits to be executed. `is_first` where there is no stack yet; `settings` tell of parameters."""

    name: str
    changes: tuple[Change, ...]
    is_first: bool
    settings: tuple[str, ...] = ()

    def sentences(self) -> list[str]:
        """The changes as a person reads them; resources that only get another tag are counted."""
        told = [str(change) for change in self.changes if not change.is_tagged_only]
        tagged = len(self.changes) - len(told)
        return [*self.settings, *told] + ([f"and {tagged} that only get the tags of this deployment"] if tagged else [])


def changed_settings(
    standing: Mapping[str, str | None], given: Mapping[str, str | None], declared: Mapping[str, Mapping[str, Any]]
) -> tuple[str, ...]:
    """What becomes of the parameters that stand, those too that nobody gives and that fall back to what the template
    declares. One that is given as None keeps its value."""
    news = {name: given.get(name, declared.get(name, {}).get("Default")) for name in standing}
    return tuple(
        f"{name}: {old or 'nothing'} -> {news[name] or 'nothing'}"
        for name, old in standing.items()
        if old is not None and news[name] is not None and str(news[name]) != old
    )


class Stack:
    """The stack `name`; `wait_seconds` bounds how long one change may take."""

    def __init__(self, name: str, client: "CloudFormationClient", wait_seconds: float = 1800) -> None:
        self.name = name
        self._client = client
        self._wait_seconds = wait_seconds

    def exists(self) -> bool:
        return self._describe() is not None

    def stands(self) -> bool:
        """Whether there is a stack that was ever whole."""
        stack = self._describe()
        return stack is not None and stack["StackStatus"] not in STILLBORN

    def outputs(self) -> dict[str, str]:
        """The outputs by their names. Raises StackError where there is no such stack."""
        return {output["OutputKey"]: output["OutputValue"] for output in self._known().get("Outputs", [])}

    def tags(self) -> dict[str, str]:
        """The tags of the last change that succeeded; none where there is no stack that was ever whole."""
        stack = self._describe()
        if stack is None or stack["StackStatus"] in STILLBORN:
            return {}
        return {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}

    def parameters(self) -> dict[str, str | None]:
        """The parameters by their names; None for one that is not to be seen."""
        return {
            parameter["ParameterKey"]: None if parameter["ParameterValue"] == HIDDEN else parameter["ParameterValue"]
            for parameter in self._known().get("Parameters", [])
        }

    def is_deployed_with(self, tags: Mapping[str, str]) -> bool:
        """Whether the stack stands as its last change left it, and that change gave it these tags."""
        stack = self._describe()
        if stack is None or stack["StackStatus"] not in COMPLETE:
            return False
        return tags.items() <= {(tag["Key"], tag["Value"]) for tag in stack.get("Tags", [])}

    def change(self, template_url: str, parameters: Mapping[str, str | None], tags: Mapping[str, str]) -> bool:
        """Creates or updates the stack and waits. False where nothing had to change. Raises StackError."""
        plan = self.plan(template_url, parameters, tags)
        if plan is not None:
            self.execute(plan)
        return plan is not None

    def plan(self, template_url: str, parameters: Mapping[str, str | None], tags: Mapping[str, str]) -> Plan | None:
        """A change set, not executed; None where nothing has to change. A parameter that is None keeps its value.

        Raises StackError where CloudFormation cannot make one.
        """
        stack = self._describe()
        if stack is not None and stack["StackStatus"] in STILLBORN:
            self.delete()
            stack = None
        # Names every attempt differently, because a failed change set keeps its name.
        change_set = f"deploy-{time.time_ns()}"
        self._client.create_change_set(
            StackName=self.name,
            ChangeSetName=change_set,
            ChangeSetType="CREATE" if stack is None else "UPDATE",
            TemplateURL=template_url,
            Parameters=[_parameter(key, value) for key, value in parameters.items()],  # type: ignore[misc]  # as above
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            Capabilities=list(CAPABILITIES),  # type: ignore[arg-type]  # a list of str, not of their literals
        )
        if self._is_executable(change_set):
            return Plan(change_set, tuple(self._changes(change_set)), is_first=stack is None)
        self._client.delete_change_set(StackName=self.name, ChangeSetName=change_set)
        return None

    def execute(self, plan: Plan) -> None:
        """Carries a plan out and waits. Raises StackError."""
        self._client.execute_change_set(StackName=self.name, ChangeSetName=plan.name)
        self._wait_until_changed()

    def discard(self, plan: Plan) -> None:
        """Forgets a plan, and the empty stack that the first one makes."""
        self._client.delete_change_set(StackName=self.name, ChangeSetName=plan.name)
        if plan.is_first:
            self.delete()

    def delete(self) -> None:
        """Deletes the stack and waits; nothing happens where there is none. Raises StackError."""
        self._client.delete_stack(StackName=self.name)
        for _ in self._patiently():
            stack = self._describe()
            if stack is None:
                return
            if stack["StackStatus"] == "DELETE_FAILED":
                raise StackError(f"The stack {self.name} could not be deleted: {self._first_reason()}")
        raise StackError(f"The stack {self.name} was not deleted within {self._wait_seconds:.0f} s.")

    def _changes(self, change_set: str) -> Iterator[Change]:
        token: dict[str, str] = {}
        while True:
            page = self._client.describe_change_set(
                StackName=self.name,
                ChangeSetName=change_set,
                **token,  # type: ignore[arg-type]  # the only key is NextToken
            )
            for change in page.get("Changes", []):
                yield _change(change["ResourceChange"])
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _is_executable(self, change_set: str) -> bool:
        for _ in self._patiently():
            description = self._client.describe_change_set(StackName=self.name, ChangeSetName=change_set)
            status, reason = description["Status"], description.get("StatusReason", "")
            if status == "CREATE_COMPLETE":
                return True
            if status == "FAILED":
                # CloudFormation calls an empty change set a failure and tells it from others by words only.
                if "didn't contain changes" in reason or "No updates are to be performed" in reason:
                    return False
                raise StackError(f"The stack {self.name} cannot be changed: {reason}")
        raise StackError(f"The change set of {self.name} was not made within {self._wait_seconds:.0f} s.")

    def _wait_until_changed(self) -> None:
        for _ in self._patiently():
            stack = self._describe()
            status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
            if status in COMPLETE:
                return
            if not status.endswith("_IN_PROGRESS"):
                raise StackError(f"The stack {self.name} ended as {status}: {self._first_reason()}")
        raise StackError(f"The stack {self.name} was not changed within {self._wait_seconds:.0f} s.")

    def _first_reason(self) -> str:
        # Newest first; everything that is cancelled because of the first failure comes after it.
        events = self._client.describe_stack_events(StackName=self.name)["StackEvents"]
        failed = [event for event in events if event.get("ResourceStatus", "").endswith("_FAILED")]
        if not failed:
            return "CloudFormation gave no reason."
        event = failed[-1]
        return f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"

    def _known(self) -> Any:
        stack = self._describe()
        if stack is None:
            raise StackError(f"There is no stack of the name {self.name}.")
        return stack

    def _describe(self) -> Any:
        try:
            stacks = self._client.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return stacks[0] if stacks and stacks[0]["StackStatus"] != "DELETE_COMPLETE" else None

    def _patiently(self) -> Any:
        """Yields now, and again after growing pauses, until the time is over."""
        pause, end = 0.2, time.monotonic() + self._wait_seconds
        while time.monotonic() < end:
            yield
            time.sleep(pause)
            pause = min(pause * 1.5, 5.0)


def _parameter(key: str, value: str | None) -> dict[str, Any]:
    if value is None:
        return {"ParameterKey": key, "UsePreviousValue": True}
    return {"ParameterKey": key, "ParameterValue": value}


def _change(told: Mapping[str, Any]) -> Change:
    return Change(
        action=told["Action"],
        resource=told["LogicalResourceId"],
        kind=told.get("ResourceType", ""),
        is_replaced=told.get("Replacement") == "True",
        is_tagged_only=told["Action"] == "Modify" and told.get("Scope") == ["Tags"],
    )
