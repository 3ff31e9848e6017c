"""docker-compose.yml cannot be run everywhere, so it is read: against its specification, and against our constants."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.local import settings
from infra.local.docker import SERVERS, Docker
from infra.local.launcher import public_url
from infra.local.postgres import DATABASE, PASSWORD, USER
from infra.local.settings import Home, LocalError, Ports

PROJECT = Path(__file__).parent.parent.parent
COMPOSE = PROJECT / "docker-compose.yml"
DEFAULTS = Ports()

Compose = dict[str, Any]


@pytest.fixture(scope="module")
def compose() -> Compose:
    found: Compose = yaml.safe_load(with_defaults(COMPOSE.read_text()))
    return found


def with_defaults(text: str) -> str:
    """The file as Compose reads it where the environment sets nothing."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_it_is_valid_by_the_compose_specification() -> None:
    checker = str(Path(sys.executable).with_name("check-jsonschema"))
    done = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", str(COMPOSE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_images_are_pinned_to_those_of_the_settings(compose: Compose) -> None:
    images = {name: service["image"] for name, service in compose["services"].items()}
    assert images == {
        "localstack": settings.LOCALSTACK_IMAGE,
        "postgres": settings.POSTGRES_IMAGE,
        "deployer": settings.DEPLOYER_IMAGE,
    }


def test_both_servers_listen_on_loopback_at_the_ports_of_the_native_launcher(compose: Compose) -> None:
    services = compose["services"]
    assert services["localstack"]["ports"] == [f"127.0.0.1:{DEFAULTS.aws}:{settings.LOCALSTACK_PORT}"]
    assert services["postgres"]["ports"] == [f"127.0.0.1:{DEFAULTS.db}:{settings.POSTGRES_PORT}"]


def test_the_ports_are_the_variables_that_make_up_takes(compose: Compose) -> None:
    variables = Docker(Home(), Ports(aws=1, db=2)).environment()
    assert (variables["AWS_PORT"], variables["DB_PORT"]) == ("1", "2")
    assert set(re.findall(r"\$\{(\w+)", COMPOSE.read_text())) == {"AWS_PORT", "DB_PORT", "DATA"}
    assert compose["name"] == f"loans-{DEFAULTS.aws}"


def test_localstack_has_the_settings_it_has_without_docker(compose: Compose) -> None:
    environment = dict(compose["services"]["localstack"]["environment"])
    assert environment.pop("LOCALSTACK_HOST") == f"localhost:{DEFAULTS.aws}"
    assert environment.pop("LAMBDA_DOCKER_NETWORK") == compose["networks"]["default"]["name"]
    # Without Docker each function has a log file of its own.
    assert (environment.pop("DEBUG"), environment.pop("LAMBDA_TRUNCATE_STDOUT")) == ("1", "20000")
    assert environment == settings.LOCALSTACK_ENVIRONMENT


def test_localstack_can_start_the_containers_of_the_functions(compose: Compose) -> None:
    assert "/var/run/docker.sock:/var/run/docker.sock" in compose["services"]["localstack"]["volumes"]


def test_postgres_has_the_database_and_login_it_has_without_docker(compose: Compose) -> None:
    assert compose["services"]["postgres"]["environment"] == {
        "POSTGRES_DB": DATABASE,
        "POSTGRES_USER": USER,
        "POSTGRES_PASSWORD": PASSWORD,
    }


def test_the_deployer_waits_until_both_servers_are_healthy_and_runs_once(compose: Compose) -> None:
    services = compose["services"]
    assert all("healthcheck" in services[name] for name in SERVERS)
    assert services["deployer"]["depends_on"] == {name: {"condition": "service_healthy"} for name in SERVERS}
    assert services["deployer"]["restart"] == "no"


def test_the_deployer_deploys_to_the_endpoints_that_the_docker_launcher_uses(compose: Compose) -> None:
    command = compose["services"]["deployer"]["command"][-1]
    endpoints = Docker(Home(), DEFAULTS).endpoints()
    assert f"--aws-endpoint-url http://localstack:{settings.LOCALSTACK_PORT}" in command
    assert f"--database-url {endpoints.functions_database_url}" in command
    assert f"--public-url {public_url(DEFAULTS)}" in command


def test_the_deployer_takes_everything_that_is_packaged(compose: Compose) -> None:
    from infra.packaging import SOURCES

    command = compose["services"]["deployer"]["command"][-1]
    (copied,) = re.findall(r"cp -r (.*) /project", command)
    assert {*SOURCES, "infra", "requirements-dev.txt"} == set(copied.split())


def test_without_a_docker_engine_the_launcher_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalError, match="LAUNCHER=native"):
        Docker(Home(tmp_path), DEFAULTS).servers()
