"""An undo is written to the table and carried into the sheet: two entries, which are told as one story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.history import carried, folded

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OURS = "twinsheet"


def entry(number: int, side: str, old: str | None, new: str | None, **more: Any) -> dict[str, Any]:
    """An entry so many seconds after noon."""
    cell = {"link": "orders", "row_id": "r_1", "column": "note", "actor": OURS if side == "table" else "sam"}
    made = {"id": number, "side": side, "what": "applied", "at": NOON + timedelta(seconds=number), "way": []}
    return {**cell, **made, "old": old, "new": new, **more}


EDIT, UNDO, CARRIED = (
    entry(1, "sheet", "a", "b"),
    entry(2, "undo", "b", "a", what="undone"),
    entry(5, "table", "b", "a"),
)


def test_what_carries_an_undo_into_the_sheet_names_it() -> None:
    assert carried([CARRIED, UNDO, EDIT], {OURS}) == {5: 2}
    assert carried([{**CARRIED, "actor": ""}, UNDO, EDIT], {OURS}) == {5: 2}, "not every server tells the user"


def test_what_somebody_else_did_between_or_otherwise_is_no_part_of_it() -> None:
    for others in (
        [{**CARRIED, "actor": "shop"}, UNDO],
        [{**CARRIED, "old": "c"}, UNDO],
        [{**CARRIED, "new": "c"}, UNDO],
        [{**CARRIED, "column": "price"}, UNDO],
        [{**CARRIED, "row_id": "r_2"}, UNDO],
        [{**CARRIED, "link": "stock"}, UNDO],
        [{**CARRIED, "side": "sheet"}, UNDO],
        [CARRIED, entry(3, "sheet", "a", "b"), UNDO],
        [CARRIED, {**UNDO, "side": "sheet"}],
        [CARRIED],
    ):
        assert carried(others, {OURS}) == {}


def test_an_undo_stands_once_with_when_it_came_into_the_sheet() -> None:
    redo = entry(6, "undo", "a", "b", what="undone")
    told = folded([redo, CARRIED, UNDO, EDIT], {OURS})
    assert [one["id"] for one in told] == [6, 2, 1]
    assert [(stage["stage"], stage["delay_s"]) for stage in told[1]["way"]] == [("table", 0.0), ("sheet", 3.0)]
    assert told[0] == redo, "it is on its way"
    assert told[2] == EDIT


def test_a_row_that_comes_or_goes_by_an_undo_is_told_once_as_well() -> None:
    cells = ("id", "note")
    came = [entry(n, "undo", None, "x", what="inserted", column=c) for n, c in enumerate(cells, start=2)]
    seen = [entry(n, "table", None, "x", what="inserted", column=c) for n, c in enumerate(cells, start=5)]
    assert [one["id"] for one in folded([*reversed(seen), *reversed(came)], {OURS})] == [3, 2]
