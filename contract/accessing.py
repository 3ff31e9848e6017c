"""Sessions, keys, users and the audit log, described."""

from collections.abc import Mapping

from chalicelib.errors import ApiKeyNotFound, Conflict, InvalidRequest, Unauthenticated, UserNotFound
from chalicelib.requests import access_models as models
from contract import access_answers as answers
from contract.described import OF_A_BODY, OF_A_WRITE, Answer, Described, Link, created, next_page, ok

_KEY = {"path.key_id": "$response.body#/key_id"}
_USER = {"path.user_id": "$response.body#/user_id"}
_FIRST_USER = {"path.user_id": "$response.body#/users/0/user_id"}

OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("POST", "/api/sessions"): Described(
        "Access",
        (created(answers.OpenedSession, "The session. Its token goes where a key would."),),
        (*OF_A_BODY, Unauthenticated, *OF_A_WRITE),
        body=models.SignInBody,
        note="After several failures the login, or the address, has to wait: 429 says how long.",
    ),
    ("GET", "/api/sessions/current"): Described("Access", (ok(answers.Oneself, "Who makes the request."),)),
    ("DELETE", "/api/sessions/current"): Described(
        "Access", (Answer(204, "The session is over."),), (Conflict, *OF_A_WRITE)
    ),
    ("GET", "/api/api-keys"): Described(
        "Access",
        (ok(answers.ApiKeysPage, "A page of keys.", links=next_page("list_keys", "after")),),
        (InvalidRequest,),
        query=models.NumberedQuery,
    ),
    ("POST", "/api/api-keys"): Described(
        "Access",
        (
            created(
                answers.IssuedApiKey,
                "The key with its token.",
                links={
                    "rotate": Link("Gives it a new token.", "rotate_key", _KEY),
                    "revoke": Link("Revokes it.", "revoke_key", _KEY),
                },
            ),
        ),
        (*OF_A_BODY, *OF_A_WRITE),
        body=models.NewKeyBody,
    ),
    ("POST", "/api/api-keys/{key_id}/rotate"): Described(
        "Access",
        (ok(answers.IssuedApiKey, "The key with its new token."),),
        (ApiKeyNotFound, Conflict, *OF_A_WRITE),
    ),
    ("DELETE", "/api/api-keys/{key_id}"): Described(
        "Access",
        (Answer(204, "The key is revoked."),),
        (ApiKeyNotFound, *OF_A_WRITE),
    ),
    ("GET", "/api/users"): Described(
        "Access",
        (
            ok(
                answers.UsersPage,
                "A page of users.",
                links={
                    **next_page("list_users", "after"),
                    "sign_out": Link("Signs the first one out.", "end_sessions", _FIRST_USER),
                },
            ),
        ),
        (InvalidRequest,),
        query=models.NumberedQuery,
    ),
    ("POST", "/api/users"): Described(
        "Access",
        (
            created(
                answers.UserRecord,
                "The user.",
                links={
                    "change": Link("Changes the user.", "change_user", _USER),
                    "sign_out": Link("Signs the user out.", "end_sessions", _USER),
                },
            ),
        ),
        (*OF_A_BODY, Conflict, *OF_A_WRITE),
        body=models.NewUserBody,
    ),
    ("PATCH", "/api/users/{user_id}"): Described(
        "Access",
        (ok(answers.UserRecord, "The user as they are now."),),
        (*OF_A_BODY, UserNotFound, Conflict, *OF_A_WRITE),
        body=models.PatchUserBody,
        note="Give at least one field.",
    ),
    ("DELETE", "/api/users/{user_id}/sessions"): Described(
        "Access",
        (Answer(204, "The user has no session any more."),),
        (UserNotFound, *OF_A_WRITE),
    ),
    ("GET", "/api/audit"): Described(
        "Access",
        (ok(answers.AuditPage, "A page of events.", links=next_page("list_audit", "before")),),
        (InvalidRequest,),
        query=models.AuditQuery,
    ),
}
