"""Codes of the second factor: those of an authenticator app (TOTP, RFC 6238) and recovery codes.

A code has six digits and belongs to a step of 30 seconds. The step before and the one after are good too, because the
clocks of phones differ. A recovery code has 80 random bits, so a fast hash of it is enough to keep.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime

STEP_SECONDS = 30
TOLERATED_STEPS = 1
RECOVERY_CODES = 10

_CODE = re.compile(r"\d{6}", re.ASCII)
# Base32 without a sign that is mistaken for another: Crockford's alphabet, in lower case.
_RECOVERY_CHARACTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_RECOVERY_LENGTH, _GROUP = 16, 4
KEY_FORM = r"[A-Z2-7]{32}"
RECOVERY_FORM = rf"[{_RECOVERY_CHARACTERS}]{{{_GROUP}}}(-[{_RECOVERY_CHARACTERS}]{{{_GROUP}}}){{3}}"


def new_secret() -> str:
    """A secret that nobody had before, 160 random bits in Base32."""
    import pyotp

    return pyotp.random_base32()


def address_of(secret: str, login: str, issuer: str) -> str:
    """What an authenticator app reads from the QR code."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def step_of(secret: str, typed: str, now: datetime, *, after: int) -> int | None:
    """The step that a typed code belongs to; None if it is no code of this moment, or of a step that is not `after`."""
    import pyotp

    code, totp, present = bare(typed), pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    if not _CODE.fullmatch(code):
        return None
    for step in range(present - TOLERATED_STEPS, present + TOLERATED_STEPS + 1):
        if hmac.compare_digest(totp.at(step * STEP_SECONDS), code):
            return step if step > after else None
    return None


def new_recovery_codes() -> list[str]:
    """Codes that nobody had before, as people write them down: 7k2m-9xq4-h3vd-0tfz."""
    return [
        _grouped("".join(secrets.choice(_RECOVERY_CHARACTERS) for _ in range(_RECOVERY_LENGTH)))
        for _ in range(RECOVERY_CODES)
    ]


def recovery_hash(typed: str) -> bytes:
    """SHA-256 of a recovery code as it is stored, however it was typed."""
    return hashlib.sha256(bare(typed).lower().encode()).digest()


def bare(typed: str) -> str:
    """A code without the blanks and hyphens that people type into it.

    >>> bare(" 123 456 ")
    '123456'
    """
    return re.sub(r"[\s-]", "", typed)


def _grouped(code: str) -> str:
    return "-".join(code[place : place + _GROUP] for place in range(0, len(code), _GROUP))
