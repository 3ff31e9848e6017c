"""One row more than wanted is looked for, and tells whether there is more."""

import pytest

from chalicelib.requests.access_models import AuditQuery, NumberedQuery
from chalicelib.requests.models import ApplicationsQuery, CustomersQuery, PageQuery
from chalicelib.storage.paging import Cursor, Slice


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], Slice([], None)),
        ([7, 8], Slice([7, 8], None)),
        ([7, 8, 9], Slice([7, 8, 9], None)),
        ([7, 8, 9, 10], Slice([7, 8, 9], 9)),
    ],
)
def test_a_slice_says_behind_which_row_the_next_one_begins(rows: list[int], found: Slice[int]) -> None:
    assert Cursor(3).slice(rows, lambda row: row) == found


def test_a_cursor_asks_for_one_row_more_than_it_gives() -> None:
    assert Cursor(20).asked == 21


@pytest.mark.parametrize(
    ("query", "cursor"),
    [
        (CustomersQuery(), Cursor(20)),
        (CustomersQuery(after=0), Cursor(20)),
        (NumberedQuery(after=7, limit=3), Cursor(3, 7)),
        (ApplicationsQuery(), Cursor(20)),
        (ApplicationsQuery(before=7), Cursor(20, 7)),
        (AuditQuery(before=0), Cursor(20, 0)),
    ],
)
def test_a_query_asks_for_what_is_behind_its_number(query: PageQuery, cursor: Cursor) -> None:
    assert query.cursor() == cursor


def test_a_page_of_the_console_has_a_size_of_its_own() -> None:
    assert NumberedQuery(after=7).cursor(50) == Cursor(50, 7)
