"""What the API answers about sessions, keys, users and the audit log."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

from chalicelib.api.answers.common import NextId, one_of
from chalicelib.rules import auditing
from chalicelib.rules.access import ANYONE, KEY, MACHINES, PEOPLE, USER, PasswordState, Role

KeyRole = Annotated[str, one_of(MACHINES)]
PersonRole = Annotated[str, one_of(PEOPLE)]
# The database has them as text, and may know one more while a newer release is being deployed.
Action = TypeAliasType("Action", Annotated[str, one_of(auditing.Action)])
SubjectKind = TypeAliasType("SubjectKind", Annotated[str, one_of(auditing.SubjectKind)])
# What an event changed, by the names of the fields.
AuditValues = TypeAliasType("AuditValues", dict[str, Any])

UserId = Annotated[int, Field(description="the number of the user")]
Name = Annotated[str, Field(description="the name")]
Created = Annotated[datetime, Field(description="the moment at which it was made")]
Token = Annotated[str, Field(description="the token, shown this once: it goes into `Authorization` or `X-API-Key`")]


class OpenedSession(TypedDict):
    """A session, with the token that stands for it."""

    token: Token
    user_id: UserId
    name: Name
    role: Annotated[PersonRole, Field(description="what the user may")]
    expires_at: Annotated[datetime, Field(description="the moment at which the session ends at the latest")]


class Oneself(TypedDict):
    """Who makes a request, and what they may do."""

    kind: Annotated[
        str, one_of((KEY, USER, ANYONE.kind)), Field(description="a key, a user, or anyone where the stage is open")
    ]
    id: Annotated[int | None, Field(description="the number of the key or user; null for anyone")]
    name: Name
    role: Annotated[Role, Field(description="the role")]
    customer_id: Annotated[
        int | None, Field(description="the only customer that a limited key may see; null without a limit")
    ]
    expires_at: Annotated[
        datetime | None, Field(description="the moment at which the credentials end; null where they do not")
    ]
    may: Annotated[list[str], Field(description="what the role may do")]


class ApiKeyRecord(TypedDict):
    """A key, without what is secret about it."""

    key_id: Annotated[int, Field(description="the number of the key")]
    public_id: Annotated[str, Field(description="the part of the token that is no secret")]
    name: Name
    role: Annotated[KeyRole, Field(description="what the key may")]
    may_change_terms: Annotated[
        bool, Field(description="whether it may change limits and incomes, which a writer can be given")
    ]
    customer_id: Annotated[
        int | None, Field(description="the only customer that the key may see; null without a limit")
    ]
    created_at: Created
    created_by: Annotated[str, Field(description="who made it")]
    expires_at: Annotated[datetime | None, Field(description="the moment at which it ends; null where it does not")]
    last_used_at: Annotated[datetime | None, Field(description="when it was used last, to the minute; null for never")]
    rotated_at: Annotated[datetime | None, Field(description="when it got its present token; null for the first")]
    revoked_at: Annotated[datetime | None, Field(description="when it was revoked; null where it was not")]


class IssuedApiKey(ApiKeyRecord):
    """A key with its token, which is not shown again."""

    token: Token


class ApiKeysPage(TypedDict):
    """Keys by number."""

    api_keys: Annotated[list[ApiKeyRecord], Field(description="the keys of this page")]
    next: NextId


class UserRecord(TypedDict):
    """A user."""

    user_id: UserId
    login: Annotated[str, Field(description="what the user signs in with")]
    name: Name
    role: Annotated[PersonRole, Field(description="what the user may")]
    created_at: Created
    password_changed_at: Annotated[datetime, Field(description="when the password was set")]
    disabled_at: Annotated[
        datetime | None, Field(description="since when the user may not sign in; null where they may")
    ]
    email: Annotated[str | None, Field(description="the e-mail address, which nothing is sent to; null for none")]
    password_state: Annotated[
        str,
        one_of(PasswordState),
        Field(
            description="own: the user chose it, or nobody knows who did; given: another user knows it, so it has to "
            "be changed; none: the user has a link to choose it with"
        ),
    ]
    second_factor_since: Annotated[
        datetime | None, Field(description="since when the user signs in with a second factor; null for without")
    ]


class InvitationRecord(TypedDict):
    """A link to choose a password with, which is not shown again."""

    token: Annotated[str, Field(description="the token, shown this once, for `POST /api/invitations/`")]
    path: Annotated[str, Field(description="the page of the console that the user opens, without the host")]
    expires_at: Annotated[datetime, Field(description="the moment from which on it works no more")]


class InvitedUser(UserRecord):
    """A user with the link to choose a password with."""

    invitation: Annotated[InvitationRecord, Field(description="what to hand over to the user")]


class UsersPage(TypedDict):
    """Users by number."""

    users: Annotated[list[UserRecord], Field(description="the users of this page")]
    next: NextId


class AuditActor(TypedDict):
    """Who did it."""

    kind: Annotated[str, Field(description="user, key, import, operator, bootstrap or anyone")]
    id: Annotated[int | None, Field(description="the number of the actor; null where it has none")]
    name: Name


class AuditSubject(TypedDict):
    """What it was done to."""

    kind: Annotated[SubjectKind, Field(description="what it is")]
    id: Annotated[str | None, Field(description="its number; null where it has none")]


class AuditEvent(TypedDict):
    """One thing that was done to one subject."""

    audit_id: Annotated[int, Field(description="the number of the event")]
    at: Annotated[datetime, Field(description="the moment at which it was done")]
    actor: Annotated[AuditActor, Field(description="who did it")]
    action: Annotated[Action, Field(description="what was done")]
    subject: Annotated[AuditSubject, Field(description="what it was done to")]
    before: Annotated[AuditValues | None, Field(description="the values before, of what changed; null for none")]
    after: Annotated[AuditValues | None, Field(description="the values after; null for none")]
    request_id: Annotated[str | None, Field(description="the request that did it; null where none did")]


class AuditPage(TypedDict):
    """Events, the newest first."""

    events: Annotated[list[AuditEvent], Field(description="the events of this page")]
    next: NextId
