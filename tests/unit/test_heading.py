"""Headers of a request that came several times, as API Gateway hands them over."""

import pytest

from chalicelib.api.credentials import credentials_of
from chalicelib.errors import InvalidRequest, Unauthenticated
from chalicelib.requests.heading import entity_tags, idempotency_attempt, tags_known
from tests.support.headers import asked


def test_two_idempotency_keys_in_one_request_are_refused_by_their_names() -> None:
    with pytest.raises(InvalidRequest) as refused:
        idempotency_attempt("", asked(("Idempotency-Key", "k-2"), ("Idempotency-Key", "k-1")))
    assert refused.value.sentence == 'Send the header Idempotency-Key once; got "k-1" and "k-2".'


def test_one_idempotency_key_that_comes_twice_is_one() -> None:
    attempt = idempotency_attempt("", asked(("Idempotency-Key", "k-1"), ("Idempotency-Key", "k-1")))
    assert attempt is not None
    assert attempt.key == "k-1"
    assert idempotency_attempt("", asked()) is None


def test_two_credentials_in_one_header_are_refused() -> None:
    assert credentials_of(asked(("authorization", "Bearer lk_a"), ("x-api-key", "lk_a"))) == "lk_a"
    with pytest.raises(Unauthenticated):
        credentials_of(asked(("X-API-Key", "lk_a"), ("X-API-Key", "lk_b")))


def test_tags_that_come_in_two_lines_are_one_list() -> None:
    tags = entity_tags(asked(("If-Match", '"a"'), ("If-Match", '"b"')))
    assert "a" in tags
    assert "b" in tags
    assert "c" not in tags


@pytest.mark.parametrize(
    ("header", "known", "unknown"),
    [
        ('"a"', "a", "b"),
        ('"a" , "b"', "b", ""),
        ('"a,b"', "a,b", "a"),
        ("a, b", "b", "c"),
        ("*", "anything", None),
        (" * ", "anything", None),
        ('"*"', "*", "a"),
    ],
)
def test_both_headers_take_one_tag_a_list_and_a_star(header: str, known: str, unknown: str | None) -> None:
    for tags in (entity_tags(asked(("If-Match", header))), tags_known(asked(("If-None-Match", header)))):
        assert known in tags
        assert unknown is None or unknown not in tags


def test_a_weak_tag_spares_an_answer_and_changes_nothing() -> None:
    assert "a" in tags_known(asked(("If-None-Match", 'W/"x", W/"a"')))
    assert "a" not in entity_tags(asked(("If-Match", 'W/"a"')))
    assert "b" in entity_tags(asked(("If-Match", 'W/"a", "b"')))


def test_a_client_that_says_nothing_knows_nothing() -> None:
    assert "a" not in tags_known(asked())
