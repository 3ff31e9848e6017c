"""Passwords: what they must be, and their hashes. Imported only where somebody signs in or gets one.

Argon2id (RFC 9106) with the parameters of OWASP's Password Storage Cheat Sheet for 46 MiB, at twice the passes.
"""

import secrets
import unicodedata
from base64 import b64encode

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chalicelib.errors import InvalidRequest
from chalicelib.rules.bounds import PASSWORD_LENGTH

HASHER = PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)

# The hash of nobody's password, with the same parameters: an unknown login takes as long as a known one.
NOBODYS_HASH = "$argon2id$v=19$m=47104,t=2,p=1$s46inqbx+42uAolR05RVzQ$XI17wNSIb8ttZLqSF6y6Yt4Ki/zCct3SavTEh3YnmCs"


def hashed(password: str, login: str) -> str:
    """The hash to store. Raises InvalidRequest where the password may not be one."""
    if len(password) not in PASSWORD_LENGTH:
        raise _refused(f"must have {PASSWORD_LENGTH} characters")
    if password.casefold() == login.casefold():
        raise _refused("must not be the login")
    return HASHER.hash(_bytes(password))


def nobodys_hash() -> str:
    """The hash of no password that anybody knows, for a user who has not chosen one: it takes as long as any other."""
    salt, digest = (b64encode(secrets.token_bytes(length)).decode().rstrip("=") for length in (16, 32))
    return f"$argon2id$v=19$m={HASHER.memory_cost},t={HASHER.time_cost},p={HASHER.parallelism}${salt}${digest}"


def matches(password: str, password_hash: str) -> bool:
    """Whether the password is the one that was hashed. Takes as long either way."""
    try:
        return HASHER.verify(password_hash, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def _bytes(password: str) -> bytes:
    # Keyboards send the same letter in several ways.
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace")


def _refused(sentence: str) -> InvalidRequest:
    return InvalidRequest("The password cannot be used.", {"password": [sentence]})
