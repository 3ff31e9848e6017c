"""API keys: made, given a new token, revoked."""

from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.call import Call
from chalicelib.api.declaring import OF_A_WRITE, Link, created, done, next_page, ok
from chalicelib.api.moments import moment
from chalicelib.api.taking import KeyNumber
from chalicelib.errors import Conflict
from chalicelib.requests.access_models import NewKeyBody, NumberedQuery
from chalicelib.rules.access import Operation
from chalicelib.services import api_keys
from chalicelib.services.api_keys import IssuedKey, WantedKey
from chalicelib.storage.api_keys import StoredKey

if TYPE_CHECKING:
    from chalicelib.api.answers import access as answers

_KEY = {"path.key_id": "$response.body#/key_id"}


@endpoints.add(
    "GET",
    "/api/api-keys",
    Operation.MANAGE_KEYS,
    ok("A page of keys.", links=next_page("list_keys", "after")),
    tag="Access",
)
def list_keys(query: NumberedQuery) -> "answers.ApiKeysPage":
    """API keys by number, also those that are revoked or expired. Secrets are not shown again."""
    found = api_keys.list_keys(runtime.database(), query.cursor())
    return {"api_keys": [_key(key) for key in found.rows], "next": found.next}


@endpoints.add(
    "POST",
    "/api/api-keys",
    Operation.MANAGE_KEYS,
    created(
        "The key with its token.",
        links={
            "rotate": Link("Gives it a new token.", "rotate_key", _KEY),
            "revoke": Link("Revokes it.", "revoke_key", _KEY),
        },
    ),
    tag="Access",
    raises=OF_A_WRITE,
)
def create_key(call: Call, body: NewKeyBody) -> "answers.IssuedApiKey":
    """Makes an API key. This answer is the only one that shows its token."""
    return _issued(api_keys.create_key(runtime.database(), call.author, WantedKey(**body.model_dump())))


@endpoints.add(
    "POST",
    "/api/api-keys/{key_id}/rotate",
    Operation.MANAGE_KEYS,
    ok("The key with its new token."),
    tag="Access",
    raises=(Conflict, *OF_A_WRITE),
)
def rotate_key(call: Call, key_id: KeyNumber) -> "answers.IssuedApiKey":
    """Gives an API key a new token, which only this answer shows. The old one is not good any more."""
    issued = api_keys.rotate_key(runtime.database(), call.author, key_id)
    runtime.gate().forget()
    return _issued(issued)


@endpoints.add(
    "DELETE",
    "/api/api-keys/{key_id}",
    Operation.MANAGE_KEYS,
    done("The key is revoked."),
    tag="Access",
    raises=OF_A_WRITE,
)
def revoke_key(call: Call, key_id: KeyNumber) -> None:
    """Revokes an API key for good."""
    api_keys.revoke_key(runtime.database(), call.author, key_id)
    runtime.gate().forget()


def _key(key: StoredKey) -> "answers.ApiKeyRecord":
    return {
        "key_id": key.key_id,
        "public_id": key.public_id,
        "name": key.name,
        "role": key.role,
        "may_change_terms": key.may_change_terms,
        "customer_id": key.customer_id,
        "created_at": moment(key.created_at),
        "created_by": key.created_by,
        "expires_at": moment(key.expires_at),
        "last_used_at": moment(key.last_used_at),
        "rotated_at": moment(key.rotated_at),
        "revoked_at": moment(key.revoked_at),
    }


def _issued(issued: IssuedKey) -> "answers.IssuedApiKey":
    return {**_key(issued.key), "token": issued.token}
