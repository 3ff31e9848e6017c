"""Imports and the contract itself, described."""

from collections.abc import Mapping

from chalicelib.errors import Conflict, ImportNotFound, InvalidRequest, Unavailable
from chalicelib.requests import models
from contract import answers
from contract.described import JSON, OF_A_BODY, OF_A_WRITE, Answer, Described, Link, created, next_page, ok

_IMPORT = {"path.import_id": "$response.body#/import_id"}
_FIRST = {"path.import_id": "$response.body#/imports/0/import_id"}

OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("POST", "/api/imports"): Described(
        "Imports",
        (
            created(
                answers.StartedImport,
                "The import, and the form to send its file with.",
                links={
                    "import": Link("How it goes.", "view_import", _IMPORT),
                    "rows": Link("What it says of its rows.", "list_import_rows", _IMPORT),
                },
            ),
        ),
        (*OF_A_BODY, Unavailable, *OF_A_WRITE),
        body=models.StartImportBody,
    ),
    ("GET", "/api/imports"): Described(
        "Imports",
        (
            ok(
                answers.ImportsPage,
                "A page of imports.",
                links={
                    **next_page("list_imports", "before"),
                    "import": Link("The first one.", "view_import", _FIRST),
                    "rows": Link("The rows of the first.", "list_import_rows", _FIRST),
                },
            ),
        ),
        (InvalidRequest,),
        query=models.ImportsQuery,
    ),
    ("GET", "/api/imports/{import_id}"): Described(
        "Imports",
        (ok(answers.ImportWithSheets, "The import."),),
        (ImportNotFound, Unavailable),
    ),
    ("GET", "/api/imports/{import_id}/rows"): Described(
        "Imports",
        (
            ok(
                answers.ImportRowsPage,
                "A page of findings.",
                links={
                    "next_page": Link(
                        "The page after this one.",
                        "list_import_rows",
                        {"path.import_id": "$request.path.import_id", "query.after": "$response.body#/next"},
                    )
                },
            ),
        ),
        (InvalidRequest, ImportNotFound),
        query=models.ImportRowsQuery,
    ),
    ("POST", "/api/imports/{import_id}/release"): Described(
        "Imports",
        (
            created(
                answers.ReleasedImport,
                "The import that the file has become.",
                links={"import": Link("How it goes.", "view_import", _IMPORT)},
            ),
        ),
        (ImportNotFound, Conflict, Unavailable),
    ),
    ("GET", "/api/imports/template"): Described(
        "Imports",
        (
            Answer(
                303,
                "The workbook lies at `Location`, a link that is good for some minutes.",
                {JSON: answers.DownloadLink},
                ("Location",),
            ),
        ),
        (Unavailable,),
    ),
    ("GET", "/api/openapi.json"): Described(
        "Contract",
        (
            Answer(200, "An OpenAPI 3.1 document.", {JSON: None}, ("ETag", "Cache-Control")),
            Answer(304, "It is still the one of `If-None-Match`.", headers=("ETag", "Cache-Control")),
        ),
        headers=("If-None-Match",),
    ),
    ("GET", "/api/docs"): Described(
        "Contract",
        (
            Answer(
                200,
                "The page, or with `format=json` the document.",
                {"text/html": None, JSON: None},
                ("ETag", "Cache-Control"),
            ),
            Answer(304, "It is still the one of `If-None-Match`.", headers=("ETag", "Cache-Control")),
        ),
        (InvalidRequest,),
        query=models.DocsQuery,
        headers=("If-None-Match",),
    ),
}
