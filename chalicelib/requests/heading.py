"""What a request says outside of its body: the number in its path, its headers; and the body as it was sent."""

import hashlib
from collections.abc import Container, Sequence

from chalice.app import Request

from chalicelib.errors import InvalidRequest, LoanError, PreconditionRequired
from chalicelib.requests.gateway import values_of
from chalicelib.requests.json_bodies import shown
from chalicelib.rules.bounds import IDEMPOTENCY_KEY_LENGTH, MAX_ID
from chalicelib.services.idempotency import Attempt


def bytes_of(request: Request) -> bytes:
    """The body as it was sent."""
    body = request.raw_body
    return body if isinstance(body, bytes) else body.encode()


def number_in_path(text: str, not_found: type[LoanError], what: str) -> int:
    """A number in a path. What cannot be one of ours names nothing, so it is not found rather than not valid."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_ID):
        raise not_found(f"There is no {what} {text[:40]!r}; the number must be a whole number from 1.")
    return int(text)


class AnyTag:
    """What `If-Match: *` and `If-None-Match: *` mean: whatever is there now."""

    def __contains__(self, tag: object) -> bool:
        return True


def entity_tags(request: Request) -> Container[str]:
    """The states that the client saw, from If-Match. Raises PreconditionRequired where the header is missing."""
    lines = values_of(request, "if-match")
    if not lines:
        raise PreconditionRequired("Send the ETag of what you read in the header If-Match, so that no change is lost.")
    return _tags(lines, weak_too=False)


def tags_known(request: Request) -> Container[str]:
    """The states that the client has already, from If-None-Match."""
    return _tags(values_of(request, "if-none-match"), weak_too=True)


def _tags(lines: Sequence[str], *, weak_too: bool) -> Container[str]:
    """The tags of such a header without their quotes. A weak one, W/"…", is enough to be spared an answer, but not to
    change what may differ from what was read (RFC 9110, 8.8.3.2). A client that forgets the quotes is understood.
    """
    header = ",".join(lines)
    if header.strip() == "*":
        return AnyTag()
    if '"' not in header:
        return {tag.strip() for tag in header.split(",")}
    # Every second part stands in quotes, and may have commas in it.
    parts = header.split('"')
    return {tag for before, tag in zip(parts[::2], parts[1::2], strict=False) if weak_too or not before.endswith("W/")}


def idempotency_attempt(route: str, request: Request) -> Attempt | None:
    """The request as one that may come again, if it carries a key. Raises InvalidRequest where the key is none.

    The draft wants a quoted string; what clients send is mostly bare, so both are taken and mean the same.
    """
    keys = values_of(request, "idempotency-key")
    if not keys:
        return None
    key, *others = sorted(keys)
    if others:
        # Which of them counts would depend on who reads the request.
        raise InvalidRequest(f"Send the header Idempotency-Key once; got {shown(key)} and {shown(others[0])}.")
    bare = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if not (len(bare) in IDEMPOTENCY_KEY_LENGTH and bare.isascii() and bare.isprintable()):
        raise InvalidRequest(
            f"The header Idempotency-Key must have {IDEMPOTENCY_KEY_LENGTH} printable ASCII characters; "
            f"got {shown(key)}."
        )
    return Attempt(route, bare, _fingerprint(request))


def _fingerprint(request: Request) -> str:
    """What tells a request from another one of its route: the body, and whose number stands in the path. Two receipts
    of one amount, for two loans, have the same body.
    """
    digest = hashlib.sha256(bytes_of(request))
    for _, number in sorted((request.uri_params or {}).items()):
        digest.update(f" {number}".encode())
    return digest.hexdigest()
