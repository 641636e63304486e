"""Rows that come and go in the sheet: inserted, incomplete, vanished, late."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from core_makers import LINK, ROW, make_base, make_link, plan, saw, typed_row, waits

from core.freshness import OpenWrite
from core.model import Age, CellBase, RowBase
from core.row_plan import base_of_inserted
from core.row_view import RowView

# --- new rows -------------------------------------------------------------------------------


def test_a_new_row_is_inserted_as_soon_as_its_required_cells_are_filled() -> None:
    done = plan(*typed_row(customer="Bea", quantity=2))
    assert done.insert == {"customer": "Bea", "quantity": "2"}
    assert not (done.wait or done.rejections)


def test_the_base_of_an_inserted_row_is_what_the_sheet_holds_so_that_keys_and_defaults_follow() -> None:
    seen = typed_row(q=4, customer="Bea", quantity=2)
    done = plan(*seen)
    base = base_of_inserted(RowView(LINK, "r_1", None, None), done, ("55",))
    assert base.key == ("55",)
    assert base.former_key == (), "the change feed is yet to tell of the row"
    assert base.cells["customer"] == CellBase("Bea", age=Age(8))
    assert base.cells["order_no"] == CellBase(None, age=Age(8))
    assert base.cells["status"] == CellBase(None, age=Age(8))


def test_a_row_that_is_typed_gradually_waits_and_is_inserted_whole() -> None:
    first = plan(*typed_row(q=1, customer="Bea"))
    assert first.insert is None
    assert {why for _, why in first.wait} == {"incomplete"}
    waiting = tuple(waits(o, why) for o, why in first.wait)
    second = plan(saw("quantity", 2, q=2), waiting=waiting)
    assert second.insert == {"customer": "Bea", "quantity": "2"}
    assert set(second.drop) == set(ROW)


def test_a_required_cell_emptied_again_keeps_the_row_waiting() -> None:
    waiting = tuple(waits(o, "incomplete") for o in typed_row(q=1, customer="Bea"))
    done = plan(saw("customer", None, q=2), saw("quantity", 2, q=3), waiting=waiting)
    assert done.insert is None
    assert {why for _, why in done.wait} == {"incomplete"}
    assert {o.column: o.cell.value for o, _ in done.wait} == {**dict.fromkeys(ROW), "quantity": 2}


def test_a_new_row_that_is_emptied_again_was_nothing() -> None:
    waiting = tuple(waits(o, "incomplete") for o in typed_row(q=1, customer="Bea"))
    done = plan(saw("customer", None, q=2), waiting=waiting)
    assert done.insert is None
    assert not done.wait
    assert set(done.drop) == set(ROW)


def test_a_new_row_that_was_filled_and_emptied_is_not_filled_again_by_what_is_told_late() -> None:
    filled, emptied = typed_row(q=1, customer="Ann", quantity=3), typed_row(q=2, customer=None, quantity=None)
    gone = plan(*filled, *emptied).base
    assert gone is not None
    assert gone.gone
    assert plan(*filled, base=gone).insert is None
    assert plan(*typed_row(q=3, customer="Eve", quantity=8), base=gone).insert == {"customer": "Eve", "quantity": "8"}


def test_a_row_that_lost_its_name_to_another_one_is_refused_no_longer_once_nothing_speaks_for_it() -> None:
    waiting = tuple(waits(o, "incomplete") for o in typed_row(q=1, n=3, order_no=2))
    done = plan(base=make_base(gone=True, n=5), waiting=waiting)
    assert set(done.drop) == set(ROW)
    assert "order_no" in done.mended


def test_a_new_row_with_a_value_that_does_not_fit_is_inserted_without_it_and_the_cell_is_rejected() -> None:
    done = plan(*typed_row(customer="Bea", quantity=2, price="cheap"))
    assert done.insert == {"customer": "Bea", "quantity": "2"}
    assert [(r.column, r.value) for r in done.rejections] == [("price", "cheap")]


@pytest.mark.parametrize("column", ["quantity", "order_no"])
def test_a_new_row_waits_while_a_required_cell_or_its_key_does_not_fit(column: str) -> None:
    values: dict[str, Any] = {"customer": "Bea", "quantity": 2, column: "many"}
    done = plan(*typed_row(**values))
    assert done.insert is None
    assert [r.column for r in done.rejections] == [column]
    assert {why for _, why in done.wait} == {"incomplete"}


def test_a_column_that_the_table_computes_is_left_out_of_an_insert() -> None:
    link = make_link(computed=True)
    done = plan(*typed_row(link=link, customer="Bea", quantity=2, total=9), link=link)
    assert done.insert == {"customer": "Bea", "quantity": "2"}


def test_a_row_that_nobody_has_seen_whole_waits_whatever_of_it_was_told() -> None:
    done = plan(saw("customer", "Bea"), saw("quantity", 2))
    assert done.insert is None
    assert [(o.column, why) for o, why in done.wait] == [("customer", "intent"), ("quantity", "intent")]
    assert not (done.rejections or done.base or done.history)


def test_a_row_that_waits_is_inserted_once_a_scan_has_seen_the_whole_of_it() -> None:
    waiting = tuple(
        waits(saw(column, value), "intent") for column, value in {"customer": "Bea", "quantity": 2}.items()
    )
    seen = {"customer": "Bea", "quantity": 2, "notes": "typed long ago"}
    done = plan(*[saw(column, value, "scan", scan=1) for column, value in seen.items()], waiting=waiting)
    assert done.insert == {"customer": "Bea", "quantity": "2", "notes": "typed long ago"}
    assert done.drop == ["customer", "quantity"]
    assert done.observed["customer"].actor == "ann@example.com", "it is known who typed it"


def test_a_row_that_waits_is_inserted_once_the_rest_of_it_was_told_in_whatever_order() -> None:
    *late, last = typed_row(q=2, customer="Bea", quantity=2)
    first = plan(last)
    assert first.insert is None
    second = plan(*late, waiting=tuple(waits(o, "intent") for o in (last,)))
    assert second.insert == {"customer": "Bea", "quantity": "2"}


def test_columns_that_the_sheet_only_shows_need_not_be_told_for_a_row_to_be_seen_whole() -> None:
    done = plan(*typed_row(customer="Bea", quantity=2), link=make_link(computed=True))
    assert done.insert == {"customer": "Bea", "quantity": "2"}


def test_a_new_row_waits_while_it_holds_what_an_open_write_is_putting_somewhere() -> None:
    seen = tuple(saw(c, v, "scan") for c, v in {"customer": "Bea", "quantity": 2, "notes": "ours"}.items())
    done = plan(*seen, open_write=OpenWrite(7, values={"notes": frozenset({"ours"})}))
    assert done.insert is None
    assert {why for _, why in done.wait} == {"intent"}
    assert plan(*seen, open_write=OpenWrite(7, values={"customer": frozenset({"ours"})})).insert is not None


def test_a_row_that_our_own_open_write_is_inserting_is_not_inserted_into_the_table() -> None:
    write = OpenWrite(7, row_ids=frozenset({"r_1"}))
    done = plan(*typed_row(n=7, customer="Bea", quantity=2), open_write=write)
    assert done.insert is None
    assert {why for _, why in done.wait} == {"intent"}


# --- rows that leave ------------------------------------------------------------------------


def test_a_row_that_left_the_sheet_is_deleted_in_the_table_and_its_values_are_kept() -> None:
    done = plan(base=make_base(), table=ROW, vanished=True, age=11)
    assert done.delete
    assert done.base is not None
    assert (done.base.gone, done.base.key, done.base.age) == (True, None, Age(11))
    assert {(h.column, h.old, h.what) for h in done.history} == {(c, v, "deleted") for c, v in ROW.items()}


def test_a_row_that_left_the_sheet_and_was_changed_in_the_table_comes_back_as_a_conflict() -> None:
    done = plan(base=make_base(), table={**ROW, "notes": "changed"}, vanished=True, age=11)
    assert not done.delete
    assert done.wake_sheet
    assert [(c.column, c.table, c.winner, c.rule) for c in done.conflicts] == [
        ("notes", "changed", "table", "change_beats_delete")
    ]


def test_what_the_table_itself_gave_a_new_row_does_not_bring_it_back_when_it_is_deleted_before_it_shows() -> None:
    born = make_base()
    born = replace(born, cells={**born.cells, "order_no": CellBase(None), "status": CellBase(None)})
    done = plan(base=born, table=ROW, vanished=True, age=11)
    assert done.delete
    assert not done.conflicts
    assert {(h.column, h.old) for h in done.history} == set(ROW.items())


def test_a_row_that_left_both_sides_is_left_to_the_feed_which_knows_whether_its_key_changed() -> None:
    done = plan(base=make_base(), table=None, vanished=True, age=11)
    assert not (done.delete or done.history or done.conflicts or done.base)


def test_an_incomplete_row_that_left_the_sheet_leaves_nothing_behind_but_that_it_went() -> None:
    waiting = tuple(waits(o, "incomplete") for o in typed_row(customer="Bea"))
    done = plan(waiting=waiting, vanished=True, age=11)
    assert set(done.drop) == set(ROW)
    assert not done.delete
    assert done.base == RowBase("r_1", None, {}, gone=True, age=Age(11))
    again = plan(*typed_row(q=5, customer="Bea", quantity=2), base=done.base)
    assert again.insert is None


def test_a_rejected_cell_of_a_row_that_left_is_rejected_no_longer() -> None:
    assert "quantity" in plan(base=make_base(), table=ROW, vanished=True, age=11).mended


# --- late events of rows that are gone ------------------------------------------------------


def test_a_late_event_of_a_row_that_a_scan_missed_does_not_bring_it_back_and_is_kept() -> None:
    gone = make_base(gone=True, age=11)
    done = plan(*typed_row(q=5, customer="Ann", quantity=3), base=gone)
    assert done.insert is None
    assert {(h.column, h.what) for h in done.history} == {("customer", "overtaken"), ("quantity", "overtaken")}


def test_a_late_event_of_a_row_that_we_deleted_does_not_bring_it_back() -> None:
    gone = make_base(gone=True, n=7, age=4)
    assert plan(*typed_row(q=9, n=6, customer="Ann", quantity=3), base=gone).insert is None


def test_a_row_that_was_brought_back_by_undo_is_a_row_again() -> None:
    gone = make_base(gone=True, age=11)
    back = (saw("customer", "Ann", "scan", q=6), saw("quantity", 3, "scan", q=6))
    assert plan(*back, base=gone).insert == {"customer": "Ann", "quantity": "3"}


def test_an_edit_that_our_own_delete_found_brings_the_row_back_into_the_table_but_not_as_standing_in_the_sheet() -> (
    None
):
    gone = make_base(gone=True, n=7, age=6)
    found = (saw("customer", "Ann", "swap", n=7, q=3), saw("quantity", 8, "swap", n=7, q=3, base="3"))
    done = plan(*found, base=gone)
    assert done.insert == {"customer": "Ann", "quantity": "8"}
    assert not done.in_sheet


def test_a_row_brought_back_keeps_a_text_that_was_empty() -> None:
    found = (saw("customer", None, "swap", base=""), saw("quantity", 8, "swap", base="3"))
    assert plan(*found, base=make_base(gone=True)).insert == {"customer": "", "quantity": "8"}


def test_an_edit_of_a_row_that_the_table_has_just_lost_waits_for_word_of_it() -> None:
    done = plan(saw("notes", "x"), base=make_base(), table=None)
    assert [(o.column, why) for o, why in done.wait] == [("notes", "intent")]
    assert not (done.insert or done.delete)
