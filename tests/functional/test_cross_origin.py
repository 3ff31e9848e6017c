"""What a web page of another origin may do, and what every answer tells a browser."""

import pytest

from chalicelib import runtime
from contract.words import REQUEST_HEADERS
from tests.support.application import Answer, Api

FRONT_END = "https://front.example.com"
ELSEWHERE = "https://elsewhere.example.com"


@pytest.fixture
def shared_api(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The API of a deployment that names an origin."""
    monkeypatch.setenv("CORS_ORIGINS", f"https://other.example.com {FRONT_END}")
    runtime.settings.cache_clear()
    return api


def asked_before(api: Api, origin: str, method: str = "PATCH") -> Answer:
    """A browser's question before it sends the request itself."""
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    return api.call("OPTIONS", "/api/customers/1/", headers=headers)


def cors_headers(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


def test_a_page_of_a_named_origin_may_read_and_write(shared_api: Api) -> None:
    asked = asked_before(shared_api, FRONT_END)
    assert asked.status == 204
    assert asked.headers["Access-Control-Allow-Origin"] == FRONT_END
    assert asked.headers["Access-Control-Allow-Methods"] == "GET, HEAD, PATCH"
    assert "If-Match" in asked.headers["Access-Control-Allow-Headers"]
    read = shared_api.call("GET", "/api/customers/", headers={"Origin": FRONT_END})
    assert (read.headers["Access-Control-Allow-Origin"], read.headers["Vary"]) == (FRONT_END, "Origin")
    assert "ETag" in read.headers["Access-Control-Expose-Headers"]


def test_a_page_may_send_every_header_that_the_contract_has(shared_api: Api) -> None:
    allowed = asked_before(shared_api, FRONT_END).headers["Access-Control-Allow-Headers"].split(", ")
    assert {*REQUEST_HEADERS, "Authorization", "X-API-Key", "Content-Type"} <= {*allowed}


def test_an_error_can_be_read_by_the_page_too(shared_api: Api) -> None:
    missing = shared_api.call("GET", "/api/customers/1/", headers={"Origin": FRONT_END})
    assert (missing.status, missing.headers["Access-Control-Allow-Origin"]) == (404, FRONT_END)


def test_no_page_of_another_origin_may(shared_api: Api) -> None:
    assert asked_before(shared_api, ELSEWHERE).status == 405
    assert cors_headers(asked_before(shared_api, ELSEWHERE)) == {}
    read = shared_api.call("GET", "/api/customers/", headers={"Origin": ELSEWHERE})
    assert cors_headers(read) == {}
    assert read.headers["Vary"] == "Origin"


def test_nobody_may_where_no_origin_is_named(api: Api) -> None:
    assert asked_before(api, FRONT_END).status == 405
    assert cors_headers(api.call("GET", "/api/customers/", headers={"Origin": FRONT_END})) == {}


@pytest.mark.parametrize("path", ["/api/customers/", "/api/customers/1/"])
def test_an_answer_is_not_kept_framed_guessed_or_told_of(api: Api, path: str) -> None:
    headers = api.get(path).headers
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    # It is said where there is TLS, which a laptop has not: test_console_frame.py.
    assert "Strict-Transport-Security" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"
