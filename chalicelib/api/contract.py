"""The contract: the OpenAPI document, and the page that says the same to people. `make openapi` writes both."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chalicelib.api.blueprint import endpoints
from chalicelib.api.call import Call
from chalicelib.api.declaring import Answer, ok
from chalicelib.api.forms import ELSE_ACCEPT, form_of
from chalicelib.api.responses import JSON, Reply, Text
from chalicelib.api.taking import IfNoneMatch
from chalicelib.requests.models import DocsQuery
from chalicelib.rules.access import Operation

PUBLISHED = Path(__file__).with_name("published")
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Published:
    """A file as it is answered."""

    text: str
    tag: str
    headers: dict[str, str]


_KEPT = ("ETag", "Cache-Control")
_UNCHANGED = Answer(304, "It is still the one of `If-None-Match`.", media=(), headers=_KEPT)


@endpoints.add(
    "GET",
    "/api/openapi.json",
    Operation.READ_CONTRACT,
    ok("An OpenAPI 3.1 document.", headers=_KEPT),
    _UNCHANGED,
    tag="Contract",
)
def view_contract(call: Call, known: IfNoneMatch) -> Reply[Text]:
    """This contract, for programs."""
    return _reply(known, _document(call), JSON)


@endpoints.add(
    "GET",
    "/api/docs",
    Operation.READ_CONTRACT,
    ok("The page, or the document.", media=("text/html", JSON), headers=_KEPT),
    _UNCHANGED,
    tag="Contract",
    note=f"`format` says in which form: `html` or `json`. {ELSE_ACCEPT}",
)
def view_docs(call: Call, query: DocsQuery, known: IfNoneMatch) -> Reply[Text]:
    """This contract, for people."""
    # The page's link to the document is `?format=json`: it answers with and without a slash at the end, behind a
    # stage's name or not, so that no other relative link would lead to the same place from everywhere.
    json = form_of(call.request, query.format, ("html", "json")) == "json"
    answer = _reply(known, _document(call), JSON) if json else _reply(known, published("docs.html"), HTML)
    # It may be kept, so whoever keeps it must know what it depends on.
    return answer._replace(headers={**(answer.headers or {}), "Vary": "Accept"})


def _document(call: Call) -> Published:
    """The document whose address of the service is right from where it is read: it is relative to the document's own,
    which is one step longer with a slash at its end.
    """
    return _one_step_down() if str(call.request.context.get("path", "")).endswith("/") else published("openapi.json")


@cache
def _one_step_down() -> Published:
    text = published("openapi.json").text
    return _with_headers(text.replace('"servers":[{"url":".."', '"servers":[{"url":"../.."', 1))


def _reply(known: Container[str], file: Published, content_type: str) -> Reply[Text]:
    headers = {**file.headers, "Content-Type": content_type}
    if file.tag in known:
        return Reply(Text(), headers, 304)
    return Reply(Text(file.text), headers)


@cache
def published(name: str) -> Published:
    """A file of `published/` with the headers that go with it."""
    return _with_headers((PUBLISHED / name).read_text(encoding="utf-8"))


def _with_headers(text: str) -> Published:
    tag = hashlib.sha256(text.encode()).hexdigest()[:32]
    headers = {
        "ETag": f'"{tag}"',
        "Cache-Control": "public, max-age=300",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": content_security_policy(text),
    }
    return Published(text, tag, headers)


def content_security_policy(page: str) -> str:
    """Lets in nothing but the style sheet that stands in the page, told by its digest."""
    sheets = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digests = [b64encode(hashlib.sha256(sheet.encode()).digest()).decode() for sheet in sheets]
    styles = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return f"default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
