"""One CloudFormation stack and the two things done to it: compare it, and change it by a change set."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
# A stack in one of these can only be deleted: its first creation failed.
STILLBORN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED")
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")


class StackError(Exception):
    """The stack could not be changed; the sentence carries the reason of the resource that failed first."""


class Stack:
    """The stack `name`; `wait_seconds` bounds how long one change may take."""

    def __init__(self, name: str, client: "CloudFormationClient", wait_seconds: float = 1800) -> None:
        self.name = name
        self._client = client
        self._wait_seconds = wait_seconds

    def outputs(self) -> dict[str, str]:
        """The outputs by their names. Raises StackError where there is no such stack."""
        stack = self._describe()
        if stack is None:
            raise StackError(f"There is no stack of the name {self.name}.")
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def is_deployed_with(self, tags: Mapping[str, str]) -> bool:
        """Whether the stack stands as its last change left it, and that change gave it these tags."""
        stack = self._describe()
        if stack is None or stack["StackStatus"] not in COMPLETE:
            return False
        return tags.items() <= {(tag["Key"], tag["Value"]) for tag in stack.get("Tags", [])}

    def change(self, template_url: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> bool:
        """Creates or updates the stack and waits. False where nothing had to change. Raises StackError."""
        stack = self._describe()
        if stack is not None and stack["StackStatus"] in STILLBORN:
            self._delete()
            stack = None
        # Names every attempt differently, because a failed change set keeps its name.
        change_set = f"deploy-{time.time_ns()}"
        self._client.create_change_set(
            StackName=self.name,
            ChangeSetName=change_set,
            ChangeSetType="CREATE" if stack is None else "UPDATE",
            TemplateURL=template_url,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            Capabilities=list(CAPABILITIES),  # type: ignore[arg-type]  # a list of str, not of their literals
        )
        if not self._is_executable(change_set):
            self._client.delete_change_set(StackName=self.name, ChangeSetName=change_set)
            return False
        self._client.execute_change_set(StackName=self.name, ChangeSetName=change_set)
        self._wait_until_changed()
        return True

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

    def _delete(self) -> None:
        self._client.delete_stack(StackName=self.name)
        for _ in self._patiently():
            if self._describe() is None:
                return
        raise StackError(f"The stack {self.name}, whose creation failed, could not be deleted.")

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
