"""Users: invited, changed, signed out."""

from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.call import Call
from chalicelib.api.declaring import OF_A_WRITE, Link, created, done, next_page, ok
from chalicelib.api.moments import moment
from chalicelib.api.taking import UserNumber
from chalicelib.errors import Conflict
from chalicelib.requests.access_models import NewUserBody, NumberedQuery, PatchUserBody
from chalicelib.rules.access import Operation
from chalicelib.services import invitations, second_factors, users
from chalicelib.services.invitations import Invitation, Invitee
from chalicelib.services.users import UserChanges
from chalicelib.storage.users import User

if TYPE_CHECKING:
    from chalicelib.api.answers import access as answers

_USER = {"path.user_id": "$response.body#/user_id"}
_FIRST = {"path.user_id": "$response.body#/users/0/user_id"}


@endpoints.add(
    "GET",
    "/api/users",
    Operation.MANAGE_USERS,
    ok(
        "A page of users.",
        links={
            **next_page("list_users", "after"),
            "sign_out": Link("Signs the first one out.", "end_sessions", _FIRST),
        },
    ),
    tag="Access",
)
def list_users(query: NumberedQuery) -> "answers.UsersPage":
    """Users by number, also those who are disabled."""
    found = users.list_users(runtime.database(), query.cursor())
    return {"users": [_user(user) for user in found.rows], "next": found.next}


@endpoints.add(
    "POST",
    "/api/users",
    Operation.MANAGE_USERS,
    created(
        "The user, with the invitation to hand over: nothing is sent.",
        links={
            "change": Link("Changes the user.", "change_user", _USER),
            "invite": Link("Makes another link.", "renew_invitation", _USER),
            "sign_out": Link("Signs the user out.", "end_sessions", _USER),
        },
    ),
    tag="Access",
    raises=(Conflict, *OF_A_WRITE),
    note="The user chooses the password at the address of the invitation, or by `POST /api/invitations/`.",
)
def create_user(call: Call, body: NewUserBody) -> "answers.InvitedUser":
    """Invites a user."""
    return _invited(invitations.invite(runtime.database(), call.author, Invitee(**body.model_dump())))


@endpoints.add(
    "POST",
    "/api/users/{user_id}/invitation",
    Operation.MANAGE_USERS,
    created("The user, with the invitation to hand over: nothing is sent."),
    tag="Access",
    raises=(Conflict, *OF_A_WRITE),
    note="The password and the link before stop working at once, and the user is signed out everywhere.",
)
def renew_invitation(call: Call, user_id: UserNumber) -> "answers.InvitedUser":
    """Resets the password of a user, who chooses another one."""
    renewed = invitations.renew(runtime.database(), call.author, user_id)
    runtime.gate().forget()
    return _invited(renewed)


@endpoints.add(
    "DELETE",
    "/api/users/{user_id}/second-factor",
    Operation.MANAGE_USERS,
    done("The user signs in without a second factor until they set up another one."),
    tag="Access",
    raises=(Conflict, *OF_A_WRITE),
)
def remove_second_factor(call: Call, user_id: UserNumber) -> None:
    """Takes the second factor from a user who has lost it."""
    second_factors.remove(runtime.database(), call.author, user_id)
    runtime.gate().forget()


@endpoints.add(
    "PATCH",
    "/api/users/{user_id}",
    Operation.MANAGE_USERS,
    ok("The user as they are now."),
    tag="Access",
    raises=(Conflict, *OF_A_WRITE),
    note="Give at least one field.",
)
def change_user(call: Call, user_id: UserNumber, body: PatchUserBody) -> "answers.UserRecord":
    """Changes name, role or e-mail address of a user, or whether they may sign in."""
    changes = UserChanges(**body.changes())
    user = users.change_user(runtime.database(), call.author, user_id, changes=changes)
    runtime.gate().forget()
    return _user(user)


@endpoints.add(
    "DELETE",
    "/api/users/{user_id}/sessions",
    Operation.MANAGE_USERS,
    done("The user has no session any more."),
    tag="Access",
    raises=OF_A_WRITE,
)
def end_sessions(call: Call, user_id: UserNumber) -> None:
    """Signs a user out everywhere."""
    users.end_sessions(runtime.database(), call.author, user_id)
    runtime.gate().forget()


def _invited(invitation: Invitation) -> "answers.InvitedUser":
    assert invitation.user.link_expires_at is not None
    return {
        **_user(invitation.user),
        "invitation": {
            "token": invitation.token,
            "path": f"/console/invitation/{invitation.token}/",
            "expires_at": moment(invitation.user.link_expires_at),
        },
    }


def _user(user: User) -> "answers.UserRecord":
    return {
        "user_id": user.user_id,
        "login": user.login,
        "name": user.name,
        "role": user.role,
        "created_at": moment(user.created_at),
        "password_changed_at": moment(user.password_changed_at),
        "disabled_at": moment(user.disabled_at),
        "email": user.email,
        "password_state": user.password_state,
        "second_factor_since": moment(user.totp_since),
    }
