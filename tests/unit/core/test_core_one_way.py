"""Columns that go one way: to the sheet alone, or to the table alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from core_makers import LINK, ROW, make_base, make_image, one_way, order_row, plan, saw, typed_row, waits

from core.compare import compare
from core.conflicts import Choice, KnownConflict
from core.contents import differs
from core.model import TO_SHEET, TO_TABLE, Link, SheetCell, Stamp
from core.restore_plan import plan_restore
from core.restore_view import RestoreView
from core.row_index import RowIndex
from core.row_view import RowView
from core.sheet import Positions
from core.sheet_plan import SheetView, plan_sheet
from core.take_plan import Refused, plan_take
from core.values import Canonical, SheetValue

SHOWN = one_way(price=TO_SHEET)
TAKEN = one_way(notes=TO_TABLE)


# --- to the sheet alone ---------------------------------------------------------------------


@pytest.mark.parametrize("typed", [12, None])
@pytest.mark.parametrize("source", ["edit", "scan"])
def test_what_is_typed_where_the_table_alone_speaks_is_put_back_and_told(source: str, typed: SheetValue) -> None:
    done = plan(saw("price", typed, source), link=SHOWN, base=make_base(), table=ROW)
    assert not done.update
    told = [(c.winner, c.rule, c.sheet, c.table) for c in done.conflicts]
    assert told == [("table", "read_only", "12.00" if typed else None, "9.50")]
    assert done.base is not None
    assert done.base.cells["price"].value != "9.50", "so that the sheet writer puts the table's value back"
    assert done.wake_sheet


@pytest.mark.parametrize("in_table", ["9.50", None])
def test_what_is_no_value_of_the_column_is_put_back_as_well(in_table: Canonical) -> None:
    base, row = make_base(price=in_table), {**ROW, "price": in_table}
    done = plan(saw("price", "dear"), link=SHOWN, base=base, table=row)
    assert not done.rejections
    assert [(c.sheet, c.table) for c in done.conflicts] == [("dear", in_table)]
    assert done.base is not None
    column = next(c for c in SHOWN.columns if c.name == "price")
    assert differs(column, SheetCell(column.codec.to_sheet(in_table)), done.base.cells["price"])


@pytest.mark.parametrize(("shown", "in_table"), [(12, "9.50"), (9.5, "12.00"), ("#N/A!", "9.50")])
def test_a_formula_where_the_table_alone_speaks_stays_with_a_reason_and_asks_no_more(
    shown: SheetValue, in_table: Canonical
) -> None:
    row = {**ROW, "price": in_table}
    formula = saw("price", shown, "scan", formula="=A1")
    done = plan(formula, link=SHOWN, base=make_base(), table=row)
    assert [r.column for r in done.rejections] == ["price"]
    assert not done.conflicts
    again = replace(formula, cell=SheetCell(9.5, "="), stamp=replace(formula.stamp, scan=1))
    base = done.base
    assert base is not None
    done = plan(again, link=SHOWN, base=base, table=row)
    assert not done.wake_sheet
    base = done.base or base
    view = SheetView(SHOWN, [("1",)], {("1",): base}, {("1",): row}, Positions(Stamp(), {}, RowIndex({"r_1": 2}), 2))
    assert plan_sheet(view, lambda: "r_new").is_idle


def test_a_formula_that_shows_what_the_table_holds_is_nobodys_business() -> None:
    done = plan(saw("price", 9.5, "scan", formula="=A1"), link=SHOWN, base=make_base(), table=ROW)
    assert (done.rejections, done.conflicts, done.wake_sheet) == ([], [], False)


def test_a_generated_key_that_is_typed_over_or_cleared_is_put_back() -> None:
    link = one_way(order_no=TO_SHEET)
    for typed in (7, None):
        done = plan(saw("order_no", typed), link=link, base=make_base(), table=ROW)
        assert not done.update
        assert not done.rejections
        assert [(c.rule, c.table) for c in done.conflicts] == [("read_only", "1")]


def test_a_new_row_goes_in_without_what_the_table_alone_fills() -> None:
    done = plan(*typed_row(customer="Bea", quantity=2, price=5), link=SHOWN)
    assert done.insert == {"customer": "Bea", "quantity": "2"}
    assert [(c.column, c.winner, c.rule, c.sheet) for c in done.conflicts] == [("price", "table", "read_only", "5")]
    assert not done.rejections


def test_an_incomplete_row_tells_nothing_of_such_a_cell_yet() -> None:
    assert not plan(*typed_row(customer="Bea", price=5), link=SHOWN).conflicts


def test_a_row_that_comes_back_to_the_table_has_the_tables_own_value_again() -> None:
    gone = replace(make_base(), gone=True, key=None, n=3)
    edit = replace(saw("quantity", 5, "swap", n=2, base="3"), row=None)
    done = plan(edit, link=SHOWN, base=gone)
    assert done.insert is not None
    assert (done.insert["price"], done.insert["quantity"]) == ("9.50", "5")


# --- to the table alone -----------------------------------------------------------------------


def test_a_change_of_the_table_is_not_written_into_a_cell_that_goes_the_other_way() -> None:
    row = {**ROW, "notes": "SECRET", "customer": "Zoë"}
    view = SheetView(
        TAKEN, [("1",)], {("1",): make_base()}, {("1",): row}, Positions(Stamp(), {}, RowIndex({"r_1": 2}), 2)
    )
    assert [(c.header, c.value) for c in plan_sheet(view, lambda: "r_new").cells] == [("Customer", "Zoë")]


def test_a_row_that_comes_into_the_sheet_comes_whole() -> None:
    view = SheetView(TAKEN, [("1",)], {}, {("1",): ROW}, Positions(Stamp(), {}, RowIndex(), 1))
    assert plan_sheet(view, lambda: "r_new").inserts[0].cells["Notes"] == "fragile"


def test_an_edit_is_written_whatever_the_table_holds_and_history_tells_what_that_was() -> None:
    row = {**ROW, "notes": "changed by a program"}
    done = plan(saw("notes", "heavy"), link=TAKEN, base=make_base(), table=row, told=False)
    assert done.update == {"notes": "heavy"}
    assert [(h.old, h.new) for h in done.history] == [("changed by a program", "heavy")]
    assert not done.conflicts
    assert not done.ask_times


@pytest.mark.parametrize("formula", [None, "=A1"])
def test_a_scan_that_sees_what_base_tells_decides_nothing_although_the_table_differs(formula: str | None) -> None:
    row = {**ROW, "notes": "changed by a program"}
    done = plan(saw("notes", "fragile", "scan", formula=formula), link=TAKEN, base=make_base(), table=row)
    assert (done.update, done.conflicts, done.wait) == ({}, [], [])


def test_a_row_whose_other_cells_are_as_known_is_the_same_row_though_such_a_cell_has_changed() -> None:
    row = {**ROW, "notes": "changed by a program"}
    done = plan(saw("customer", "Bea"), link=TAKEN, base=make_base(), table=row, told=False)
    assert done.update == {"customer": "Bea"}
    assert not done.ask_feed


def test_a_change_of_such_a_cell_in_the_table_does_not_bring_a_deleted_row_back() -> None:
    row = {**ROW, "notes": "changed by a program"}
    done = plan(link=TAKEN, base=make_base(), table=row, vanished=True, age=3)
    assert done.delete
    assert [h.old for h in done.history if h.column == "notes"] == ["changed by a program"]


def test_a_row_that_is_known_by_nothing_else_may_be_another_and_comes_back_when_it_is_deleted_in_the_sheet() -> None:
    link = one_way(**dict.fromkeys([c.name for c in LINK.columns if not c.key], TO_TABLE))
    another = {**ROW, "customer": "Zoë", "quantity": "8", "price": "7.00", "status": "paid", "notes": "heavy"}
    done = plan(link=link, base=make_base(), table=another, vanished=True, age=3)
    assert not done.delete
    assert {c.rule for c in done.conflicts} == {"change_beats_delete"}
    done = plan(saw("customer", "Bea"), link=link, base=make_base(), table=another, told=False)
    assert done.ask_feed
    assert not done.update


def test_such_a_cell_is_no_difference_but_a_row_that_is_missing_is() -> None:
    row = {**ROW, "notes": "changed by a program"}
    shown = make_image(order_row(2, "r_1"))
    assert not compare(TAKEN, shown, [(("1",), row)], (), {}).differences
    assert [d.column for d in compare(LINK, shown, [(("1",), row)], (), {}).differences] == ["notes"]
    assert compare(TAKEN, make_image(), [(("1",), row)], (), {}).differences


def test_a_conflict_from_before_ends_once_the_column_goes_one_way() -> None:
    parked = saw("notes", "heavy", "scan")
    done = plan(
        saw("notes", "heavy", "scan", q=2, scan=1),
        link=TAKEN, base=make_base(), table={**ROW, "notes": "light"}, waiting=(waits(parked, "manual"),),
    )  # fmt: skip
    assert done.update == {"notes": "heavy"}
    assert [(s.column, s.winner) for s in done.settled] == [("notes", "sheet")]


def test_restore_leaves_such_cells_as_they_are_and_says_so() -> None:
    shown: list[Any] = [order_row(2, "r_1", notes="scrambled", customer="scrambled")]
    view = RestoreView(TAKEN, "changed_in_sheet", make_image(*shown), [make_base()], {("1",): ROW}, next_n=9)
    done = plan_restore(view)
    assert [c.column for c in done.cells] == ["customer"]
    assert done.bases["r_1"].cells["notes"].value == "scrambled", "so that it is no edit afterwards"
    assert done.cannot == [
        "1 cells of columns that go to the table alone stay as they are in the sheet, and in the table."
    ]


@pytest.mark.parametrize(
    ("link", "column", "why"), [(SHOWN, "price", "read-only"), (TAKEN, "notes", "type it there")]
)
def test_nobody_can_choose_a_value_for_a_cell_that_goes_one_way(link: Link, column: str, why: str) -> None:
    choice = Choice("value", "7", was=("table", "read_only"))
    conflict = KnownConflict(1, "r_1", column, "5", "7", "table", "read_only", settled=True, choice=choice)
    refused = plan_take(RowView(link, "r_1", make_base(), ROW), conflict)
    assert isinstance(refused, Refused)
    assert why in refused.reason


def test_two_columns_may_go_each_its_own_way() -> None:
    link = one_way(price=TO_SHEET, notes=TO_TABLE)
    assert [(c.name, c.read_only, c.follows_table) for c in link.columns if c.name in ("price", "notes", "due")] == [
        ("price", True, True),
        ("due", False, True),
        ("notes", False, False),
    ]
