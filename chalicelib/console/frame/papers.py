"""A paper as a page to print, and as a PDF from S3."""

from typing import Annotated, Literal

from chalice.app import Response
from pydantic import BaseModel, Field

from chalicelib import runtime
from chalicelib.console.administration.history import History
from chalicelib.console.frame.redirects import redirect_to_file
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.paper.files import pdf_link
from chalicelib.paper.parts import Paper


class PaperQuery(BaseModel):
    """As what a paper is asked for: a page, if nothing is said."""

    format: Annotated[Literal["pdf"], Field(description="pdf")] | None = None


def answer_paper(
    visit: Visit, paper: Paper, query: PaperQuery, *, back: tuple[str, str], history: History | None = None
) -> Response:
    """The paper as it is asked for. `back` is the page it belongs to: its words, and its path from /console/ on.
    `history` is its own, if it has one beside that of the page.
    """
    if query.format == "pdf":
        return redirect_to_pdf(visit, paper)
    parts = [(type(part).__name__, part) for part in paper.parts]
    return page(visit, "frame/paper.html", paper=paper, parts=parts, back=back, history=history)


def redirect_to_pdf(visit: Visit, paper: Paper) -> Response:
    """Sends the browser to the PDF of a paper."""
    bucket = runtime.settings().import_bucket
    return redirect_to_file(visit, pdf_link(runtime.s3(), runtime.signing_s3(), bucket=bucket, paper=paper))
