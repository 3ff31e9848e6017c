"""Workbooks that somebody or something tampered with: each has a clear outcome, whole or not at all."""

import random
import re
from collections import Counter
from collections.abc import Callable
from io import BytesIO

import pytest

from chalicelib.imports.headers import find_layouts
from chalicelib.imports.reading.workbook import read_workbook
from chalicelib.imports.rows import read_chunks
from chalicelib.imports.running import import_messages
from chalicelib.imports.s3_events import message_for
from chalicelib.postgres.database import Database
from tests.support.aws import Aws
from tests.support.imports.contents import contents, query, scalar
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, loan, packed, unpacked, workbook

TESTS, WORKBOOKS_A_TEST = 4, 125

BOOK = workbook(
    {
        "C": [CUSTOMER_HEADER, *(customer(number) for number in range(1, 9))],
        "L": [LOAN_HEADER, *(loan(number % 9 + 1, number) for number in range(1, 12))],
    }
)
PARTS = ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"]
CELL = re.compile(rb'<c r="([A-Z]+\d+)".*?</c>')

# What a cell may hold instead, after its address.
HOSTILE_CELLS = [
    b' t="n"><v>%b</v></c>' % number
    for number in (b"inf", b"-inf", b"nan", b"1e308", b"1e999", b"-0", b"9007199254740993", b"99999999999999999999",
                   b"-1", b"0.5", b"1e-320", b"", b"2958466", b"-5", b"30",
                   b"45000")
] + [
    b' t="inlineStr"><is><t>%b</t></is></c>' % text
    for text in (b"", b" ", b"=1+1", b"=cmd|' /C calc'!A0", b"+1", b"@SUM(A1)", b"x" * 100_000, b"_x0000_", b"a&#10;b",
                 b"&#xFFFE;", "١٢٣".encode(), "🙂".encode(), b"1,00,000", b"1,0,0", b"31/02/2024", b"2024-13-45",
                 b"00000000000000000001", b"9" * 5000, b"\\N", b"\\.", b"'; DROP TABLE loans; --", b"NULL", b"NaN")
] + [
    b' t="e"><v>#REF!</v></c>', b' t="e"><v>#N/A</v></c>', b' t="e"><f>A1</f><v>#DIV/0!</v></c>', b' t="e"/>',
    b' t="b"><v>1</v></c>', b' t="str"><f>1+1</f><v>2</v></c>', b' t="d"><v>2024-02-30T25:00:00</v></c>',
    b"><f>1+1</f><v></v></c>", b' t="str"><f>""</f><v></v></c>', b"/>",
    b' s="99999" t="n"><v>1</v></c>', b' s="1" t="n"><v>1e300</v></c>', b' s="1" t="n"><v>-700000</v></c>',
]  # fmt: skip
# These make the reader give up the whole book.
POISON = [b' t="n"><v>0x10</v></c>', b' t="n"><v>1_000</v></c>', b' t="b"><v>maybe</v></c>', b' t="zzz"><v>1</v></c>',
          b' t="s"><v>4294967296</v></c>', b' t="s"><v>-1</v></c>']  # fmt: skip
STRAY_ADDRESSES = [b"XFD1048576", b"XFD2", b"A60000", b"ZZZZZZZ9", b"A99999999999999999999", b"a1", b"", b"1", b"A0",
                   b"A", b"$A$1", b"A1:B2", b"Q1048576"]  # fmt: skip

Mutation = Callable[[random.Random, bytes], bytes]


def flip_bytes(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 2, 8, 64))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def cut_off(chance: random.Random, content: bytes) -> bytes:
    return content[: chance.randrange(len(content))]


def lose_a_part(chance: random.Random, content: bytes) -> bytes:
    parts = unpacked(content)
    del parts[chance.choice(list(parts))]
    return packed(parts)


def damage_xml(chance: random.Random, content: bytes) -> bytes:
    """Takes a piece out of a part, doubles it, or puts a piece of another part in its place."""
    parts = unpacked(content)
    name = chance.choice(list(parts))
    text = parts[name]
    start, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
    other = parts[chance.choice(list(parts))]
    piece = chance.choice((b"", text[start:end] * 2, other[: chance.randrange(len(other) + 1)]))
    return packed(parts | {name: text[:start] + piece + text[end:]})


def change_cells(chance: random.Random, content: bytes) -> bytes:
    parts = unpacked(content)
    share = chance.choice((0.05, 0.2, 0.6))

    def change(cell: re.Match[bytes]) -> bytes:
        return b'<c r="%b"%b' % (cell[1], chance.choice(HOSTILE_CELLS)) if chance.random() < share else cell[0]

    # The header stays most of the time, or else there would be nothing to read below it.
    spared = 1 if chance.random() < 0.9 else 0
    for name in PARTS:
        head, rows = parts[name].split(b"</row>", 1)
        parts[name] = b"</row>".join([head if spared else CELL.sub(change, head), CELL.sub(change, rows)])
    return packed(parts)


def poison_a_cell(chance: random.Random, content: bytes) -> bytes:
    parts = unpacked(content)
    name = chance.choice(PARTS)
    cell = chance.choice(list(CELL.finditer(parts[name])))
    poison = b'<c r="%b"%b' % (cell[1], chance.choice(POISON))
    return packed(parts | {name: parts[name].replace(cell[0], poison, 1)})


def move_cells(chance: random.Random, content: bytes) -> bytes:
    parts = unpacked(content)
    name = chance.choice(PARTS)
    cells = list(CELL.finditer(parts[name]))
    cell = chance.choice(cells)
    address = chance.choice(STRAY_ADDRESSES)
    quote = chance.choice((b'"', b"'"))
    moved = cell[0].replace(b'r="%b"' % cell[1], b"r%b=%b%b%b" % (chance.choice((b"", b" ")), quote, address, quote), 1)
    return packed(parts | {name: parts[name].replace(cell[0], moved, 1)})


MUTATIONS: list[Mutation] = [
    flip_bytes,
    cut_off,
    lose_a_part,
    damage_xml,
    change_cells,
    change_cells,
    move_cells,
    poison_a_cell,
]

# What a single cell can cause.
CODES = {"missing", "error_cell", "formula_without_value", "not_a_number", "not_a_date", "out_of_range", "not_text",
         "control_character", "too_long", "not_a_phone_number", "not_a_name", "mistyped",
         "damaged_text"}  # fmt: skip
# What it can cause beside good ones.
CODES_BESIDE_OTHERS = {"end_before_start", "paid_beyond_tenure", "word_for_nothing"}


def with_cell(row: bytes, number: int, cell: bytes) -> bytes:
    """The row with the cell in the place of that number, counted round."""
    cells = list(CELL.finditer(row))
    old = cells[number % len(cells)]
    return row.replace(old[0], b'<c r="%b"%b' % (old[1], cell), 1)


def one_in_each_column(cell: bytes) -> bytes:
    """The workbook with the cell in another column of each row."""
    parts = unpacked(BOOK)
    for name in PARTS:
        head, *rows = parts[name].split(b"</row>")
        changed = [with_cell(row, number, cell) for number, row in enumerate(rows[:-1])]
        parts[name] = b"</row>".join([head, *changed, rows[-1]])
    return packed(parts)


def test_each_of_the_cells_is_kept_or_named_in_each_column_and_together_they_cause_all_there_is() -> None:
    codes = set()
    for cell in HOSTILE_CELLS:
        layouts, _ = find_layouts(read_workbook(BytesIO(one_in_each_column(cell))))
        for chunk in read_chunks(layouts):
            rejected = {finding.row_number for finding in chunk.findings if finding.outcome == "rejected"}
            assert chunk.found == len(chunk.positions) + len(rejected)
            codes |= {finding.code for finding in chunk.findings}
    assert codes == CODES | CODES_BESIDE_OTHERS


COUNTS = """
    SELECT imports.state, imports.message, imports.report_key,
           (SELECT count(*) FROM import_rows WHERE import_rows.import_id = imports.import_id),
           (SELECT coalesce(sum(rows_found), 0) FROM import_sheets WHERE import_sheets.import_id = imports.import_id)
    FROM imports
"""
LEFT_OVER = """
    SELECT (SELECT count(*) FROM staged_customers) + (SELECT count(*) FROM staged_loans)
         + (SELECT count(*) FROM import_findings JOIN imports USING (import_id) WHERE state <> 'completed')
"""


@pytest.mark.parametrize("seed", range(TESTS))
def test_a_workbook_that_was_tampered_with_ends_with_a_clear_outcome(aws: Aws, database: Database, seed: int) -> None:
    chance = random.Random(seed)
    completed: Counter[Mutation] = Counter()
    before = contents(database)
    for number in range(WORKBOOKS_A_TEST):
        mutate = MUTATIONS[number % len(MUTATIONS)]
        message = message_for(aws.upload(f"incoming/{number}.xlsx", mutate(chance, BOOK)))
        assert import_messages(database, aws.s3, [("one", message)]) == [], (seed, number, mutate)
        state = scalar(database, "SELECT state FROM imports ORDER BY import_id DESC LIMIT 1")
        after = contents(database)
        assert state == "completed" or (state == "failed" and after == before), (seed, number, mutate)
        completed[mutate] += state == "completed"
        before = after
    for state, message, report, rows, counted in query(database, COUNTS):
        assert rows == counted
        assert (state == "completed") == (message is None) == (report is not None)
        assert state == "completed" or (rows == 0 and message.endswith("."))
    assert query(database, LEFT_OVER) == [(0,)]
    # Or else hardly any of these cells would have been looked at.
    assert completed[change_cells] > 0.7 * MUTATIONS.count(change_cells) * WORKBOOKS_A_TEST / len(MUTATIONS)
    assert {code for (code,) in query(database, "SELECT DISTINCT code FROM import_findings")} >= CODES
