"""Who makes a request, and whether they may."""

from collections.abc import Mapping

from chalicelib.errors import Forbidden, Unauthenticated
from chalicelib.rules.access import ANYONE, Actor, Operation
from chalicelib.storage.database import Database


def authenticate(database: Database, headers: Mapping[str, str], *, open_to_anyone: bool) -> Actor:
    """The actor of a request. Raises Unauthenticated where its credentials are missing or not good."""
    if open_to_anyone:
        return ANYONE
    raise Unauthenticated("Send an API key, as Authorization: Bearer … or X-API-Key: ….")


def require(actor: Actor, operation: Operation) -> None:
    """Raises Forbidden unless the actor may do what the operation is."""
    if not actor.may(operation):
        raise Forbidden(f"The role {actor.role.value} may not {operation.value}.")
