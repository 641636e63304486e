"""How much one write to the sheet takes."""

from __future__ import annotations

import pytest

from adapters.compact_json import dump
from adapters.sheets_cells import encode_value
from core.sheet import CellWrite, RowInsert, SwapWrite
from core.values import Serial, SheetValue
from core.write_size import KNOWN_ROWS_MAX, NEW_ROWS_MAX, NEW_ROWS_MIN, fitting, lacking_bytes, rows_next, share


def inserting(rows: int) -> SwapWrite:
    return SwapWrite(1, 1, inserts=tuple(RowInsert(f"r_{i}", {"Name": "short"}) for i in range(rows)))


def test_a_write_takes_new_rows_as_far_as_known_ones_leave_room() -> None:
    keys = [(str(i),) for i in range(4 * KNOWN_ROWS_MAX)]
    assert share(keys, ()) == keys
    assert share(keys, keys[:KNOWN_ROWS_MAX]) == keys
    assert share(keys, keys[7:]) == keys[: KNOWN_ROWS_MAX + 7]


def test_new_rows_fill_a_request_of_two_megabytes_and_no_more() -> None:
    rows = {(str(i),): {"Name": "x" * 4000} for i in range(1000)}
    assert 480 < len(fitting(list(rows), rows, {})) < 500


def test_so_many_rows_as_have_filled_a_request_and_a_few_more_are_tried_next() -> None:
    assert rows_next(inserting(1600), took_s=0.01, is_full=False) == NEW_ROWS_MAX
    assert rows_next(inserting(1600), took_s=0.01, is_full=True) == 1701
    assert rows_next(inserting(1), took_s=0.01, is_full=True) == 2


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("plain", "plain"),
        ("Grüße 😀", "Grüße 😀"),
        ("1.2345678901234567E-100", 1.2345678901234567e-100),
        ("7", 7),
        ("true", True),
        ("2026-11-30", Serial(46356)),
        (None, None),
    ],
)
def test_what_a_new_row_takes_is_never_reckoned_too_small_and_hardly_too_large(value: str, cell: SheetValue) -> None:
    names = "abcdefghij"
    line = {"values": [encode_value(v) for v in (*[cell] * len(names), "r_0123456789abcdef")]}
    taken = len(dump(line).encode())
    reckoned = lacking_bytes(dict.fromkeys(names, value), None)
    assert taken < reckoned
    assert value is None or reckoned < 1.4 * taken


def test_one_row_goes_out_however_large_it_is() -> None:
    rows = {(str(i),): {"Name": "x" * 5_000_000} for i in range(3)}
    assert fitting(list(rows), rows, {}) == [("0",)]


def test_a_write_that_took_long_is_followed_by_a_smaller_one() -> None:
    assert rows_next(inserting(3000), took_s=4, is_full=False) == 1500


def test_where_a_write_takes_long_whatever_it_carries_the_next_one_is_not_ever_smaller() -> None:
    assert rows_next(inserting(600), took_s=60, is_full=False) == NEW_ROWS_MIN
    assert rows_next(inserting(NEW_ROWS_MIN), took_s=60, is_full=False) == NEW_ROWS_MIN


def test_after_known_rows_as_many_are_taken_as_can_be_looked_at() -> None:
    cells = (CellWrite("r_1", 2, "Name", "new"),)
    assert rows_next(SwapWrite(1, 1, cells=cells), took_s=0.01, is_full=False) == KNOWN_ROWS_MAX
    mixed = SwapWrite(1, 1, cells=cells, inserts=inserting(9).inserts)
    assert rows_next(mixed, took_s=9, is_full=True) == KNOWN_ROWS_MAX
