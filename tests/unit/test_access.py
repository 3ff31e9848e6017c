"""Who may do what: the table, the words about it, and what credentials look like."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.access import (
    ANYONE,
    GIVEN,
    MACHINES,
    PEOPLE,
    PERMISSIONS,
    PUBLIC,
    SCOPED,
    Actor,
    Author,
    Operation,
    Role,
)
from chalicelib.rules.auditing import Action, SubjectKind, difference
from chalicelib.rules.tokens import new_key, new_session, read_token, renewed_key
from chalicelib.services.access import TRUSTED_SECONDS

PROJECT = Path(__file__).parents[2]
DOCUMENT = (PROJECT / "docs" / "access.md").read_text()


def rows_of(document: str, first: str) -> list[list[str]]:
    """The table whose header begins with this cell, the header included."""
    lines = document[document.index(f"| {first} |") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not line.startswith("|-")]


def test_the_document_shows_the_table_as_it_is() -> None:
    header, *rows = rows_of(DOCUMENT, "operation")
    assert header == ["operation", *Role, "one customer"]
    assert [row[0] for row in rows] == list(Operation)
    for operation, *cells in rows:
        limited = "yes" if operation in SCOPED else ""
        assert cells == [*(cell(Role(role), Operation(operation)) for role in Role), limited], operation


def cell(role: Role, operation: Operation) -> str:
    given = "if given" if operation in GIVEN.get(role, ()) else ""
    return "yes" if operation in PERMISSIONS[role] else given


def test_the_document_says_whose_workbooks_spare_who_was_registered_here() -> None:
    sparing = [
        role for role in Role if Operation.START_IMPORT in PERMISSIONS[role] and Actor("x", "x", role).spares_registered
    ]
    assert [f"A key of the role `{role}` may not change customers." in DOCUMENT for role in sparing] == [True]


def test_what_a_key_can_be_given_its_role_does_not_have_and_a_limit_takes_away() -> None:
    for role, extra in GIVEN.items():
        assert role in MACHINES
        assert not extra & (PERMISSIONS[role] | SCOPED)


def test_the_document_shows_every_action_with_its_subject() -> None:
    _, *rows = rows_of(DOCUMENT, "action")
    assert [action.strip("`") for action, *_ in rows] == list(Action)
    assert {subject for _, subject, _ in rows} == set(SubjectKind)


def test_the_document_says_the_bound() -> None:
    assert re.search(rf"at most \*\*{TRUSTED_SECONDS} seconds\*\*", DOCUMENT)


def test_every_role_is_that_of_a_person_a_machine_or_anyone() -> None:
    assert {*PEOPLE, *MACHINES, Role.ANYONE} == set(PERMISSIONS) == set(Role)


def test_what_is_public_is_for_everybody() -> None:
    assert all(allowed >= PUBLIC for allowed in PERMISSIONS.values())


def test_nobody_but_an_admin_manages_who_may_or_reads_what_was_done() -> None:
    for operation in (Operation.MANAGE_KEYS, Operation.MANAGE_USERS, Operation.READ_AUDIT, Operation.REDRIVE_IMPORTS):
        assert [role for role in Role if operation in PERMISSIONS[role]] == [Role.ADMIN]


@pytest.mark.parametrize("role", list(Role))
def test_a_limit_takes_permissions_and_gives_none(role: Role) -> None:
    free, limited = Actor("key", "a", role, 1), Actor("key", "a", role, 1, customer_id=7)
    for operation in Operation:
        assert limited.may(operation) == (free.may(operation) and operation in SCOPED)


def test_actors_are_told_apart_by_kind_and_number() -> None:
    assert Actor("key", "shop", Role.READER, 12).identity == "key:12"
    assert ANYONE.identity == "anyone"
    assert Author.of(Actor("key", "shop", Role.READER, 12), "r") == Author("key", "shop", 12, "r")


def test_tokens_are_read_as_they_are_made() -> None:
    key, session = new_key(), new_session()
    assert (read_token(key.text), read_token(session.text)) == (key, session)
    assert re.fullmatch(r"lk_[a-z2-9]{12}_[\w-]{43}", key.text)
    assert session.public_id is None
    renewed = renewed_key(key.public_id or "")
    assert renewed.public_id == key.public_id
    assert renewed.digest != key.digest
    assert key.text not in repr(key)


@given(st.text())
def test_what_is_no_token_is_none(text: str) -> None:
    assert read_token(text) is None
    assert read_token(new_key().text + text) is None or text == ""


@given(st.dictionaries(st.sampled_from("abc"), st.integers()), st.dictionaries(st.sampled_from("abc"), st.integers()))
def test_a_difference_has_what_differs(before: dict[str, int], after: dict[str, int]) -> None:
    was, is_now = difference(before, after)
    assert before | is_now == before | after
    assert all(was[name] != is_now[name] for name in is_now)
