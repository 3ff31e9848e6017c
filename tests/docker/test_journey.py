"""The whole way through Docker: Compose alone, then `make up` on top, then nothing is left."""

import json
import subprocess

import pytest

from tests.docker.both_ways import Service, require_the_same
from tests.docker.stack import NAME, NOTHING, Stack
from tests.docker.standins import DEPLOYER_IMAGE, LOCALSTACK_IMAGE, POSTGRES_IMAGE, run_functions
from tests.support import plain_http
from tests.support.patience import PATIENCE_SECONDS
from tests.support.settings import PROJECT
from tests.support.workbooks import CUSTOMER_HEADER, customer

pytestmark = pytest.mark.timeout(2340)


def test_the_whole_way_with_docker(stack: Stack) -> None:
    stack.up()
    require_the_same(stack.service)
    a_workbook_goes_through_the_bucket(stack.service)
    a_link_leads_to_localhost(stack)
    before = stack.service.counts()
    stack.compose("down")
    stack.up()
    assert stack.service.counts() == before
    said = stack.local("up", "--aws-port", str(stack.aws), "--db-port", str(stack.db))
    assert "The servers run already." in said
    assert stack.service.counts() == before
    assert f"{before.customers} customers" in stack.local("status")
    stack.local("reset")
    assert stack.remains() == NOTHING


def a_workbook_goes_through_the_bucket(service: Service) -> None:
    before = service.counts()
    service.take_in("one-more", {"customers": [CUSTOMER_HEADER, customer(910101)]})
    assert service.counts().customers == before.customers + 1


def a_link_leads_to_localhost(stack: Stack) -> None:
    answer = plain_http.get(stack.service.api + "/imports/template/", allow_redirects=False)
    assert answer.status_code == 303
    link = answer.headers["Location"]
    assert link.startswith(f"http://localhost:{stack.aws}/")
    assert plain_http.get(link).content.startswith(b"PK")


def test_functions_run_in_containers_of_their_own_and_none_outlives_the_stack(stack: Stack) -> None:
    run_functions(stack.engine, "docker")
    stack.up()
    require_the_same(stack.service)
    assert {"loans-local-api", "loans-local-import"} <= functions_in_containers(stack)
    stack.local("reset")
    assert stack.remains() == NOTHING


def functions_in_containers(stack: Stack) -> set[str]:
    """The functions that have a container, by their names."""
    names = stack.engine.docker("ps", "--all", "--format", "{{.Names}}").split()
    return {name.partition("-lambda-")[2].rpartition("-")[0] for name in names if "-lambda-" in name}


def test_a_mistyped_folder_of_data_is_refused_and_not_made(stack: Stack) -> None:
    for data, is_there in (("data", True), ("dtaa", False)):
        environment = {**stack.environment, "DATA": data}
        command = ["docker", "compose", "--project-directory", str(PROJECT), "create", "--pull", "never", "deployer"]
        done = subprocess.run(
            command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
        assert (done.returncode == 0) is is_there, done.stderr
        assert (PROJECT / data).exists() is is_there


def test_compose_names_the_network_after_the_folder_and_takes_the_images_that_are_pinned(stack: Stack) -> None:
    told = json.loads(stack.compose("config", "--format", "json"))
    assert told["name"] == NAME
    assert told["networks"]["default"]["name"] == f"{NAME}_default"
    assert told["services"]["localstack"]["environment"]["LAMBDA_DOCKER_NETWORK"] == f"{NAME}_default"
    images = {service["image"] for service in told["services"].values()}
    assert images == {LOCALSTACK_IMAGE, POSTGRES_IMAGE, DEPLOYER_IMAGE}
