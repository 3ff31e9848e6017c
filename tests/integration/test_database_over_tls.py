"""Signing in with a token, over TLS, to a certificate that is checked.

The Postgres of the tests has no TLS of its own, so a proxy in this process ends it, as a database proxy does.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from chalicelib.config import read_settings
from chalicelib.errors import DatabaseUnavailable
from chalicelib.postgres import database as storage
from chalicelib.postgres.database import Database, commit_with_next, make_engine
from chalicelib.postgres.errors import retried
from chalicelib.postgres.waits import waited_so_far
from infra.local.postgres import PostgresServer

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
TOKEN = "localhost/?Action=connect&X-Amz-Signature=" + "5" * 64


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a certificate for `localhost` that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = tmp_path / "certificate.pem"
    file.write_bytes(made.public_bytes(encoding) + private)
    return file


@pytest.fixture
def tls_port(certificate: Path, postgres: PostgresServer) -> Iterator[int]:
    """Where the proxy listens."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=serve, args=(listener, context, postgres.port), daemon=True).start()
        yield listener.getsockname()[1]


def serve(listener: socket.socket, context: ssl.SSLContext, server_port: int) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=connect_through, args=(client, context, server_port), daemon=True).start()


def connect_through(client: socket.socket, context: ssl.SSLContext, server_port: int) -> None:
    # A client that does not like the certificate hangs up in the middle.
    with suppress(OSError), closing(socket.create_connection(("127.0.0.1", server_port))) as server:
        assert client.recv(8) == SSL_REQUEST
        client.sendall(b"S")
        with context.wrap_socket(client, server_side=True) as secured:
            threading.Thread(target=pump, args=(server, secured), daemon=True).start()
            pump(secured, server)


def pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(65536):
            target.sendall(received)


@pytest.fixture
def role(administration: Callable[[str], None]) -> Iterator[str]:
    """A role whose password is the token, which is how RDS treats one."""
    administration(f"CREATE ROLE token_user LOGIN PASSWORD '{TOKEN}'")
    yield "token_user"
    administration("DROP ROLE token_user")


def database_at(host: str, port: int, user: str, ca_file: Path) -> Database:
    return Database(
        make_engine(
            read_settings(
                {
                    "STAGE": "prod",
                    "DATABASE_URL": f"postgresql://{user}@{host}:{port}/postgres",
                    "DATABASE_AUTH": "iam",
                    "DATABASE_CA_FILE": str(ca_file),
                    "AWS_REGION": "ap-south-1",
                    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
                    "AWS_SECRET_ACCESS_KEY": "secret",
                    "IMPORT_BUCKET": "b",
                    "IMPORT_QUEUE_URL": "q",
                }
            )
        )
    )


def who_is_there(database: Database) -> str:
    """The role that a new connection signs in as."""
    try:
        with database.reading() as connection:
            return str(connection.execute(text("SELECT current_user")).scalar_one())
    finally:
        database.engine.dispose()


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The signed part changes by the second; here it is one that the server was told. Lists what was asked for."""
    asked: list[str] = []

    def token(address: object, _credentials: object) -> str:
        asked.append(str(address))
        return TOKEN

    monkeypatch.setattr(storage, "authentication_token", token)
    return asked


def test_a_token_signs_in_over_tls(tls_port: int, role: str, certificate: Path, tokens: list[str]) -> None:
    assert who_is_there(database_at("localhost", tls_port, role, certificate)) == role
    assert tokens == [f"DatabaseAddress(host='localhost', port={tls_port}, user='{role}')"]


@pytest.mark.usefixtures("tokens")
def test_a_last_statement_takes_commit_along_over_tls_too(tls_port: int, role: str, certificate: Path) -> None:
    database = database_at("localhost", tls_port, role, certificate)
    with database.reading() as connection:
        connection.execute(text("SELECT 1"))
    before = waited_so_far()
    with database.transaction() as tx:
        commit_with_next(tx.connection)
        tx.connection.execute(text("SELECT 1"))
        tx.commit()
    assert waited_so_far().since(before).round_trips == 1
    database.engine.dispose()


def test_each_connection_gets_a_token_of_its_own(
    tls_port: int, role: str, certificate: Path, tokens: list[str]
) -> None:
    database = database_at("localhost", tls_port, role, certificate)
    who_is_there(database)
    who_is_there(database)
    assert len(tokens) == 2


@pytest.mark.usefixtures("tokens")
def test_a_server_under_another_name_is_not_trusted(tls_port: int, role: str, certificate: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        who_is_there(database_at("127.0.0.1", tls_port, role, certificate))


@pytest.mark.usefixtures("tokens")
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tls_port: int, role: str) -> None:
    import certifi

    with pytest.raises(DatabaseUnavailable):
        who_is_there(database_at("localhost", tls_port, role, Path(certifi.where())))


@pytest.mark.usefixtures("tokens")
def test_a_server_without_tls_is_not_talked_to(postgres: PostgresServer, role: str, certificate: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        who_is_there(database_at("localhost", postgres.port, role, certificate))


def test_a_token_that_is_refused_is_followed_by_another(
    tls_port: int, role: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter(["refused", TOKEN])
    monkeypatch.setattr(storage, "authentication_token", lambda *_: next(given))
    assert retried(who_is_there)(database_at("localhost", tls_port, role, certificate)) == role


def test_a_role_that_may_not_sign_in_is_told_that_the_database_is_out_of_reach(
    tls_port: int, role: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "authentication_token", lambda *_: "refused")
    with pytest.raises(DatabaseUnavailable):
        retried(who_is_there)(database_at("localhost", tls_port, role, certificate))
