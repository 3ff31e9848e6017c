"""Requests that should get nobody anywhere, as data: what is sent, as whom, and what may come back."""

import json
from collections.abc import Iterator
from urllib.parse import quote

from chalicelib.api.routes import declared
from chalicelib.rules.access import PERMISSIONS, PUBLIC, SCOPED, Operation, Role
from tests.support.hostile.business import EVIL, addresses, extra_fields, inventory
from tests.support.hostile.cases import ASKED, JSON, PERSON, Case

UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, BAD = 401, 403, 404, 400


def all_cases() -> list[Case]:
    """Every case of every category."""
    makers = (
        no_credentials, forged_credentials, ended_credentials, wrong_roles, customers_of_others, sql_injection,
        formula_injection, oversize, malformed, header_tricks, extra_fields, addresses, inventory,
    )  # fmt: skip
    return [case for maker in makers for case in maker()]


def routes() -> Iterator[tuple[str, str, Operation]]:
    """Every route that asks for credentials, with numbers in its path."""
    for (method, path), endpoint in declared().items():
        if endpoint.operation not in PUBLIC:
            filled = path
            for name in ("customer_id", "loan_id", "application_id", "import_id", "key_id", "user_id", "number"):
                filled = filled.replace(f"{{{name}}}", "1")
            yield method, f"{filled.removeprefix('/api')}/", endpoint.operation


def no_credentials() -> Iterator[Case]:
    for method, path, _ in routes():
        yield Case("no credentials", f"{method} {path}", method, path, UNAUTHENTICATED, None, JSON, b"{}")
    values = ("Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer null", "Bearer undefined", "Bearer a b",
              "bearer\tx", "Token x", "Digest username=admin", "Bearer " + "x" * 5000, "Bearer \u00e9\u00e8",
              "Bearer ../../etc/passwd", "Bearer {}", "Bearer [object Object]",
              "Bearer eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ.")  # fmt: skip
    for value in values:
        yield Case("no credentials", value[:30], "GET", "/customers/", UNAUTHENTICATED, None, {"Authorization": value})
        yield Case("no credentials", f"X-API-Key {value[:30]}", "GET", "/loans/", UNAUTHENTICATED, None,
                   {"X-API-Key": value})  # fmt: skip
    for name in ("X-User", "X-Role", "X-Forwarded-User", "X-Amzn-Oidc-Identity", "Cookie", "X-Original-URL"):
        yield Case("no credentials", name, "GET", "/customers/", UNAUTHENTICATED, None, {name: "admin"})
    both = {"Authorization": "Bearer {writer}", "X-API-Key": "{admin}"}
    yield Case("no credentials", "two that differ", "GET", "/customers/", UNAUTHENTICATED, None, both)


def forged_credentials() -> Iterator[Case]:
    forged = ("{writer}x", "x{writer}", "{writer[:-1]}", "{writer[:-2]}AA", "{writer.upper()}", "{writer[:16]}",
              "{writer[:16]}{admin[3:]}", "ls_{writer[3:]}", "lk_{admin[3:]}", "{writer[:16]}' OR '1'='1",
              "lk_%", "lk_________________", "lk_' UNION SELECT 1--_x")  # fmt: skip
    for value in forged:
        for method, path in (("GET", "/customers/"), ("GET", "/view-loans/1/"), ("GET", "/audit/")):
            headers = {"Authorization": f"Bearer {value}"}
            yield Case("forged", f"{value} {path}", method, path, UNAUTHENTICATED, None, headers)


def ended_credentials() -> Iterator[Case]:
    for who in ("revoked", "expired", "rotated", "signed out", "disabled"):
        for method, path in (("GET", "/customers/"), ("GET", "/loans/"), ("POST", "/create-loan/"), ("GET", "/audit/")):
            yield Case("ended", f"{who} {path}", method, path, UNAUTHENTICATED, who, JSON, json.dumps(ASKED).encode())


def wrong_roles() -> Iterator[Case]:
    for role in (*Role,):
        for method, path, operation in routes():
            if role is not Role.ANYONE and operation not in PERMISSIONS[role]:
                yield Case(
                    "wrong role", f"{role.value} {method} {path}", method, path, FORBIDDEN, role.value, JSON, b"{}"
                )
    for method, path, operation in routes():
        if operation not in SCOPED & PERMISSIONS[Role.WRITER]:
            yield Case("wrong role", f"limited {method} {path}", method, path, FORBIDDEN, "limited", JSON, b"{}")


def customers_of_others() -> Iterator[Case]:
    """The limited key is for customer 1, who has loan {own loan}; {other loan} is somebody else's."""
    who, category = "limited", "another customer"
    for path in ("/customers/2/", "/view-loans/2/", "/view-loan/{other loan}/", "/loans/{other loan}/schedule/",
                 "/loans/{other loan}/schedule/?format=csv", "/applications/{other application}/"):  # fmt: skip
        yield Case(category, path, "GET", path, NOT_FOUND, who)
    for path in ("/loans/?customer_id=2", "/applications/?customer_id=2", "/customers/?q=2"):
        yield Case(category, path, "GET", path, 200, who)
    for path in ("/create-loan/", "/check-eligibility/"):
        for customer in (2, "2", 999999):
            body = json.dumps({**ASKED, "customer_id": customer}).encode()
            yield Case(category, f"{path} {customer!r}", "POST", path, NOT_FOUND, who, JSON, body)
        twice = b'{"customer_id": 1, "customer_id": 2, "loan_amount": 1000, "interest_rate": 18, "tenure": 12}'
        yield Case(category, f"{path} twice", "POST", path, BAD, who, JSON, twice)


SQL = ("' OR '1'='1", "1; DROP TABLE customers--", "1' UNION SELECT password_hash FROM users--",
       "\\'; SELECT pg_sleep(3600)--", "1) OR (1=1", "%' OR 1=1--", "$$; DELETE FROM loans; $$", "1/**/OR/**/1=1",
       "'||(SELECT login FROM users)||'", "%s %(x)s :x {0}")  # fmt: skip


def sql_injection() -> Iterator[Case]:
    """What is 200 finds nothing: the test holds its list to be empty. A statement that slept would end as an error."""
    for payload in SQL:
        sent = quote(payload, safe="")
        for path, expected in (
            (f"/customers/?q={sent}", 200), (f"/customers/?after={sent}", BAD), (f"/customers/?limit={sent}", BAD),
            (f"/loans/?customer_id={sent}", BAD), (f"/loans/?state={sent}", BAD), (f"/applications/?from={sent}", BAD),
            (f"/applications/?outcome={sent}", BAD), (f"/view-loan/{sent}/", NOT_FOUND),
            (f"/view-loans/{sent}/", NOT_FOUND), (f"/customers/{sent}/", NOT_FOUND),
        ):  # fmt: skip
            yield Case("SQL", f"{payload} {path[:20]}", "GET", path, expected)
        # Not at the beginning, so that looking for it finds nothing whatever came first.
        named = {"first_name": f"Asha {payload}", "last_name": f"Menon {payload}"}
        body = json.dumps({**PERSON, **named}).encode()
        yield Case("SQL", f"{payload} register", "POST", "/register/", 201, "writer", JSON, body)
        body = json.dumps({**ASKED, "customer_id": payload}).encode()
        yield Case("SQL", f"{payload} create-loan", "POST", "/create-loan/", BAD, "writer", JSON, body)
        key = {**JSON, "Idempotency-Key": payload}
        yield Case("SQL", f"{payload} idempotency", "POST", "/create-loan/", NOT_FOUND, "writer", key,
                   json.dumps({**ASKED, "customer_id": 987654321}).encode())  # fmt: skip
        yield Case("SQL", f"{payload} audit", "GET", f"/audit/?subject_id={sent}", BAD, "admin")
        yield Case("SQL", f"{payload} actor", "GET", f"/audit/?actor={sent}", BAD, "admin")


def formula_injection() -> Iterator[Case]:
    for payload in (
        "=1+1",
        "=cmd|' /C calc'!A0",
        "+1",
        "-1+1",
        "@SUM(A1:A9)",
        '=HYPERLINK("http://x","y")',
        "=IMPORTXML(1)",
    ):
        body = json.dumps({**PERSON, "first_name": payload}).encode()
        # A name has a letter.
        expected = 201 if any(map(str.isalpha, payload)) else BAD
        yield Case("formula", payload, "POST", "/register/", expected, "writer", JSON, body)
        body = json.dumps({**ASKED, "loan_amount": payload}).encode()
        # +1 is a number as text, and no formula here.
        expected = 200 if payload == "+1" else BAD
        yield Case("formula", f"amount {payload}", "POST", "/check-eligibility/", expected, "writer", JSON, body)
    for name, expected in (("=1.xlsx", 201), ("@x.csv", 201), ("+x.xlsx", 201), ("../../etc/passwd.csv", 201),
                           ("..\\x.xlsx", 201), ("a\r\nb.csv", BAD), ("x" * 300 + ".csv", BAD)):  # fmt: skip
        body = json.dumps({"file_name": name}).encode()
        yield Case("formula", f"file {name[:20]!r}", "POST", "/imports/", expected, "importer", JSON, body)


def oversize() -> Iterator[Case]:
    too_large, bad = 413, BAD
    person = json.dumps(PERSON).encode()
    for name, body, expected in (
        ("64 KB and a byte", person + b" " * (64 * 1024 + 1 - len(person)), too_large),
        ("a megabyte", b'{"first_name": "' + b"x" * 2**20 + b'"}', too_large),
        ("six megabytes of blanks", b" " * (6 * 2**20), too_large),
        ("deep arrays", b"[" * 30_000, bad),
        ("deep objects", b'{"a":' * 10_000 + b"1" + b"}" * 10_000, bad),
        ("a number of 50,000 digits", b'{"age": ' + b"9" * 50_000 + b"}", bad),
        ("an exponent", b'{"age": 1e999999999}', bad),
        ("a name of 60,000 letters", json.dumps({**PERSON, "first_name": "x" * 60_000}).encode(), bad),
        ("5,000 fields", json.dumps({f"field{n}": n for n in range(5_000)}).encode(), too_large),
        ("5,000 twins", b"{" + b",".join([b'"age": 1'] * 5_000) + b"}", bad),
    ):
        for path in ("/register/", "/create-loan/"):
            yield Case("oversize", f"{name} {path}", "POST", path, expected, "writer", JSON, body)
    for path in (f"/customers/?q={'x' * 3000}", f"/customers/{'9' * 3000}/", "/customers/?limit=1000000",
                 f"/loans/?{'&'.join(f'a{n}=1' for n in range(300))}",
                 f"/applications/?before={'9' * 500}"):  # fmt: skip
        yield Case("oversize", path[:30], "GET", path, NOT_FOUND if "999/" in path else BAD)
    long_key = {**JSON, "Idempotency-Key": "k" * 3000}
    yield Case("oversize", "idempotency key", "POST", "/create-loan/", BAD, "writer", long_key,
               json.dumps(ASKED).encode())  # fmt: skip


def malformed() -> Iterator[Case]:
    bodies = (b"", b"null", b"[]", b'"x"', b"1", b"{", b"{]", b"{'a': 1}", b'{"a" 1}', b"\xff\xfe", b'{"age": NaN}',
              b'{"age": Infinity}', b'{"age": 01}', b'\xef\xbb\xbf{"age": 1}', b'{"first_name": "\\ud800"}',
              b'{"first_name": "\\u0000"}', b'{"age": true}', b"<xml/>", b"a=1&b=2", b"\x00" * 100)  # fmt: skip
    for body in bodies:
        for path in ("/register/", "/create-loan/", "/check-eligibility/"):
            yield Case("malformed", f"{body[:20]!r} {path}", "POST", path, BAD, "writer", JSON, body)
    wrong: tuple[object, ...] = (None, [], {}, "", "x", -1, 0, 1.5, 1e300, True, "0x10", "1_000", " ")
    for name in ("customer_id", "tenure"):
        for value in wrong:
            body = json.dumps({**ASKED, name: value}).encode()
            yield Case("malformed", f"{name}={value!r}", "POST", "/create-loan/", BAD, "writer", JSON, body)
    for number in (
        "-1",
        "0",
        "1.5",
        "1e3",
        "%00",
        "..%2F..",
        "%D9%A1",
        "9223372036854775808",
        "0x1",
        "%0d%0aX: 1",
        "null",
    ):
        for path in ("/view-loan/", "/view-loans/", "/customers/", "/applications/"):
            yield Case("malformed", f"{path}{number}", "GET", f"{path}{number}/", NOT_FOUND)
    for query in ("limit=0", "limit=101", "limit=x", "limit=1_0", "limit=5.0", "after=-1", "nothing=1", "q=%00",
                  "limit=5&limit=6"):  # fmt: skip
        yield Case("malformed", query, "GET", f"/customers/?{query}", BAD)
    # What is no UTF-8 becomes the sign for that before we see it, which no name begins with.
    yield Case("malformed", "q=%ff", "GET", "/customers/?q=%ff", 200)
    yield Case("malformed", "days backwards", "GET", "/applications/?from=2026-05-02&to=2026-05-01", BAD)


def header_tricks() -> Iterator[Case]:
    tricks = [(name, method) for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
              for method in ("DELETE", "PATCH")]  # fmt: skip
    tricks += [(name, EVIL) for name in ("X-Forwarded-Host", "X-Forwarded-For", "X-Original-URL", "X-Rewrite-URL",
                                         "Forwarded", "X-Host", "Host")]  # fmt: skip
    tricks += [("Host", "localhost:1"), ("Host", "169.254.169.254")]
    tricks += [(name, "\"';--, x=\\") for name in ("If-Match", "Accept", "Range", "Origin", "Accept-Encoding",
                                                  "Accept-Language", "Referer")]  # fmt: skip
    for name, value in tricks:
        yield Case("headers", f"{name} {value}", "GET", "/customers/1/", 200, "writer", {name: value}, like_plain=True)
    for kind in ("text/xml", "text/plain", "application/x-www-form-urlencoded", "multipart/related; boundary=x",
                 "application/json-patch+json", "application/octet-stream", "x" * 500,
                 "application/\u00e9"):  # fmt: skip
        yield Case("headers", f"type {kind[:30]}", "POST", "/register/", 415, "writer",
                   {"Content-Type": kind}, json.dumps(PERSON).encode())  # fmt: skip
    yield Case("headers", "no type", "POST", "/register/", 415, "writer", {}, json.dumps(PERSON).encode())
    for method in ("DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"):
        yield Case("headers", method, method, "/create-loan/", 405, "writer", JSON, b"{}")
    for value, expected in (("", 412), ('""', 412), ('W/"x"', 412), ('"' + "a" * 3000 + '"', 412), ("\u00e9", 412)):
        yield Case("headers", f"If-Match {value[:10]}", "PATCH", "/customers/1/", expected, "writer",
                   {**JSON, "If-Match": value}, b'{"phone_number": 9812345678}')  # fmt: skip
    for path, expected in (("/view-loan/1%0d%0aSet-Cookie:%20a=b/", NOT_FOUND),
                           ("/customers/?q=%0d%0aSet-Cookie:%20a=b", 200)):  # fmt: skip
        yield Case("headers", path, "GET", path, expected)
