"""The contract is generated, complete and true to the code; the answers are held to it in the functional tests."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel
from schemathesis.specs.openapi.definitions import OPENAPI_31
from typing_extensions import TypeAliasType, is_typeddict

from chalicelib.api.contract import PUBLISHED, content_security_policy, published
from chalicelib.api.endpoint import Endpoint
from chalicelib.api.routes import declared
from chalicelib.api.taking import parameters_of
from chalicelib.errors import LoanError
from chalicelib.rules.access import Operation
from contract import words
from contract.__main__ import generated
from contract.answered import type_of_answer
from contract.conformance import Conformance
from contract.document import PROJECT, document, failures, view_name
from contract.exchanges import read_exchanges
from contract.schemas import component_schemas, sentence
from tests.support.errors import kinds_of

DOCUMENT = document()
EVERY_OPERATION = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


def operations() -> Iterator[dict[str, Any]]:
    for methods in DOCUMENT["paths"].values():
        yield from methods.values()


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a JSON value."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from nodes(item)
    elif isinstance(value, list):
        for item in value:
            yield from nodes(item)


@pytest.mark.parametrize("name", ["openapi.json", "docs.html"])
def test_the_published_files_are_what_is_generated_now(name: str) -> None:
    assert (PUBLISHED / name).read_text() == generated()[name], f"{name} is out of date: run `make openapi`"


def test_a_parameter_without_which_a_call_is_refused_is_required() -> None:
    required = {
        (path, each["name"])
        for path, methods in DOCUMENT["paths"].items()
        for operation in methods.values()
        for each in operation.get("parameters", ())
        if each.get("in") == "query" and each.get("required")
    }
    assert required == {("/api/delinquency/loans/", "class"), ("/api/loans/{loan_id}/prepayment/", "amount")}


@pytest.mark.parametrize("endpoint", declared().values(), ids=view_name)
def test_whatever_an_endpoint_answers_as_json_has_a_type(endpoint: Endpoint) -> None:
    assert len(endpoint.answers) == len({answer.status for answer in endpoint.answers})
    is_written = endpoint.operation is Operation.READ_CONTRACT
    for answer in endpoint.answers:
        typed = type_of_answer(endpoint, answer)
        assert (typed is None) == (is_written or not answer.media)
        assert typed is None or is_typeddict(typed) or isinstance(typed, TypeAliasType)


def test_a_number_in_a_path_is_said_to_be_that_of_something() -> None:
    told = {
        parameter["name"]: parameter["description"]
        for operation in operations()
        for parameter in operation.get("parameters", ())
        if parameter.get("in") == "path"
    }
    assert told["number"] == "The number of the Key Facts Statement."
    assert told["transaction_number"] == "The number of the transaction."
    assert told["key_id"] == "The number of the API key."


def test_a_parameter_with_a_longest_text_says_how_long() -> None:
    bounded = {
        parameter["name"]: parameter["description"]
        for operation in operations()
        for parameter in operation.get("parameters", ())
        if "maxLength" in parameter.get("schema", ())
        and str(parameter["schema"]["maxLength"]) not in parameter["description"]
    }
    assert bounded == {}


def test_what_a_view_cannot_be_handed_is_refused() -> None:
    def view(customer_id: int) -> None: ...

    with pytest.raises(TypeError, match="cannot be handed customer_id"):
        parameters_of(view)


def test_the_types_of_answers_are_not_imported_while_the_service_runs() -> None:
    program = "import sys, app; print([name for name in sys.modules if name.startswith('chalicelib.api.answers')])"
    ran = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_document_is_openapi_and_its_schemas_are_json_schemas() -> None:
    assert [error.message for error in Draft202012Validator(OPENAPI_31).iter_errors(DOCUMENT)] == []
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere_and_every_component_is_used() -> None:
    used = {node["$ref"] for node in nodes(DOCUMENT) if "$ref" in node}
    there = {f"#/components/{kind}/{name}" for kind, found in DOCUMENT["components"].items() for name in found}
    assert used <= there
    assert {reference for reference in there if "securitySchemes" not in reference} <= used


def test_every_link_leads_to_an_operation_with_parameters_that_it_has() -> None:
    known = {each["operationId"]: each for each in operations()}
    assert len(known) == len(EVERY_OPERATION)
    links = [node for each in operations() for node in nodes(each["responses"]) if "operationId" in node]
    assert links
    for link in links:
        asked = [
            DOCUMENT["components"]["parameters"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each
            for each in known[link["operationId"]].get("parameters", ())
        ]
        assert set(link.get("parameters", ())) <= {f"{each['in']}.{each['name']}" for each in asked}


def test_every_error_of_the_service_is_told_of_where_it_can_happen() -> None:
    told = {kind.code for endpoint in declared().values() for kinds in failures(endpoint).values() for kind in kinds}
    everywhere = {kind.code for kind in kinds_of(LoanError)}
    # These two are answered where there is no operation.
    assert everywhere - told == {"path_not_found", "method_not_allowed"}


def test_an_error_is_one_schema_and_one_response_a_status() -> None:
    """Generators make a class of every schema they meet: the envelope must be one, and not one for each operation."""
    responses = DOCUMENT["components"]["responses"]
    assert {json.dumps(each["content"]["application/json"]["schema"]) for each in responses.values()} == {
        json.dumps({"$ref": "#/components/schemas/Error"})
    }
    for each in operations():
        failing = {status: answer for status, answer in each["responses"].items() if status >= "400"}
        assert failing == {status: {"$ref": f"#/components/responses/Error{status}"} for status in each["x-errors"]}
        for status, codes in each["x-errors"].items():
            assert all(f"`{code}`" in responses[f"Error{status}"]["description"] for code in codes)


def test_no_component_repeats_a_list_of_words() -> None:
    """Generators make a class of every list that has no name, so each that stands twice is a component."""
    lists = [tuple(node["enum"]) for node in nodes(DOCUMENT["components"]["schemas"]) if "enum" in node]
    named = {tuple(each["enum"]) for each in DOCUMENT["components"]["schemas"].values() if "enum" in each}
    assert sorted(lists) == sorted(set(lists))
    asked = [node["schema"] for each in operations() for node in each.get("parameters", ()) if "schema" in node]
    assert [schema for schema in asked if tuple(schema.get("enum", ())) in named] == []


def test_a_code_that_the_operation_does_not_have_is_told_apart() -> None:
    error = json.dumps({"error": "There is no such loan.", "code": "loan_not_found", "request_id": "x"})
    headers = {"X-Request-Id": "x", "Content-Type": "application/json"}
    (fault,) = Conformance(DOCUMENT).faults("GET", "/api/customers/7/", 404, headers, error)
    assert "its code is 'loan_not_found', and should be customer_not_found" in fault


@pytest.mark.parametrize("exchange", read_exchanges(), ids=lambda each: f"{each.operation}: {each.summary}")
def test_every_example_conforms_to_the_schema_it_stands_beside(exchange: Any) -> None:
    schemas = {"components": {"schemas": DOCUMENT["components"]["schemas"]}}
    (operation,) = (each for each in operations() if each["operationId"] == exchange.operation)
    if exchange.body is not None and exchange.status < 300:
        asked = operation["requestBody"]["content"]["application/json"]["schema"]
        Draft202012Validator({**asked, **schemas}).validate(exchange.body)
    headers = {
        "Content-Type": "application/json",
        "X-Request-Id": "x",
        "Location": "https://x",
        "ETag": f'"{"0" * 32}"',
    }
    text = "" if exchange.answer is None else json.dumps(exchange.answer)
    assert Conformance(DOCUMENT).faults(exchange.method, exchange.path, exchange.status, headers, text) == []


def test_an_answer_that_is_not_as_promised_is_told_apart() -> None:
    conformance, headers = Conformance(DOCUMENT), {"X-Request-Id": "x"}
    good: dict[str, object] = {"customers": [], "next": None}

    def faults(body: object, status: int = 200, kind: str = "application/json") -> list[str]:
        given = headers | {"Content-Type": kind}
        return conformance.faults("GET", "/api/customers/?q=a", status, given, json.dumps(body))

    assert faults(good) == []
    assert "'next' is a required property" in faults({"customers": []})[0]
    assert "unexpected" in faults(good | {"total": 3})[0]
    assert "no such status" in faults(good, 202)[0]
    assert "should be application/json" in faults(good, kind="text/html")[0]
    assert "X-Request-Id is missing" in conformance.faults("GET", "/api/customers", 200, {}, "{}")[0]


def test_a_head_is_held_to_status_and_headers_and_has_no_body() -> None:
    conformance, headers = Conformance(DOCUMENT), {"X-Request-Id": "x"}
    assert conformance.faults("HEAD", "/api/customers", 200, headers, "") == []
    assert "should have no body" in conformance.faults("HEAD", "/api/customers", 200, headers, "{}")[0]
    assert "no such status" in conformance.faults("HEAD", "/api/customers", 202, headers, "")[0]
    assert "X-Request-Id is missing" in conformance.faults("HEAD", "/api/customers", 200, {}, "")[0]


def test_two_types_of_one_name_are_refused() -> None:
    first, second = type("Twin", (BaseModel,), {}), type("Twin", (BaseModel,), {})
    with pytest.raises(ValueError, match="given twice: Twin"):
        component_schemas([first, second])


@pytest.mark.parametrize(
    ("words_of_code", "read"),
    [
        ("a whole number of years, 18 to 120", "A whole number of years, 18 to 120."),
        ("`POST /api/register/`", ""),
        ("`PATCH /x/`: what is not given\nstays.", "What is not given stays."),
    ],
)
def test_descriptions_are_read_as_sentences(words_of_code: str, read: str) -> None:
    assert sentence(words_of_code) == read


def test_public_operations_ask_for_no_credentials_and_all_others_name_their_roles() -> None:
    public = {each["operationId"] for each in operations() if each.get("security") == []}
    assert public == {"view_contract", "view_docs", "sign_in", "accept_invitation"}
    assert all(each["x-roles"] for each in operations())


def test_the_words_are_about_what_is_there() -> None:
    assert {each["tags"][0] for each in operations()} == set(words.TAGS)


def test_the_page_runs_no_script_and_asks_for_nothing_else() -> None:
    page = (PUBLISHED / "docs.html").read_text()
    assert not re.search(r"<script|<iframe|<form|<object|\son\w+=|\sstyle=|@import|url\(", page, re.IGNORECASE)
    links = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert {link for link in links if not link.startswith("#")} == {"?format=json"}
    anchors = set(re.findall(r'id="([^"]*)"', page))
    assert {link[1:] for link in links if link.startswith("#")} <= anchors
    assert len(anchors) == len(re.findall(r'id="', page))


def test_the_policy_of_the_page_lets_in_its_own_style_sheet_only() -> None:
    policy = published("docs.html").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert re.search(r"style-src 'sha256-[A-Za-z0-9+/]{43}='; ", policy)
    assert content_security_policy("<style>a</style>") != content_security_policy("<style>b</style>")
    assert "style-src 'none'" in published("openapi.json").headers["Content-Security-Policy"]


def test_every_operation_is_on_the_page() -> None:
    page = (PUBLISHED / "docs.html").read_text()
    for endpoint in declared().values():
        assert f'id="{view_name(endpoint)}"' in page
