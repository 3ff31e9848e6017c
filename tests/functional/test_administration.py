"""The function `administer`: the first admin and keys, for whoever AWS lets invoke it."""

import re
from typing import Any

import pytest
from chalice.test import Client

from app import app
from chalicelib.postgres.database import Database
from chalicelib.services import audit, users
from chalicelib.services.users import UserChanges
from chalicelib.storage.audit import AuditFilter
from chalicelib.storage.paging import Cursor
from tests.support.application import Api
from tests.support.people import PASSWORD, TEST, user_of


def administer(event: Any) -> dict[str, Any]:
    """What the function answers to an event."""
    with Client(app) as client:
        answer: dict[str, Any] = client.lambda_.invoke("administer", event).payload
    return answer


def token_of(made: dict[str, Any]) -> str:
    """The token in the address of the page of the console to choose a password at."""
    (token,) = re.findall(r"^invitation/(li_[\w-]{43})/$", made["invitation"])
    return str(token)


def test_a_superuser_is_made_who_chooses_the_password_by_a_link(closed_api: Api) -> None:
    made = administer({"operation": "create_superuser", "login": "Asha", "name": "Asha Rao"})
    assert (made["login"], made["name"], made["role"]) == ("asha", "Asha Rao", "admin")
    body = {"token": token_of(made), "password": PASSWORD}
    asha = closed_api.showing(closed_api.post("/api/invitations", body).json["token"])
    assert asha.get("/api/users").status == 200


def test_a_superuser_may_bring_a_password(closed_api: Api) -> None:
    made = administer({"operation": "create_superuser", "login": "asha", "password": PASSWORD})
    assert "invitation" not in made
    assert closed_api.post("/api/sessions", {"login": "asha", "password": PASSWORD}).status == 201


def test_a_second_time_gives_the_same_superuser_another_link(closed_api: Api, database: Database) -> None:
    first, second = (administer({"operation": "create_superuser", "login": "asha"}) for _ in range(2))
    assert first["user_id"] == second["user_id"]
    statuses = [
        closed_api.post("/api/invitations", {"token": token_of(made), "password": PASSWORD}).status
        for made in (first, second)
    ]
    assert statuses == [404, 201]
    user_of(database, login="another")
    users.change_user(database, TEST, first["user_id"], changes=UserChanges(disabled=True))
    third = administer({"operation": "create_superuser", "login": "asha"})
    assert closed_api.post("/api/sessions", {"login": "asha", "password": PASSWORD}).status == 401
    assert closed_api.post("/api/invitations", {"token": token_of(third), "password": PASSWORD}).status == 201


@pytest.mark.usefixtures("closed_api")
@pytest.mark.parametrize("way", [{}, {"password": PASSWORD}], ids=["by a link", "with a password"])
def test_a_superuser_who_is_let_in_again_keeps_the_name_unless_told_another(way: dict[str, str]) -> None:
    def name_after(**named: str) -> object:
        return administer({"operation": "create_superuser", "login": "asha", **named, **way})["name"]

    assert [name_after(), name_after(name="Asha Rao"), name_after()] == ["asha", "Asha Rao", "Asha Rao"]


def test_a_key_is_made_and_works(closed_api: Api) -> None:
    made = administer({"operation": "create_api_key", "name": "shop", "role": "reader", "days": 90})
    assert made["expires_at"] is not None
    assert closed_api.showing(made["token"]).get("/api/customers").status == 200


def test_a_key_is_revoked_by_its_number(closed_api: Api) -> None:
    made = administer({"operation": "create_api_key", "name": "smoke test", "role": "reader", "days": 1})
    revoked = administer({"operation": "revoke_api_key", "key_id": made["key_id"]})
    assert revoked == {"key_id": made["key_id"], "revoked": True}
    assert closed_api.showing(made["token"]).get("/api/customers").status == 401


@pytest.mark.usefixtures("closed_api")
@pytest.mark.parametrize("key_id", [0, 4711, "x", None])
def test_a_key_that_is_not_there_is_not_revoked(key_id: object) -> None:
    assert "error" in administer({"operation": "revoke_api_key", "key_id": key_id})


@pytest.mark.usefixtures("closed_api")
@pytest.mark.parametrize(
    ("event", "wrong"),
    [
        (None, "operation"),
        ([], "operation"),
        ({"operation": "drop_everything"}, "drop_everything"),
        ({"operation": ["create_api_key"]}, "operation"),
        ({"operation": "create_superuser"}, "login"),
        ({"operation": "create_superuser", "login": "a b"}, "login"),
        ({"operation": "create_superuser", "login": "asha", "password": "hunter2"}, "password"),
        ({"operation": "create_superuser", "login": "asha.rao@bank.in", "password": "asha.rao@bank.in"}, "password"),
        ({"operation": "create_api_key", "name": "shop", "role": "admin"}, "role"),
        (
            {"operation": "create_api_key", "name": "shop", "role": "reader", "customer_id": 99},
            "There is no customer 99.",
        ),
    ],
)
def test_what_cannot_be_done_is_a_sentence(event: Any, wrong: str) -> None:
    answer = administer(event)
    assert set(answer) == {"error", "fields"}
    assert wrong in answer["error"] + str(answer["fields"])
    assert "hunter2" not in str(answer)


def test_nothing_that_is_secret_is_logged(
    closed_api: Api, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    superuser = administer({"operation": "create_superuser", "login": "asha", "password": PASSWORD})
    made = [
        token_of(administer({"operation": "create_superuser", "login": "ben"})),
        administer({"operation": "create_api_key", "name": "shop", "role": "reader"})["token"],
        closed_api.post("/api/sessions", {"login": "asha", "password": PASSWORD}).json["token"],
    ]
    closed_api.showing(made[1]).get("/api/customers")
    closed_api.post("/api/sessions", {"login": "asha", "password": "a wrong password"})
    logged = capsys.readouterr().out
    assert '"event": "administer"' in logged
    for secret in (*made, PASSWORD, "a wrong password"):
        assert secret not in logged
    events = audit.list_events(database, AuditFilter(actor_kind="operator"), Cursor(10)).rows
    assert superuser["user_id"] in [int(event.subject_id or 0) for event in events]
