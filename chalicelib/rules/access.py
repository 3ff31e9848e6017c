"""Who may do what: the one table of roles and operations (docs/access.md shows it, a test holds both together)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple, Self, TypeAlias, get_args


class Role(StrEnum):
    """People have one of the first three, keys of machines one of the next three."""

    VIEWER = "viewer"
    OFFICER = "officer"
    ADMIN = "admin"
    READER = "reader"
    WRITER = "writer"
    IMPORTER = "importer"
    # A request without credentials where the stage lets it in (API_AUTH=open), which only the local one may.
    ANYONE = "anyone"


PersonRole: TypeAlias = Literal[Role.VIEWER, Role.OFFICER, Role.ADMIN]
KeyRole: TypeAlias = Literal[Role.READER, Role.WRITER, Role.IMPORTER]
PEOPLE: tuple[PersonRole, ...] = get_args(PersonRole)
MACHINES: tuple[KeyRole, ...] = get_args(KeyRole)


class PasswordState(StrEnum):
    """Who chose the password of a user, as far as it is known."""

    OWN = "own"
    # Somebody else, who therefore knows it.
    GIVEN = "given"
    # Nobody yet: the user has a link to choose one with.
    NONE = "none"


class Owed(StrEnum):
    """What a user has to do before anything else, in this order."""

    CODE = "type the code of your second factor"
    PASSWORD = "choose a password of your own"  # noqa: S105  # pragma: allowlist secret - a sentence
    SECOND_FACTOR = "set up a second factor"


class Operation(StrEnum):
    """What a route does, as far as permission goes. Every route declares one."""

    READ_CONTRACT = "read the contract"
    SIGN_IN = "sign in"
    SEE_ONESELF = "see and end one's own session"
    READ_CUSTOMERS = "read customers"
    READ_LOANS = "read loans and schedules"
    READ_APPLICATIONS = "read applications"
    READ_POLICY = "read the active policy"
    CHECK_ELIGIBILITY = "check eligibility"
    REGISTER_CUSTOMER = "register a customer"
    CHANGE_CUSTOMER = "change a customer"
    CHANGE_TERMS = "change limits and incomes"
    ISSUE_KEY_FACTS = "issue a Key Facts Statement"
    CREATE_LOAN = "apply for a loan"
    READ_DELINQUENCY = "read which loans are late"
    RECORD_RECEIPTS = "record receipts"
    ADJUST_LOANS = "refund, waive, write off, open and reverse"
    READ_IMPORTS = "read one's own imports and their reports"
    READ_ALL_IMPORTS = "read all imports and their reports"
    START_IMPORT = "start an import"
    RELEASE_IMPORTS = "release an import"
    REDRIVE_IMPORTS = "import failed files again"
    READ_AUDIT = "read the audit log"
    MANAGE_KEYS = "manage API keys"
    MANAGE_USERS = "manage users"


# No credentials are asked for; those that come along are not looked at.
PUBLIC = frozenset({Operation.READ_CONTRACT, Operation.SIGN_IN})

# What a user may who still owes something.
_WHILE_OWING = PUBLIC | {Operation.SEE_ONESELF}

# Who does these could let themselves in anew: that they still may is asked each time, and never taken from memory.
ASKED_EACH_TIME = frozenset({Operation.MANAGE_KEYS, Operation.MANAGE_USERS})

_READING = PUBLIC | {
    Operation.SEE_ONESELF,
    Operation.READ_CUSTOMERS,
    Operation.READ_LOANS,
    Operation.READ_APPLICATIONS,
    Operation.CHECK_ELIGIBILITY,
    Operation.READ_DELINQUENCY,
}
_WRITING = _READING | {
    Operation.REGISTER_CUSTOMER,
    Operation.CHANGE_CUSTOMER,
    Operation.ISSUE_KEY_FACTS,
    Operation.CREATE_LOAN,
    Operation.RECORD_RECEIPTS,
    Operation.ADJUST_LOANS,
}
# People have to explain what was decided.
_EXPLAINING = frozenset({Operation.READ_POLICY})
# What an officer may, and anyone where nobody is asked who they are.
_DECIDING = frozenset({Operation.CHANGE_TERMS, Operation.READ_ALL_IMPORTS})
_IMPORTING = frozenset({Operation.READ_IMPORTS, Operation.START_IMPORT})

PERMISSIONS: Mapping[Role, frozenset[Operation]] = {
    Role.VIEWER: _READING | _EXPLAINING | {Operation.READ_IMPORTS, Operation.READ_ALL_IMPORTS},
    Role.OFFICER: _WRITING | _EXPLAINING | _IMPORTING | _DECIDING,
    Role.ADMIN: frozenset(Operation),
    Role.READER: _READING,
    Role.WRITER: _WRITING,
    Role.IMPORTER: PUBLIC | {Operation.SEE_ONESELF} | _IMPORTING,
    Role.ANYONE: _WRITING | _IMPORTING | _DECIDING,
}

# What a key of a role does not have, and can be given when it is made.
GIVEN: Mapping[Role, frozenset[Operation]] = {Role.WRITER: frozenset({Operation.CHANGE_TERMS})}

# The fields of a customer that take CHANGE_TERMS: by them one borrows more.
TERMS = frozenset({"approved_limit", "monthly_income"})

# What a key of one customer may do at most. That the customer paid is for the lender to say, who has the money: such a
# key sees its loans and previews receipts, but records none. The endpoint of each of these is handed the scope, or says
# that it is about no customer (api/endpoint.py); a test holds all of them to it.
SCOPED = PUBLIC | {
    Operation.SEE_ONESELF,
    Operation.READ_CUSTOMERS,
    Operation.READ_LOANS,
    Operation.READ_APPLICATIONS,
    Operation.CHECK_ELIGIBILITY,
    Operation.ISSUE_KEY_FACTS,
    Operation.CREATE_LOAN,
}


class Scope(NamedTuple):
    """Which customers there are for whoever asks: all of them, or only the one of `customer_id`."""

    customer_id: int | None = None

    def covers(self, customer_id: int) -> bool:
        """Whether this customer is there for whoever asks."""
        return self.customer_id in (None, customer_id)


EVERYBODY = Scope()


class Actor(NamedTuple):
    """Who makes a request. `customer_id` limits a key to what is about this one customer; `given` is what it may beside
    its role.
    """

    kind: str
    name: str
    role: Role
    actor_id: int | None = None
    customer_id: int | None = None
    # When the credentials end by themselves; None where they do not.
    expires_at: datetime | None = None
    given: frozenset[Operation] = frozenset()
    # What a user has to do first; until then there is nothing else that they may.
    owes: Owed | None = None

    @property
    def identity(self) -> str:
        """What tells this actor from any other, for logs and keys: key:12, user:3, anyone."""
        return identity_of(self.kind, self.actor_id)

    @property
    def scope(self) -> Scope:
        """The customers that this actor may know of."""
        return Scope(self.customer_id)

    @property
    def own_imports(self) -> str | None:
        """The identity whose imports are all that this actor sees; None where it sees everybody's."""
        return None if self.may(Operation.READ_ALL_IMPORTS) else self.identity

    @property
    def spares_registered(self) -> bool:
        """Whether a workbook of this actor leaves alone who was registered here and what was lent here: nobody changes
        by a file what they may not change by hand.
        """
        return not self.may(Operation.CHANGE_CUSTOMER)

    def may(self, operation: Operation) -> bool:
        """Whether the role has the permission or the key was given it, and a key of one customer may have it; little of
        it while something is owed.
        """
        if self.owes is not None and operation not in _WHILE_OWING:
            return False
        return operation in PERMISSIONS[self.role] | self.given and (self.customer_id is None or operation in SCOPED)


def identity_of(kind: str, number: int | None) -> str:
    """What tells an actor from any other: its kind, and its number if it has one."""
    return kind if number is None else f"{kind}:{number}"


KEY = "key"
USER = "user"
ANYONE = Actor("anyone", "anyone", Role.ANYONE)


class Author(NamedTuple):
    """Who answers for a write, and in which request: what the audit log says of it."""

    kind: str
    name: str
    author_id: int | None = None
    request_id: str | None = None

    @classmethod
    def of(cls, actor: Actor, request_id: str) -> Self:
        """The actor of a request as the author of what it changes."""
        return cls(actor.kind, actor.name, actor.actor_id, request_id)

    @property
    def identity(self) -> str:
        """As that of an actor: user:3, import:5, bootstrap."""
        return identity_of(self.kind, self.author_id)


# What a deployment does by itself, when it comes to life.
BOOTSTRAP = Author("bootstrap", "bootstrap")
# All that an author may be: people, keys, the files of imports, and those that there is one of.
AUTHOR_KINDS = (USER, KEY, "import", "operator", BOOTSTRAP.kind, ANYONE.kind)
