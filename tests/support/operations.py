"""The commands of docs/operations.md: each is followed by a test, or cannot be followed here and says why."""

import re

from tests.support.settings import PROJECT

DOCUMENT = PROJECT / "docs" / "operations.md"

# The tests of tests/e2e/test_operations.py, and how the commands begin that each follows.
FOLLOWED = {
    "test_a_stage_is_deployed_watched_stopped_rolled_back_and_destroyed": (
        "make database STAGE=dev",
        "make deploy STAGE=dev ENDPOINT=",
        "aws logs tail",
        "aws lambda list-event-source-mappings",
        "aws lambda update-event-source-mapping --uuid <uuid> --no-enabled",
        "aws lambda update-event-source-mapping --uuid <uuid> --enabled",
        "make roll-back STAGE=dev",
        "make destroy STAGE=dev",
    ),
    "test_the_logs_are_followed": ("make logs",),
    "test_dead_letters_are_put_back": (
        "make redrive",
        "aws sqs start-message-move-task",
        "aws sqs list-message-move-tasks",
    ),
    "test_the_first_admin_and_a_key_are_made": ("make superuser", "make api-key", "aws lambda invoke"),
}

# What cannot be run here, by how it begins. The aws commands among them are held against AWS's own models.
NO_AURORA = "LocalStack has no Aurora: the foundation and a restore are for AWS."
NO_IMPORT = "LocalStack removes the bucket with the stack, and cannot take one into a new stack."
NOT_HERE = {
    "make foundation": NO_AURORA,
    "curl -O https://truststore.pki.rds.amazonaws.com": "The tests need no internet.",
    "make deploy STAGE=dev CERTIFICATES=": NO_AURORA,
    "aws rds": NO_AURORA,
    "ACCOUNT=$(": NO_IMPORT,
    "aws cloudformation": NO_IMPORT,
    "filter event": "A query for CloudWatch Logs Insights, which LocalStack has not.",
}


def commands() -> list[str]:
    """Every command of the document, each on one line."""
    text = re.sub(r"\\\n\s*", "", DOCUMENT.read_text())
    # A paragraph in a list goes on with three blanks, a command with eight.
    return [line.strip() for line in text.splitlines() if line.startswith("    ")]


def followed_by(test: str) -> list[str]:
    """The commands that the test of this name follows, in the order of their beginnings."""
    return [line for beginning in FOLLOWED[test] for line in commands() if line.startswith(beginning)]
