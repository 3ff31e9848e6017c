"""The settings: what is missing or wrong is named when the process starts."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.config import check_doors, import_queue_name, read_settings
from chalicelib.errors import ConfigurationError
from chalicelib.rules.lender import Lender
from chalicelib.rules.policy import STANDARD_1

COMPLETE = {
    "STAGE": "local",
    "DATABASE_URL": "postgresql://loans:pass@127.0.0.1:5432/loans",
    "IMPORT_BUCKET": "loans-local-workbooks",
    "IMPORT_QUEUE_URL": "http://localhost:4566/000000000000/loans-local-imports",
}


def test_the_settings_have_defaults_where_a_deployment_need_not_decide() -> None:
    settings = read_settings(COMPLETE)
    assert settings.policy is STANDARD_1
    assert settings.business_timezone == ZoneInfo("Asia/Kolkata")
    assert settings.database_url == "postgresql+pg8000://loans:pass@127.0.0.1:5432/loans"


def test_the_lender_is_one_json_object_and_need_not_be_set() -> None:
    assert read_settings(COMPLETE).lender == read_settings(COMPLETE | {"LENDER": ""}).lender == Lender()
    said: dict[str, Any] = {"name": "Sahyog “Finance” & Co", "cooling_off_days": 0, "key_facts_days": 5}
    assert read_settings(COMPLETE | {"LENDER": json.dumps(said)}).lender == Lender(**said)


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named(name: str, value: str | None) -> None:
    environ = {key: text for key, text in COMPLETE.items() if key != name}
    if value is not None:
        environ[name] = value
    with pytest.raises(ConfigurationError, match=f"The environment variable {name} must be set"):
        read_settings(environ)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DATABASE_URL", "mysql://root:hunter2@db/loans", "DATABASE_URL must have the form postgresql://"),
        ("BUSINESS_TIMEZONE", "Asia/Atlantis", "Invalid value: 'Asia/Atlantis'"),
        ("BUSINESS_TIMEZONE", "../etc/passwd", "BUSINESS_TIMEZONE must be the name"),
        ("CONSOLE_LOCALE", "en-IN", "CONSOLE_LOCALE must be a language and territory, such as en_IN"),
        ("CONSOLE_LOCALE", "../en_IN", "Invalid value: '../en_IN'"),
        ("CURRENCY", "rupees", "CURRENCY must be the ISO code of a currency, such as INR"),
        ("STATEMENT_TIMEOUT_MS", "10s", "STATEMENT_TIMEOUT_MS must be a whole number of at least 100"),
        ("STATEMENT_TIMEOUT_MS", "5", "Invalid value: '5'"),
        ("DATABASE_PROXY", "true", "DATABASE_PROXY must be yes or no. Invalid value: 'true'"),
        ("LENDER", "Sahyog Finance", "LENDER must be a JSON object with some of the fields name, address"),
        ("LENDER", "[]", r"Invalid value: '\[\]'"),
        ("LENDER", '{"nmae": "Sahyog"}', "LENDER must be a JSON object with some of the fields"),
        (
            "LENDER",
            '{"name": 7}',
            "LENDER: name must be text of at most 300 characters on one line. Invalid value: '7'",
        ),
        ("LENDER", '{"address": "one\\ntwo"}', "LENDER: address must be text"),
        ("LENDER", '{"key_facts_days": 2}', "LENDER: key_facts_days must be a whole number of days, 3 to 365"),
        ("LENDER", '{"cooling_off_days": true}', "LENDER: cooling_off_days must be a whole number of days, 0 to 365"),
        ("DECISION_POLICY", "generous-7", "DECISION_POLICY: .*'generous-7'.*prudent-1"),
    ],
)
def test_a_wrong_variable_is_named_with_what_it_must_be(name: str, value: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence) as caught:
        read_settings(COMPLETE | {name: value})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("stage", ["local", "dev", "staging", "prod", "Local", "", None])
@pytest.mark.parametrize("mode", [None, "required", "open", "Open", ""])
def test_only_the_local_stage_may_let_everybody_in_and_says_so_with_one_word(
    stage: str | None, mode: str | None
) -> None:
    environ = {name: value for name, value in (("STAGE", stage), ("API_AUTH", mode)) if value is not None}
    if mode in (None, "required") or (mode, stage) == ("open", "local"):
        check_doors(environ)
        return
    with pytest.raises(ConfigurationError, match=r"API_AUTH.*(Invalid value|for the stage local only)"):
        check_doors(environ)


@pytest.mark.parametrize("origins", ["", "https://loans.example.com", "http://localhost:3000  https://b.example.com"])
def test_origins_are_named_one_by_one(origins: str) -> None:
    check_doors({"CORS_ORIGINS": origins})
    assert read_settings(COMPLETE | {"CORS_ORIGINS": origins}).cors_origins == tuple(origins.split())


@pytest.mark.parametrize(
    "origins", ["*", "null", "loans.example.com", "https://*.example.com", "https://a.example.com/",
                "https://a.example.com,https://b.example.com", "file://x", "https://a.example.com:port"]
)  # fmt: skip
def test_an_origin_that_is_none_or_everybody_is_refused(origins: str) -> None:
    with pytest.raises(ConfigurationError, match="CORS_ORIGINS must be origins with blanks between"):
        check_doors({"CORS_ORIGINS": origins})


def test_roles_of_people_must_have_a_second_factor_if_the_deployment_says_so() -> None:
    assert read_settings(COMPLETE).second_factor_roles == frozenset()
    assert read_settings(COMPLETE | {"SECOND_FACTOR_ROLES": ""}).second_factor_roles == frozenset()
    found = read_settings(COMPLETE | {"SECOND_FACTOR_ROLES": "officer  admin"}).second_factor_roles
    assert found == {"officer", "admin"}
    for wrong in ("reader", "officer,admin", "Admin"):
        with pytest.raises(ConfigurationError, match=r"SECOND_FACTOR_ROLES must be roles of people .* Invalid value"):
            read_settings(COMPLETE | {"SECOND_FACTOR_ROLES": wrong})


def test_the_queue_is_named_after_the_stage() -> None:
    assert import_queue_name({"STAGE": "prod"}) == "loans-prod-imports"


def test_people_may_reach_s3_at_another_origin_than_the_functions() -> None:
    assert read_settings(COMPLETE).public_s3_url is None
    assert read_settings({**COMPLETE, "PUBLIC_S3_URL": ""}).public_s3_url is None
    assert (
        read_settings({**COMPLETE, "PUBLIC_S3_URL": "http://localhost:4566"}).public_s3_url == "http://localhost:4566"
    )
    with pytest.raises(ConfigurationError, match=r"PUBLIC_S3_URL must be an origin .* 'localhost:4566'"):
        read_settings({**COMPLETE, "PUBLIC_S3_URL": "localhost:4566"})
