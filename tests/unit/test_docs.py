"""The documents name everything there is: what is added without a word about it fails here."""

import re
from pathlib import Path

from app import app
from chalicelib import errors, metrics
from chalicelib.errors import OutcomeUnknown
from chalicelib.rules.reasons import Reason
from contract.document import public_path
from tests.support.errors import kinds_of

PROJECT = Path(__file__).parents[2]


def words_of(document: str) -> str:
    return (PROJECT / document).read_text()


def test_every_route_is_in_the_api_document() -> None:
    declared = {
        f"{method} {public_path(path)}"
        for path, methods in app.routes.items()
        for method, entry in methods.items()
        if path.startswith("/api/")
        and method != "HEAD"
        and not entry.view_function.__name__.startswith("method_not_allowed")
    }
    documented = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /api/\S+)`", words_of("docs/api.md")))
    assert declared == documented


def test_every_error_code_is_in_the_api_document_with_its_status() -> None:
    assert OutcomeUnknown in kinds_of(errors.LoanError)
    raised = {f"| `{kind.code}` | {kind.status} |" for kind in kinds_of(errors.LoanError)}
    documented = set(re.findall(r"^\| `\w+` \| \d{3} \|", words_of("docs/api.md"), re.MULTILINE))
    assert raised == documented


def test_every_reason_is_in_the_decision_document() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` \|", words_of("docs/decision-rules.md"), re.MULTILINE)
    assert sorted(documented) == sorted(Reason)


def test_every_environment_variable_is_in_the_configuration_document() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` \|", words_of("docs/configuration.md"), re.MULTILINE)
    read = re.findall(r'environ(?:\.get\(|, )"([A-Z_]+)"', words_of("chalicelib/config.py"))
    assert sorted(documented) == sorted(set(read))


def test_no_link_between_the_documents_is_broken() -> None:
    for document in [PROJECT / "README.md", PROJECT / "SECURITY.md", *(PROJECT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_every_decision_has_a_date_and_a_status() -> None:
    status = r"(?:accepted|superseded by \[.+\]\(.+\)|taken back)"
    for document in (PROJECT / "docs/decisions").glob("*.md"):
        # A heading right above another one groups the decisions below it.
        for heading, below in re.findall(r"^(##+ .+)\n(?!\n#)(.*)$", document.read_text(), re.MULTILINE):
            assert re.match(rf"\*\d{{4}}-\d\d-\d\d, {status}", below), f"{document.name}: {heading}"


def test_the_index_of_decisions_lists_every_topic() -> None:
    folder = PROJECT / "docs/decisions"
    listed = set(re.findall(r"^\| \[(.+?)\]\(", (folder / "README.md").read_text(), re.MULTILINE))
    assert listed == {document.name for document in folder.glob("*.md")} - {"README.md"}


def test_every_code_of_a_bad_cell_is_in_the_document_of_imports() -> None:
    rooms = ("chalicelib/imports", "chalicelib/rules/typed")
    modules = "".join(path.read_text() for room in rooms for path in (PROJECT / room).rglob("*.py"))
    codes = set(re.findall(r'Problem\(\s*"(\w+)"', modules))
    assert {"error_cell", "formula_without_value", "paid_beyond_tenure"} <= codes
    documented = set(re.findall(r"(?:rejected|kept and flagged): `(\w+)`", words_of("docs/imports.md")))
    assert codes == documented


def test_every_alarm_is_in_the_operations_document() -> None:
    alarms = set(
        re.findall(r'AlarmName: \{"Fn::Sub": "loans-\$\{Stage\}-([a-z0-9-]+)"\}', words_of("infra/template.yaml"))
    )
    assert alarms
    rows = [line for line in words_of("docs/operations.md").splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row.split("|")[1])}
    assert alarms <= documented


def test_every_event_and_metric_of_the_log_is_in_the_operations_document() -> None:
    told = words_of("docs/operations.md")
    for name in (*metrics.REQUEST_METRICS, *metrics.DECISION_METRICS, *metrics.IMPORT_METRICS, *metrics.ROW_METRICS):
        assert f"`{name}`" in told, name
