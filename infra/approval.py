"""Shows what a change would do to a stack, and makes it only if somebody approves of it."""

from collections.abc import Callable

from infra.cloudformation import Plan, Stack
from infra.terminal import CommandError, confirmed

Approve = Callable[[Plan], bool]


def asking(what: str, confirm: str | None) -> Approve:
    """Shows the plan, which changes `what`, to the person at the terminal and asks; `confirm` is an answer to that."""

    def approve(plan: Plan) -> bool:
        print(f"This would change in {what}:")
        print("\n".join(f"  {sentence}" for sentence in plan.sentences()))
        return confirmed("Go on? Type yes: ", "yes", confirm)

    return approve


def approved(stack: Stack, plan: Plan, approve: Approve) -> Plan:
    """The plan. Raises CommandError, and leaves nothing behind, if it is not approved of."""
    goes_on = False
    try:
        goes_on = approve(plan)
    finally:
        if not goes_on:
            stack.discard(plan)
    if not goes_on:
        raise CommandError(f"The stack {stack.name} was left as it is.")
    return plan
