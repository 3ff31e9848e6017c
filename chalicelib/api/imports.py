"""Imports to start, to watch and to read the outcome of; the template workbook."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.call import Call
from chalicelib.api.declaring import FILE_ELSEWHERE, OF_A_WRITE, Link, created, next_page, ok
from chalicelib.api.moments import moment
from chalicelib.api.responses import FileLink, link
from chalicelib.api.taking import ImportNumber
from chalicelib.errors import Conflict, Unavailable
from chalicelib.requests.models import ImportRowsQuery, ImportsQuery, StartImportBody
from chalicelib.rules.access import Operation
from chalicelib.services import import_jobs, import_templates
from chalicelib.services.files import download_link
from chalicelib.services.import_jobs import MAX_UPLOAD_BYTES, UPLOAD_SECONDS
from chalicelib.storage.import_jobs import ImportJob, StoredFinding
from chalicelib.storage.imports import SheetCounts

if TYPE_CHECKING:
    from chalicelib.api.answers import imports as answers
    from chalicelib.api.answers.common import DownloadLink

_IMPORT = {"path.import_id": "$response.body#/import_id"}
_FIRST = {"path.import_id": "$response.body#/imports/0/import_id"}


@endpoints.add(
    "POST",
    "/api/imports",
    Operation.START_IMPORT,
    created(
        "The import, and the form to send its file with.",
        links={
            "import": Link("How it goes.", "view_import", _IMPORT),
            "rows": Link("What it says of its rows.", "list_import_rows", _IMPORT),
        },
    ),
    tag="Imports",
    raises=(Unavailable, *OF_A_WRITE),
)
def start_import(call: Call, body: StartImportBody) -> "answers.StartedImport":
    """An import that waits for its file, and the form to upload it with."""
    started = import_jobs.start_import(
        runtime.database(),
        runtime.signing_s3(),
        runtime.settings().import_bucket,
        body.file_name,
        call.actor,
        call.request_id,
    )
    return {
        "import_id": started.job.import_id,
        "state": "awaiting_upload",
        "file_name": started.file_name,
        "key": started.job.object_key,
        "upload": {"url": started.upload.url, "fields": started.upload.fields},
        "content_type": started.upload.content_type,
        "max_bytes": MAX_UPLOAD_BYTES,
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
    cursor = query.cursor()
    found = import_jobs.list_imports(runtime.database(), query.before, cursor.asked, call.actor.own_imports)
    part = cursor.slice(found, lambda job: job.import_id)
    return {"imports": [_import(job) for job in part.rows], "next": part.next}


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
    job = import_jobs.view_import(runtime.database(), import_id, call.actor.own_imports)
    return {**_import(job), "sheets": [_sheet(each) for each in job.sheets], "report": _report(job)}


@endpoints.add(
    "GET",
    "/api/imports/{import_id}/rows",
    Operation.READ_IMPORTS,
    ok(
        "A page of findings.",
        links={
            "next_page": Link(
                "The page after this one.",
                "list_import_rows",
                {"path.import_id": "$request.path.import_id", "query.after": "$response.body#/next"},
            )
        },
    ),
    tag="Imports",
)
def list_import_rows(call: Call, import_id: ImportNumber, query: ImportRowsQuery) -> "answers.ImportRowsPage":
    """What the import says about rows, in the order it said it."""
    cursor = query.cursor()
    found = import_jobs.list_findings(
        runtime.database(), import_id, query.outcome, query.after, cursor.asked, call.actor.own_imports
    )
    part = cursor.slice(found, lambda finding: finding.finding_id)
    return {"rows": [_finding(finding) for finding in part.rows], "next": part.next}


@endpoints.add(
    "POST",
    "/api/imports/{import_id}/release",
    Operation.RELEASE_IMPORTS,
    created("The import that the file has become.", links={"import": Link("How it goes.", "view_import", _IMPORT)}),
    tag="Imports",
    raises=(Conflict, Unavailable),
)
def release_import(call: Call, import_id: ImportNumber) -> "answers.ReleasedImport":
    """Imports a file once more, as one of whoever releases it, so that it changes who was registered here too."""
    released = import_jobs.release_import(runtime.database(), runtime.s3(), import_id, call.actor, call.request_id)
    return {"import_id": released.import_id, "releases": import_id}


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
    return FileLink(import_templates.template_link(runtime.s3(), runtime.signing_s3(), bucket))


def _import(job: ImportJob) -> "answers.ImportRecord":
    return {
        "import_id": job.import_id,
        "state": job.state,
        "file_name": job.file_name,
        "key": job.object_key,
        "created_at": moment(job.created_at),
        "finished_at": moment(job.finished_at),
        "message": job.message or import_jobs.awaiting_message(job, datetime.now(UTC)),
        "progress": _progress(job),
        "counts": _totals(job),
    }


def _progress(job: ImportJob) -> "answers.Progress":
    percent = min(100, job.rows_read * 100 // job.rows_total) if job.rows_total else None
    percent = 100 if job.state == "completed" else percent
    return {"rows_read": job.rows_read, "rows_total": job.rows_total, "percent": percent}


def _totals(job: ImportJob) -> "answers.RowCounts":
    return {
        "rows": sum(sheet.rows_found for sheet in job.sheets),
        "inserted": sum(sheet.inserted for sheet in job.sheets),
        "updated": sum(sheet.updated for sheet in job.sheets),
        "unchanged": sum(sheet.unchanged for sheet in job.sheets),
        "superseded": sum(sheet.superseded for sheet in job.sheets),
        "waiting": sum(sheet.waiting for sheet in job.sheets),
        "rejected": sum(sheet.rejected for sheet in job.sheets),
        "renumbered": sum(sheet.renumbered for sheet in job.sheets),
    }


def _sheet(sheet: SheetCounts) -> "answers.SheetCounts":
    return {
        "sheet": sheet.sheet,
        "kind": sheet.kind,
        "rows": sheet.rows_found,
        "inserted": sheet.inserted,
        "updated": sheet.updated,
        "unchanged": sheet.unchanged,
        "superseded": sheet.superseded,
        "waiting": sheet.waiting,
        "rejected": sheet.rejected,
        "renumbered": sheet.renumbered,
    }


def _report(job: ImportJob) -> "DownloadLink | None":
    if job.report_key is None:
        return None
    return link(download_link(runtime.signing_s3(), runtime.settings().import_bucket, job.report_key))


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
