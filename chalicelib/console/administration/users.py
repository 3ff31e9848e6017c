"""Users: who may sign in, and with which role."""

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.lists import shown_page
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import Conflict, InvalidRequest, LoanError, UserNotFound
from chalicelib.requests.access_models import NewUserBody, NumberedQuery, PatchUserBody
from chalicelib.requests.parsing import number_in_path
from chalicelib.rules.access import PEOPLE, Role
from chalicelib.services import users
from chalicelib.services.users import UserChanges, WantedUser

PAGE_ROWS = 50

ROLES = [
    (Role.VIEWER, "Viewer: can look at everything"),
    (Role.OFFICER, "Officer: can also register, apply and import"),
    (Role.ADMIN, "Admin: can also manage users and keys"),
]
assert [role for role, _ in ROLES] == [*PEOPLE]


def view_users(visit: Visit) -> Response:
    """Users by number, disabled ones too."""
    query = read(NumberedQuery, visit.query)
    found = users.list_users(runtime.database(), query.cursor(PAGE_ROWS))
    shown = shown_page(found, visit.query, cursor="after")
    return page(visit, "administration/users.html", users=shown.rows, first=shown.first, next=shown.next)


def view_new_user(visit: Visit) -> Response:
    """The form of a new user."""
    return _new_user(visit, Form({"role": Role.VIEWER}))


def create_user(visit: Visit) -> Response:
    """Creates a user."""
    try:
        wanted = WantedUser(**read(NewUserBody, visit.form).model_dump())
        user = users.create_user(runtime.database(), visit.author, wanted)
    except InvalidRequest as error:
        return _new_user(visit, Form.refused(visit.form, error), error.status)
    except Conflict as error:
        return _new_user(visit, Form(visit.form, {"login": [error.sentence]}), error.status)
    return redirect(visit, f"administration/users/{user.user_id}/", done="user-created")


def view_user(visit: Visit, user_id: str) -> Response:
    """A user, where they are signed in, and what can be changed."""
    return _user(visit, _number(user_id))


def change_user(visit: Visit, user_id: str) -> Response:
    """Changes name and role."""
    number = _number(user_id)
    try:
        body = read(PatchUserBody, {name: visit.form.get(name, "") for name in ("name", "role")})
        _change(visit, number, UserChanges(body.name, body.role))
    except (InvalidRequest, Conflict) as error:
        return _user(visit, number, changed=_refused(visit, error), status=error.status)
    return redirect(visit, f"administration/users/{number}/", done="user-changed")


def set_password(visit: Visit, user_id: str) -> Response:
    """Resets the password of a user, which ends their sessions."""
    number = _number(user_id)
    try:
        password = visit.form.get("password", "")
        if not password:
            raise InvalidRequest("The password is missing.", {"password": ["is required"]})
        _change(visit, number, UserChanges(password=read(PatchUserBody, {"password": password}).password))
    except InvalidRequest as error:
        return _user(visit, number, password=_refused(visit, error), status=error.status)
    return redirect(visit, f"administration/users/{number}/", done="password-set")


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


def _user(
    visit: Visit, number: int, *, changed: Form | None = None, password: Form | None = None, status: int = 200
) -> Response:
    user, sessions = users.view_user(runtime.database(), number)
    stored = {"name": user.name, "role": user.role}
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
        password_form=password or Form(),
        roles=ROLES,
    )
