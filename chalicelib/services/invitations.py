"""The use cases of links: a user chooses a password with one, so that nobody types the password of another.

Who is invited gets one, and who has to choose another password. A link works once, and for LINK_HOURS.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from chalicelib.errors import Conflict
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import USER, Author, PasswordState, Role
from chalicelib.rules.auditing import Action, Event, SubjectKind
from chalicelib.rules.tokens import Token, new_invitation
from chalicelib.services.sessions import OpenedSession, open_session
from chalicelib.services.users import UserChanges, add_user, change_locked, locked, number_of
from chalicelib.storage import audit, sessions, sign_in_failures, users
from chalicelib.storage.users import NewUser, User


@dataclass(frozen=True)
class Invitee:
    """A user to be invited; the login is in lower case. Nothing is sent to the e-mail address."""

    login: str
    name: str
    role: str
    email: str | None = None


@dataclass(frozen=True)
class Invitation:
    """A user with the token of the link, which nobody can read again."""

    user: User
    token: str = field(repr=False)


def invite(database: Database, author: Author, invitee: Invitee) -> Invitation:
    """Makes a user, who chooses the password. Raises Conflict if the login is taken."""
    from chalicelib.services.passwords import nobodys_hash

    state = PasswordState.NONE.value
    return _invite(
        database, author, NewUser(invitee.login, invitee.name, invitee.role, nobodys_hash(), state, invitee.email)
    )


@retried
def renew(database: Database, author: Author, user_id: int) -> Invitation:
    """Gives a user a new link. The password and the link before end at once, and so do all sessions.

    Raises UserNotFound, and Conflict for oneself, for the only admin, and for a user who is disabled.
    """
    with database.transaction() as tx:
        user, admins = locked(tx.connection, user_id)
        if (author.kind, author.author_id) == (USER, user_id):
            raise Conflict("You cannot reset your own password here. Change it under My account.")
        if user.disabled_at is not None:
            raise Conflict(f"{user.login} is disabled; enable the user first.")
        if admins == {user_id}:
            raise Conflict(f"{user.login} is the only admin who may sign in; make another one first.")
        renewed = _link(tx.connection, author, user)
        tx.commit()
    return renewed


def invite_superuser(database: Database, author: Author, login: str, *, name: str | None) -> Invitation:
    """Invites an admin for an operator. Somebody who has the login already becomes one, and is let in again.

    Without a name, whoever is there keeps theirs, and a new user is called by the login.
    """
    user_id = number_of(database, login)
    if user_id is None:
        return invite(database, author, Invitee(login, name or login, Role.ADMIN.value))
    return _make_superuser(database, author, user_id, name)


@retried
def who_is_invited(database: Database, token: Token) -> User | None:
    """Whose link this is; None if it was used, replaced or is too old, or the user is disabled."""
    with database.reading() as connection:
        return users.of_link(connection, token.digest)


def accept(database: Database, token: Token, password: str, *, address: str, request_id: str) -> OpenedSession | None:
    """Sets the password that a user chose with a link, and opens a session, which awaits the code if there is a second
    factor. None if the link is good no more.

    Raises InvalidRequest for a password that may not be one; the link stays good then.
    """
    from chalicelib.services.passwords import hashed

    user = who_is_invited(database, token)
    if user is None:
        return None
    return _accept(database, token, hashed(password, user.login), address=address, request_id=request_id)


@retried
def _invite(database: Database, author: Author, wanted: NewUser) -> Invitation:
    with database.transaction() as tx:
        invited = _link(tx.connection, author, add_user(tx.connection, author, wanted))
        tx.commit()
    return invited


@retried
def _make_superuser(database: Database, author: Author, user_id: int, name: str | None) -> Invitation:
    with database.transaction() as tx:
        before, _ = locked(tx.connection, user_id)
        changes = UserChanges(name, Role.ADMIN.value, disabled=False)
        invited = _link(tx.connection, author, change_locked(tx.connection, author, before, changes=changes))
        tx.commit()
    return invited


def _link(connection: Connection, author: Author, user: User) -> Invitation:
    from chalicelib.services.passwords import nobodys_hash

    token = new_invitation()
    linked = users.set_link(connection, user.user_id, link_hash=token.digest, password_hash=nobodys_hash())
    after = {"link_expires_at": linked.link_expires_at, "sessions": sessions.end_all(connection, user.user_id)}
    audit.add(connection, author, Event(Action.USER_INVITED, SubjectKind.USER, user.user_id, after=after))
    return Invitation(linked, token.text)


@retried
def _accept(
    database: Database, token: Token, password_hash: str, *, address: str, request_id: str
) -> OpenedSession | None:
    with database.transaction() as tx:
        user = users.use_link(tx.connection, token.digest, password_hash)
        if user is None:
            return None
        author = Author(USER, user.name, user.user_id, request_id)
        accepted = Event(Action.INVITATION_ACCEPTED, SubjectKind.USER, user.user_id, after={"address": address})
        audit.add(tx.connection, author, accepted)
        sign_in_failures.clear(tx.connection, sign_in_failures.of_login(user.login))
        opened = open_session(
            tx.connection,
            user.user_id,
            password_hash,
            address=address,
            request_id=request_id,
            awaits_code=user.totp_since is not None,
        )
        tx.commit()
    return opened
