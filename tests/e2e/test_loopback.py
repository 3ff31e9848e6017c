"""The local stack is for this machine alone: whatever it opens, listens on the loopback address and nowhere else."""

import ipaddress
import socket
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from tests.support.patience import wait_until
from tests.support.ports import free_port
from tests.support.settings import PROJECT
from tests.support.stack import Stack

pytestmark = pytest.mark.e2e

# Another loopback address stands for the other interfaces of the machine: what listens on 127.0.0.1 does not answer.
ELSEWHERE = "127.0.0.2"


def answers(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def listening(process: psutil.Process) -> set[tuple[str, int]]:
    """The addresses at which the process and all that it started take connections or datagrams."""
    found = set()
    for each in (process, *process.children(recursive=True)):
        for connection in each.net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN or (connection.type == socket.SOCK_DGRAM and connection.laddr):
                found.add((connection.laddr.ip, connection.laddr.port))
    return found


def assert_loopback_alone(process: psutil.Process, port: int) -> None:
    addresses = listening(process)
    assert ("127.0.0.1", port) in addresses
    assert [ip for ip, _ in addresses if not ipaddress.ip_address(ip).is_loopback] == []
    assert answers("127.0.0.1", port)
    assert not answers(ELSEWHERE, port)


@pytest.fixture
def chalice_local(stack: Stack) -> Iterator[tuple[psutil.Process, int]]:
    """`make dev` on the stack, and its port."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "infra.local",
        "--state",
        str(stack.native.home.folder),
        "dev",
        "--port",
        f"{port}",
    ]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: answers("127.0.0.1", port), "chalice local")
            yield psutil.Process(process.pid), port
        finally:
            process.terminate()


def test_localstack_listens_on_the_loopback_alone_whatever_services_are_in_use(used_stack: Stack) -> None:
    assert used_stack.get("/customers/1/").status_code == 200
    pid = used_stack.native.localstack.pid()
    assert pid is not None
    assert_loopback_alone(psutil.Process(pid), used_stack.native.ports.aws)


def test_postgres_listens_on_the_loopback_alone(stack: Stack) -> None:
    pid_file = stack.native.home.postgres / "data" / "postmaster.pid"
    postmaster = psutil.Process(int(pid_file.read_text().splitlines()[0]))
    assert_loopback_alone(postmaster, stack.native.ports.db)


def test_chalice_local_listens_on_the_loopback_alone(chalice_local: tuple[psutil.Process, int]) -> None:
    assert_loopback_alone(*chalice_local)
