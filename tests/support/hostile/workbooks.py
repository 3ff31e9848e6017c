"""Workbooks that want more than to be read: entities of XML, and names that are formulas."""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from xml.sax.saxutils import escape

from tests.support.workbooks import customer, customers_book

SECRET_FILE = "/etc/passwd"
# How each line of that file goes on for root.
SECRET = "root:"
FORMULA = '=HYPERLINK("http://evil.example.com","Asha")'
CUSTOMER_ID = 900_001

_OUTSIDE = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{SECRET_FILE}">]>'
_LAUGHS = "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{level} '{f'&a{level - 1};' * 10}'>" for level in range(1, 11)
) + "]>"  # fmt: skip


def hostile_workbooks() -> Mapping[str, bytes]:
    """The files by what they try."""
    return {
        "an entity from outside": _named("&e;", _OUTSIDE),
        "a billion laughs": _named("&a10;", _LAUGHS),
        "a name that is a formula": _named(escape(FORMULA)),
    }


def _named(name: str, doctype: str = "") -> bytes:
    """A workbook of one customer with this XML as the first name, in a part that begins with this."""
    made, changed = BytesIO(customers_book(customer(CUSTOMER_ID, first_name="NAME HERE"))), BytesIO()
    with zipfile.ZipFile(made) as book, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as copy:
        for part in book.namelist():
            text = book.read(part).decode()
            if "NAME HERE" in text:
                text = doctype + text.replace("NAME HERE", name)
            copy.writestr(part, text)
    return changed.getvalue()
