"""Writes as data that survives a crash, and what has to wait for them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from core_makers import LINK

from core.intent import PlannedWrite, open_write, planned_from_json, planned_to_json
from core.model import SheetCell
from core.origin import Origin
from core.sheet import CellWrite, FormulaRestore, IdWrite, RowDelete, RowInsert, RowRestore, SwapWrite
from core.values import Serial

EVERYTHING = PlannedWrite(
    SwapWrite(
        7,
        2,
        cells=(
            CellWrite("r_1", 5, "Notes", "=1+1 🌱"),
            CellWrite("r_1", 5, "Due", Serial(45418.5)),
            CellWrite("r_2", 6, "Quantity", 0),
            CellWrite("r_2", 6, "Price", 0.1),
            CellWrite("r_3", 7, "Notes", None),
            CellWrite("r_3", 7, "Status", False),
        ),
        ids=(IdWrite(8, "r_8", None), IdWrite(9, "r_9", "r_8")),
        inserts=(RowInsert("r_4", {"Customer": "Bea", "Due": Serial(1.0)}),),
        insert_after_row=9,
        deletes=(RowDelete("r_5", 3),),
        formula_restores=(
            FormulaRestore(1, 4, "Price", SheetCell(9.5)),
            FormulaRestore(2, 5, "Price"),
        ),
        row_restores=(RowRestore(2, 5),),
    ),
    {"r_4": ("4",), "r_5": ("5", "a,b")},
    {
        "r_1": Origin("0-1-17"),
        "r_4": Origin(
            "3e11fa47-71ca-11e1-9e33-c80aa9429562:23",
            "shop",
            "connection 17; nightly import",
            committed_at=datetime(2026, 5, 4, 3, 2, 1, 9, tzinfo=UTC),
            received_at=datetime(2026, 5, 4, 3, 2, 1, 5009, tzinfo=UTC),
        ),
    },
)


def test_a_recorded_write_is_read_back_exactly_as_it_was_planned() -> None:
    stored = json.loads(json.dumps(planned_to_json(EVERYTHING)))
    assert planned_from_json(7, 2, stored) == EVERYTHING


def test_a_write_that_an_earlier_version_has_recorded_is_read_with_its_transactions() -> None:
    stored = {**planned_to_json(EVERYTHING), "transactions": {"r_1": "0-1-17"}}
    del stored["origins"]
    assert planned_from_json(7, 2, stored).origins == {"r_1": Origin("0-1-17")}


def test_zero_and_false_come_back_as_the_types_that_they_were() -> None:
    stored = json.loads(json.dumps(planned_to_json(EVERYTHING)))
    values = [c.value for c in planned_from_json(7, 2, stored).write.cells]
    assert [type(v) for v in values] == [str, Serial, int, float, type(None), bool]


def test_observations_wait_for_every_value_cell_and_row_of_an_open_write() -> None:
    write = open_write(LINK, EVERYTHING)
    assert write.n == 7
    assert write.values["notes"] == {"=1+1 🌱", None}
    assert write.values["price"] == {"0.10"}
    assert write.values["customer"] == {"Bea"}
    assert ("r_2", "quantity") in write.cells
    assert write.row_ids == {"r_4", "r_5"}


def test_only_a_write_that_puts_something_back_is_sent_until_it_has_landed() -> None:
    assert EVERYTHING.write.brings_back
    assert not SwapWrite(7, 2, cells=EVERYTHING.write.cells).brings_back
