"""The contract as a client gets it: public, kept for a while, and the same however one asks."""

import json
from urllib.parse import urljoin

import pytest

from chalicelib import runtime
from tests.support.application import Api, assert_envelope


def test_the_document_and_the_page_are_for_everybody(closed_api: Api) -> None:
    document, page = closed_api.get("/api/openapi.json"), closed_api.get("/api/docs/")
    assert (document.status, document.headers["Content-Type"]) == (200, "application/json")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert json.loads(document.text)["openapi"].startswith("3.1.")
    assert page.text.startswith("<!doctype html>")


def test_bad_credentials_do_not_keep_anybody_from_the_contract(closed_api: Api) -> None:
    assert closed_api.showing("nonsense").get("/api/openapi.json").status == 200


def test_the_contract_is_told_without_the_database(api: Api) -> None:
    made = runtime.database.cache_info().misses
    assert api.get("/api/docs").status == 200
    assert runtime.database.cache_info().misses == made


def test_the_page_gives_the_document_too(api: Api) -> None:
    linked, document = api.get("/api/docs?format=json"), api.get("/api/openapi.json")
    assert (linked.text, linked.headers["ETag"]) == (document.text, document.headers["ETag"])
    assert_envelope(api.get("/api/docs?format=yaml"), 400, "invalid_request")


DOCUMENTS = ["/api/openapi.json", "/api/openapi.json/", "/api/docs?format=json", "/api/docs/?format=json"]


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("before", ["https://loans.example", "https://gateway.example/prod"])
def test_the_document_leads_to_the_service_from_wherever_it_is_read(api: Api, path: str, before: str) -> None:
    document = api.get(path).json
    service = urljoin(before + path, document["servers"][0]["url"]).rstrip("/")
    assert service + next(iter(document["paths"])) == f"{before}/api/register/"


@pytest.mark.parametrize("path", [*DOCUMENTS, "/api/docs", "/api/docs/"])
def test_what_a_client_has_already_is_not_sent_again(api: Api, path: str) -> None:
    first = api.get(path)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    for known in (first.headers["ETag"], f"W/{first.headers['ETag']}", f'"x", {first.headers["ETag"]}', "*"):
        again = api.call("GET", path, headers={"If-None-Match": known})
        assert (again.status, again.text, again.headers["ETag"]) == (304, "", first.headers["ETag"])
    assert api.call("GET", path, headers={"If-None-Match": '"other"'}).text == first.text


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/"])
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("*/*", "text/html"),
        ("application/json", "application/json"),
    ],
)
def test_a_program_that_asks_the_page_for_json_gets_the_document(api: Api, path: str, accept: str, kind: str) -> None:
    headers = {"Accept": accept}
    for status in (200, 304):
        answer = api.call("GET", path, headers=headers)
        assert (answer.status, answer.headers["Vary"]) == (status, "Accept")
        assert answer.headers["Content-Type"].startswith(kind)
        headers["If-None-Match"] = answer.headers["ETag"]


def test_the_page_may_load_nothing_but_its_own_style(api: Api) -> None:
    headers = api.get("/api/docs").headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "DELETE"])
def test_the_contract_can_only_be_read(api: Api, method: str) -> None:
    assert api.call(method, "/api/docs").status == 405


def test_an_accept_header_that_asks_for_something_else_changes_nothing(api: Api) -> None:
    answer = api.call("GET", "/api/docs", headers={"Accept": "image/png"})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
