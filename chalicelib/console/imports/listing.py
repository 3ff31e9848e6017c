"""The list of imports: found by state, by what became of rows, by day and by who asked for them."""

from datetime import datetime, time, timedelta
from typing import Annotated, Literal

from chalice.app import Response
from pydantic import Field

from chalicelib import runtime
from chalicelib.console.frame.authors import Authors
from chalicelib.console.frame.cells import Cell
from chalicelib.console.frame.labels import IMPORT_STATES
from chalicelib.console.frame.listing import Column, Filter, Input, List, ListQuery, Options, answer_list
from chalicelib.console.frame.rendering import formats
from chalicelib.console.frame.visit import Visit
from chalicelib.imports.job_list import BUCKET, ORDERS, Wanted
from chalicelib.imports.jobs import ImportJob, totals
from chalicelib.requests.access_models import ActorIdentity
from chalicelib.requests.models import Day, LastDay
from chalicelib.rules.importing import ImportState, SheetKind
from chalicelib.rules.text import joined
from chalicelib.services import lists
from chalicelib.services.list_files import Written
from chalicelib.storage.listing import Page, Place, Summary

STATES: Options = [(state.value, words) for state, (words, _) in IMPORT_STATES.items()]
OUTCOMES: Options = [("rejected", "Some rejected"), ("waiting", "Some waiting"), ("updated", "Some updated")]
COUNTS = (("inserted", "New"), ("updated", "Updated"), ("waiting", "Waiting"), ("rejected", "Rejected"))
# A file that was put into the bucket.
BUCKET_WORDS = "File in the bucket"


class ImportsListQuery(ListQuery):
    """The address of the list."""

    state: Annotated[ImportState, Field(description=f"one of {', '.join(ImportState)}")] | None = None
    rows: (
        Annotated[Literal["rejected", "waiting", "updated"], Field(description="rejected, waiting or updated")] | None
    ) = None
    who: ActorIdentity | None = None
    since: Day | None = Field(None, alias="from")
    to: LastDay | None = None
    show: Annotated[Literal["dismissed"], Field(description="dismissed")] | None = None

    def wanted(self, own: str | None) -> Wanted:
        """What is looked for; the days are those of the lender."""
        zone = runtime.settings().business_timezone
        return Wanted(
            state=self.state,
            outcome=self.rows,
            who=self.who,
            since=None if self.since is None else datetime.combine(self.since, time.min, zone),
            to=None if self.to is None else datetime.combine(self.to + timedelta(days=1), time.min, zone),
            own=own,
            dismissed=self.show == "dismissed",
        )


def list_imports(visit: Visit) -> Response:
    """Imports, the newest first, or as the address says."""
    kinds = {word: joined(SheetKind, word) for word in ("and", "or")}
    return answer_list(visit, _list(visit, Authors()), "imports/imports.html", kinds=kinds)


def _list(visit: Visit, authors: Authors) -> List[ImportsListQuery, ImportJob]:
    own = visit.actor.own_imports

    def page_of(query: ImportsListQuery, place: Place) -> Page[ImportJob]:
        return lists.list_imports(runtime.database(), query.wanted(own), place)

    def summary_of(query: ImportsListQuery) -> Summary:
        return lists.sum_imports(runtime.database(), query.wanted(own))

    who = authors.options(visit.query.get("who"), kinds={BUCKET: BUCKET_WORDS})
    return List(
        "imports",
        "import",
        "imports",
        ImportsListQuery,
        ORDERS,
        filters=(
            Filter("state", "State", Input.CHOICE, STATES),
            Filter("rows", "Rows", Input.CHOICE, OUTCOMES),
            Filter("who", "Who", Input.CHOICE, who),
            Filter("from", "From", Input.DAY),
            Filter("to", "To", Input.DAY),
            Filter("show", "Show", Input.CHOICE, [("dismissed", "Dismissed failures")]),
        ),
        columns=_columns(authors),
        number_of=lambda job: job.import_id,
        page_of=page_of,
        summary_of=summary_of,
    )


def _columns(authors: Authors) -> list[Column[ImportJob]]:
    return [
        Column("File", _file, shown=lambda job: Cell(_file(job), f"imports/{job.import_id}/")),
        Column("Number", lambda job: job.import_id, Written.NUMBER, on_page=False),
        Column(
            "State",
            lambda job: _state(job)[0],
            shown=lambda job: Cell(_state(job)[0], badge=_state(job)[1]),
            on_phone="head",
        ),
        Column("Rows", _rows, Written.NUMBER, shown=_progress),
        *(_count(name, title) for name, title in COUNTS),
        Column("Started", lambda job: job.created_at, Written.MOMENT, sort="number", on_phone="line"),
        Column("Done", lambda job: job.finished_at, Written.MOMENT, on_page=False),
        Column("Who", lambda job: _who(job, authors), shown=lambda job: Cell(_who(job, authors)), on_phone="line"),
    ]


def _file(job: ImportJob) -> str:
    return f"{job.file_name} (dry run)" if job.is_dry_run else job.file_name


def _state(job: ImportJob) -> tuple[str, str]:
    return IMPORT_STATES[ImportState(job.state)]


def _rows(job: ImportJob) -> int:
    return totals(job.sheets)["rows_found"] if job.state == ImportState.COMPLETED else job.rows_read


def _progress(job: ImportJob) -> Cell:
    write, rows = formats().number, _rows(job)
    if job.state == ImportState.COMPLETED or not job.rows_total:
        return Cell(write(rows))
    return Cell(f"{write(rows)} of {write(job.rows_total)}")


def _count(name: str, title: str) -> Column[ImportJob]:
    def counted(job: ImportJob) -> int:
        return totals(job.sheets)[name]

    def shown(job: ImportJob) -> Cell:
        found = counted(job)
        return Cell(formats().number(found), quiet=not found, bad=name == "rejected" and found > 0)

    return Column(title, counted, Written.NUMBER, shown=shown)


def _who(job: ImportJob, authors: Authors) -> str:
    return authors.words(job.started_by) or BUCKET_WORDS
