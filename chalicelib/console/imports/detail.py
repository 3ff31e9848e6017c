"""One import: how far it is, what became of its rows, and what was wrong with them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.administration.history import history_of
from chalicelib.console.frame.authors import Authors
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect, redirect_to_file
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import BASE, Visit
from chalicelib.console.imports.findings import OUTCOMES
from chalicelib.console.imports.listing import BUCKET_WORDS
from chalicelib.console.imports.views import BY_SCRIPT, import_of, number_of
from chalicelib.errors import ImportNotFound
from chalicelib.imports.findings import StoredFinding
from chalicelib.imports.jobs import ImportJob, totals
from chalicelib.requests.models import ImportRowsQuery
from chalicelib.rules.access import Operation
from chalicelib.rules.auditing import SubjectKind
from chalicelib.rules.importing import ImportState
from chalicelib.services import imports
from chalicelib.services.files import download_link
from chalicelib.services.imports import Upload
from chalicelib.storage.paging import Slice

PAGE_ROWS = 50

# The report of a million rows takes less than a minute; after this time none will come.
REPORT_PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Progress:
    """How far an import is. `phase` changes when there is more to see than new numbers."""

    job: ImportJob
    message: str | None
    phase: str
    # Whether it will change in a moment.
    is_moving: bool


def view_import(visit: Visit, import_id: str) -> Response:
    """An import with its findings about rows, by page and outcome."""
    query = read(ImportRowsQuery, visit.query)
    job = import_of(visit, import_id)
    # First what it says and how often; each row with an outcome, and of imports from before that was counted.
    groups = [] if query.outcome or query.after else imports.finding_groups(runtime.database(), job.import_id)
    findings = Slice[StoredFinding]([]) if groups else _findings(visit, job, query)
    upload = _upload(visit, job)
    return page(
        visit,
        "imports/import.html",
        upload_to=_origin(upload.url) if upload else None,
        progress=progress_of(job, datetime.now(UTC), is_sent=_is_sent(visit)),
        totals=totals(job.sheets),
        upload=upload,
        is_sent=_is_sent(visit),
        findings=findings.rows,
        groups=groups,
        may_be_released=_may_be_released(visit, job),
        outcome=query.outcome,
        outcomes=OUTCOMES,
        who=Authors().words(job.started_by) or BUCKET_WORDS,
        history=history_of(visit, SubjectKind.IMPORT, job.import_id),
        first=_rows_link(query.outcome) if query.after else None,
        next=None if findings.next is None else _rows_link(query.outcome, findings.next),
    )


def _findings(visit: Visit, job: ImportJob, query: ImportRowsQuery) -> Slice[StoredFinding]:
    return imports.list_findings(
        runtime.database(), job.import_id, visit.actor, outcome=query.outcome, cursor=query.cursor(PAGE_ROWS)
    )


def view_progress(visit: Visit, import_id: str) -> Response:
    """The part of the page that the script replaces while the import runs."""
    job = import_of(visit, import_id)
    progress = progress_of(job, datetime.now(UTC), is_sent=True)
    return page(visit, "imports/import_progress.html", progress=progress, totals=totals(job.sheets))


def download_report(visit: Visit, import_id: str) -> Response:
    """Redirects to the report in S3, by a link made at this moment because it expires soon."""
    job = import_of(visit, import_id)
    if job.report_key is None:
        raise ImportNotFound(f"Import {job.import_id} has no report, or none yet.")
    link = download_link(runtime.signing_s3(), runtime.settings().import_bucket, job.report_key)
    return redirect_to_file(visit, link)


def release(visit: Visit, import_id: str) -> Response:
    """Imports the file once more in the name of the visitor, and leads to that import."""
    number = number_of(import_id)
    released = imports.release_import(
        runtime.database(), runtime.s3(), number, actor=visit.actor, request_id=visit.request_id
    )
    return redirect(visit, f"imports/{released.import_id}/?sent=1", done="import-released")


def dismiss(visit: Visit, import_id: str) -> Response:
    """Takes a failed import from those that need attention."""
    return _dismissal(visit, import_id, is_undone=False)


def restore(visit: Visit, import_id: str) -> Response:
    """Puts it back among them."""
    return _dismissal(visit, import_id, is_undone=True)


def _dismissal(visit: Visit, import_id: str, *, is_undone: bool) -> Response:
    number = number_of(import_id)
    imports.dismiss_import(
        runtime.database(), number, actor=visit.actor, request_id=visit.request_id, is_undone=is_undone
    )
    return redirect(visit, f"imports/{number}/", done="import-restored" if is_undone else "import-dismissed")


def import_for_good(visit: Visit, import_id: str) -> Response:
    """Imports the file of a dry run, and leads to that import."""
    number = number_of(import_id)
    started = imports.import_for_good(
        runtime.database(), runtime.s3(), number, actor=visit.actor, request_id=visit.request_id
    )
    return redirect(visit, f"imports/{started.import_id}/?sent=1", done="dry-run-imported")


def progress_of(job: ImportJob, now: datetime, *, is_sent: bool) -> Progress:
    """How far an import is; `is_sent` if its file is on the way."""
    awaits_report = (
        job.finished_at is not None
        and job.state == ImportState.COMPLETED
        and job.report_key is None
        and now - job.finished_at < REPORT_PATIENCE
    )
    message = job.message or imports.awaiting_message(job, now)
    awaits_file = job.state == ImportState.AWAITING_UPLOAD and is_sent and message is None
    return Progress(
        job,
        message,
        f"{job.state}{' reported' if job.report_key else ''}",
        job.state == ImportState.RUNNING or awaits_report or awaits_file,
    )


def _upload(visit: Visit, job: ImportJob) -> Upload | None:
    # The AWS client is slow to load, and a completed import needs none.
    if job.state != ImportState.AWAITING_UPLOAD or _is_sent(visit) or not visit.may(Operation.START_IMPORT):
        return None
    back_to = None if visit.query.get("by") == BY_SCRIPT else _whole_address(visit, f"imports/{job.import_id}/")
    return imports.upload_of(runtime.signing_s3(), job, datetime.now(UTC), back_to=back_to)


def _may_be_released(visit: Visit, job: ImportJob) -> bool:
    return visit.may(Operation.RELEASE_IMPORTS) and imports.is_releasable(runtime.database(), job.import_id)


def _is_sent(visit: Visit) -> bool:
    """Whether the file is on its way: the script says so, or S3 by the key that it adds to its redirect."""
    return "sent" in visit.query or "key" in visit.query


def _whole_address(visit: Visit, path: str) -> str | None:
    """The whole address of a page, given from /console/ on, which S3 needs to redirect back to it.

    Only the browser knows what stands before /console/; the Referer says it, if it is a page of ours.
    """
    came_from = urlsplit(visit.request.headers.get("referer", ""))
    before, found, _ = came_from.path.partition(f"{BASE}/")
    if not found or came_from.scheme not in ("http", "https"):
        return None
    if came_from.netloc != visit.request.headers.get("host"):
        return None
    return f"{came_from.scheme}://{came_from.netloc}{before}{BASE}/{path}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _rows_link(outcome: str | None, after: int | None = None) -> str:
    chosen = {"outcome": outcome, "after": after}
    return f"?{urlencode({name: value for name, value in chosen.items() if value is not None})}#rows"
