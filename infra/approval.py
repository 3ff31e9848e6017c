"""Shows what a change would do to a stack, and makes it only where somebody approves of it."""

from collections.abc import Callable, Mapping

from infra.cloudformation import Plan, Stack
from infra.terminal import Refused, confirmed

Approve = Callable[[Plan], bool]


def whatever_changes(_plan: Plan) -> bool:
    """Approves every plan."""
    return True


def asking(what: str, environ: Mapping[str, str]) -> Approve:
    """Shows the plan to whoever is at the terminal and asks; `CONFIRM=yes` answers. `what` is changed by it."""

    def approve(plan: Plan) -> bool:
        print(f"This would change in {what}:")
        print("\n".join(f"  {sentence}" for sentence in plan.sentences()))
        return confirmed("Go on? Type yes: ", "yes", environ)

    return approve


def approved(stack: Stack, plan: Plan, approve: Approve) -> Plan:
    """The plan. Raises Refused, and leaves nothing behind, where it is not approved of."""
    try:
        goes_on = approve(plan)
    except BaseException:
        stack.discard(plan)
        raise
    if not goes_on:
        stack.discard(plan)
        raise Refused(f"The stack {stack.name} was left as it is.")
    return plan
