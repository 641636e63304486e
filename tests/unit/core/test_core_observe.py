"""From the bodies of events to observations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from core_makers import LINK, scan_event

from core.model import SheetCell, Stamp
from core.observe import Batch, Missed
from core.values import Serial


def cell(column: str, value: Any, row_id: str = "r_1", **more: Any) -> dict[str, Any]:
    return {"row_id": row_id, "row": 5, "column": column, "value": value, **more}


def edit(*cells: dict[str, Any], q: int = 4, **more: Any) -> dict[str, Any]:
    return {
        "kind": "edit",
        "stamp": {"n": 2, "q": q, "epoch": 1},
        "edited_at": "2026-05-04T12:00:00.250Z",
        "editor": "ann@example.com",
        "event": "e1",
        "cells": list(cells),
        **more,
    }


def absorbed(*bodies: dict[str, Any]) -> Batch:
    batch = Batch()
    for body in bodies:
        batch.add(LINK, body)
    return batch


def test_an_edit_speaks_for_the_cells_of_its_range_with_its_stamp_time_and_editor() -> None:
    (seen,) = absorbed(edit(cell("Notes", "typed"))).observed["r_1"]
    assert (seen.column, seen.cell, seen.stamp, seen.source) == ("notes", SheetCell("typed"), Stamp(2, 4, 1), "edit")
    assert (seen.edited_at, seen.actor) == (datetime(2026, 5, 4, 12, 0, 0, 250_000, UTC), "ann@example.com")


def test_dates_formulas_and_emptied_cells_come_as_they_stand() -> None:
    batch = absorbed(edit(cell("Due", {"serial": 45418.5}), cell("Quantity", 5, formula="=2+3"), cell("Notes", None)))
    assert [o.cell for o in batch.observed["r_1"]] == [
        SheetCell(Serial(45418.5)),
        SheetCell(5, "=2+3"),
        SheetCell(None),
    ]


def test_cells_of_other_columns_and_of_rows_without_an_id_say_nothing() -> None:
    batch = absorbed(edit(cell("Colour", "red"), cell("Notes", "x", row_id="")))
    assert not batch.row_ids


def test_what_was_overwritten_before_the_script_looked_is_kept() -> None:
    batch = absorbed(edit(cell("Notes", "second", event_value="first")))
    assert [(h.column, h.new, h.what) for h in batch.overwritten] == [("notes", "first", "overtaken")]


@pytest.mark.parametrize(
    ("value", "event_value"),
    [(3, "3"), (3.5, "3.5"), (True, "TRUE"), ({"serial": 45418.0}, "45418"), ("typed", "typed"), ("typed", None)],
)
def test_what_the_trigger_spells_otherwise_was_not_overwritten(value: Any, event_value: Any) -> None:
    assert not absorbed(edit(cell("Notes", value, event_value=event_value))).overwritten


def test_a_formula_is_not_taken_for_a_value_that_was_overwritten() -> None:
    assert not absorbed(edit(cell("Quantity", 5, formula="=2+3", event_value="=2+3"))).overwritten


def test_a_scan_names_the_rows_that_it_missed() -> None:
    batch = absorbed(scan_event(Stamp(2, 4, 1), missing=["r_1"]))
    assert batch.vanished == {"r_1": Missed(Stamp(2, 4, 1), Stamp(2, 4, 1), "scan_1")}


def test_a_scan_names_missing_rows_as_they_were_known_when_it_was_held_against_base() -> None:
    for settled_n, n in ((1, 1), (3, 2)):
        batch = absorbed(scan_event(Stamp(2, 4, 1), settled_n, missing=["r_1"]))
        assert batch.vanished == {"r_1": Missed(Stamp(2, 4, 1), Stamp(n, 4, 1), "scan_1")}


def test_a_row_that_was_seen_after_it_was_missed_did_not_vanish() -> None:
    scan = scan_event(Stamp(2, 4, 1), missing=["r_1"])
    assert not absorbed(scan, edit(cell("Notes", "x"), q=5)).vanished


def test_a_wake_up_brings_the_tables_commit_times_where_they_were_asked_for() -> None:
    rows = [{"row_id": "r_1", "times": {"notes": "2026-05-04T12:00:00.000009Z"}}, {"row_id": "r_2"}]
    batch = absorbed({"kind": "replan", "rows": rows})
    assert batch.replans == {"r_1": {"notes": datetime(2026, 5, 4, 12, 0, 0, 9, UTC)}, "r_2": None}


@pytest.mark.parametrize("kind", ["structure", "rescan", "of the future"])
def test_events_that_say_nothing_about_cells_change_nothing(kind: str) -> None:
    assert not absorbed({"kind": kind}).row_ids
