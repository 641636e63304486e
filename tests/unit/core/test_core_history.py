"""An undo is written to the table and carried into the sheet: two entries, which are told as one story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.history import Carried, HistoryFilter, carried, folded, halves

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OURS = "twinsheet"


def entry(number: int, side: str, old: str | None, new: str | None, **more: Any) -> dict[str, Any]:
    """An entry so many seconds after noon."""
    cell = {"link": "orders", "row_id": "r_1", "column": "note", "actor": OURS if side == "table" else "sam"}
    made = {
        "id": number,
        "side": side,
        "what": "applied",
        "at": NOON + timedelta(seconds=number),
        "way": [],
        "event": "",
    }
    return {**cell, **made, "old": old, "new": new, **more}


EDIT, UNDO, CARRIED = (
    entry(1, "sheet", "a", "b"),
    entry(2, "undo", "b", "a", what="undone"),
    entry(5, "table", "b", "a"),
)


EVERYTHING = HistoryFilter()


def told(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return folded(items, carried(items, {OURS}), EVERYTHING)


def test_what_carries_an_undo_into_the_sheet_names_it() -> None:
    assert carried([CARRIED, UNDO, EDIT], {OURS}) == [Carried(UNDO, CARRIED)]
    nameless = {**CARRIED, "actor": ""}
    assert carried([nameless, UNDO, EDIT], {OURS}) == [Carried(UNDO, nameless)], "not every server tells the user"


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
        assert carried(others, {OURS}) == []


def test_an_undo_stands_once_with_when_it_came_into_the_sheet() -> None:
    redo = entry(6, "undo", "a", "b", what="undone")
    newest, undone, edit = told([redo, CARRIED, UNDO, EDIT])
    assert [one["id"] for one in (newest, undone, edit)] == [6, 2, 1]
    assert [(stage["stage"], stage["delay_s"]) for stage in undone["way"]] == [("table", 0.0), ("sheet", 3.0)]
    assert undone["in_sheet"]
    assert newest == {**redo, "in_sheet": False}, "it is on its way"
    assert edit == {**EDIT, "in_sheet": False}


def test_a_row_that_comes_or_goes_by_an_undo_is_told_once_as_well() -> None:
    cells = ("id", "note")
    came = [entry(n, "undo", None, "x", what="inserted", column=c) for n, c in enumerate(cells, start=2)]
    seen = [entry(n, "table", None, "x", what="inserted", column=c) for n, c in enumerate(cells, start=5)]
    assert [one["id"] for one in told([*reversed(seen), *reversed(came)])] == [3, 2]


def test_what_carries_an_undo_stands_for_it_where_the_undo_itself_is_not_asked_for() -> None:
    pairs = [Carried(UNDO, CARRIED)]
    for asked in (
        HistoryFilter(side="table"),
        HistoryFilter(what="applied"),
        HistoryFilter(actor=OURS),
        HistoryFilter(event="write 4 gtid:7"),
        HistoryFilter(since=NOON + timedelta(seconds=3)),
        HistoryFilter(number=5),
    ):
        (alone,) = folded([CARRIED], pairs, asked)
        assert (alone["id"], alone["in_sheet"], alone["way"][1]["delay_s"]) == (5, True, 3.0)
    for asked in (
        EVERYTHING,
        HistoryFilter(link="orders", row_id="r_1", column="note"),
        HistoryFilter(since=NOON, until=NOON + timedelta(seconds=9)),
    ):
        assert folded([CARRIED], pairs, asked) == [], "it is told further down"


def test_the_other_half_is_looked_for_of_undos_and_of_what_may_carry_one() -> None:
    whole = [CARRIED, UNDO]
    undo, ours = {**UNDO, "id": 12, "row_id": "r_2"}, {**CARRIED, "id": 15, "row_id": "r_3"}
    others = [EDIT, {**CARRIED, "id": 16, "actor": "shop"}]
    assert halves([*others, ours, undo, *whole], [Carried(UNDO, CARRIED)], {OURS}) == [ours, undo]
