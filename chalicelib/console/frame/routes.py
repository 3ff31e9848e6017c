"""The routes of the console, one for each page. The pages themselves, and what they share, are imported when the first
request for one arrives: the API starts in the same function and needs none of them.
"""

from collections.abc import Callable

from chalice.app import Blueprint, Response

from chalicelib.console.frame.pages import PAGES, Page
from chalicelib.metrics import RequestWatch
from chalicelib.requests.gateway import with_head, without_body

console = Blueprint(__name__)


def _answering(page: Page) -> Callable[..., Response]:
    def answer(**path_parameters: str) -> Response:
        # Before the import, which belongs to the time that the first page takes.
        watch = RequestWatch("console")
        from chalicelib.console.frame.dispatch import answer_page

        request = console.current_request
        response = answer_page(page, request, watch, path_parameters)
        without_body(request, response)
        return response

    return answer


for _page in PAGES.values():
    # content_types: Chalice would answer 415 in an envelope of its own, even to a GET.
    console.route(_page.path, methods=with_head(_page.method), content_types=[])(_answering(_page))
