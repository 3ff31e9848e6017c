"""The user of the database whom the functions sign in as, made through the RDS Data API.

The API needs no machine inside the network; IAM says who may use it, and the password of the master, as whom it works,
is shown to nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.session import Session

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
    Need(
        "its sign-in by IAM",
        "SELECT pg_has_role('loans_app', 'rds_iam', 'MEMBER')",
        "GRANT rds_iam TO loans_app",
    ),
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
