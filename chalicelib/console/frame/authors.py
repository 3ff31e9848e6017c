"""Who made something, as lists and pages say it, and as a list can be narrowed to."""

from collections.abc import Mapping

from chalicelib import runtime
from chalicelib.console.frame.cells import Cell
from chalicelib.console.frame.listing import Options
from chalicelib.rules.access import ANYONE, BOOTSTRAP, KEY
from chalicelib.services.lists import names_of_authors

# Actors that there is one of, or of whom nobody looks for one alone.
KINDS: Mapping[str, str] = {
    "import": "Imports",
    BOOTSTRAP.kind: "Deployment",
    "operator": "Operator",
    ANYONE.kind: "Without a key",
}


class Authors:
    """The names behind identities, asked for once for a page."""

    def __init__(self) -> None:
        self._names = names_of_authors(runtime.database())

    def words(self, identity: str | None) -> str | None:
        """Who that is: a name, or `Import 5`; None if it is not known."""
        if identity is None:
            return None
        kind, _, number = identity.partition(":")
        if identity in self._names:
            return f"{self._names[identity]} (key)" if kind == KEY else self._names[identity]
        return f"{kind.capitalize()} {number}" if number else KINDS.get(kind, kind.capitalize())

    def cell(self, identity: str | None) -> Cell:
        """The same in a list; an import leads to its page."""
        words = self.words(identity)
        if words is None:
            return Cell("–", quiet=True)
        kind, _, number = (identity or "").partition(":")
        return Cell(words, link=f"imports/{number}/" if kind == "import" and number else None)

    def options(self, chosen: str | None = None, kinds: Mapping[str, str] = KINDS) -> Options:
        """What a filter offers: people and keys by name, then the kinds; and the one that is chosen."""
        known = [(identity, self.words(identity) or "") for identity in self._names] + list(kinds.items())
        if chosen and chosen not in dict(known):
            known.append((chosen, self.words(chosen) or chosen))
        return known
