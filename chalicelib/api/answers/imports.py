"""What the API answers about imports."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

from chalicelib.api.answers.access import AuditSubject, AuditValues
from chalicelib.api.answers.common import DownloadLink, NextId, Seconds, one_of
from chalicelib.rules import importing
from chalicelib.rules.importing import FINDING_OUTCOMES, SheetKind

# As text, which the database has.
ImportState = TypeAliasType("ImportState", Annotated[str, one_of(importing.ImportState)])
FindingOutcome = TypeAliasType("FindingOutcome", Annotated[str, one_of(FINDING_OUTCOMES)])


class UploadForm(TypedDict):
    """A form to be posted as multipart/form-data, with the file as its last field."""

    url: Annotated[str, Field(description="where to post the form")]
    fields: Annotated[dict[str, str], Field(description="the fields of the form, before the one named file")]


class StartedImport(TypedDict):
    """An import that waits for its file."""

    import_id: Annotated[int, Field(description="the number of the import")]
    state: Annotated[Literal[importing.ImportState.AWAITING_UPLOAD], Field(description="it waits for its file")]
    file_name: Annotated[str, Field(description="the name as it was kept")]
    key: Annotated[str, Field(description="where the file will lie in the bucket")]
    upload: Annotated[UploadForm, Field(description="how to send the file")]
    content_type: Annotated[str, Field(description="the content type that the form asks for")]
    max_bytes: Annotated[int, Field(description="how large the file may be")]
    expires_in_seconds: Seconds


class ReleasedImport(TypedDict):
    """An import whose file is imported once more."""

    import_id: Annotated[int, Field(description="the number of the import that the file has become")]
    releases: Annotated[int, Field(description="the number of the import that spared who was registered here")]


class RowCounts(TypedDict):
    """What became of rows."""

    rows: Annotated[int, Field(description="rows found", ge=0)]
    inserted: Annotated[int, Field(description="rows that were new", ge=0)]
    updated: Annotated[int, Field(description="rows that changed something", ge=0)]
    unchanged: Annotated[int, Field(description="rows that said what was known already", ge=0)]
    superseded: Annotated[int, Field(description="rows that a newer file had said otherwise", ge=0)]
    waiting: Annotated[int, Field(description="loans that wait for their customer", ge=0)]
    rejected: Annotated[int, Field(description="rows that are not valid", ge=0)]
    renumbered: Annotated[int, Field(description="loans that got another number, since theirs was taken", ge=0)]


class SheetCounts(RowCounts):
    """What became of the rows of a sheet."""

    sheet: Annotated[str, Field(description="the name of the sheet")]
    kind: Annotated[str, one_of(SheetKind), Field(description="what the sheet holds")]


class Progress(TypedDict):
    """How far the import is."""

    rows_read: Annotated[int, Field(description="rows read so far", ge=0)]
    rows_total: Annotated[int | None, Field(description="rows in all; null until the file is open")]
    percent: Annotated[int | None, Field(description="the share read, 0 to 100; null until the file is open")]


class ImportRecord(TypedDict):
    """An import as it stands."""

    import_id: Annotated[int, Field(description="the number of the import")]
    state: Annotated[ImportState, Field(description="how it goes")]
    dry_run: Annotated[bool, Field(description="whether it only says what it would do; then nothing was written")]
    file_name: Annotated[str, Field(description="the name of the file")]
    key: Annotated[str, Field(description="where the file lies in the bucket")]
    created_at: Annotated[datetime, Field(description="the moment at which it began")]
    finished_at: Annotated[datetime | None, Field(description="the moment at which it ended; null until then")]
    message: Annotated[str | None, Field(description="why it failed or still waits, for a person")]
    dismissed_at: Annotated[
        datetime | None, Field(description="the moment at which its failure was dismissed; null if it was not")
    ]
    progress: Annotated[Progress, Field(description="how far it is")]
    counts: Annotated[RowCounts, Field(description="what became of the rows of all sheets")]


class ImportWithSheets(ImportRecord):
    """An import as it stands, by sheet, with its report."""

    sheets: Annotated[list[SheetCounts], Field(description="what became of the rows of each sheet")]
    report: Annotated[
        DownloadLink | None, Field(description="the report row by row, a workbook; null until it is there")
    ]


class ImportsPage(TypedDict):
    """Imports, the newest first."""

    imports: Annotated[list[ImportRecord], Field(description="the imports of this page")]
    next: NextId


class ImportChange(TypedDict):
    """A row that changed something."""

    row_number: Annotated[int, Field(description="the row as Excel shows it")]
    subject: Annotated[AuditSubject, Field(description="the customer or loan that it changed")]
    before: Annotated[
        AuditValues | None,
        Field(description="the values before, of what changed; null for who may not read customers"),
    ]
    after: Annotated[AuditValues, Field(description="the values after")]


class ImportChangesPage(TypedDict):
    """The rows of a sheet that changed something, from the top."""

    sheet: Annotated[str | None, Field(description="the name of the sheet; null if nothing was changed")]
    changes: Annotated[list[ImportChange], Field(description="the rows of this page")]
    next: NextId


class ImportFinding(TypedDict):
    """What an import says about a cell, a row or a sheet."""

    finding_id: Annotated[int, Field(description="the number of the finding")]
    sheet: Annotated[str, Field(description="the name of the sheet")]
    row_number: Annotated[int, Field(description="the row as Excel shows it")]
    outcome: Annotated[FindingOutcome, Field(description="what became of the row")]
    column: Annotated[str | None, Field(description="the column to blame; null where it is no single one")]
    value: Annotated[str | None, Field(description="what stands in the cell; null where it is not about one")]
    code: Annotated[str, Field(description="what is wrong, for a program")]
    sentence: Annotated[str, Field(description="what is wrong, for a person")]


class ImportRowsPage(TypedDict):
    """Findings, in the order they were made."""

    rows: Annotated[list[ImportFinding], Field(description="the findings of this page")]
    next: NextId
