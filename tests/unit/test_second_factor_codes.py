"""Codes of the second factor: which are taken when, and how they may be typed."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyotp import TOTP

from chalicelib.console.account.second_factor import qr_of
from chalicelib.services.second_factor_codes import (
    KEY_FORM,
    RECOVERY_FORM,
    STEP_SECONDS,
    address_of,
    new_recovery_codes,
    new_secret,
    recovery_hash,
    step_of,
)

NOW = datetime(2026, 11, 28, 21, 0, 7, tzinfo=UTC)
PRESENT = int(NOW.timestamp()) // STEP_SECONDS
SECRET = new_secret()


def code_of(step: int) -> str:
    return str(TOTP(SECRET).at(step * STEP_SECONDS))


# RFC 6238, appendix B, of which an app shows the last six digits.
@pytest.mark.parametrize(("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_a_code_is_that_of_the_standard(seconds: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert step_of(secret, code, moment, after=0) == seconds // STEP_SECONDS


def test_the_codes_before_and_after_are_taken_because_clocks_differ() -> None:
    taken = [away for away in range(-4, 5) if step_of(SECRET, code_of(PRESENT + away), NOW, after=0) is not None]
    assert taken == [-1, 0, 1]


def test_no_code_is_taken_that_is_not_later_than_the_last() -> None:
    assert step_of(SECRET, code_of(PRESENT), NOW, after=PRESENT - 1) == PRESENT
    assert step_of(SECRET, code_of(PRESENT), NOW, after=PRESENT) is None
    assert step_of(SECRET, code_of(PRESENT - 1), NOW, after=PRESENT) is None
    assert step_of(SECRET, code_of(PRESENT + 1), NOW, after=PRESENT) == PRESENT + 1


def test_blanks_and_hyphens_in_a_code_do_not_matter() -> None:
    code = code_of(PRESENT)
    for typed in (f" {code} ", f"{code[:3]} {code[3:]}", f"{code[:3]}-{code[3:]}"):
        assert step_of(SECRET, typed, NOW, after=0) == PRESENT


@given(st.text(max_size=60))
def test_what_is_no_code_is_refused_and_breaks_nothing(typed: str) -> None:
    if not re.fullmatch(r"[\s-]*(\d[\s-]*){6}", typed, re.ASCII):
        assert step_of(SECRET, typed, NOW, after=0) is None
    assert len(recovery_hash(typed)) == 32


def test_recovery_codes_differ_and_are_the_same_however_typed() -> None:
    codes = new_recovery_codes()
    assert len({*codes}) == len(codes) == 10
    assert all(re.fullmatch(RECOVERY_FORM, code) for code in codes)
    assert recovery_hash(codes[0]) == recovery_hash(codes[0].upper().replace("-", " "))
    assert recovery_hash(codes[0]) != recovery_hash(codes[1])


def test_the_qr_code_says_whose_key_it_is() -> None:
    assert re.fullmatch(KEY_FORM, SECRET)
    address = address_of(SECRET, "asha@example.com", "Loans dev")
    assert address.startswith(f"otpauth://totp/Loans%20dev:asha%40example.com?secret={SECRET}")
    size, squares = qr_of(address)
    assert size > 30
    assert re.fullmatch(r"(M\d+ \d+h1v1h-1z)+", squares)
    assert len(squares) < 30_000
