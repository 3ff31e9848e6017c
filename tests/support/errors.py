"""What a client can be told of, all of it."""

from chalicelib import errors


def kinds_of(kind: type[errors.LoanError]) -> set[type[errors.LoanError]]:
    """The kind itself, what it is told apart into, and what that is."""
    return {kind}.union(*(kinds_of(each) for each in kind.__subclasses__()))
