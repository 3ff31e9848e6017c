"""The files of imports: which are taken, what they are called, and where they lie in the bucket."""

import re
import unicodedata
from pathlib import PurePosixPath

from chalicelib.errors import InvalidRequest
from chalicelib.rules.text import joined

INCOMING_PREFIX = "incoming/"
REPORTS_PREFIX = "reports/"

# Of an .xlsm only the sheets are read; its macros are never looked at.
CONTENT_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    ".csv": "text/csv",
}

# Leaves room in S3's 1024 bytes of a key for names in any script.
MAX_NAME_CHARACTERS = 100


def safe_file_name(file_name: str) -> str:
    """The name without its folders, in any script; what a shell, a URL or a file system could mistake becomes _."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", file_name))[-1].strip()
    kept = "".join(character if _is_harmless(character) else "_" for character in last)
    stem, dot, extension = kept.rpartition(".")
    return f"{stem.strip(' .')[:MAX_NAME_CHARACTERS] or 'import'}{dot}{extension}" if dot else kept


def content_type_of(file_name: str) -> str:
    """The content type that a file of this name is uploaded with. Raises InvalidRequest for one that is not read."""
    for extension, content_type in CONTENT_TYPES.items():
        if file_name.lower().endswith(extension):
            return content_type
    sentence = f"must end in {joined(CONTENT_TYPES, 'or')}, which are the files that can be imported"
    raise InvalidRequest(f"The file {file_name!r} cannot be imported.", {"file_name": [sentence]})


def report_key(import_id: int, file_name: str) -> str:
    """The key of the report of an import: under its number, with the name of its file."""
    return f"{REPORTS_PREFIX}{import_id}/{PurePosixPath(file_name).stem}-report.xlsx"


def _is_harmless(character: str) -> bool:
    # Marks belong to their letters: most Indian scripts cannot be written without them.
    return character in " .-_()" or unicodedata.category(character)[0] in "LMN"
