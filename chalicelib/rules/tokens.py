"""What credentials look like. A token is random, so a fast hash of it is enough to keep (docs/decisions/access.md).

lk_<12 characters, its public id>_<43 characters, 256 random bits>    an API key
ls_<43 characters, 256 random bits>                                   a session
li_<43 characters, 256 random bits>                                   a link to choose a password with
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field

# Lower-case letters and digits, none of which is mistaken for another when it is read out.
_PUBLIC_CHARACTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_PUBLIC_LENGTH = 12
_SECRET_BYTES = 32

KEY_FORM = re.compile(rf"lk_([{_PUBLIC_CHARACTERS}]{{{_PUBLIC_LENGTH}}})_[A-Za-z0-9_-]{{43}}")
SESSION_FORM = re.compile(r"ls_[A-Za-z0-9_-]{43}")
INVITATION_FORM = re.compile(r"li_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Token:
    """Credentials as they are sent. `public_id` is that of an API key; nothing else has one."""

    text: str = field(repr=False)
    public_id: str | None = None

    @property
    def digest(self) -> bytes:
        """SHA-256 of the whole token: what is stored."""
        return hashlib.sha256(self.text.encode()).digest()


def new_key() -> Token:
    """An API key that nobody had before."""
    public_id = "".join(secrets.choice(_PUBLIC_CHARACTERS) for _ in range(_PUBLIC_LENGTH))
    return Token(f"lk_{public_id}_{secrets.token_urlsafe(_SECRET_BYTES)}", public_id)


def renewed_key(public_id: str) -> Token:
    """An API key of the same public id with another secret."""
    return Token(f"lk_{public_id}_{secrets.token_urlsafe(_SECRET_BYTES)}", public_id)


def new_session() -> Token:
    """A session's token that nobody had before."""
    return Token(f"ls_{secrets.token_urlsafe(_SECRET_BYTES)}")


def new_invitation() -> Token:
    """The token of a link that nobody had before."""
    return Token(f"li_{secrets.token_urlsafe(_SECRET_BYTES)}")


def read_invitation(text: str) -> Token | None:
    """The token of a link; None where it has not the form of one."""
    return Token(text) if INVITATION_FORM.fullmatch(text) else None


def read_token(text: str) -> Token | None:
    """The API key or the session's token in a text; None where it has the form of neither."""
    if key := KEY_FORM.fullmatch(text):
        return Token(text, key.group(1))
    return Token(text) if SESSION_FORM.fullmatch(text) else None
