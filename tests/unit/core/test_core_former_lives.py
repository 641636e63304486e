"""What the past of a row or a cell may still say: late events, stale names, rows that were not found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from core_makers import LINK, ROW, by_id, make_base, make_image, order_row, plan, saw, tab_row, typed_row, waits

from core.dirty import ABSENT_PAUSE_S_MAX, AbsentRows, DirtyRows
from core.intent import PlannedWrite
from core.model import Age, SheetCell, Stamp
from core.observe import Batch
from core.row_index import RowIndex
from core.row_plan import base_of_inserted
from core.row_view import RowPlan, RowView, replaced
from core.scan import compare
from core.settle import settle
from core.sheet import CellWrite, HitRow, IdWrite, Positions, RowDelete, SwapAnswer, SwapWrite
from core.sheet_plan import SheetView, plan_sheet


def test_a_row_that_came_again_keeps_its_place_in_time_so_that_events_of_its_former_life_stay_silent() -> None:
    gone = make_base(gone=True, n=4, age=9)
    view = RowView(LINK, "r_1", gone, None)
    seen = saw("customer", "Ann", n=4, q=5)
    base = base_of_inserted(view, RowPlan("r_1", observed={"customer": seen}), ("1",))
    assert (base.n, base.age) == (4, Age(10))
    assert (base.cells["notes"].n, base.cells["notes"].age) == (4, Age(9))
    late = plan(saw("notes", "long ago", n=0, q=1), base=base, table={**ROW, "notes": None})
    assert late.update == {}


def test_an_unfit_value_found_under_our_write_still_lets_the_sheet_have_the_tables_value() -> None:
    found = saw("quantity", "many", "swap", n=3, base="3")
    done = plan(base=make_base(quantity="8", cell_n=3), table=ROW, waiting=(waits(found, "unseen"),))
    assert done.wake_sheet
    assert not done.rejections


def test_an_unfit_value_typed_over_a_formula_lets_the_sheet_have_what_the_table_has_come_to_meanwhile() -> None:
    done = plan(
        saw("quantity", "many", "scan", q=2, scan=2),
        base=make_base(formulas=("quantity",)),
        table={**ROW, "quantity": "7"},
    )
    assert done.rejections
    assert done.wake_sheet
    untouched = plan(saw("quantity", "many"), base=make_base(), table={**ROW, "quantity": "7"})
    assert not untouched.wake_sheet, "the change of the table is on its way by itself"


def test_a_row_that_has_got_another_id_meanwhile_is_not_named_again() -> None:
    places = Positions(Stamp(), {}, RowIndex({"r_1": 5}), 5)
    view = SheetView(LINK, [], {}, {}, places, to_name=[(5, (None, None)), (6, (None, None))])
    assert [named.row for named in plan_sheet(view, lambda: "r_new").ids] == [6]


def test_an_id_that_landed_on_an_empty_row_is_taken_back() -> None:
    write = SwapWrite(7, 1, ids=(IdWrite(5, "r_new"),))
    empty = SwapAnswer(Stamp(6), (HitRow(0, 5, None, {}),))
    filled = SwapAnswer(Stamp(6), (HitRow(0, 5, None, {"Notes": SheetCell("x")}),))
    assert len(settle(LINK, PlannedWrite(write), empty, {}).formula_restores) == 1
    assert settle(LINK, PlannedWrite(write), filled, {}).formula_restores == []


def test_rows_that_were_not_found_are_looked_for_again_more_and_more_seldom() -> None:
    absent = AbsentRows()
    absent.add([("1",)], now=10.0)
    assert not absent.are_due(11.9)
    assert absent.take(12.0) == [("1",)]
    assert absent.take(12.0) == []
    for now in range(100, 1100, 100):
        absent.add([("1",)], float(now))
    assert not absent.are_due(1000.0 + ABSENT_PAUSE_S_MAX - 0.1)
    assert absent.are_due(1000.0 + ABSENT_PAUSE_S_MAX)


def test_looks_that_events_have_asked_for_do_not_make_the_next_one_come_later() -> None:
    absent = AbsentRows()
    for _ in range(10):
        absent.add([("1",)], now=10.0)
    assert absent.are_due(12.0)


def test_once_somebody_was_at_work_in_the_tab_it_is_looked_at_soon() -> None:
    absent = AbsentRows()
    for now in range(100, 1100, 100):
        absent.add([("1",)], float(now))
    absent.hurry(1010.0)
    assert absent.are_due(1012.0)


def test_once_every_row_was_found_the_next_search_begins_quickly_again() -> None:
    absent = AbsentRows()
    for now in (0.0, 10.0, 20.0):
        absent.add([("1",)], now)
        absent.take(now + 10)
    absent.found()
    absent.add([("1",)], now=50.0)
    assert absent.are_due(52.0)


def test_a_row_that_seems_to_come_or_go_waits_until_the_change_feed_has_told_that_its_key_did_not_change() -> None:
    places = Positions(Stamp(), {}, RowIndex({"r_1": 5}), 5)
    came, went = ("2",), ("1",)
    seen: dict[str, Any] = {
        "bases": {went: make_base()},
        "rows": {came: {**ROW, "order_no": "2"}},
        "positions": places,
    }
    unsure = plan_sheet(SheetView(LINK, [came, went], **seen, came=set(), went=set()), lambda: "r_new")
    assert unsure.doubtful == [(came, "i"), (went, "d")]
    assert unsure.is_empty
    told = plan_sheet(SheetView(LINK, [came, went], **seen, came={came}, went={went}), lambda: "r_new")
    assert not told.doubtful
    assert [r.row_id for r in told.inserts] == ["r_new"]
    assert [d.row_id for d in told.deletes] == ["r_1"]


def test_what_the_feed_has_told_of_a_key_is_forgotten_once_the_key_has_been_looked_at() -> None:
    dirty = DirtyRows()
    dirty.add([("1",), ("2",), ("3",)], 4)
    dirty.vouch([(("1",), "i"), (("2",), "d"), (("3",), "u")])
    assert (dirty.came, dirty.went) == ({("1",)}, {("2",)})
    dirty.done([("1",), ("2",), ("3",)])
    assert not dirty.came | dirty.went


def test_a_key_that_is_named_again_while_its_write_is_under_way_is_looked_at_again() -> None:
    dirty = DirtyRows()
    dirty.add([("1",), ("2",)], 4)
    dirty.take_in_hand([("1",), ("2",)])
    dirty.add([("2",)], 9)
    dirty.vouch([(("2",), "d")])
    dirty.done([("1",), ("2",)])
    assert dirty.first(10) == [("2",)]
    assert dirty.oldest_offset() == 9
    assert dirty.went == {("2",)}
    dirty.take_in_hand([("2",)])
    dirty.done([("2",)])
    assert len(dirty) == 0


def test_what_waited_in_a_row_that_left_the_sheet_is_kept_in_the_history() -> None:
    unseen = saw("notes", "typed under our write", "swap", n=3, base="fragile")
    done = plan(base=make_base(), table=ROW, waiting=(waits(unseen, "unseen"),), vanished=True, age=11)
    assert done.delete
    assert "typed under our write" in [h.new for h in done.history]


def test_a_waiting_value_that_gives_way_to_a_newer_one_is_kept_in_the_history() -> None:
    first, second = saw("notes", "one", "swap"), saw("notes", "two", "swap")
    assert [h.new for h in replaced([second], [waits(first, "unseen")])] == ["one"]
    assert replaced([first], [waits(first, "unseen")]) == []
    assert replaced([saw("price", 2)], [waits(first, "unseen")]) == []


def test_a_row_whose_id_stands_twice_is_neither_written_nor_deleted_before_its_copy_is_named() -> None:
    places = Positions(Stamp(), {}, RowIndex({"r_1": 5}), 6, frozenset({"r_1"}))
    changed = SheetView(LINK, [("1",)], {("1",): make_base()}, {("1",): {**ROW, "notes": "x"}}, places)
    deleted = SheetView(LINK, [("1",)], {("1",): make_base()}, {}, places)
    for view in (changed, deleted):
        done = plan_sheet(view, lambda: "r_new")
        assert done.is_empty
        assert not done.gone
        assert done.absent == [("1",)]


def test_an_edit_that_saw_one_id_in_two_rows_says_nothing_of_either() -> None:
    cells = [{"row_id": "r_1", "row": row, "column": "Notes", "value": f"v{row}"} for row in (4, 6)]
    cells.append({"row_id": "r_2", "row": 5, "column": "Notes", "value": "v5"})
    batch = Batch()
    batch.add(LINK, {"kind": "edit", "stamp": {"n": 1, "q": 1, "epoch": 1}, "cells": cells})
    assert set(batch.observed) == {"r_2"}


def test_a_mistake_is_taken_back_from_where_it_stands_once_the_same_write_has_removed_rows_above() -> None:
    write = SwapWrite(7, 1, cells=(CellWrite("r_1", 6, "Notes", "ours"),), deletes=(RowDelete("r_2", 2),))
    hits = (HitRow(0, 2, "r_2", {}), HitRow(1, 6, None, {}))
    bases = {"r_1": make_base(), "r_2": make_base("r_2", key=("2",))}
    done = settle(LINK, PlannedWrite(write), SwapAnswer(Stamp(6), hits), bases)
    assert [(r.row, r.scratch_line) for r in done.formula_restores] == [(5, 1)]


def test_what_spoke_for_a_row_that_left_both_sides_does_not_bring_it_back_when_it_is_told_again() -> None:
    nowhere = Positions(Stamp(), {}, RowIndex(), 1)
    missed = {"r_1": Stamp(q=4, scan=1)}
    view = SheetView(LINK, [("1",)], {("1",): make_base(cell_age=8)}, {}, nowhere, missed=missed)
    (gone,) = plan_sheet(view, lambda: "r_new").gone
    told_again = plan(*typed_row(q=4, customer="Ann", quantity=3), base=gone)
    assert told_again.insert is None
    typed_anew = plan(*typed_row(q=5, customer="Ann", quantity=3), base=gone)
    assert typed_anew.insert is not None


def test_a_row_removed_by_mistake_is_not_taken_for_deleted_before_it_has_been_put_back() -> None:
    write = SwapWrite(7, 1, deletes=(RowDelete("r_2", 5),))
    bases = {"r_1": make_base(), "r_2": make_base("r_2", key=("2",))}
    done = settle(LINK, PlannedWrite(write), SwapAnswer(Stamp(6), (HitRow(0, 5, "r_1", {}),)), bases)
    assert [r.scratch_line for r in done.row_restores] == [0]
    assert done.bases["r_1"].n == 8


def test_a_row_deleted_in_the_table_while_an_unseen_edit_of_it_waited_comes_back_whole_and_the_conflict_is_told() -> (
    None
):
    gone = make_base(gone=True, n=9)
    found = saw("notes", "typed", "swap", n=7, base="fragile")
    done = plan(base=gone, waiting=(waits(found, "commit_time"),))
    assert done.insert == {**{name: value for name, value in ROW.items() if value is not None}, "notes": "typed"}
    told = [(c.column, c.base, c.sheet, c.table, c.winner, c.rule) for c in done.conflicts]
    assert told == [("notes", "fragile", "typed", None, "sheet", "change_beats_delete")]
    assert not done.in_sheet


def test_a_row_whose_key_was_emptied_before_the_table_deleted_it_comes_back_under_the_key_it_had() -> None:
    columns = tuple(replace(c, key=c.name == "customer") for c in LINK.columns if c.name != "order_no")
    found = [
        saw("customer", None, "swap", n=7, base="Ann"),
        saw("quantity", 8, "swap", n=7, base="3"),
        saw("notes", None, "swap", n=7, base="fragile"),
    ]
    base = make_base(gone=True, n=7, key=("Ann",))
    done = plan(link=replace(LINK, columns=columns), base=base, waiting=tuple(waits(o, "unseen") for o in found))
    assert done.insert is not None
    assert (done.insert["customer"], done.insert["quantity"], done.insert.get("notes")) == ("Ann", "8", None)


def test_a_row_that_comes_back_has_in_its_other_cells_what_the_table_had_taken_of_earlier_unseen_edits() -> None:
    base = make_base(gone=True, n=9)
    cells = {**base.cells, "price": base.cells["price"]._replace(owed=("7.25",))}
    cells["due"] = base.cells["due"]._replace(value="2026-01-02", owed=(None,))
    found = saw("notes", "typed", "swap", n=7, base="fragile")
    done = plan(base=replace(base, cells=cells), waiting=(waits(found, "commit_time"),))
    shared = {name: value for name, value in ROW.items() if value is not None}
    assert done.insert == {**shared, "notes": "typed", "price": "7.25"}


def test_a_refused_value_that_each_scan_sees_again_is_recorded_once() -> None:
    base = make_base()
    first = plan(saw("quantity", "many", "scan", q=4, scan=7), base=base, table=ROW)
    assert first.base is not None
    again = plan(saw("quantity", "many", "scan", q=4, scan=8), base=first.base, table=ROW)
    assert again.base is None


def test_a_scan_that_is_told_again_does_not_bring_a_row_back_that_a_later_one_has_missed() -> None:
    gone = replace(make_base(gone=True), age=Age(9, scan=8))
    whole = {"customer": "Ann", "quantity": 3, "price": 9.5, "due": None, "status": "new"}
    earlier = [saw(column, value, "scan", q=4, scan=7) for column, value in whole.items()]
    later = [saw(column, value, "scan", q=4, scan=9) for column, value in whole.items()]
    assert plan(*earlier, base=gone).insert is None
    assert plan(*later, base=gone).insert is not None  # an undo whose trigger was lost


@pytest.mark.parametrize("source", ["edit", "scan"])
def test_what_told_that_a_new_row_was_cleared_tells_nothing_of_what_is_typed_there_afterwards_when_it_is_told_again(
    source: str,
) -> None:
    typed = tuple(waits(o, "incomplete") for o in typed_row(q=3, customer="Ann"))
    cleared = [saw(column, None, source, q=4, scan=7) for column in ROW]
    gone = plan(*cleared, waiting=typed).base
    assert gone is not None and gone.gone
    again = [replace(o, stamp=replace(o.stamp, scan=9 if source == "edit" else 7)) for o in cleared]
    whole = {"customer": "Ben", "quantity": 4}
    since = tuple(waits(saw(column, value, q=5, scan=8), "intent") for column, value in whole.items())
    assert plan(*again, base=gone, waiting=since).insert is None, "a price, say, may have been typed unheard of"
    seen = [saw(column, value, "scan", q=4, scan=8) for column, value in whole.items()]  # no trigger told of it
    assert plan(*seen, base=gone).insert == {"customer": "Ben", "quantity": "4"}


def test_a_late_scan_from_before_our_write_does_not_push_aside_what_the_write_has_found() -> None:
    base = make_base(cell_n=5, formulas=("notes",))
    found = saw("notes", "fragile", "scan", n=5, q=0, scan=1, formula="=A1")
    late = saw("notes", "fragile", "scan", n=4, q=1, scan=2, formula="=A1")
    table = {**ROW, "notes": "changed"}
    done = plan(late, base=base, table=table, waiting=(waits(found, "unseen"),))
    assert [(c.column, c.winner, c.rule) for c in done.conflicts] == [("notes", "sheet", "formula")]
    assert done.update == {"notes": "fragile"}


def test_what_saw_a_new_row_before_a_mistake_of_ours_in_it_was_taken_back_says_nothing() -> None:
    whole = {"customer": "Ann", "quantity": 3, "notes": "ours, by mistake"}
    before = typed_row(n=4, **whole)
    after = [saw(column, value, "scan", n=5, scan=1) for column, value in whole.items() if column != "notes"]
    assert plan(*before, restored_n=5).insert is None
    assert plan(*before, *after, restored_n=5).insert == {"customer": "Ann", "quantity": "3"}


def test_a_row_that_a_scan_has_found_was_blank_where_the_scan_tells_nothing() -> None:
    view = RowView(LINK, "r_1", None, None, restored_n=5)
    seen = saw("customer", "Ann", "scan", n=5, q=4, scan=2)
    base = base_of_inserted(view, RowPlan("r_1", observed={"customer": seen}), ("1",))
    assert (base.n, base.cells["notes"].n, base.cells["notes"].age) == (5, 5, Age(9, scan=2))
    late = plan(saw("notes", "cleared since", n=5, q=3), base=base, table={**ROW, "notes": None})
    assert late.update == {}


def test_a_row_that_was_cleared_whole_waits_for_a_scan_which_counts_it_as_deleted() -> None:
    cleared = [saw(column, None, q=5) for column in ROW]
    done = plan(*cleared, base=make_base(), table=ROW)
    assert not (done.update or done.rejections or done.conflicts)
    assert {o.column for o, _ in done.wait} == set(ROW)
    image = make_image(tab_row(2, "r_1"), order_row(3, "r_2", order_no=2))
    assert compare(LINK, image, by_id([make_base(), make_base("r_2", order_no="2")]), (), 0).missing == ["r_1"]
    gone = plan(base=make_base(), table=ROW, waiting=tuple(waits(o, r) for o, r in done.wait), vanished=True, age=11)
    assert gone.delete
    assert set(gone.drop) == set(ROW)


def test_a_row_in_which_one_cell_is_left_is_changed_cell_by_cell() -> None:
    cleared = [saw(column, None, q=5) for column in ROW if column != "notes"]
    done = plan(*cleared, base=make_base(), table=ROW)
    assert done.update == {"customer": "", "price": None}
    assert {r.column for r in done.rejections} == {"order_no", "quantity", "status"}


def test_an_unfit_value_of_a_row_that_our_write_removed_is_history_and_no_rejection() -> None:
    found = [
        saw(column, value, "swap", n=9) for column, value in {"customer": "Ann", "quantity": 3, "due": "soon"}.items()
    ]
    done = plan(base=make_base(gone=True, n=9), waiting=tuple(waits(o, "unseen") for o in found))
    assert done.insert == {"customer": "Ann", "quantity": "3"}
    assert not done.rejections
    assert "soon" in [h.new for h in done.history]


def test_an_id_that_moves_from_a_cleared_row_leaves_it_for_another() -> None:
    image = make_image(tab_row(2, "r_1"), order_row(3, "r_copy", order_no=1))
    found = compare(LINK, image, by_id([make_base()]), (), 0)
    assert found.moved_ids == [IdWrite(3, "r_1", "r_copy")]
    assert [(row.row, row.row_id) for row in found.strangers] == [(2, "r_1")]
