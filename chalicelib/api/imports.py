"""Imports to start, to watch and to read the outcome of; the template workbook."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.call import Call
from chalicelib.api.declaring import FILE_ELSEWHERE, OF_A_WRITE, Link, created, done, next_page, ok
from chalicelib.api.moments import moment
from chalicelib.api.responses import FileLink, link
from chalicelib.api.taking import ImportNumber
from chalicelib.errors import Conflict, Unavailable
from chalicelib.imports.findings import StoredFinding
from chalicelib.imports.jobs import ImportJob, SheetCounts, totals
from chalicelib.requests.models import ImportChangesQuery, ImportRowsQuery, ImportsQuery, StartImportBody
from chalicelib.rules.access import Operation
from chalicelib.rules.bounds import MAX_FILE_BYTES
from chalicelib.rules.importing import ImportState
from chalicelib.services import imports
from chalicelib.services.files import download_link
from chalicelib.services.imports import UPLOAD_SECONDS

if TYPE_CHECKING:
    from chalicelib.api.answers import imports as answers
    from chalicelib.api.answers.common import DownloadLink
    from chalicelib.imports.changes import ChangedRow

_IMPORT = {"path.import_id": "$response.body#/import_id"}
_FIRST = {"path.import_id": "$response.body#/imports/0/import_id"}
_SAME = {"path.import_id": "$request.path.import_id"}
_PROGRESS = {"import": Link("How it goes.", "view_import", _IMPORT)}
_AGAIN = created("The import that the file has become.", links=_PROGRESS)


@endpoints.add(
    "POST",
    "/api/imports",
    Operation.START_IMPORT,
    created(
        "The import, and the form to send its file with.",
        links={
            **_PROGRESS,
            "rows": Link("What it says of its rows.", "list_import_rows", _IMPORT),
        },
    ),
    tag="Imports",
    raises=(Unavailable, *OF_A_WRITE),
)
def start_import(call: Call, body: StartImportBody) -> "answers.StartedImport":
    """An import that waits for its file, and the form to upload it with."""
    started = imports.start_import(
        runtime.database(),
        runtime.signing_s3(),
        bucket=runtime.settings().import_bucket,
        file_name=body.file_name,
        actor=call.actor,
        request_id=call.request_id,
        is_dry_run=body.dry_run,
    )
    return {
        "import_id": started.job.import_id,
        "state": ImportState.AWAITING_UPLOAD,
        "file_name": started.file_name,
        "key": started.job.object_key,
        "upload": {"url": started.upload.url, "fields": started.upload.fields},
        "content_type": started.upload.content_type,
        "max_bytes": MAX_FILE_BYTES,
        "expires_in_seconds": UPLOAD_SECONDS,
    }


@endpoints.add(
    "GET",
    "/api/imports",
    Operation.READ_IMPORTS,
    ok(
        "A page of imports.",
        links={
            **next_page("list_imports", "before"),
            "import": Link("The first one.", "view_import", _FIRST),
            "rows": Link("The rows of the first.", "list_import_rows", _FIRST),
        },
    ),
    tag="Imports",
)
def list_imports(call: Call, query: ImportsQuery) -> "answers.ImportsPage":
    """Imports, the newest first."""
    found = imports.list_imports(runtime.database(), call.actor, query.cursor())
    return {"imports": [_import(job) for job in found.rows], "next": found.next}


@endpoints.add(
    "GET",
    "/api/imports/{import_id}",
    Operation.READ_IMPORTS,
    ok("The import."),
    tag="Imports",
    raises=(Unavailable,),
)
def view_import(call: Call, import_id: ImportNumber) -> "answers.ImportWithSheets":
    """An import as it stands, by sheet, with the link to its report."""
    job = imports.view_import(runtime.database(), import_id, call.actor)
    return {**_import(job), "sheets": [_sheet(each) for each in job.sheets], "report": _report(job)}


@endpoints.add(
    "GET",
    "/api/imports/{import_id}/rows",
    Operation.READ_IMPORTS,
    ok("A page of findings.", links=next_page("list_import_rows", "after", _SAME)),
    tag="Imports",
)
def list_import_rows(call: Call, import_id: ImportNumber, query: ImportRowsQuery) -> "answers.ImportRowsPage":
    """What the import says about rows, in the order it said it."""
    found = imports.list_findings(
        runtime.database(), import_id, call.actor, outcome=query.outcome, cursor=query.cursor()
    )
    return {"rows": [_finding(finding) for finding in found.rows], "next": found.next}


@endpoints.add(
    "POST",
    "/api/imports/{import_id}/release",
    Operation.RELEASE_IMPORTS,
    _AGAIN,
    tag="Imports",
    raises=(Conflict, Unavailable, *OF_A_WRITE),
)
def release_import(call: Call, import_id: ImportNumber) -> "answers.ReleasedImport":
    """Imports a file once more, as one of whoever releases it, so that it changes who was registered here too."""
    released = imports.release_import(
        runtime.database(), runtime.s3(), import_id, actor=call.actor, request_id=call.request_id
    )
    return {"import_id": released.import_id, "releases": import_id}


@endpoints.add(
    "GET",
    "/api/imports/{import_id}/changes",
    Operation.READ_IMPORTS,
    ok(
        "A page of changes.",
        links=next_page("list_import_changes", "after", {**_SAME, "query.sheet": "$response.body#/sheet"}),
    ),
    tag="Imports",
    note="Of a dry run it is what would change. `sheets` of the import says which sheets have rows that were updated. "
    "`before` is null for a key that may not read customers.",
)
def list_import_changes(call: Call, import_id: ImportNumber, query: ImportChangesQuery) -> "answers.ImportChangesPage":
    """The rows of a sheet that changed something, with the values before and after."""
    # They know all kinds of sheets, which nothing else here needs.
    from chalicelib.imports.changes import CHANGED
    from chalicelib.services import import_changes

    job = imports.view_import(runtime.database(), import_id, call.actor)
    sheet = import_changes.sheet_that_changed(job, query.sheet)
    if sheet is None:
        return {"sheet": None, "changes": [], "next": None}
    found = import_changes.list_changes(runtime.database(), job, sheet, cursor=query.cursor())
    kind = CHANGED[sheet.kind].one
    # Else a dry run of any values would tell those of everybody to a key that only imports.
    may_read = call.actor.may(Operation.READ_CUSTOMERS)
    changes = [_change(kind, row, may_read=may_read) for row in found.rows]
    return {"sheet": sheet.sheet, "changes": changes, "next": found.next}


@endpoints.add(
    "POST",
    "/api/imports/{import_id}/import",
    Operation.START_IMPORT,
    _AGAIN,
    tag="Imports",
    raises=(Conflict, Unavailable, *OF_A_WRITE),
)
def import_for_good(call: Call, import_id: ImportNumber) -> "answers.ImportRecord":
    """Imports the file of a dry run, which has changed nothing yet."""
    started = imports.import_for_good(
        runtime.database(), runtime.s3(), import_id, actor=call.actor, request_id=call.request_id
    )
    return _import(imports.view_import(runtime.database(), started.import_id, call.actor))


@endpoints.add(
    "POST",
    "/api/imports/{import_id}/dismissal",
    Operation.START_IMPORT,
    done("The failed import needs no attention any more."),
    tag="Imports",
    raises=(Conflict, *OF_A_WRITE),
)
def dismiss_import(call: Call, import_id: ImportNumber) -> None:
    """Dismisses a failed import, so that Home of the console no longer lists it. Again, it changes nothing."""
    imports.dismiss_import(runtime.database(), import_id, actor=call.actor, request_id=call.request_id)


@endpoints.add(
    "DELETE",
    "/api/imports/{import_id}/dismissal",
    Operation.START_IMPORT,
    done("The failed import needs attention again."),
    tag="Imports",
    raises=(Conflict, *OF_A_WRITE),
)
def restore_import(call: Call, import_id: ImportNumber) -> None:
    """Puts a failed import that was dismissed back among those that need attention."""
    imports.dismiss_import(runtime.database(), import_id, actor=call.actor, request_id=call.request_id, is_undone=True)


@endpoints.add(
    "GET",
    "/api/imports/template",
    Operation.READ_IMPORTS,
    FILE_ELSEWHERE,
    tag="Imports",
    raises=(Unavailable,),
)
def download_template() -> FileLink:
    """Sends to the template workbook, which comes from S3."""
    bucket = runtime.settings().import_bucket
    return FileLink(imports.template_link(runtime.s3(), runtime.signing_s3(), bucket))


def _import(job: ImportJob) -> "answers.ImportRecord":
    return {
        "import_id": job.import_id,
        "state": job.state,
        "dry_run": job.is_dry_run,
        "file_name": job.file_name,
        "key": job.object_key,
        "created_at": moment(job.created_at),
        "finished_at": moment(job.finished_at),
        "message": job.message or imports.awaiting_message(job, datetime.now(UTC)),
        "dismissed_at": moment(job.dismissed_at),
        "progress": _progress(job),
        "counts": _counts(totals(job.sheets)),
    }


def _progress(job: ImportJob) -> "answers.Progress":
    return {"rows_read": job.rows_read, "rows_total": job.rows_total, "percent": job.percent}


def _counts(counts: Mapping[str, int]) -> "answers.RowCounts":
    return {
        "rows": counts["rows_found"],
        "inserted": counts["inserted"],
        "updated": counts["updated"],
        "unchanged": counts["unchanged"],
        "superseded": counts["superseded"],
        "waiting": counts["waiting"],
        "rejected": counts["rejected"],
        "renumbered": counts["renumbered"],
    }


def _sheet(sheet: SheetCounts) -> "answers.SheetCounts":
    return {"sheet": sheet.sheet, "kind": sheet.kind, **_counts(totals([sheet]))}


def _report(job: ImportJob) -> "DownloadLink | None":
    if job.report_key is None:
        return None
    return link(download_link(runtime.signing_s3(), runtime.settings().import_bucket, job.report_key))


def _change(kind: str, row: "ChangedRow", *, may_read: bool) -> "answers.ImportChange":
    return {
        "row_number": row.row_number,
        "subject": {"kind": kind, "id": str(row.subject_id)},
        "before": {each.name: each.before for each in row.values} if may_read else None,
        "after": {each.name: each.after for each in row.values},
    }


def _finding(finding: StoredFinding) -> "answers.ImportFinding":
    return {
        "finding_id": finding.finding_id,
        "sheet": finding.sheet,
        "row_number": finding.row_number,
        "outcome": finding.outcome,
        "column": finding.column,
        "value": finding.value,
        "code": finding.code,
        "sentence": finding.sentence,
    }
