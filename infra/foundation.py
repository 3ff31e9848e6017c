"""Makes or changes the foundation of a stage on AWS: network, database, key, and the user of the functions.

The user is made through the RDS Data API, which needs no machine inside the network; IAM says who may use it, and the
password of the master, as whom it works, is shown to nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from infra.cloudformation import Approve, Stack
from infra.packaging import ROOT
from infra.revisions import Say, Stage
from infra.session import Session, aws_refusals

TEMPLATE = ROOT / "infra" / "foundation.yaml"
# A database takes a quarter of an hour to be made, and longer to be changed.
WAIT_SECONDS = 3600.0
DATABASE = "loans"


@dataclass(frozen=True)
class Need:
    """What the user needs, the question whether it is there, to which the answer is a boolean, and how it comes."""

    what: str
    question: str
    statement: str


NEEDS = (
    Need(
        "the user loans_app",
        "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'loans_app')",
        "CREATE ROLE loans_app LOGIN",
    ),
    Need("its sign-in by IAM", "SELECT pg_has_role('loans_app', 'rds_iam', 'MEMBER')", "GRANT rds_iam TO loans_app"),
    Need(
        "its rights in the database loans",
        "SELECT has_database_privilege('loans_app', 'loans', 'CREATE')"
        " AND has_database_privilege('loans_app', 'loans', 'CONNECT')",
        "GRANT CREATE, CONNECT ON DATABASE loans TO loans_app",
    ),
    Need(
        "its rights in the schema public",
        "SELECT has_schema_privilege('loans_app', 'public', 'CREATE')"
        " AND has_schema_privilege('loans_app', 'public', 'USAGE')",
        "GRANT CREATE, USAGE ON SCHEMA public TO loans_app",
    ),
)


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


def make_user(session: Session, outputs: Mapping[str, str]) -> list[str]:
    """Gives the user what it lacks, with the outputs of the foundation, and names that. A second run changes nothing.

    Raises ClientError if the Data API or the database refuses.
    """
    where = {"resourceArn": outputs["DatabaseArn"], "secretArn": outputs["MasterSecretArn"], "database": DATABASE}
    client = session.client("rds-data")
    made = []
    for need in NEEDS:
        # Each is asked for after the one before it was made: there is nothing to be asked of a user who is not there.
        answer = client.execute_statement(**where, sql=need.question)
        if not answer["records"][0][0]["booleanValue"]:
            client.execute_statement(**where, sql=need.statement)
            made.append(need.what)
    return made
