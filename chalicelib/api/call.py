"""A request as a view sees it."""

from typing import NamedTuple

from chalice.app import Request

from chalicelib.rules.access import Actor, Author


class Call(NamedTuple):
    """A request with who makes it. Views are handed it, and never see one that may not be made."""

    request: Request
    request_id: str
    actor: Actor

    @property
    def author(self) -> Author:
        """Who answers for what the request changes."""
        return Author.of(self.actor, self.request_id)
