"""A deployment says whom to trust for its database, and does not leave it for another by mistake."""

import ssl
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from moto import mock_aws

from infra.__main__ import main
from infra.database_checks import (
    BUNDLE,
    CA_FILE,
    check_certificates,
    check_move,
    read_certificates,
)
from infra.deploy import deploy
from infra.packaging import CERTIFICATES, package, source_digest
from infra.terminal import CommandError

AURORA = "postgresql://loans_app@loans-dev.cluster-c1.ap-south-1.rds.amazonaws.com:5432/loans"
FOUNDED = {"DatabaseUrl": AURORA, "DatabaseResourceId": "cluster-A", "SubnetIds": "subnet-1"}
RESTORED = {
    "DatabaseUrl": AURORA.replace("dev", "dev-restored"),
    "DatabaseResourceId": "cluster-B",
    "SubnetIds": "subnet-2",
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some certificates of the authorities that this machine trusts."""
    import botocore

    everyone = (Path(botocore.__file__).parent / "cacert.pem").read_text()
    end = "-----END CERTIFICATE-----\n"
    found = [part + end for part in everyone.split(end) if "BEGIN CERTIFICATE" in part][:3]
    path = tmp_path_factory.mktemp("certificates") / "global-bundle.pem"
    path.write_text("".join(each[each.index("-----BEGIN") :] for each in found))
    return path


@pytest.mark.parametrize(
    "host",
    [
        "loans-dev.cluster-c1.ap-south-1.rds.amazonaws.com",
        "loans-dev.cluster-ro-c1.ap-south-1.rds.amazonaws.com",
        "loans-dev-1.c1.ap-south-1.rds.amazonaws.com",
        "loans-dev.cluster-c1.rds.cn-north-1.amazonaws.com.cn",
    ],
)
def test_aurora_is_not_deployed_to_without_its_certificates(host: str) -> None:
    with pytest.raises(CommandError, match=f"not trust {host}.*curl -O {BUNDLE}.*CERTIFICATES=global-bundle.pem"):
        check_certificates({"DatabaseUrl": f"postgresql://loans_app@{host}:5432/loans"})


@pytest.mark.parametrize(
    "others",
    [
        {"DatabaseUrl": "postgresql://loans_app@loans-dev.proxy-c1.ap-south-1.rds.amazonaws.com:5432/loans"},
        {"DatabaseUrl": "postgresql://loans_dev@127.0.0.1:54329/loans_dev"},
        {"DatabaseAuth": "password"},
        {"DatabaseCaFile": CA_FILE},
    ],
)
def test_the_proxy_another_server_and_whoever_brings_certificates_need_none(others: dict[str, str]) -> None:
    check_certificates({"DatabaseUrl": AURORA, **others})


def test_a_deployment_without_them_is_refused_before_anything_is_asked_or_packaged() -> None:
    with pytest.raises(CommandError, match="CERTIFICATES="):
        deploy("dev", None, {"DatabaseUrl": AURORA})


def test_a_file_of_certificates_is_read(bundle: Path) -> None:
    assert read_certificates(bundle) == bundle.read_bytes()


@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nbroken\n", b"\xff"])
def test_a_file_without_a_certificate_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bundle.pem"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=r"PEM form.*bundle\.pem"):
        read_certificates(path)
    with pytest.raises(CommandError, match="PEM form"):
        read_certificates(tmp_path / "nothing.pem")


def test_the_certificates_are_in_the_package_under_the_name_that_the_functions_get(
    bundle: Path, tmp_path: Path
) -> None:
    certificates = read_certificates(bundle)
    built = package("dev", tmp_path / "package", certificates)
    assert f"/var/task/{CERTIFICATES}" == CA_FILE
    with zipfile.ZipFile(built.zip_file) as archive:
        unpacked = Path(archive.extract(CERTIFICATES, tmp_path))
    # As chalicelib/postgres/database.py reads it.
    assert len(ssl.create_default_context(cafile=str(unpacked)).get_ca_certs()) == 3
    assert package("dev", tmp_path / "without").code_digest != built.code_digest


def test_other_certificates_make_another_revision() -> None:
    digests = {source_digest("dev", {}, certificates) for certificates in (b"", b"one", b"two")}
    assert len(digests) == 3


def test_the_command_refuses_a_file_without_certificates_and_takes_one_with_some(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    (tmp_path / "empty.pem").touch()
    with mock_aws():
        for file, sentence in (
            (tmp_path / "empty.pem", "PEM form"),
            # Packaged, planned, and then nobody was there to be asked.
            (bundle, "CONFIRM=yes"),
        ):
            done = CliRunner().invoke(main, ["deploy", "dev", f"DatabaseUrl={AURORA}", "--certificates", str(file)])
            assert (done.exit_code, sentence in done.stderr) == (1, True), done.output


def test_a_stage_on_a_restored_database_is_not_led_back_by_its_foundation() -> None:
    with pytest.raises(CommandError) as refused:
        check_move(RESTORED, FOUNDED, {})
    sentence = str(refused.value)
    assert f'PARAMETERS="DatabaseUrl={RESTORED["DatabaseUrl"]} DatabaseResourceId=cluster-B"' in sentence
    assert f'PARAMETERS="DatabaseUrl={FOUNDED["DatabaseUrl"]} DatabaseResourceId=cluster-A"' in sentence
    with pytest.raises(CommandError, match=r'stay: PARAMETERS="DatabaseResourceId=cluster-B"'):
        check_move(RESTORED, FOUNDED, {"DatabaseUrl": RESTORED["DatabaseUrl"]})


def test_a_stage_goes_where_it_is_told_and_stays_where_its_foundation_is() -> None:
    check_move(RESTORED, FOUNDED, {name: RESTORED[name] for name in ("DatabaseUrl", "DatabaseResourceId")})
    check_move(FOUNDED, FOUNDED | {"SubnetIds": "subnet-3"}, {})
    check_move({}, FOUNDED, {})
