"""docs/operations.md: no command in it is left out where it is followed, and AWS would take those that are for AWS."""

import pytest

from tests.support.aws_commands import read
from tests.support.operations import FOLLOWED, NOT_HERE, commands


def test_every_command_of_the_document_is_followed_or_listed_with_the_reason() -> None:
    followed = [beginning for beginnings in FOLLOWED.values() for beginning in beginnings]
    known = (*followed, *NOT_HERE)
    assert [line for line in commands() if not line.startswith(known)] == []
    assert [each for each in known if not any(line.startswith(each) for line in commands())] == []


@pytest.mark.parametrize(
    "command", [line for line in commands() if line.startswith("aws ") and " logs tail " not in line]
)
def test_an_aws_command_is_one_that_aws_takes(command: str) -> None:
    # A placeholder stands for a value that is long enough.
    assert read(command.replace("<", "the-value-of-").replace(">", "-that-was-printed-before")).service
