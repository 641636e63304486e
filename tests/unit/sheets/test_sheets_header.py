"""Which row of a tab is its header row."""

import pytest

from adapters.sheets_header import Header, header_of
from adapters.sheets_parts import Grid, SheetPart

AT = {"Name": 0, "_row_id": 1}


def tab(*ids: str) -> SheetPart:
    """A tab with these in its id column, from row 1 on."""
    rows = [{"values": [{}, {"effectiveValue": {"stringValue": text}} if text else {}]} for text in ids]
    return SheetPart(7, "Orders", len(ids), 2, (Grid(1, 0, rows, ({}, {})),))


@pytest.mark.parametrize(
    ("ids", "row"),
    [
        (("_row_id", "r_a"), 1),
        (("", "", "", "_row_id", "r_a", "", "r_b"), 4),
        (("", "", "_row_id", "r_a"), 3),
        (("", "", "", "", "_row_id"), 5),
        (("", "notes", "", "_row_id", "", "r_a"), 4),
    ],
)
def test_the_header_row_is_where_the_id_columns_title_stands(ids: tuple[str, ...], row: int) -> None:
    assert header_of(tab(*ids), AT, linked_at=4) == Header(row, is_seen=True)


def test_of_copies_the_last_one_above_all_rows_is_the_header_row() -> None:
    assert header_of(tab("_row_id", "", "_row_id", "r_a", "_row_id"), AT, linked_at=1) == Header(3, is_seen=True)


def test_a_row_that_somebody_put_above_the_header_row_does_not_take_its_place() -> None:
    assert header_of(tab("r_a", "", "", "_row_id", "r_b"), AT, linked_at=4) == Header(4, is_seen=True)


@pytest.mark.parametrize("ids", [("", "", "", "", "r_a"), ("", "", "", "r_a", "r_b", "_row_id"), (), ("r_a",)])
def test_where_no_row_is_the_header_row_the_one_where_the_tab_was_linked_is_told_unseen(ids: tuple[str, ...]) -> None:
    assert header_of(tab(*ids), AT, linked_at=4) == Header(4, is_seen=False)


def test_without_an_id_column_it_is_the_row_where_the_tab_was_linked() -> None:
    assert header_of(tab("_row_id"), {"Name": 0}, linked_at=4) == Header(4, is_seen=False)
