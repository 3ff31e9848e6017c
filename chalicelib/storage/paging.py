"""Lists in parts: a cursor says which part is asked for, a slice is the part with where the next one begins."""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Slice(NamedTuple, Generic[T]):
    """Rows of a list, and the number of the last one if there are more behind it; None at the end of the list."""

    rows: Sequence[T]
    next: int | None = None


class Cursor(NamedTuple):
    """Asks for at most `size` rows from behind the row of this number on; None begins with the first.

    What is behind depends on the order of the list: larger numbers, or smaller ones if the newest come first.
    """

    size: int
    behind: int | None = None

    @property
    def asked(self) -> int:
        """How many rows to look for: one more than wanted tells whether there are more."""
        return self.size + 1

    def slice(self, found: Sequence[T], number_of: Callable[[T], int]) -> Slice[T]:
        """The wanted rows of those that were found when `asked` were looked for."""
        rows = found[: self.size]
        return Slice(rows, number_of(rows[-1]) if len(found) > self.size else None)
