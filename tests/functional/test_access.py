"""Keys, sessions, users and the audit log as a client meets them."""

from itertools import count
from typing import Any

import pytest

from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.rules.tokens import new_key, new_session
from tests.support.application import Answer, Api, assert_envelope
from tests.support.people import PASSWORD, credentials_of, key_of, second_factor_of, session_of, user_of

CUSTOMERS = "/api/customers"


@pytest.fixture
def admin(closed_api: Api, database: Database) -> Api:
    """The API as an admin calls it."""
    return closed_api.showing(credentials_of(database, Role.ADMIN))


def sign_in(api: Api, login: str, password: str = PASSWORD) -> Answer:
    return api.post("/api/sessions", {"login": login, "password": password})


def assert_refused(answer: Answer) -> str:
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    return str(assert_envelope(answer, 401, "unauthenticated")["error"])


def test_without_credentials_nobody_is_let_in(closed_api: Api) -> None:
    assert "API key" in assert_refused(closed_api.get(CUSTOMERS))


def test_the_local_stage_may_let_in_whoever_shows_nothing(api: Api) -> None:
    assert api.get(CUSTOMERS).status == 200
    assert_envelope(api.get("/api/users"), 403, "forbidden")


def test_bad_credentials_are_refused_even_where_none_are_needed(api: Api) -> None:
    assert_refused(api.showing(new_key().text).get(CUSTOMERS))


@pytest.mark.parametrize("header", ["Authorization", "authorization", "X-API-Key", "x-api-key"])
def test_a_key_may_be_sent_in_either_header(closed_api: Api, database: Database, header: str) -> None:
    key = key_of(database, Role.READER)
    sent = f"Bearer {key}" if header.lower() == "authorization" else key
    assert closed_api.call("GET", CUSTOMERS, headers={header: sent}).status == 200


def test_the_same_key_in_both_headers_is_one_key(closed_api: Api, database: Database) -> None:
    key = key_of(database, Role.READER)
    headers = {"Authorization": f"bearer {key}", "X-API-Key": key}
    assert closed_api.call("GET", CUSTOMERS, headers=headers).status == 200


def test_two_different_keys_in_one_request_are_refused(closed_api: Api, database: Database) -> None:
    headers = {"Authorization": f"Bearer {key_of(database, Role.READER)}", "X-API-Key": key_of(database, Role.WRITER)}
    assert "once" in assert_refused(closed_api.call("GET", CUSTOMERS, headers=headers))


@pytest.mark.parametrize(
    "sent",
    [
        "", "Bearer", "Bearer ", "Bearer  ", "Basic dXNlcjpwYXNz", "Bearer null", "Bearer lk_", "Bearer ls_",
        "Bearer " + "x" * 100_000, "Bearer lk_abcdefghjkmn_\x00" + "x" * 42, "Bearer ключ", "Bearer lk_' OR 1=1 --",
        "Bearer \udcff", f"Bearer {new_key().text}", f"Bearer {new_session().text}", f"Bearer {new_key().text}, x",
        f"Bearer {new_key().text}\n", "\x00", "Bearer " + "٣" * 46,
    ],
    # The keys are new in each process of tests, the names of the tests must not be.
    ids=map(str, count()),
)  # fmt: skip
def test_whatever_is_not_a_good_credential_is_refused(closed_api: Api, sent: str) -> None:
    assert_refused(closed_api.call("GET", CUSTOMERS, headers={"Authorization": sent}))
    assert_refused(closed_api.call("GET", CUSTOMERS, headers={"X-API-Key": sent}))


def test_a_wrong_secret_and_an_unknown_key_are_answered_alike(closed_api: Api, database: Database) -> None:
    key = key_of(database, Role.READER)
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    answers = [closed_api.showing(token).get(CUSTOMERS) for token in (wrong, new_key().text, "nonsense")]
    assert len({assert_refused(answer) for answer in answers}) == 1


def test_a_key_is_created_used_rotated_and_revoked(admin: Api) -> None:
    created = admin.post("/api/api-keys", {"name": "shop", "role": "reader", "days": 30})
    assert created.status == 201
    key_id, token = created.json["key_id"], created.json["token"]
    assert admin.showing(token).get(CUSTOMERS).status == 200
    rotated = admin.call("POST", f"/api/api-keys/{key_id}/rotate").json["token"]
    assert rotated.split("_")[1] == token.split("_")[1] == created.json["public_id"]
    assert_refused(admin.showing(token).get(CUSTOMERS))
    assert admin.showing(rotated).get(CUSTOMERS).status == 200
    revoked = admin.call("DELETE", f"/api/api-keys/{key_id}")
    assert (revoked.status, revoked.text) == (204, "")
    assert "revoked" in assert_refused(admin.showing(rotated).get(CUSTOMERS))
    assert admin.call("DELETE", f"/api/api-keys/{key_id}").status == 204
    assert_envelope(admin.call("POST", f"/api/api-keys/{key_id}/rotate"), 409, "conflict")


def test_the_audit_log_gives_moments_as_answers_do(admin: Api) -> None:
    created = admin.post("/api/api-keys", {"name": "shop", "role": "reader", "days": 30}).json
    event = admin.get("/api/audit?action=api_key_created").json["events"][0]
    assert event["after"]["expires_at"] == created["expires_at"]


def test_the_list_of_keys_shows_when_they_were_used_and_no_secret(admin: Api) -> None:
    created = admin.post("/api/api-keys", {"name": "shop", "role": "reader"}).json
    assert admin.showing(created["token"]).get(CUSTOMERS).status == 200
    listed = admin.get("/api/api-keys")
    (key,) = listed.json["api_keys"]
    assert key["last_used_at"] is not None
    assert key["created_by"] == "admin of the tests"
    assert set(key) == set(created) - {"token"}
    assert created["token"].split("_", 2)[2] not in listed.text


def test_lists_of_keys_and_users_come_in_pages(admin: Api, database: Database) -> None:
    for _ in range(3):
        key_of(database, Role.READER)
    first = admin.get("/api/api-keys?limit=2").json
    second = admin.get(f"/api/api-keys?limit=2&after={first['next']}").json
    assert [len(first["api_keys"]), len(second["api_keys"]), second["next"]] == [2, 1, None]
    assert [user["login"] for user in admin.get("/api/users?limit=1").json["users"]] == ["admin"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "role": "admin"}, "role"),
        ({"name": "", "role": "reader"}, "name"),
        ({"name": "x", "role": "reader", "days": 0}, "days"),
        ({"name": "x", "role": "reader", "customer_id": 99}, "customer_id"),
        ({"name": "x", "role": "importer", "customer_id": 99}, "customer_id"),
        ({"name": "x", "role": "reader", "secret": "mine"}, "secret"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(admin: Api, body: dict[str, Any], field: str) -> None:
    assert field in assert_envelope(admin.post("/api/api-keys", body), 400, "invalid_request")["fields"]
    assert admin.get("/api/api-keys").json["api_keys"] == []


def invited(admin: Api, login: str = "asha") -> Any:
    """The invitation of a new viewer."""
    return admin.post("/api/users", {"login": login, "name": "Asha", "role": "viewer"}).json["invitation"]


def accept(api: Api, invitation: Any, password: str = PASSWORD) -> Answer:
    return api.post("/api/invitations", {"token": invitation["token"], "password": password})


def test_a_person_signs_in_looks_who_they_are_and_signs_out(closed_api: Api, database: Database) -> None:
    user = user_of(database, Role.OFFICER, "asha")
    answer = sign_in(closed_api, " Asha ")
    assert answer.status == 201
    assert {name: answer.json[name] for name in ("user_id", "name", "role")} == {
        "user_id": user.user_id, "name": "asha of the tests", "role": "officer",
    }  # fmt: skip
    asha = closed_api.showing(answer.json["token"])
    current = asha.get("/api/sessions/current").json
    assert (current["kind"], current["id"], current["role"]) == ("user", user.user_id, "officer")
    assert current["expires_at"] == answer.json["expires_at"]
    assert "register a customer" in current["may"]
    assert "manage users" not in current["may"]
    assert asha.call("DELETE", "/api/sessions/current").status == 204
    assert "over" in assert_refused(asha.get("/api/sessions/current"))


def test_a_key_sees_itself_but_has_no_session_to_end(closed_api: Api, database: Database) -> None:
    reader = closed_api.showing(key_of(database, Role.READER, days=3))
    assert reader.get("/api/sessions/current").json["kind"] == "key"
    assert_envelope(reader.call("DELETE", "/api/sessions/current"), 409, "conflict")


def test_a_wrong_password_and_an_unknown_login_are_answered_alike(closed_api: Api, database: Database) -> None:
    user_of(database, login="asha")
    wrong, unknown = sign_in(closed_api, "asha", "not the password"), sign_in(closed_api, "nobody", "not the password")
    assert assert_refused(wrong) == assert_refused(unknown)


def test_the_sixth_wrong_password_has_to_wait_and_so_has_the_right_one(closed_api: Api, database: Database) -> None:
    user_of(database, login="asha")
    for login in ("asha", "nobody"):
        for _ in range(5):
            assert_refused(sign_in(closed_api, login, "not the password"))
        answer = sign_in(closed_api, login)
        assert_envelope(answer, 429, "too_many_requests")
        assert 890 <= int(answer.headers["Retry-After"]) <= 900


def test_passwords_are_not_repeated_by_an_answer(closed_api: Api, admin: Api) -> None:
    short = closed_api.post("/api/invitations", {"token": invited(admin)["token"], "password": "hunter2"})
    assert "12 to 200" in assert_envelope(short, 400, "invalid_request")["fields"]["password"][0]
    long = sign_in(closed_api, "asha", "hunter2" * 100)
    assert_envelope(long, 400, "invalid_request")
    assert "hunter2" not in short.text + long.text


def test_a_user_is_made_changed_and_disabled(admin: Api) -> None:
    body = {"login": "Asha", "name": "Asha Rao", "role": "viewer", "email": "asha@example.com"}
    made = admin.post("/api/users", body)
    assert made.status == 201
    path = f"/api/users/{made.json['user_id']}"
    assert (made.json["login"], made.json["email"], made.json["password_state"]) == ("asha", "asha@example.com", "none")
    assert "password_hash" not in made.json
    asha = admin.showing(accept(admin, made.json["invitation"]).json["token"])
    assert_envelope(asha.post("/api/register", {}), 403, "forbidden")
    promoted = admin.call("PATCH", path, b'{"role": "officer"}')
    assert promoted.json["role"] == "officer"
    assert_envelope(asha.post("/api/register", {}), 400, "invalid_request")
    disabled = admin.call("PATCH", path, b'{"disabled": true}')
    assert disabled.json["disabled_at"] is not None
    assert "over" in assert_refused(asha.get(CUSTOMERS))
    assert_refused(sign_in(admin, "asha"))
    assert admin.call("PATCH", path, b'{"disabled": false}').json["disabled_at"] is None
    assert sign_in(admin, "asha").status == 201


@pytest.mark.parametrize("name", ["\u200b", "\u2800 \u200b", "\u202enimda"], ids=["no width", "blank", "turned around"])
def test_a_name_of_which_nothing_is_seen_or_in_another_order_is_refused(admin: Api, name: str) -> None:
    for path, body in (("users", {"login": "asha.rao", "role": "viewer"}), ("api-keys", {"role": "reader"})):
        assert list(admin.post(f"/api/{path}", {**body, "name": name}).json["fields"]) == ["name"]
        assert admin.post(f"/api/{path}", {**body, "name": "श्री\u200d"}).status == 201
    loan = {"loan_amount": 1000, "interest_rate": 10, "tenure": 12}
    issued = admin.post("/api/key-facts", {**loan, "fees": [{"name": name, "amount": 1}]})
    assert list(issued.json["fields"]) == ["fees[0].name"]


@pytest.mark.parametrize("kind", ["users:1", "nobody", "key:0", "user:"])
def test_an_actor_of_no_kind_that_there_is_is_refused_and_not_found_to_have_done_nothing(admin: Api, kind: str) -> None:
    answer = admin.get(f"/api/audit?actor={kind}")
    assert answer.status == 400
    assert list(answer.json["fields"]) == ["actor"]
    for each in ("user", "key:7", "import:5", "operator", "bootstrap", "anyone"):
        assert admin.get(f"/api/audit?actor={each}").status == 200


def test_a_change_of_a_user_that_changes_nothing_is_not_in_the_audit_log(admin: Api) -> None:
    made = admin.post("/api/users", {"login": "asha", "name": "Asha Rao", "role": "viewer"})
    path = f"/api/users/{made.json['user_id']}"
    assert admin.call("PATCH", path, b'{"name": "Asha Rao", "role": "viewer", "disabled": false}').status == 200
    assert admin.get("/api/audit?action=user_changed").json["events"] == []


def test_null_takes_the_e_mail_address_of_a_user_away(admin: Api) -> None:
    who = {"login": "asha", "name": "Asha Rao", "role": "viewer", "email": "asha@example.com"}
    made = admin.post("/api/users", who)
    path = f"/api/users/{made.json['user_id']}"
    assert admin.call("PATCH", path, b'{"name": "Asha"}').json["email"] == "asha@example.com"
    assert admin.call("PATCH", path, b'{"email": null}').json["email"] is None
    fields = admin.get("/api/openapi.json").json["components"]["schemas"]["PatchUserBody"]["properties"]
    assert {name for name, field in fields.items() if "null" in field.get("type", ())} == {"email"}


def test_a_reset_ends_the_password_and_the_sessions_and_the_user_chooses_another(
    admin: Api, database: Database
) -> None:
    user = user_of(database, Role.VIEWER, "asha")
    asha = admin.showing(session_of(database, "asha"))
    reset = admin.post(f"/api/users/{user.user_id}/invitation", {})
    assert reset.status == 201
    assert_refused(asha.get(CUSTOMERS))
    assert_refused(sign_in(admin, "asha"))
    assert accept(admin, reset.json["invitation"], "staple staple staple").status == 201
    assert sign_in(admin, "asha", "staple staple staple").status == 201
    assert_envelope(accept(admin, reset.json["invitation"]), 404, "invitation_not_found")


def test_nobody_types_the_password_of_somebody_else(admin: Api, database: Database) -> None:
    user = user_of(database, Role.VIEWER, "asha")
    body = {"login": "ben", "name": "Ben", "role": "viewer", "password": PASSWORD}
    assert "password" in assert_envelope(admin.post("/api/users", body), 400, "invalid_request")["fields"]
    changed = admin.call("PATCH", f"/api/users/{user.user_id}", b'{"password": "staple staple staple"}')
    assert "password" in assert_envelope(changed, 400, "invalid_request")["fields"]


def test_a_user_with_a_second_factor_sends_the_code_too(admin: Api, database: Database) -> None:
    user = user_of(database, Role.VIEWER, "asha")
    factor = second_factor_of(database, user)
    body = {"login": "asha", "password": PASSWORD}
    assert_envelope(admin.post("/api/sessions", body), 401, "second_factor_required")
    assert_envelope(admin.post("/api/sessions", body | {"code": "000000"}), 401, "unauthenticated")
    code = factor.next_code()
    assert admin.post("/api/sessions", body | {"code": code}).status == 201
    assert_envelope(admin.post("/api/sessions", body | {"code": code}), 401, "unauthenticated")
    assert admin.post("/api/sessions", body | {"code": factor.recovery_codes[0]}).status == 201
    assert admin.get("/api/users").json["users"][1]["second_factor_since"] is not None
    assert admin.call("DELETE", f"/api/users/{user.user_id}/second-factor").status == 204
    assert admin.post("/api/sessions", body).status == 201
    assert_envelope(admin.call("DELETE", f"/api/users/{user.user_id}/second-factor"), 409, "conflict")


def test_a_reset_password_does_not_let_past_the_second_factor(admin: Api, database: Database) -> None:
    user = user_of(database, Role.VIEWER, "asha")
    factor = second_factor_of(database, user)
    reset = admin.post(f"/api/users/{user.user_id}/invitation", {}).json["invitation"]
    assert_envelope(accept(admin, reset), 401, "second_factor_required")
    body = {"login": "asha", "password": PASSWORD, "code": factor.next_code()}
    assert admin.post("/api/sessions", body).status == 201


def test_an_admin_signs_somebody_out_everywhere(admin: Api, database: Database) -> None:
    user = user_of(database, Role.VIEWER, "asha")
    sessions = [admin.showing(session_of(database, "asha")) for _ in range(2)]
    assert all(session.get(CUSTOMERS).status == 200 for session in sessions)
    assert admin.call("DELETE", f"/api/users/{user.user_id}/sessions").status == 204
    for session in sessions:
        assert_refused(session.get(CUSTOMERS))


@pytest.mark.parametrize(
    "change", [b'{"role": "viewer"}', b'{"disabled": true}', b'{"role": "officer", "disabled": true}']
)
def test_the_last_admin_stays_one(admin: Api, database: Database, change: bytes) -> None:
    own = admin.get("/api/sessions/current").json["id"]
    answer = admin.call("PATCH", f"/api/users/{own}", change)
    assert "only admin" in assert_envelope(answer, 409, "conflict")["error"]
    user_of(database, Role.ADMIN, "second")
    assert admin.call("PATCH", f"/api/users/{own}", change).status == 200


def test_a_login_belongs_to_one_user(admin: Api) -> None:
    body = {"login": "ADMIN", "name": "Another", "role": "viewer"}
    assert_envelope(admin.post("/api/users", body), 409, "conflict")


def test_the_login_is_no_password(admin: Api) -> None:
    refused = accept(admin, invited(admin, login="asha.rao@bank.in"), "Asha.Rao@bank.in")
    assert "login" in assert_envelope(refused, 400, "invalid_request")["fields"]["password"][0]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("POST", "/api/api-keys/9/rotate", "api_key_not_found"),
        ("DELETE", "/api/api-keys/9", "api_key_not_found"),
        ("DELETE", "/api/api-keys/x", "api_key_not_found"),
        ("PATCH", "/api/users/9", "user_not_found"),
        ("POST", "/api/users/9/invitation", "user_not_found"),
        ("DELETE", "/api/users/9/second-factor", "user_not_found"),
        ("DELETE", "/api/users/9/sessions", "user_not_found"),
    ],
)
def test_what_is_not_there_is_not_found(admin: Api, method: str, path: str, code: str) -> None:
    assert_envelope(admin.call(method, path, b'{"name": "x"}'), 404, code)
