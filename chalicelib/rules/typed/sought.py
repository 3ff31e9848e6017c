"""What people type into a search for anything: a name, a phone number, or the number of something."""

import re
from dataclasses import dataclass

from chalicelib.rules.auditing import SubjectKind
from chalicelib.rules.bounds import MAX_ID
from chalicelib.rules.typed.letters import spaced

# What has a number that people know, each by the words that it is called by.
NUMBERED = (SubjectKind.CUSTOMER, SubjectKind.LOAN, SubjectKind.APPLICATION, SubjectKind.IMPORT)
_NUMBER = re.compile(
    rf"(?:({'|'.join(NUMBERED)})s?(?![a-z]) ?)?(#|number\b|no\b\.?)? ?([0-9]{{1,{len(str(MAX_ID))}}})",
    # Without ASCII, a long s would be an s of "customer", of which nothing has the name.
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class Sought:
    """What is looked for: customers by the `words` of a name or the digits of a phone number, and what has this number.

    No words if a number was marked as one, and no number if there is none; `kind` is what the number was said to be of.
    """

    words: str = ""
    number: int | None = None
    kind: SubjectKind | None = None

    def may_be(self, kind: SubjectKind) -> bool:
        """Whether something of this kind may be looked for by its number."""
        return self.number is not None and self.kind in (None, kind)


def sought(text: str) -> Sought:
    """What a text looks for.

    | text                              | result                                              |
    |-----------------------------------|-----------------------------------------------------|
    | rudra singh, +91 98123 45678      | customers                                           |
    | 301                               | customers, and whatever has the number 301          |
    | #301, no. 301                     | whatever has the number 301                         |
    | loan 301, Loan #301, loans no 301 | loan 301; as well customer, application, import 301 |
    """
    found = _NUMBER.fullmatch(spaced(text))
    if not found or int(found[3]) > MAX_ID:
        return Sought(text)
    kind, mark, number = found.groups()
    is_marked = kind is not None or mark is not None
    return Sought("" if is_marked else text, int(number), SubjectKind(kind.lower()) if kind else None)
