"""What strangers may send in any size: files and bodies that took more than their share once, or nearly did."""

import json
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, NamedTuple

from chalicelib.imports.headers import find_layouts
from chalicelib.imports.reading.workbook import read_workbook
from chalicelib.imports.reading.xml_parts import LINKS, MAIN
from chalicelib.imports.rows import read_chunks
from chalicelib.requests import models
from chalicelib.requests.json_bodies import json_object
from chalicelib.requests.parsing import MAX_BODY_BYTES, parse
from tests.support.workbooks import CUSTOMER_HEADER


class Case(NamedTuple):
    """What is done with an input of size n, and the largest size that gets so far."""

    make: Callable[[int], Any]
    run: Callable[[Any], object]
    most: int = 2**20


# Whole files.

PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
LINK = f'<Relationship Id="{{}}" Type="{LINKS[0]}/{{}}" Target="{{}}"/>'
SHEET = '<sheet name="{}" sheetId="1" r:id="{}"/>'
HEADER = '<row r="1">' + "".join(
    f'<c r="{letter}1" t="inlineStr"><is><t>{title}</t></is></c>'
    for letter, title in zip("ABCDEFG", CUSTOMER_HEADER, strict=True)
) + "</row>"  # fmt: skip


def book(  # the XML of each part, without the element around it
    *,
    rows: str = "",
    strings: str = "",
    styles: str = "",
    sheets: str = SHEET.format("s", "s"),
    beside: str = "",
    links: str = "",
    head: str = "",
    folder: str = "xl",
    more: Mapping[str, str] | None = None,
) -> bytes:
    own = "".join((LINK.format("s", "worksheet", "s.xml"), LINK.format("t", "sharedStrings", "t.xml"),
                   LINK.format("y", "styles", "y.xml"), links))  # fmt: skip
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}">{LINK.format("w", "officeDocument", f"{folder}/w.xml")}'
        "</Relationships>",
        f"{folder}/w.xml": f'<workbook xmlns="{MAIN[0]}" xmlns:r="{LINKS[0]}">{beside}'
        f"<sheets>{sheets}</sheets></workbook>",
        f"{folder}/_rels/w.xml.rels": f'<Relationships xmlns="{PACKAGE}">{own}</Relationships>',
        f"{folder}/s.xml": f'<worksheet xmlns="{MAIN[0]}">{head}<sheetData>{HEADER}{rows}</sheetData></worksheet>',
        f"{folder}/t.xml": f'<sst xmlns="{MAIN[0]}">{strings}</sst>',
        f"{folder}/y.xml": f'<styleSheet xmlns="{MAIN[0]}">{styles}</styleSheet>',
        **(more or {}),
    }
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as container:
        for name, content in parts.items():
            container.writestr(name, content)
    return file.getvalue()


def read_file(content: bytes) -> object:
    layouts, findings = find_layouts(read_workbook(BytesIO(content)))
    return sum(1 for _ in read_chunks(layouts)), findings


def one_cell(inside: str) -> str:
    return f'<row r="2"><c r="A2"{inside}</row>'


def styled(n: int) -> bytes:
    formats = '<numFmts><numFmt numFmtId="200" formatCode="0.000%"/></numFmts><cellXfs>'
    styles = formats + '<xf numFmtId="200"/>' * n + "</cellXfs>"
    rows = "".join(f'<row r="{at + 2}"><c r="A{at + 2}" s="{at}"><v>1</v></c></row>' for at in range(n))
    return book(rows=rows, styles=styles)


def formats(n: int) -> bytes:
    codes = "".join(f'<numFmt numFmtId="{200 + at}" formatCode="{"[" * 500}"/>' for at in range(n))
    cells = "".join(f'<xf numFmtId="{200 + at}"/>' for at in range(n))
    return book(styles=f"<numFmts>{codes}</numFmts><cellXfs>{cells}</cellXfs>")


def same_names(n: int) -> bytes:
    numbers = range(n)
    return book(
        sheets="".join(SHEET.format("s", f"s{at}") for at in numbers),
        links="".join(LINK.format(f"s{at}", "worksheet", f"s{at}.xml") for at in numbers),
        more={f"xl/s{at}.xml": f'<worksheet xmlns="{MAIN[0]}"><sheetData>{HEADER}</sheetData></worksheet>'
              for at in numbers},
    )  # fmt: skip


def with_remarks(inside: str) -> bytes:
    links = LINK.format("c", "comments", "c.xml") + LINK.format("d", "drawing", "c.xml")
    more = {
        "xl/_rels/s.xml.rels": f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>',
        "xl/c.xml": f'<a xmlns="{MAIN[0]}">{inside}</a>',
    }
    return book(rows=one_cell("><v>1</v></c>"), more=more)


FILES: Mapping[str, Case] = {
    "comments on cells": Case(
        lambda n: with_remarks('<comment ref="A2"><t>in &amp; of</t></comment>' * n), read_file
    ),
    "a long text box": Case(lambda n: with_remarks("<txBody>" + "<p><t>in </t></p>" * n + "</txBody>"), read_file),
    "texts without an end": Case(lambda n: book(strings="<si>" * n), read_file),
    "ends of tags in a text": Case(lambda n: book(strings="<si>" + ">" * n + "</si>"), read_file),
    "texts": Case(lambda n: book(strings="<si><t>a</t></si>" * n), read_file),
    "runs of one text": Case(lambda n: book(strings="<si>" + "<r><t>a</t></r>" * n + "</si>"), read_file),
    "references to characters": Case(lambda n: book(strings="<si><t>" + "&#13;" * n + "</t></si>"), read_file),
    "cdata": Case(lambda n: book(strings="<si><t>" + "<![CDATA[a]]>" * n + "</t></si>"), read_file),
    "comments": Case(lambda n: book(strings="<!-- -->" * n), read_file),
    "a long comment": Case(lambda n: book(strings="<!--" + "- " * n + "-->"), read_file),
    "a comment without an end": Case(lambda n: book(strings="<!--" + "-" * n), read_file),
    "instructions": Case(lambda n: book(beside="<?a b?>" * n), read_file),
    "types of one cell": Case(lambda n: book(rows=one_cell(' t="s"' * n + "><v>0</v></c>")), read_file),
    "attributes of one cell": Case(
        lambda n: book(rows=one_cell("".join(f' a{at}="1"' for at in range(n)) + "/>")), read_file
    ),
    "namespaces of one cell": Case(
        lambda n: book(rows=one_cell("".join(f' xmlns:a{at}="u{at}" a{at}:b="1"' for at in range(n)) + "/>")), read_file
    ),
    "cells of one place": Case(lambda n: book(rows='<row r="2">' + '<c r="A2"/>' * n + "</row>"), read_file),
    "cells without a place": Case(lambda n: book(rows='<row r="2">' + "<c/>" * n + "</row>"), read_file, 2**14),
    "rows without a number": Case(lambda n: book(rows="<row><c><v>1</v></c></row>" * n), read_file),
    "rows": Case(
        lambda n: book(rows="".join(f'<row r="{at}"><c r="A{at}"><v>1</v></c></row>' for at in range(2, n + 2))),
        read_file,
    ),
    "comments between rows": Case(lambda n: book(rows="<row><c/></row><!-- -->" * n), read_file),
    "cdata in a cell": Case(lambda n: book(rows=one_cell("><v>" + "<![CDATA[1]]>" * n + "</v></c>")), read_file),
    "values of one cell": Case(lambda n: book(rows=one_cell(">" + "<v>1</v>" * n + "</c>")), read_file),
    "elements in a cell": Case(lambda n: book(rows=one_cell("><is>" + "<r/>" * n + "</is></c>")), read_file),
    "nesting in a cell": Case(lambda n: book(rows=one_cell(">" + "<f>" * n + "</f>" * n + "</c>")), read_file),
    "nesting": Case(lambda n: book(head="<a>" * n + "</a>" * n), read_file),
    "nesting in the workbook": Case(lambda n: book(beside="<a>" * n + "</a>" * n), read_file),
    "elements before the rows": Case(lambda n: book(head="<a/>" * n), read_file),
    "starts of rows": Case(lambda n: book(head="<sheetData/>" * n), read_file),
    "ends of rows": Case(lambda n: book(rows="</row>" * n), read_file),
    "ends of tables": Case(lambda n: book(rows="</sheetData>" * n), read_file),
    "elements of the workbook": Case(lambda n: book(beside="<a/>" * n), read_file),
    "attributes of the workbook": Case(
        lambda n: book(beside="<a " + " ".join(f'a{at}=""' for at in range(n)) + "/>"), read_file
    ),
    "sheets of one part": Case(lambda n: book(sheets=SHEET.format("s", "s") * n), read_file),
    "sheets of one name": Case(same_names, read_file, 250),
    "relationships": Case(
        lambda n: book(links="".join(LINK.format(f"a{at}", "a", "../" * 9 + f"a{at}") for at in range(n))), read_file
    ),
    "a long target": Case(lambda n: book(links=LINK.format("a", "a", "a/" * n + "../" * n)), read_file),
    "relationships of a long folder": Case(
        lambda n: book(
            folder="a/" * 16 * n + "a", links="".join(LINK.format(f"a{at}", "a", "a") for at in range(16 * n))
        ),
        read_file,
        1000,
    ),
    "parts": Case(lambda n: book(more={f"a{at}": "" for at in range(n)}), read_file, 2**15),
    "styles of one format": Case(styled, read_file, 2**16),
    "number formats": Case(formats, read_file),
    "styles": Case(lambda n: book(styles="<cellXfs>" + "<xf/>" * n + "</cellXfs>"), read_file),
    "titles": Case(
        lambda n: book(rows='<row r="2">' + '<c t="inlineStr"><is><t>Age</t></is></c>' * n + "</row>"), read_file, 2**14
    ),
    "csv: quotation marks": Case(lambda n: b"A,B\n" + b'"' * n, read_file),
    "csv: an open quotation mark": Case(lambda n: b'A,B\n"' + b"a\n" * n, read_file),
    "csv: pairs of quotation marks": Case(lambda n: b"A,B\n" + b'"",' * n, read_file),
    "csv: delimiters": Case(lambda n: b"A,B\n" + b"," * n, read_file),
    "csv: delimiters in the title": Case(lambda n: b"A,B" + b";" * n, read_file),
    "csv: blanks": Case(lambda n: b"A,B\n" + b" " * n + b'"', read_file),
    "csv: one long line": Case(lambda n: b"a" * n, read_file),
    "csv: line breaks": Case(lambda n: b"A,B" + b"\r\n" * n, read_file),
    "csv: carriage returns": Case(lambda n: b"A,B" + b"\r" * n, read_file),
    "csv: rows": Case(lambda n: ",".join(CUSTOMER_HEADER).encode() + b"\n1,A,B,41,9812345678,1,1" * n, read_file),
}  # fmt: skip


# Bodies of requests.


def parsed(body: bytes) -> object:
    return parse(models.RegisterBody, body, "application/json")


def fields(n: int) -> str:
    return ",".join(f'"a{at}":1' for at in range(n))


BODIES: Mapping[str, Case] = {
    "fields and one twin": Case(lambda n: f'{{{fields(n)},"a0":1}}'.encode(), json_object),
    "twins": Case(lambda n: f'{{{fields(n)},{fields(n)}}}'.encode(), json_object),
    "a field many times": Case(lambda n: b"{" + b",".join([b'"a":1'] * n) + b"}", json_object),
    "unknown fields": Case(lambda n: f"{{{fields(n)}}}".encode(), parsed, MAX_BODY_BYTES // 10),
    "deep arrays": Case(lambda n: b"[" * n + b"]" * n, json_object),
    "arrays without an end": Case(lambda n: b"[" * n, json_object),
    "arrays beside one another": Case(lambda n: b'{"a":[' + b",".join([b"[]"] * n) + b"]}", json_object),
    "objects with twins": Case(lambda n: b'{"a":[' + b",".join([b'{"a":1,"a":2}'] * n) + b"]}", json_object),
    "a long name": Case(lambda n: json.dumps({"a" * n: 1}).encode(), parsed, MAX_BODY_BYTES - 10),
    "a long text": Case(lambda n: json.dumps({"first_name": "a" * n}).encode(), parsed, MAX_BODY_BYTES - 20),
    "a long phone number": Case(lambda n: json.dumps({"phone_number": "1 " * n}).encode(), parsed, MAX_BODY_BYTES // 3),
    "an array for a number": Case(lambda n: json.dumps({"age": [1] * n}).encode(), parsed, MAX_BODY_BYTES // 4),
    "digits": Case(lambda n: b'{"age":' + b"1" * n + b"}", json_object),
    "escapes": Case(lambda n: b'{"a":"' + b"\\n" * n + b'"}', json_object),
    "a text without an end": Case(lambda n: b'{"a":"' + b"a" * n, json_object),
    "blanks": Case(lambda n: b" " * n, json_object),
    "line breaks before a fault": Case(lambda n: b"{" + b"\n" * n + b"x", json_object),
}  # fmt: skip
