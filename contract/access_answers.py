"""What the API answers about sessions, keys, users and the audit log; see answers.py."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from chalicelib.rules.access import Role
from chalicelib.rules.auditing import Action, SubjectKind
from contract.answers import NextId

KeyRole = Literal["reader", "writer", "importer"]
PersonRole = Literal["viewer", "officer", "admin"]

UserId = Annotated[int, Field(description="the number of the user")]
Name = Annotated[str, Field(description="the name")]
Created = Annotated[datetime, Field(description="the moment at which it was made")]
Token = Annotated[str, Field(description="the token, shown this once: it goes into `Authorization` or `X-API-Key`")]


class OpenedSession(BaseModel):
    """A session, with the token that stands for it."""

    token: Token
    user_id: UserId
    name: Name
    role: PersonRole = Field(description="what the user may")
    expires_at: datetime = Field(description="the moment at which the session ends at the latest")


class Oneself(BaseModel):
    """Who makes a request, and what they may do."""

    kind: Literal["key", "user", "anyone"] = Field(description="a key, a user, or anyone where the stage is open")
    id: int | None = Field(description="the number of the key or user; null for anyone")
    name: Name
    role: Role = Field(description="the role")
    customer_id: int | None = Field(description="the only customer that a limited key may see; null without a limit")
    expires_at: datetime | None = Field(description="the moment at which the credentials end; null where they do not")
    may: list[str] = Field(description="what the role may do")


class ApiKeyRecord(BaseModel):
    """A key, without what is secret about it."""

    key_id: int = Field(description="the number of the key")
    public_id: str = Field(description="the part of the token that is no secret")
    name: Name
    role: KeyRole = Field(description="what the key may")
    may_change_terms: bool = Field(description="whether it may change limits and incomes, which a writer can be given")
    customer_id: int | None = Field(description="the only customer that the key may see; null without a limit")
    created_at: Created
    created_by: str = Field(description="who made it")
    expires_at: datetime | None = Field(description="the moment at which it ends; null where it does not")
    last_used_at: datetime | None = Field(description="when it was used last, to the minute; null for never")
    rotated_at: datetime | None = Field(description="when it got its present token; null for the first")
    revoked_at: datetime | None = Field(description="when it was revoked; null where it was not")


class IssuedApiKey(ApiKeyRecord):
    """A key with its token, which is not shown again."""

    token: Token


class ApiKeysPage(BaseModel):
    """Keys by number."""

    api_keys: list[ApiKeyRecord] = Field(description="the keys of this page")
    next: NextId


class UserRecord(BaseModel):
    """A user."""

    user_id: UserId
    login: str = Field(description="what the user signs in with")
    name: Name
    role: PersonRole = Field(description="what the user may")
    created_at: Created
    password_changed_at: datetime = Field(description="when the password was set")
    disabled_at: datetime | None = Field(description="since when the user may not sign in; null where they may")


class UsersPage(BaseModel):
    """Users by number."""

    users: list[UserRecord] = Field(description="the users of this page")
    next: NextId


class AuditActor(BaseModel):
    """Who did it."""

    kind: str = Field(description="user, key, import, operator, bootstrap or anyone")
    id: int | None = Field(description="the number of the actor; null where it has none")
    name: Name


class AuditSubject(BaseModel):
    """What it was done to."""

    kind: SubjectKind = Field(description="what it is")
    id: str | None = Field(description="its number; null where it has none")


class AuditEvent(BaseModel):
    """One thing that was done to one subject."""

    audit_id: int = Field(description="the number of the event")
    at: datetime = Field(description="the moment at which it was done")
    actor: AuditActor = Field(description="who did it")
    action: Action = Field(description="what was done")
    subject: AuditSubject = Field(description="what it was done to")
    before: dict[str, Any] | None = Field(description="the values before, of what changed; null for none")
    after: dict[str, Any] | None = Field(description="the values after; null for none")
    request_id: str | None = Field(description="the request that did it; null where none did")


class AuditPage(BaseModel):
    """Events, the newest first."""

    events: list[AuditEvent] = Field(description="the events of this page")
    next: NextId
