"""What the function `administer` answers. It is no part of the contract."""

from collections.abc import Mapping, Sequence
from typing import NotRequired

from typing_extensions import TypedDict


class Superuser(TypedDict):
    """A user who may do everything. `invitation` is the page to choose a password at, below the console's address, if
    none was given.
    """

    user_id: int
    login: str
    name: str
    role: str
    invitation: NotRequired[str]


class ApiKey(TypedDict):
    """A key with its token, which is not shown again. `expires_at` is after ISO 8601."""

    key_id: int
    name: str
    role: str
    customer_id: int | None
    expires_at: str | None
    token: str


class RevokedKey(TypedDict):
    """A key that is worth nothing any more."""

    key_id: int
    revoked: bool


class Refusal(TypedDict):
    """Why nothing was done, with the sentences to each bad field."""

    error: str
    fields: Mapping[str, Sequence[str]]


Made = Superuser | ApiKey | RevokedKey
