"""Headers of a request that came several times, as API Gateway hands them over."""

from typing import Any

import pytest
from chalice.app import Request

from chalicelib.api.credentials import credentials_of
from chalicelib.errors import InvalidRequest, Unauthenticated
from chalicelib.requests.heading import entity_tags, idempotency_attempt


def asked(*headers: tuple[str, str]) -> Request:
    """A request with these headers: by name the last of each, and beside it all of them."""
    every: dict[str, list[str]] = {}
    for name, value in headers:
        every.setdefault(name, []).append(value)
    event: dict[str, Any] = {
        "headers": dict(headers),
        "multiValueHeaders": every,
        "multiValueQueryStringParameters": None,
        "requestContext": {"httpMethod": "POST", "resourcePath": "/api/create-loan"},
        "pathParameters": None,
        "stageVariables": None,
        "body": "{}",
        "isBase64Encoded": False,
    }
    return Request(event)


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
