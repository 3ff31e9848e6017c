"""What the API takes about sessions, keys, users and the audit log. Descriptions finish "must be …", as in models.py.

A secret is `writeOnly`: what was sent is not repeated in the sentence about it.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints

from chalicelib.requests.models import (
    OR_NULL,
    WHOLE,
    CursorId,
    CustomerId,
    Day,
    LastDay,
    Model,
    Name,
    PageQuery,
    PatchBody,
)
from chalicelib.rules import access
from chalicelib.rules.access import MACHINES, PEOPLE
from chalicelib.rules.auditing import Action, SubjectKind
from chalicelib.rules.bounds import CODE_LENGTH, EMAIL_LENGTH, KEY_DAYS, LOGIN_LENGTH, MAX_ID, PASSWORD_LENGTH
from chalicelib.rules.text import is_plain_text, joined
from chalicelib.storage.audit import AuditFilter


def _lower(value: Any) -> Any:
    # Blanks only: what else Python takes for white space are control characters, which no login has.
    return value.strip(" ").lower() if isinstance(value, str) else value


def _storable(value: str) -> str:
    if not is_plain_text(value):
        raise ValueError
    return value


# What may be typed where somebody signs in; what a new login may be is narrower.
TypedLogin = Annotated[
    str,
    StringConstraints(min_length=LOGIN_LENGTH.least, max_length=LOGIN_LENGTH.most),
    BeforeValidator(_lower),
    AfterValidator(_storable),
    Field(description=f"text of {LOGIN_LENGTH} characters"),
]
NewLogin = Annotated[
    str,
    BeforeValidator(_lower),
    StringConstraints(pattern=rf"^[a-z0-9][a-z0-9._@+-]{{0,{LOGIN_LENGTH.most - 1}}}$"),
    Field(description=f"{LOGIN_LENGTH} letters, digits, dots, hyphens, @, + or _, the first a letter or digit"),
]
TypedPassword = Annotated[
    str,
    StringConstraints(min_length=1, max_length=PASSWORD_LENGTH.most),
    AfterValidator(_storable),
    Field(description=f"text of 1 to {PASSWORD_LENGTH.most} characters", json_schema_extra={"writeOnly": True}),
]
NewPassword = Annotated[
    str,
    StringConstraints(min_length=PASSWORD_LENGTH.least, max_length=PASSWORD_LENGTH.most),
    AfterValidator(_storable),
    Field(
        description=f"text of {PASSWORD_LENGTH} characters, and not the login", json_schema_extra={"writeOnly": True}
    ),
]
# For people to read; nothing is sent to it, so nothing more is asked of it.
_MAIL = f"an e-mail address of {EMAIL_LENGTH} characters, such as asha@example.com"
Email = Annotated[
    str,
    StringConstraints(min_length=EMAIL_LENGTH.least, max_length=EMAIL_LENGTH.most, pattern=r"^[^@\s]+@[^@\s]+$"),
    AfterValidator(_storable),
    Field(description=_MAIL),
]
TypedCode = Annotated[
    str,
    StringConstraints(min_length=CODE_LENGTH.least, max_length=CODE_LENGTH.most),
    AfterValidator(_storable),
    Field(
        description="the six digits that the authenticator app shows, or a recovery code",
        json_schema_extra={"writeOnly": True},
    ),
]
InvitationToken = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100),
    AfterValidator(_storable),
    Field(description="the token of an invitation, which begins with li_", json_schema_extra={"writeOnly": True}),
]
PersonRole = Annotated[access.PersonRole, Field(description=joined(PEOPLE, "or"))]
KeyRole = Annotated[access.KeyRole, Field(description=joined(MACHINES, "or"))]
KeyId = Annotated[int, WHOLE, Field(ge=1, le=MAX_ID, description="the number of an API key")]
Days = Annotated[
    int,
    WHOLE,
    Field(ge=KEY_DAYS.least, le=KEY_DAYS.most, description=f"a whole number of days, {KEY_DAYS}"),
]


class SignInBody(Model):
    """`POST /api/sessions/`"""

    model_config = ConfigDict(extra="forbid")

    login: TypedLogin
    password: TypedPassword
    code: TypedCode | None = None


class AcceptInvitationBody(Model):
    """`POST /api/invitations/`"""

    model_config = ConfigDict(extra="forbid")

    token: InvitationToken
    password: NewPassword
    code: TypedCode | None = None


class NewKeyBody(Model):
    """`POST /api/api-keys/`: without days it does not expire; with a customer it is limited to this one."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    role: KeyRole
    days: Days | None = None
    customer_id: CustomerId | None = None
    may_change_terms: Annotated[
        bool, Field(description="true or false: whether a writer may also change limits and incomes")
    ] = False


class NewUserBody(Model):
    """`POST /api/users/`"""

    model_config = ConfigDict(extra="forbid")

    login: NewLogin
    name: Name
    role: PersonRole
    email: Email | None = None


class PatchUserBody(PatchBody):
    """`PATCH /api/users/{user_id}/`: what is not given stays as it is."""

    taken_away: ClassVar[Mapping[str, Any]] = {"email": ""}

    name: Name | None = None
    role: PersonRole | None = None
    disabled: Annotated[bool, Field(strict=True, description="true or false")] | None = None
    email: Annotated[Email, OR_NULL] | None = Field(None, description=f"{_MAIL}; null takes it away")


class OwnPassword(Model):
    """The password that somebody chooses for themselves, in the console."""

    password: NewPassword


class SuperuserBody(Model):
    """`create_superuser` of the function `administer`: without a password the admin chooses one by a link."""

    model_config = ConfigDict(extra="forbid")

    login: NewLogin
    name: Name | None = None
    password: NewPassword | None = None


class RevokeKeyBody(Model):
    """`revoke_api_key` of the function `administer`."""

    model_config = ConfigDict(extra="forbid")

    key_id: KeyId


class NumberedQuery(PageQuery):
    """`GET /api/api-keys/` and `GET /api/users/`"""

    after: CursorId = 0


ActorIdentity = Annotated[
    str,
    # Of a kind that there is not, nobody did anything either.
    StringConstraints(pattern=rf"^({'|'.join(access.AUTHOR_KINDS)})(:[1-9][0-9]{{0,17}})?$"),
    Field(description="a kind of actor, or one actor, such as user:3, key:12, import:5, anyone, operator or bootstrap"),
]
SubjectId = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,19}$"), Field(description="the number of the subject")]


class AuditQuery(PageQuery):
    """`GET /api/audit/`: both days count."""

    actor: ActorIdentity | None = None
    action: Annotated[Action, Field(description=f"one of {', '.join(Action)}")] | None = None
    subject_kind: Annotated[SubjectKind, Field(description=f"one of {', '.join(SubjectKind)}")] | None = None
    subject_id: SubjectId | None = None
    since: Day | None = Field(None, alias="from")
    to: LastDay | None = None
    before: CursorId | None = None

    def filter(self, zone: ZoneInfo) -> AuditFilter:
        """What is looked for in the log; the days are those of `zone`."""
        kind, _, number = (self.actor or "").partition(":")
        return AuditFilter(
            kind or None,
            int(number) if number else None,
            self.action,
            self.subject_kind,
            self.subject_id,
            _midnight(self.since, zone) if self.since else None,
            _midnight(self.to + timedelta(days=1), zone) if self.to else None,
        )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
