"""The contract: the OpenAPI document, and the page that says the same to people. `make openapi` writes both."""

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chalicelib.api.blueprint import endpoints
from chalicelib.api.declaring import Answer, ok
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
def view_contract(known: IfNoneMatch) -> Reply[Text]:
    """This contract, for programs."""
    return _reply(known, "openapi.json", JSON)


@endpoints.add(
    "GET",
    "/api/docs",
    Operation.READ_CONTRACT,
    ok("The page, or with `format=json` the document.", media=("text/html", JSON), headers=_KEPT),
    _UNCHANGED,
    tag="Contract",
)
def view_docs(query: DocsQuery, known: IfNoneMatch) -> Reply[Text]:
    """This contract, for people."""
    # The page's link to the document is `?format=json`: it answers with and without a slash at the end, behind a
    # stage's name or not, so that no other relative link would lead to the same place from everywhere.
    return _reply(known, "openapi.json", JSON) if query.format == "json" else _reply(known, "docs.html", HTML)


def _reply(known: str, name: str, content_type: str) -> Reply[Text]:
    file = published(name)
    headers = {**file.headers, "Content-Type": content_type}
    if headers["ETag"] in known:
        return Reply(Text(), headers, 304)
    return Reply(Text(file.text), headers)


@cache
def published(name: str) -> Published:
    """A file of `published/` with the headers that go with it."""
    text = (PUBLISHED / name).read_text(encoding="utf-8")
    headers = {
        "ETag": f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"',
        "Cache-Control": "public, max-age=300",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": content_security_policy(text),
    }
    return Published(text, headers)


def content_security_policy(page: str) -> str:
    """Lets in nothing but the style sheet that stands in the page, told by its digest."""
    sheets = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digests = [b64encode(hashlib.sha256(sheet.encode()).digest()).decode() for sheet in sheets]
    styles = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return f"default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
