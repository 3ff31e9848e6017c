"""Imports: the start of one, the template workbook."""

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect, redirect_to_file
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import ImportNotFound, InvalidRequest
from chalicelib.imports.files import CONTENT_TYPES
from chalicelib.imports.jobs import ImportJob
from chalicelib.requests.heading import number_in_path
from chalicelib.requests.models import StartImportBody
from chalicelib.rules.bounds import MAX_FILE_BYTES
from chalicelib.rules.importing import SheetKind
from chalicelib.rules.text import joined
from chalicelib.services import imports

# A script that starts an import sends the file too, and S3 must not redirect it.
BY_SCRIPT = "script"


def number_of(import_id: str) -> int:
    """The number of an import in the path of a page. Raises ImportNotFound for what can be the number of none."""
    return number_in_path(import_id, ImportNotFound, "import")


def import_of(visit: Visit, import_id: str) -> ImportJob:
    """The import in the path of a page. Raises ImportNotFound, also for one that is not there for the visitor."""
    return imports.view_import(runtime.database(), number_of(import_id), visit.actor)


def view_new_import(visit: Visit) -> Response:
    """The page to drop a workbook on, or to name it."""
    return _new_import(visit, Form())


def start_import(visit: Visit) -> Response:
    """Starts an import of this file name; its page has the form that sends the file to S3."""
    try:
        body = read(StartImportBody, visit.form)
        started = imports.start_import(
            runtime.database(),
            runtime.signing_s3(),
            bucket=runtime.settings().import_bucket,
            file_name=body.file_name,
            actor=visit.actor,
            request_id=visit.request_id,
            is_dry_run=body.dry_run,
        )
    except InvalidRequest as error:
        return _new_import(visit, Form.refused(visit.form, error), 400)
    by = f"?by={BY_SCRIPT}" if visit.form.get("by") == BY_SCRIPT else ""
    return redirect(visit, f"imports/{started.job.import_id}/{by}")


def download_template(visit: Visit) -> Response:
    """Leads to the template workbook in S3."""
    bucket = runtime.settings().import_bucket
    return redirect_to_file(visit, imports.template_link(runtime.s3(), runtime.signing_s3(), bucket))


def _new_import(visit: Visit, form: Form, status: int = 200) -> Response:
    return page(
        visit,
        "imports/import_new.html",
        status=status,
        upload_to=runtime.signing_s3().meta.endpoint_url,
        form=form,
        kinds=", ".join(CONTENT_TYPES),
        sheets=joined(SheetKind, "and"),
        max_bytes=MAX_FILE_BYTES,
    )
