"""Failed files: uploads whose import was interrupted too often (the dead-letter queue), and the button to try again."""

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.redirects import redirect
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.services import dead_letters


def view_failed_files(visit: Visit) -> Response:
    """The files that nobody tries any more."""
    letters = dead_letters.look(runtime.sqs(), runtime.settings().import_queue_url)
    return page(visit, "imports/failed_files.html", files=letters)


def try_again(visit: Visit) -> Response:
    """Puts all of them back into the import queue."""
    queue = runtime.settings().import_queue_url
    found = dead_letters.redrive(runtime.database(), visit.author, sqs=runtime.sqs(), import_queue_url=queue)
    return redirect(visit, "imports/", done="files-tried-again" if found else "no-failed-files")
