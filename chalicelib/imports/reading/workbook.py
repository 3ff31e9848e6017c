"""A file of operations': .xlsx or .csv, known by what is in it and not by its name."""

import codecs
from typing import IO

from chalicelib.imports.reading.csv_text import read_csv
from chalicelib.imports.reading.sheets import FileRefused, NumberedRow, Sheet
from chalicelib.imports.reading.xlsx import read_xlsx

__all__ = ["FileRefused", "NumberedRow", "Sheet", "read_workbook"]

OLD_OFFICE_FORMAT = bytes.fromhex("d0cf11e0a1b11ae1")
ZIP = b"PK\x03\x04"
# What may stand before the first tag of a page.
_BLANK = codecs.BOM_UTF8 + b" \t\r\n"
_LOOKED_AT = 512


def read_workbook(file: IO[bytes]) -> list[Sheet]:
    """The sheets of an .xlsx file, or the one sheet of a .csv file. Raises FileRefused for anything else."""
    start = file.read(_LOOKED_AT)
    file.seek(0)
    if not start.strip(_BLANK) and len(start) < _LOOKED_AT:
        # As an export that failed, or an upload that broke off, leaves it.
        raise FileRefused(
            "The file is empty: there is nothing in it. Export it again, and look at it before you send it."
        )
    if start.startswith(OLD_OFFICE_FORMAT):
        raise FileRefused("The file is encrypted or in the old .xls format; save it as .xlsx without a password.")
    if start.lstrip(_BLANK).startswith(b"<"):
        # Web sites of banks, and reports of accounting systems, give such a file the name of a workbook.
        raise FileRefused(
            "The file is a web page or XML, which Excel opens as a table; open it in Excel, and save it as .xlsx."
        )
    return read_xlsx(file) if start.startswith(ZIP) else [read_csv(file)]
