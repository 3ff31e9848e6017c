"""docker-compose.yml cannot be run everywhere, so it is read: against its specification, and against our constants."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.local import running, settings
from infra.local.docker import SERVERS, Docker, engine_socket, project_of, states_of, variables
from infra.local.native import Native
from infra.local.postgres import CLUSTER, DATABASE, MEMORY, PASSWORD, USER
from infra.local.running import choose_launcher
from infra.local.settings import Home, Ports
from infra.terminal import CommandError

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


def test_the_images_are_pinned(compose: Compose) -> None:
    for service in compose["services"].values():
        assert re.fullmatch(r"[a-z/]+:\d[\w.-]*", service["image"])


def test_both_servers_listen_on_loopback_at_the_ports_of_the_native_launcher(compose: Compose) -> None:
    services = compose["services"]
    assert services["localstack"]["ports"] == [f"127.0.0.1:{DEFAULTS.aws}:{settings.LOCALSTACK_PORT}"]
    assert services["postgres"]["ports"] == [f"127.0.0.1:{DEFAULTS.db}:{settings.POSTGRES_PORT}"]


def test_the_ports_are_the_variables_that_make_up_takes() -> None:
    told = variables(Ports(aws=1, db=2), "loans-x", {})
    assert (told["AWS_PORT"], told["DB_PORT"]) == ("1", "2")
    assert set(re.findall(r"\$\{(\w+)", COMPOSE.read_text())) == {*told, "DATA"}


def test_each_folder_has_a_stack_of_its_own(compose: Compose) -> None:
    names = {project_of(Path(folder)) for folder in ("/a/loans", "/b/loans")}
    assert len(names) == 2
    # A name in the file would be that of every checkout.
    assert "name" not in compose
    assert "networks" not in compose


def test_localstack_gets_the_socket_of_the_engine_that_runs_it() -> None:
    assert engine_socket(None, None) == "/var/run/docker.sock"
    assert engine_socket(None, "unix:///run/user/1000/docker.sock") == "/run/user/1000/docker.sock"
    assert engine_socket(None, "tcp://127.0.0.1:2375") == "/var/run/docker.sock"
    assert engine_socket("/other.sock", "unix:///x.sock") == "/other.sock"


@pytest.mark.parametrize(
    "form", ['[{"Service":"postgres","State":"running"}]', '{"Service":"postgres","State":"running"}\n']
)
def test_the_services_are_read_from_an_array_as_from_lines(form: str) -> None:
    assert states_of(form) == {"postgres": {"Service": "postgres", "State": "running"}}
    assert states_of("") == states_of("[]") == {}


def test_localstack_has_the_settings_it_has_without_docker(compose: Compose) -> None:
    environment = dict(compose["services"]["localstack"]["environment"])
    assert environment.pop("LOCALSTACK_HOST") == f"localhost:{DEFAULTS.aws}"
    assert environment.pop("LAMBDA_DOCKER_NETWORK") == "${COMPOSE_PROJECT_NAME}_default"
    # Without Docker each function has a log file of its own.
    assert (environment.pop("DEBUG"), environment.pop("LAMBDA_TRUNCATE_STDOUT")) == ("1", "20000")
    assert environment == compose["x-localstack"]


def test_localstack_can_start_the_containers_of_the_functions(compose: Compose) -> None:
    socket = "/var/run/docker.sock"
    assert {"type": "bind", "source": socket, "target": socket} in compose["services"]["localstack"]["volumes"]


def test_postgres_has_the_login_sort_order_time_zone_and_memory_it_has_without_docker(compose: Compose) -> None:
    assert compose["services"]["postgres"]["environment"] == {
        "POSTGRES_DB": DATABASE,
        "POSTGRES_USER": USER,
        "POSTGRES_PASSWORD": PASSWORD,
        "POSTGRES_INITDB_ARGS": " ".join(CLUSTER),
    }
    assert compose["services"]["postgres"]["command"] == " ".join(["postgres", *(f"-c {each}" for each in MEMORY)])


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
    assert f"--public-endpoint {endpoints.public_endpoint} " in command


def test_the_deployer_takes_everything_that_is_packaged(compose: Compose) -> None:
    from infra.packaging import SOURCES

    command = compose["services"]["deployer"]["command"][-1]
    (copied,) = re.findall(r"cp -r (.*) /project", command)
    assert {*SOURCES, "infra"} == set(copied.split())
    assert (PROJECT / "infra" / "local" / "requirements.txt").is_file()
    (uv,) = re.findall(r"uv==(\S+)", command)
    assert f"UV_VERSION := {uv}\n" in (PROJECT / "Makefile").read_text()


def test_data_is_a_folder_that_must_be_there(compose: Compose) -> None:
    (data,) = [item for item in compose["services"]["deployer"]["volumes"] if "target" in item]
    assert data["type"] == "bind"
    assert data["bind"] == {"create_host_path": False}


def test_both_servers_get_time_to_stop(compose: Compose) -> None:
    assert {compose["services"][name]["stop_grace_period"] for name in SERVERS} == {"30s"}


def test_without_a_docker_engine_the_launcher_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match=r"docker is not installed.*LAUNCHER=native"):
        Docker(Home(tmp_path), DEFAULTS).servers()


class Programs:
    """A `docker` that does as told: a file named after what it is asked for makes it succeed with the file's text."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        program = folder / "docker"
        program.write_text(
            f'#!/bin/sh\n[ "$1" = compose ] && shift && first=compose-\n'
            f'while [ "${{1#--project-directory}}" != "$1" ]; do shift 2; done\n'
            f'echo "$first$*" >> {folder}/asked\nwhile read -r line; do echo "$line"; done < "{folder}/$first$1"\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
        monkeypatch.delenv("LAUNCHER", raising=False)

    def answer(self, name: str, text: str = "") -> None:
        (self._folder / name).write_text(text)

    def asked(self) -> str:
        return (self._folder / "asked").read_text()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(tmp_path, monkeypatch)


@pytest.fixture
def engine(programs: Programs) -> Programs:
    for name in ("version", "compose-version", "ps", "rm", "compose-ps", "compose-up", "compose-stop", "compose-down"):
        programs.answer(name)
    return programs


def test_an_engine_without_compose_leads_to_a_stack_without_docker_and_says_so(
    programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    programs.answer("version", "20.10")
    assert isinstance(choose_launcher(Home(tmp_path), DEFAULTS), Native)
    assert "install docker-compose-plugin. The stack runs without Docker." in capsys.readouterr().err


def test_docker_that_was_asked_for_says_what_it_lacks(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAUNCHER", "docker")
    launcher = choose_launcher(Home(tmp_path), DEFAULTS)
    with pytest.raises(CommandError, match="The Docker engine does not answer; start it"):
        launcher.servers()
    programs.answer("version", "20.10")
    with pytest.raises(CommandError, match="no Compose plugin"):
        launcher.servers()


def test_with_the_engine_away_down_says_so_and_forgets_nothing(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del programs
    monkeypatch.setenv("LAUNCHER", "docker")
    home = Home(tmp_path)
    home.stack_file.write_text("{}")
    with pytest.raises(CommandError, match="does not answer"):
        running.stop(home)
    assert home.stack_file.exists()


def test_make_up_waits_for_the_deployer_of_docker_compose_up(engine: Programs, tmp_path: Path) -> None:
    engine.answer("compose-ps", '{"Service":"deployer","State":"running"}\n')
    launcher = Docker(Home(tmp_path), DEFAULTS)
    with pytest.raises(CommandError, match="deployer of `docker compose up` is at work"):
        launcher.start()
    assert "compose-up" not in engine.asked()
    assert "at work" in launcher.notes()[0]


def test_a_deployer_that_failed_is_noticed(engine: Programs, tmp_path: Path) -> None:
    engine.answer("compose-ps", '{"Service":"deployer","State":"exited","ExitCode":1}\n')
    (note,) = Docker(Home(tmp_path), DEFAULTS).notes()
    assert "failed" in note
    assert "logs deployer" in note
    engine.answer("compose-ps", '{"Service":"deployer","State":"exited","ExitCode":0}\n')
    assert Docker(Home(tmp_path), DEFAULTS).notes() == []


def test_a_port_of_another_folders_stack_is_named_with_the_folder(engine: Programs, tmp_path: Path) -> None:
    # The fake prints the same for every `docker ps`, so the project's name is this too; only the sentence counts.
    engine.answer("ps", "/another/checkout\n")
    with pytest.raises(CommandError, match="Port 4566 belongs to the stack of /another/checkout"):
        Docker(Home(tmp_path), DEFAULTS).start()


def test_containers_of_functions_go_with_localstack_and_before_the_network(engine: Programs, tmp_path: Path) -> None:
    engine.answer("ps", "0123abc\n")
    Docker(Home(tmp_path), DEFAULTS).erase()
    asked = engine.asked()
    assert asked.index("rm --force 0123abc") < asked.index("compose-down --volumes")


def test_a_port_that_the_running_stack_does_not_have_is_refused(engine: Programs, tmp_path: Path) -> None:
    engine.answer("compose-ps", '{"Service":"postgres","State":"running","Publishers":[{"PublishedPort":5555}]}\n')
    with pytest.raises(CommandError, match="The stack runs with DB_PORT=5555, not 54329"):
        Docker(Home(tmp_path), DEFAULTS).start()
    assert "compose-up" not in engine.asked()
