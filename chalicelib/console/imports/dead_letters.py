"""The dead-letter queue: what nobody tries to import any more, and the button that tries it again."""

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.rendering import page, see
from chalicelib.console.frame.visit import Visit
from chalicelib.services import dead_letters


def view_dead_letters(visit: Visit) -> Response:
    """What lies there."""
    letters = dead_letters.look(runtime.sqs(), runtime.settings().import_queue_url)
    return page(visit, "imports/dead_letters.html", letters=letters)


def redrive(visit: Visit) -> Response:
    """Puts all of it back into the import queue."""
    queue = runtime.settings().import_queue_url
    found = dead_letters.redrive(runtime.database(), visit.author, sqs=runtime.sqs(), import_queue_url=queue)
    return see(visit, "imports/", done="redriven" if found else "nothing-to-redrive")
