"""Sessions, API keys, users and the audit log: who may, and who did."""

from typing import Any

from chalice.app import Response

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.credentials import credentials_of
from chalicelib.api.endpoint import Call
from chalicelib.api.moments import moment
from chalicelib.api.responses import page, respond, respond_nothing
from chalicelib.errors import ApiKeyNotFound, Conflict, UserNotFound
from chalicelib.requests.access_models import (
    AuditQuery,
    NewKeyBody,
    NewUserBody,
    NumberedQuery,
    PatchUserBody,
    SignInBody,
)
from chalicelib.requests.gateway import address_of
from chalicelib.requests.parsing import body_of, changes_of, number_in_path, query_of
from chalicelib.rules.access import USER, Operation
from chalicelib.rules.tokens import read_token
from chalicelib.services import api_keys, audit, sessions, users
from chalicelib.services.api_keys import IssuedKey, WantedKey
from chalicelib.services.sessions import Attempt
from chalicelib.services.users import UserChanges, WantedUser
from chalicelib.storage.api_keys import StoredKey
from chalicelib.storage.audit import StoredEvent
from chalicelib.storage.users import User


@endpoints.add("POST", "/api/sessions", Operation.SIGN_IN)
def sign_in(call: Call) -> Response:
    """Opens a session for a login and its password."""
    body = body_of(call.request, SignInBody)
    attempt = Attempt(body.login, body.password, address_of(call.request), call.request_id)
    opened = sessions.sign_in(runtime.database(), attempt)
    answer = {
        "token": opened.token,
        "user_id": opened.user_id,
        "name": opened.name,
        "role": opened.role,
        "expires_at": moment(opened.expires_at),
    }
    return respond(answer, call.request_id, 201)


@endpoints.add("GET", "/api/sessions/current", Operation.SEE_ONESELF)
def view_oneself(call: Call) -> Response:
    """Who makes the request, and what they may do."""
    actor, limit = call.actor, call.limit()
    answer = {
        "kind": actor.kind,
        "id": actor.actor_id,
        "name": actor.name,
        "role": actor.role.value,
        "customer_id": limit,
        "expires_at": moment(actor.expires_at),
        "may": sorted(operation.value for operation in Operation if actor.may(operation)),
    }
    return respond(answer, call.request_id)


@endpoints.add("DELETE", "/api/sessions/current", Operation.SEE_ONESELF)
def sign_out(call: Call) -> Response:
    """Ends the session that makes the request."""
    call.limit()
    token = read_token(credentials_of(call.request) or "")
    if token is None or call.actor.kind != USER:
        raise Conflict("There is no session to end: the request was not made with one.")
    sessions.sign_out(runtime.database(), call.author, token)
    runtime.gate().forget()
    return respond_nothing(call.request_id)


@endpoints.add("GET", "/api/api-keys", Operation.MANAGE_KEYS)
def list_keys(call: Call) -> Response:
    """API keys by number, also those that are revoked or expired. Secrets are not shown again."""
    query = query_of(call.request, NumberedQuery)
    found = api_keys.list_keys(runtime.database(), query.after, query.limit + 1)
    answer = page("api_keys", found, query.limit, _key, lambda key: key.key_id)
    return respond(answer, call.request_id)


@endpoints.add("POST", "/api/api-keys", Operation.MANAGE_KEYS)
def create_key(call: Call) -> Response:
    """Makes an API key. This answer is the only one that shows its token."""
    body = body_of(call.request, NewKeyBody)
    issued = api_keys.create_key(runtime.database(), call.author, WantedKey(**body.model_dump()))
    return respond(_issued(issued), call.request_id, 201)


@endpoints.add("POST", "/api/api-keys/{key_id}/rotate", Operation.MANAGE_KEYS)
def rotate_key(call: Call, key_id: str) -> Response:
    """Gives an API key a new token, which only this answer shows. The old one is not good any more."""
    number = number_in_path(key_id, ApiKeyNotFound, "API key")
    issued = api_keys.rotate_key(runtime.database(), call.author, number)
    runtime.gate().forget()
    return respond(_issued(issued), call.request_id)


@endpoints.add("DELETE", "/api/api-keys/{key_id}", Operation.MANAGE_KEYS)
def revoke_key(call: Call, key_id: str) -> Response:
    """Revokes an API key for good."""
    api_keys.revoke_key(runtime.database(), call.author, number_in_path(key_id, ApiKeyNotFound, "API key"))
    runtime.gate().forget()
    return respond_nothing(call.request_id)


@endpoints.add("GET", "/api/users", Operation.MANAGE_USERS)
def list_users(call: Call) -> Response:
    """Users by number, also those who are disabled."""
    query = query_of(call.request, NumberedQuery)
    found = users.list_users(runtime.database(), query.after, query.limit + 1)
    answer = page("users", found, query.limit, _user, lambda user: user.user_id)
    return respond(answer, call.request_id)


@endpoints.add("POST", "/api/users", Operation.MANAGE_USERS)
def create_user(call: Call) -> Response:
    """Makes a user."""
    body = body_of(call.request, NewUserBody)
    user = users.create_user(runtime.database(), call.author, WantedUser(**body.model_dump()))
    return respond(_user(user), call.request_id, 201)


@endpoints.add("PATCH", "/api/users/{user_id}", Operation.MANAGE_USERS)
def change_user(call: Call, user_id: str) -> Response:
    """Changes name, role or password of a user, or whether they may sign in."""
    number = number_in_path(user_id, UserNotFound, "user")
    changes = changes_of(call.request, PatchUserBody)
    user = users.change_user(runtime.database(), call.author, number, UserChanges(**changes))
    runtime.gate().forget()
    return respond(_user(user), call.request_id)


@endpoints.add("DELETE", "/api/users/{user_id}/sessions", Operation.MANAGE_USERS)
def end_sessions(call: Call, user_id: str) -> Response:
    """Signs a user out everywhere."""
    users.end_sessions(runtime.database(), call.author, number_in_path(user_id, UserNotFound, "user"))
    runtime.gate().forget()
    return respond_nothing(call.request_id)


@endpoints.add("GET", "/api/audit", Operation.READ_AUDIT)
def list_audit(call: Call) -> Response:
    """What was changed, by whom and when, the newest first."""
    query, zone = query_of(call.request, AuditQuery), runtime.settings().business_timezone
    found = audit.list_events(runtime.database(), query.filter(zone), query.before, query.limit + 1)
    answer = page("events", found, query.limit, _event, lambda event: event.audit_id)
    return respond(answer, call.request_id)


def _key(key: StoredKey) -> dict[str, Any]:
    moments = ("created_at", "expires_at", "last_used_at", "rotated_at", "revoked_at")
    return {**vars(key), **{name: moment(getattr(key, name)) for name in moments}}


def _issued(issued: IssuedKey) -> dict[str, Any]:
    return {**_key(issued.key), "token": issued.token}


def _user(user: User) -> dict[str, Any]:
    moments = ("created_at", "password_changed_at", "disabled_at")
    return {**vars(user), **{name: moment(getattr(user, name)) for name in moments}}


def _event(event: StoredEvent) -> dict[str, Any]:
    return {
        "audit_id": event.audit_id,
        "at": moment(event.at),
        "actor": {"kind": event.actor_kind, "id": event.actor_id, "name": event.actor_name},
        "action": event.action,
        "subject": {"kind": event.subject_kind, "id": event.subject_id},
        "before": event.before,
        "after": event.after,
        "request_id": event.request_id,
    }
