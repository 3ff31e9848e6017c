"""The one envelope of every error."""

from collections.abc import Iterator
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

from chalicelib.api.answers.common import one_of
from chalicelib.errors import LoanError


def _codes(kind: type[LoanError]) -> Iterator[str]:
    yield kind.code
    for each in kind.__subclasses__():
        yield from _codes(each)


# A table in docs/api.md says of each when it is answered.
ErrorCode = TypeAliasType("ErrorCode", Annotated[str, one_of(dict.fromkeys(_codes(LoanError)))])


class Error(TypedDict):
    """The one envelope of every error."""

    error: Annotated[str, Field(description="a sentence for a person: what is wrong, and what to do about it")]
    code: Annotated[ErrorCode, Field(description="what a program can tell errors apart by")]
    fields: NotRequired[
        Annotated[dict[str, list[str]], Field(description="the sentences to each bad field of the request")]
    ]
    figures: NotRequired[
        Annotated[
            dict[str, object],
            Field(
                description="what was given, and what would be right: amounts in rupees, dates, numbers, words",
                json_schema_extra={"additionalProperties": {"type": ["number", "string", "null"]}},
            ),
        ]
    ]
    request_id: Annotated[str, Field(description="finds the request in the logs; the header X-Request-Id repeats it")]
