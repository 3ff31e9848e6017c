"""Hostile requests that are well formed: fields one may not set, repetition, addresses, forgotten doors."""

import json
from collections.abc import Iterator

from chalicelib.api.routes import declared
from tests.support.hostile.cases import ASKED, JSON, PERSON, Case

EVIL = "evil.example.com"
METADATA = "169.254.169.254"


def extra_fields() -> Iterator[Case]:
    """Fields of the answer, or of the table, that somebody would like to decide."""
    given = {"approved_limit": 10**9, "customer_id": 1, "loan_approved": True, "loan_id": 1, "policy": "generous-1",
             "score": 100, "corrected_interest_rate": 0, "created_at": "2020-01-01", "__proto__": {"role": "admin"},
             "role": "admin"}  # fmt: skip
    for name, value in given.items():
        for path, body in (("/register/", PERSON), ("/create-loan/", ASKED)):
            if name not in body:
                sent = json.dumps({**body, name: value}).encode()
                yield Case("extra fields", f"{path} {name}", "POST", path, 400, "writer", JSON, sent)
    anything = {**JSON, "If-Match": "*"}
    for name, value in {**given, "from_workbook": False, "current_debt": 0, "updated_at": "2020-01-01"}.items():
        if name != "approved_limit":
            sent = json.dumps({"phone_number": 9812345678, name: value}).encode()
            yield Case("extra fields", f"customer {name}", "PATCH", "/customers/1/", 400, "writer", anything, sent)
    key = {"name": "mine", "role": "reader"}
    user = {"login": "mine", "name": "mine", "role": "viewer"}
    for path, good, more in (
        ("/api-keys/", key, {"token": "lk_mine", "secret_hash": "00", "key_id": 1, "revoked_at": None}),
        ("/users/", user, {"user_id": 1, "password_hash": "x", "disabled_at": None}),
        ("/sessions/", {"login": "mine", "password": "x"}, {"role": "admin", "user_id": 1, "expires_at": "2199-01-01"}),
    ):
        for name in more:
            sent = json.dumps({**good, name: more[name]}).encode()
            yield Case("extra fields", f"{path} {name}", "POST", path, 400, "admin", JSON, sent)


# Sent many times at once by tests of their own: on its own each of them is a request like any other.
REPEATED_APPLICATION = Case(
    "repetition", "one application", "POST", "/create-loan/", 201, "writer",
    {**JSON, "Idempotency-Key": "the same again and again"}, json.dumps({**ASKED, "loan_amount": 1000}).encode(),
)  # fmt: skip
REPEATED_SIGN_IN = Case(
    "repetition", "one sign-in", "POST", "/sessions/", 401, None, JSON,
    b'{"login": "nobody of this name", "password": "a guess"}',
)  # fmt: skip


def addresses() -> Iterator[Case]:
    """Addresses, for somebody to fetch or to be led to. Nobody does, and nothing repeats them."""
    names = (f"http://{METADATA}/latest/meta-data/x.xlsx", "file:///etc/passwd.csv", f"https://{EVIL}/x.xlsx",
             "s3://another-bucket/x.xlsx", f"\\\\{EVIL}\\share\\x.csv", f"gopher://{EVIL}:70/x.csv")  # fmt: skip
    for name in names:
        body = json.dumps({"file_name": name}).encode()
        yield Case("addresses", f"file {name}", "POST", "/imports/", 201, "importer", JSON, body)
    for name in (f"http://{METADATA}/", f"https://{EVIL}", "http://localhost:4566/_localstack/health"):
        body = json.dumps({"file_name": name}).encode()
        yield Case("addresses", f"file {name}", "POST", "/imports/", 400, "importer", JSON, body)
    for header in ("Referer", "Forwarded", "X-Forwarded-Host", "X-Callback-URL", "X-Amz-Security-Token"):
        yield Case("addresses", header, "GET", "/customers/1/", 200, "writer", {header: f"http://{METADATA}/"},
                   like_plain=True)  # fmt: skip
    for elsewhere in (f"https://{EVIL}/", f"//{EVIL}", f"\\\\{EVIL}", f"/\\{EVIL}", f"javascript:alert('{EVIL}')",
                      f"@{EVIL}", f"https:{EVIL}"):  # fmt: skip
        yield Case("addresses", f"next {elsewhere}", "GET", f"/sign-in/?next={elsewhere}", 200, None, base="/console",
                   never=EVIL)  # fmt: skip


def inventory() -> Iterator[Case]:
    """Versions, tools and methods that somebody may have left behind."""
    for path in ("/v0/customers/", "/v1/register/", "/v2/create-loan/", "/swagger/", "/swagger.json", "/openapi.yaml",
                 "/debug/", "/actuator/health/", "/internal/users/", "/admin/", "/graphql/", "/metrics/", "/.env",
                 "/.git/config", "/customers/1/loans/", "/users/1/password/", "/backup.sql", "/test/"):  # fmt: skip
        yield Case("inventory", path, "GET", path, 404, "admin")
        yield Case("inventory", f"POST {path}", "POST", path, 404, "admin", JSON, b"{}")
    for path in ("/v0/customers/", "/swagger/", "/debug/", "/.env"):
        yield Case("inventory", f"no /api {path}", "GET", path, 404, "admin", base="")
    for path in ("/customers/{customer_id}", "/customers", "/loans", "/applications", "/applications/{application_id}",
                 "/view-loan/{loan_id}", "/audit", "/imports", "/users/{user_id}", "/api-keys/{key_id}"):  # fmt: skip
        known = {method for method, where in declared() if where == f"/api{path}"}
        assert known, path
        filled = path.split("{")[0].rstrip("/") + ("/1/" if "{" in path else "/")
        for method in sorted({"POST", "PUT", "PATCH", "DELETE"} - known):
            yield Case("inventory", f"{method} {path}", method, filled, 405, "admin", JSON, b"{}")
