"""What an import changed: each row with the values before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.administration.audit_labels import label_of, written
from chalicelib.console.customers.fields import FIELDS, shown_value
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect_to_file
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.console.imports.views import import_of
from chalicelib.errors import ImportNotFound
from chalicelib.imports.changes import CHANGED, Changed, ChangedRow
from chalicelib.requests.models import ImportChangesQuery
from chalicelib.rules.importing import SheetKind
from chalicelib.services import import_changes

PAGE_ROWS = 50


@dataclass(frozen=True)
class Line:
    """A value that was changed, as the page writes it."""

    label: str
    before: object
    after: object


@dataclass(frozen=True)
class Row:
    """A row of a sheet with the number of whom or what it changed."""

    row_number: int
    subject_id: int
    lines: Sequence[Line]


def view_changes(visit: Visit, import_id: str) -> Response:
    """The rows of a sheet that changed something, in pages."""
    query = read(ImportChangesQuery, visit.query)
    job = import_of(visit, import_id)
    sheets = import_changes.sheets_that_changed(job)
    sheet = import_changes.sheet_that_changed(job, query.sheet)
    if sheet is None:
        raise ImportNotFound(f"Import {job.import_id} changed nothing there.")
    found = import_changes.list_changes(runtime.database(), job, sheet, cursor=query.cursor(PAGE_ROWS))
    return page(
        visit,
        "imports/changes.html",
        job=job,
        sheets=sheets,
        sheet=sheet,
        one=CHANGED[sheet.kind].one,
        rows=[_row(sheet.kind, each) for each in found.rows],
        most_rows=import_changes.MOST_ROWS,
        first=f"?{urlencode({'sheet': sheet.sheet})}" if query.after else None,
        next=None if found.next is None else f"?{urlencode({'sheet': sheet.sheet, 'after': found.next})}",
    )


def download_changes(visit: Visit, import_id: str) -> Response:
    """Redirects to all changes as CSV in S3."""
    job = import_of(visit, import_id)
    link = import_changes.changes_link(runtime.database(), runtime.s3(), runtime.signing_s3(), job=job)
    return redirect_to_file(visit, link)


def _row(kind: str, row: ChangedRow) -> Row:
    return Row(row.row_number, row.subject_id, [_line(kind, each) for each in row.values])


def _line(kind: str, changed: Changed) -> Line:
    name = changed.name
    if kind == SheetKind.CUSTOMERS:
        return Line(FIELDS[name].label, shown_value(name, changed.before), shown_value(name, changed.after))
    return Line(label_of(name), written(name, changed.before) or "none", written(name, changed.after) or "none")
