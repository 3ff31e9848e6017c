"""What the function `administer` takes: the first admin and the first key, before anybody can sign in to make them.

Who may invoke the function is for AWS to say; locally `make superuser` and `make api-key` do.
"""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.errors import InvalidRequest, LoanError
from chalicelib.logs import log
from chalicelib.requests.access_models import NewKeyBody, RevokeKeyBody, SuperuserBody
from chalicelib.requests.parsing import parse
from chalicelib.rules.access import Author
from chalicelib.services import api_keys, invitations, users
from chalicelib.services.api_keys import WantedKey
from chalicelib.storage.users import User

if TYPE_CHECKING:
    from chalicelib.api.answers import administration as answers


def administer(event: object, request_id: str) -> "answers.Made | answers.Refusal":
    """Runs `operation` with the other fields of the event. Answers with what was made, or with `error` and `fields`.

    The answer is the only place that a secret goes to.
    """
    values = dict(event) if isinstance(event, Mapping) else {}
    operation = values.pop("operation", None)
    try:
        answer = _operation(operation)(json.dumps(values).encode(), Author("operator", "administer", None, request_id))
    except LoanError as error:
        log("administer", operation=str(operation)[:40], refused=error.code, request_id=request_id)
        return {"error": error.sentence, "fields": getattr(error, "fields", {})}
    log("administer", operation=operation, request_id=request_id)
    return answer


def create_superuser(body: bytes, author: Author) -> "answers.Superuser":
    """An admin of this login, with a password or a link to choose one; who is there already is let in again."""
    wanted = parse(SuperuserBody, body, "application/json")
    if wanted.password is None:
        invited = invitations.invite_superuser(runtime.database(), author, wanted.login, name=wanted.name)
        return {**_superuser(invited.user), "invitation": f"invitation/{invited.token}/"}
    made = users.make_superuser(runtime.database(), author, wanted.login, name=wanted.name, password=wanted.password)
    return _superuser(made)


def _superuser(user: User) -> "answers.Superuser":
    return {"user_id": user.user_id, "login": user.login, "name": user.name, "role": user.role}


def create_api_key(body: bytes, author: Author) -> "answers.ApiKey":
    """An API key, with its token."""
    issued = api_keys.create_key(
        runtime.database(), author, WantedKey(**parse(NewKeyBody, body, "application/json").model_dump())
    )
    key = issued.key
    return {
        "key_id": key.key_id,
        "name": key.name,
        "role": key.role,
        "customer_id": key.customer_id,
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
        "token": issued.token,
    }


def revoke_api_key(body: bytes, author: Author) -> "answers.RevokedKey":
    """Ends a key for good, as a deployment does with the one it has tried the stage with."""
    key_id = parse(RevokeKeyBody, body, "application/json").key_id
    api_keys.revoke_key(runtime.database(), author, key_id)
    return {"key_id": key_id, "revoked": True}


Operation = Callable[[bytes, Author], "answers.Made"]
OPERATIONS: Mapping[str, Operation] = {
    "create_superuser": create_superuser,
    "create_api_key": create_api_key,
    "revoke_api_key": revoke_api_key,
}


def _operation(name: object) -> Operation:
    if not isinstance(name, str) or name not in OPERATIONS:
        raise InvalidRequest(f"The operation must be one of {', '.join(OPERATIONS)}. Invalid value: {name!r}.")
    return OPERATIONS[name]
