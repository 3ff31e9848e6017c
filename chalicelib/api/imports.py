"""Imports to start, to watch and to read the outcome of; the template workbook."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalice.app import Response

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.endpoint import Call
from chalicelib.api.moments import moment
from chalicelib.api.responses import link, page, respond, respond_link
from chalicelib.errors import ImportNotFound
from chalicelib.imports.findings import StoredFinding
from chalicelib.imports.jobs import COUNTS, ImportJob, totals
from chalicelib.requests.models import ImportRowsQuery, ImportsQuery, StartImportBody
from chalicelib.requests.parsing import body_of, number_in_path, query_of
from chalicelib.rules.access import Operation
from chalicelib.rules.bounds import MAX_FILE_BYTES
from chalicelib.rules.importing import ImportState
from chalicelib.services import imports
from chalicelib.services.files import download_link
from chalicelib.services.imports import UPLOAD_SECONDS


@endpoints.add("POST", "/api/imports", Operation.START_IMPORT)
def start_import(call: Call) -> Response:
    """An import that waits for its file, and the form to upload it with."""
    body = body_of(call.request, StartImportBody)
    started = imports.start_import(
        runtime.database(),
        runtime.signing_s3(),
        runtime.settings().import_bucket,
        body.file_name,
        call.actor,
        call.request_id,
    )
    answer = {
        "import_id": started.job.import_id,
        "state": ImportState.AWAITING_UPLOAD,
        "file_name": started.file_name,
        "key": started.job.object_key,
        "upload": {"url": started.upload.url, "fields": started.upload.fields},
        "content_type": started.upload.content_type,
        "max_bytes": MAX_FILE_BYTES,
        "expires_in_seconds": UPLOAD_SECONDS,
    }
    return respond(answer, call.request_id, 201)


@endpoints.add("GET", "/api/imports", Operation.READ_IMPORTS)
def list_imports(call: Call) -> Response:
    """Imports, the newest first."""
    query = query_of(call.request, ImportsQuery)
    found = imports.list_imports(runtime.database(), query.before, query.limit + 1, call.actor.own_imports)
    answer = page("imports", found, query.limit, _import, lambda job: job.import_id)
    return respond(answer, call.request_id)


@endpoints.add("GET", "/api/imports/{import_id}", Operation.READ_IMPORTS)
def view_import(call: Call, import_id: str) -> Response:
    """An import as it stands, by sheet, with the link to its report."""
    number = number_in_path(import_id, ImportNotFound, "import")
    job = imports.view_import(runtime.database(), number, call.actor.own_imports)
    answer = {
        **_import(job),
        "sheets": [{"sheet": each.sheet, "kind": each.kind, **_counts(vars(each))} for each in job.sheets],
        "report": _report(job),
    }
    return respond(answer, call.request_id)


@endpoints.add("GET", "/api/imports/{import_id}/rows", Operation.READ_IMPORTS)
def list_import_rows(call: Call, import_id: str) -> Response:
    """What the import says about rows, in the order it said it."""
    number = number_in_path(import_id, ImportNotFound, "import")
    query = query_of(call.request, ImportRowsQuery)
    found = imports.list_findings(
        runtime.database(), number, query.outcome, query.after, query.limit + 1, call.actor.own_imports
    )
    answer = page("rows", found, query.limit, _finding, lambda finding: finding.finding_id)
    return respond(answer, call.request_id)


@endpoints.add("POST", "/api/imports/{import_id}/release", Operation.RELEASE_IMPORTS)
def release_import(call: Call, import_id: str) -> Response:
    """Imports a file once more, as one of whoever releases it, so that it changes who was registered here too."""
    number = number_in_path(import_id, ImportNotFound, "import")
    released = imports.release_import(runtime.database(), runtime.s3(), number, call.actor, call.request_id)
    return respond({"import_id": released.import_id, "releases": number}, call.request_id, 201)


@endpoints.add("GET", "/api/imports/template", Operation.READ_IMPORTS)
def download_template(call: Call) -> Response:
    """Sends to the template workbook, which comes from S3."""
    url = imports.template_link(runtime.s3(), runtime.signing_s3(), runtime.settings().import_bucket)
    return respond_link(url, call.request_id)


def _import(job: ImportJob) -> dict[str, Any]:
    return {
        "import_id": job.import_id,
        "state": job.state,
        "file_name": job.file_name,
        "key": job.object_key,
        "created_at": moment(job.created_at),
        "finished_at": moment(job.finished_at),
        "message": job.message or imports.awaiting_message(job, datetime.now(UTC)),
        "progress": _progress(job),
        "counts": _counts(totals(job.sheets)),
    }


def _progress(job: ImportJob) -> dict[str, Any]:
    return {"rows_read": job.rows_read, "rows_total": job.rows_total, "percent": job.percent}


def _counts(counts: Mapping[str, int]) -> dict[str, int]:
    return {"rows" if name == "rows_found" else name: counts[name] for name in COUNTS}


def _report(job: ImportJob) -> dict[str, Any] | None:
    if job.report_key is None:
        return None
    url = download_link(runtime.signing_s3(), runtime.settings().import_bucket, job.report_key)
    return link(url)


def _finding(finding: StoredFinding) -> dict[str, Any]:
    return dict(vars(finding))
