"""How much one write to the sheet takes."""

from __future__ import annotations

import pytest

from adapters.compact_json import dump
from adapters.sheets_cells import encode_value
from core.sheet import CellWrite, RowInsert, SwapWrite
from core.values import SheetValue
from core.write_size import KNOWN_ROWS_MAX, NEW_ROWS_MAX, NEW_ROWS_MIN, fitting, payload_bytes, rows_next, share


def inserting(rows: int, text: str) -> SwapWrite:
    return SwapWrite(1, 1, inserts=tuple(RowInsert(f"r_{i}", {"Name": text}) for i in range(rows)))


def test_a_write_takes_new_rows_as_far_as_known_ones_leave_room() -> None:
    keys = [(str(i),) for i in range(4 * KNOWN_ROWS_MAX)]
    assert share(keys, ()) == keys
    assert share(keys, keys[:KNOWN_ROWS_MAX]) == keys
    assert share(keys, keys[7:]) == keys[: KNOWN_ROWS_MAX + 7]


def test_new_rows_fill_a_request_of_two_megabytes_and_no_more() -> None:
    assert 480 < rows_next(inserting(1000, "x" * 4000), took_s=0.01) < 500
    assert rows_next(inserting(1000, "short"), took_s=0.01) == NEW_ROWS_MAX


@pytest.mark.parametrize(
    "value", ["plain", "Grüße 😀", '"quoted" and \\', "tab\tand\x01", 1.2345678901234567e-100, 7, True, None]
)
def test_what_a_request_takes_is_never_reckoned_too_small_and_hardly_too_large(value: SheetValue) -> None:
    cells: dict[str, SheetValue] = dict.fromkeys("abcdefghij", value)
    write = SwapWrite(1, 1, inserts=tuple(RowInsert(f"r_{i:016}", cells) for i in range(1000)))
    lines = [{"values": [encode_value(v) for v in (*row.cells.values(), row.row_id)]} for row in write.inserts]
    taken = len(dump({"rows": lines}).encode())
    assert taken < payload_bytes(write)
    assert value is None or payload_bytes(write) < 1.4 * taken


def test_one_row_goes_out_however_large_it_is() -> None:
    assert rows_next(inserting(1, "x" * 5_000_000), took_s=0.01) == 1
    rows = {(str(i),): {"Name": "x" * 5_000_000} for i in range(3)}
    assert fitting(list(rows), rows, {}) == [("0",)]


def test_a_write_that_took_long_is_followed_by_a_smaller_one() -> None:
    assert rows_next(inserting(2000, "short"), took_s=2.4) == 1000


def test_where_a_write_takes_long_whatever_it_carries_the_next_one_is_not_ever_smaller() -> None:
    assert rows_next(inserting(600, "short"), took_s=60) == NEW_ROWS_MIN
    assert rows_next(inserting(NEW_ROWS_MIN, "short"), took_s=60) == NEW_ROWS_MIN


def test_after_known_rows_as_many_are_taken_as_can_be_looked_at() -> None:
    cells = (CellWrite("r_1", 2, "Name", "new"),)
    assert rows_next(SwapWrite(1, 1, cells=cells), took_s=0.01) == KNOWN_ROWS_MAX
    assert rows_next(SwapWrite(1, 1, cells=cells, inserts=inserting(9, "x").inserts), took_s=9) == KNOWN_ROWS_MAX
