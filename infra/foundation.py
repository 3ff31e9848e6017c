"""Makes or changes the foundation of a stage on AWS: network, database, key, and the user of the functions."""

from collections.abc import Mapping

import yaml

from infra.cloudformation import Approve, Stack
from infra.database_user import make_user
from infra.packaging import ROOT
from infra.revisions import Say, Stage
from infra.session import Session, aws_refusals

TEMPLATE = ROOT / "infra" / "foundation.yaml"
# A database takes a quarter of an hour to be made, and longer to be changed.
WAIT_SECONDS = 3600.0


@aws_refusals()
def found(
    stage: str,
    session: Session,
    parameters: Mapping[str, str],
    approve: Approve,
    say: Say = print,
    template: str | None = None,
) -> dict[str, str]:
    """Brings the foundation to its template and these parameters, makes the database's user; returns the outputs.

    A parameter that is not named keeps its value: a database must not shrink because somebody forgot one. Raises
    CommandError.
    """
    template = TEMPLATE.read_text() if template is None else template
    stack = Stack(f"loans-{stage}-foundation", session.client("cloudformation"), WAIT_SECONDS)
    declared = yaml.safe_load(template)["Parameters"]
    standing = stack.parameters() if stack.stands() else {}
    values = {**dict.fromkeys(name for name in standing if name in declared), "Stage": stage, **parameters}
    place = Stage(stage, session)
    key = place.upload_text("templates/foundation-{}.yaml", template)
    plan = stack.plan(place.url_of(key), values, {}, declared)
    if plan is None:
        say(f"The stack {stack.name} is that of its template; nothing had to change.")
    else:
        stack.ask(plan, approve)
        say(f"Changing the stack {stack.name}. A database takes a quarter of an hour.")
        stack.execute(plan)
    outputs = stack.outputs()
    made = make_user(session, outputs)
    say(f"Made {', '.join(made)}." if made else "The database's user has all it needs; nothing had to change.")
    return outputs
