"""Users: who may sign in, and with which role."""

from collections.abc import Sequence

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.administration.history import history_of
from chalicelib.console.frame.cookies import SECRET
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.listing import Column, FileFormat, answer_file, every_row, file_links
from chalicelib.console.frame.lists import shown_page
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import handed_over, redirect
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import Conflict, InvalidRequest, LoanError, UserNotFound
from chalicelib.requests.access_models import NewUserBody, NumberedQuery, PatchUserBody
from chalicelib.requests.heading import number_in_path
from chalicelib.rules.access import PEOPLE, Role
from chalicelib.rules.auditing import SubjectKind
from chalicelib.rules.tokens import read_invitation
from chalicelib.services import invitations, second_factors, users
from chalicelib.services.invitations import Invitation, Invitee
from chalicelib.services.list_files import Written
from chalicelib.services.users import UserChanges
from chalicelib.storage.users import User

PAGE_ROWS = 50

ROLES = [
    (Role.VIEWER, "Viewer", "can look at everything"),
    (Role.OFFICER, "Officer", "can also register, apply and import"),
    (Role.ADMIN, "Admin", "can also manage users and keys"),
]
assert [role for role, *_ in ROLES] == [*PEOPLE]


class UsersQuery(NumberedQuery):
    """Also whether a file is asked for."""

    format: FileFormat | None = None


COLUMNS: Sequence[Column[User]] = (
    Column("Number", lambda user: user.user_id, Written.NUMBER),
    Column("Name", lambda user: user.name),
    Column("Login", lambda user: user.login),
    Column("Role", lambda user: user.role.capitalize()),
    Column("State", lambda user: state_of(user)[0]),
    Column("Second factor since", lambda user: user.totp_since, Written.MOMENT),
    Column("Password changed", lambda user: None if user.is_invited else user.password_changed_at, Written.MOMENT),
    Column("E-mail", lambda user: user.email),
    Column("Created", lambda user: user.created_at, Written.MOMENT),
    Column("Disabled", lambda user: user.disabled_at, Written.MOMENT),
)


def view_users(visit: Visit) -> Response:
    """Users by number, disabled ones too; or a file of them."""
    query = read(UsersQuery, visit.query)
    if query.format:
        rows = every_row(lambda cursor: users.list_users(runtime.database(), cursor))
        return answer_file(visit, "users", COLUMNS, rows, query.format)
    found = users.list_users(runtime.database(), query.cursor(PAGE_ROWS))
    shown = shown_page(found, visit.query, cursor="after")
    return page(
        visit,
        "administration/users.html",
        users=shown.rows,
        state_of=state_of,
        first=shown.first,
        next=shown.next,
        files=file_links({}),
    )


def view_new_user(visit: Visit) -> Response:
    """The form of a new user."""
    return _new_user(visit, Form({"role": Role.OFFICER}))


def create_user(visit: Visit) -> Response:
    """Creates a user, and leads to the link with which they choose a password."""
    try:
        invitee = Invitee(**read(NewUserBody, visit.form).model_dump())
        invitation = invitations.invite(runtime.database(), visit.author, invitee)
    except InvalidRequest as error:
        return _new_user(visit, Form.refused(visit.form, error), error.status)
    except Conflict as error:
        return _new_user(visit, Form(visit.form, {"login": [error.sentence]}), error.status)
    return _invited(visit, invitation)


def renew_invitation(visit: Visit, user_id: str) -> Response:
    """Resets the password of a user, and leads to the link with which they choose another one."""
    number = _number(user_id)
    try:
        invitation = invitations.renew(runtime.database(), visit.author, number)
    except Conflict as error:
        return _user(visit, number, changed=_refused(visit, error), status=error.status)
    runtime.gate().forget()
    return _invited(visit, invitation)


def view_invitation(visit: Visit, user_id: str) -> Response:
    """The link of a user, the first time that the page is loaded."""
    database, link = runtime.database(), read_invitation(handed_over(visit))
    user, _ = users.view_user(database, _number(user_id))
    is_theirs = link is not None and invitations.who_is_invited(database, link) == user
    token = link.text if link is not None and is_theirs else None
    return page(visit, "administration/invitation.html", user=user, token=token, drops=SECRET if token else None)


def view_user(visit: Visit, user_id: str) -> Response:
    """A user, where they are signed in, and what can be changed."""
    return _user(visit, _number(user_id))


def change_user(visit: Visit, user_id: str) -> Response:
    """Changes name, role and e-mail address."""
    number = _number(user_id)
    try:
        body = read(PatchUserBody, {name: visit.form.get(name, "") for name in ("name", "role", "email")})
        _change(visit, number, UserChanges(body.name, body.role, email=body.email or ""))
    except (InvalidRequest, Conflict) as error:
        return _user(visit, number, changed=_refused(visit, error), status=error.status)
    return redirect(visit, f"administration/users/{number}/", done="user-changed")


def confirm_disabling(visit: Visit, user_id: str) -> Response:
    """Asks before a user is shut out."""
    user, sessions = users.view_user(runtime.database(), _number(user_id))
    return page(visit, "administration/user_disable.html", user=user, sessions=sessions)


def disable_user(visit: Visit, user_id: str) -> Response:
    """Disables a user, who is signed out everywhere."""
    return _set_disabled(visit, _number(user_id), True)


def enable_user(visit: Visit, user_id: str) -> Response:
    """Enables a user again."""
    return _set_disabled(visit, _number(user_id), False)


def end_sessions(visit: Visit, user_id: str) -> Response:
    """Signs a user out everywhere."""
    number = _number(user_id)
    users.end_sessions(runtime.database(), visit.author, number)
    runtime.gate().forget()
    return redirect(visit, f"administration/users/{number}/", done="sessions-ended")


def remove_second_factor(visit: Visit, user_id: str) -> Response:
    """Takes the second factor from a user who has lost it."""
    number = _number(user_id)
    try:
        second_factors.remove(runtime.database(), visit.author, number)
    except Conflict as error:
        return _user(visit, number, changed=_refused(visit, error), status=error.status)
    runtime.gate().forget()
    return redirect(visit, f"administration/users/{number}/", done="second-factor-taken")


def state_of(user: User) -> tuple[str, str]:
    """The state of a user, with the kind of its badge."""
    if user.disabled_at is not None:
        return "Disabled", "bad"
    return ("Invited", "warn") if user.is_invited else ("Active", "good")


def _set_disabled(visit: Visit, number: int, disabled: bool) -> Response:
    try:
        _change(visit, number, UserChanges(disabled=disabled))
    except Conflict as error:
        return _user(visit, number, changed=_refused(visit, error), status=error.status)
    return redirect(visit, f"administration/users/{number}/", done="user-disabled" if disabled else "user-enabled")


def _change(visit: Visit, number: int, changes: UserChanges) -> None:
    users.change_user(runtime.database(), visit.author, number, changes=changes)
    runtime.gate().forget()


def _refused(visit: Visit, error: LoanError) -> Form:
    if isinstance(error, InvalidRequest):
        return Form.refused(visit.form, error)
    return Form(visit.form, fault=error.sentence)


def _number(user_id: str) -> int:
    return number_in_path(user_id, UserNotFound, "user")


def _new_user(visit: Visit, form: Form, status: int = 200) -> Response:
    return page(visit, "administration/user_new.html", status=status, form=form, roles=ROLES)


def _invited(visit: Visit, invitation: Invitation) -> Response:
    place = f"administration/users/{invitation.user.user_id}/invitation/"
    return redirect(visit, place, secret=invitation.token)


def _user(visit: Visit, number: int, *, changed: Form | None = None, status: int = 200) -> Response:
    user, sessions = users.view_user(runtime.database(), number)
    stored = {"name": user.name, "role": user.role, "email": user.email}
    if changed is not None:
        # The form that disables a user carries no name.
        changed = Form({**stored, **changed.values}, changed.errors, changed.fault)
    return page(
        visit,
        "administration/user.html",
        status=status,
        user=user,
        sessions=sessions,
        form=changed or Form(stored),
        is_oneself=visit.actor.actor_id == number,
        roles=ROLES,
        state_of=state_of,
        history=history_of(visit, SubjectKind.USER, number),
    )
