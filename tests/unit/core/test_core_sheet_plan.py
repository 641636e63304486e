"""From what differs between table and base to what is written into the sheet."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from core_makers import LINK, ROW, make_base

from core.intent import PlannedWrite
from core.model import CellBase, Key, RowBase, SheetCell, Stamp
from core.ports import TableRow
from core.row_index import RowIndex
from core.settle import settle_inserts
from core.sheet import CellWrite, IdWrite, Positions, RowDelete, SwapWrite
from core.sheet_plan import SheetPlan, SheetView, plan_sheet
from core.values import Serial

PLACES = Positions(Stamp(), {}, RowIndex({"r_1": 5, "r_2": 9}), 9)


def planned(
    base: RowBase | None = None,
    row: TableRow | None = None,
    *,
    key: Key = ("1",),
    positions: Positions = PLACES,
    waiting: frozenset[tuple[str, str]] = frozenset(),
    to_name: Mapping[int, tuple[str | None, str | None]] | None = None,
    outdated: frozenset[str] = frozenset(),
    missed: Stamp | None = None,
) -> SheetPlan:
    numbers = itertools.count(1)
    view = SheetView(
        link=LINK,
        keys=[key] if base or row else [],
        bases={key: base} if base else {},
        rows={key: row} if row else {},
        positions=positions,
        waiting=waiting,
        to_name=(to_name or {}).items(),
        outdated=outdated,
        missed={base.row_id: missed} if base and missed else {},
    )
    return plan_sheet(view, lambda: f"r_new{next(numbers)}")


def test_a_changed_cell_is_one_write_to_the_row_where_it_stands_now() -> None:
    done = planned(make_base(), {**ROW, "price": "12.00"})
    assert done.cells == [CellWrite("r_1", 5, "Price", 12.0)]
    assert not (done.inserts or done.deletes or done.ids)


def test_rows_that_agree_with_base_are_not_written_so_that_nothing_echoes() -> None:
    assert planned(make_base(), ROW).is_idle


def test_a_row_named_twice_is_written_once() -> None:
    view = SheetView(LINK, [("1",), ("1",)], {("1",): make_base()}, {("1",): {**ROW, "notes": "x"}}, PLACES)
    assert len(plan_sheet(view, lambda: "r_new").cells) == 1


def test_values_are_written_typed_never_as_something_to_parse() -> None:
    done = planned(make_base(), {**ROW, "due": "2024-05-06", "notes": "=1+1", "quantity": None})
    assert {c.header: c.value for c in done.cells} == {"Due": Serial(45418.0), "Notes": "=1+1", "Quantity": None}


def test_a_cell_that_a_decision_is_open_on_is_left_alone_and_its_neighbour_is_not() -> None:
    waiting = frozenset({("r_1", "notes")})
    done = planned(make_base(), {**ROW, "notes": "x", "price": "12.00"}, waiting=waiting)
    assert [c.header for c in done.cells] == ["Price"]


def test_a_cell_that_the_sheet_computes_is_never_written_and_the_table_writer_is_told() -> None:
    base = make_base(formulas=("quantity",), cell_n=4, cell_age=6)
    done = planned(base, {**ROW, "quantity": "77"})
    assert done.is_empty
    (seen,) = done.formula_conflicts
    assert (seen.row_id, seen.column, seen.cell) == ("r_1", "quantity", SheetCell(3.0, "="))
    assert (seen.stamp.n, seen.stamp.q) == (4, 3)


def test_a_new_row_of_the_table_is_inserted_with_an_id_of_its_own_and_without_its_empty_cells() -> None:
    done = planned(None, ROW)
    (insert,) = done.inserts
    assert insert.row_id == "r_new1"
    assert insert.cells == {
        "Order no.": 1,
        "Customer": "Ann",
        "Quantity": 3,
        "Price": 9.5,
        "Status": "new",
        "Notes": "fragile",
    }
    assert done.keys == {"r_new1": ("1",)}


def test_a_row_that_left_the_table_is_deleted_where_it_stands() -> None:
    done = planned(make_base(), None)
    assert done.deletes == [RowDelete("r_1", 5)]
    assert done.keys == {"r_1": ("1",)}


def test_a_row_that_stands_on_neither_side_any_more_is_only_forgotten() -> None:
    done = planned(make_base("r_lost"), None, missed=Stamp(scan=1))
    assert done.is_empty
    assert [(b.row_id, b.gone, b.key) for b in done.gone] == [("r_lost", True, None)]


def test_a_row_that_left_the_table_and_is_not_found_by_its_id_is_left_to_a_scan_that_looks_for_its_key() -> None:
    for missed in (None, Stamp(n=4, q=5, scan=9), Stamp(n=3, q=6, scan=9)):
        done = planned(make_base("r_lost", cell_n=4, cell_age=12), None, missed=missed)
        assert done.is_empty
        assert not done.gone
        assert done.absent == [("1",)]


def test_a_changed_row_that_is_not_found_in_the_tab_is_left_to_a_scan() -> None:
    done = planned(make_base("r_lost"), {**ROW, "notes": "x"})
    assert done.is_empty
    assert done.absent == [("1",)]


def test_rows_without_an_id_are_named_the_known_ones_by_their_own_id() -> None:
    done = planned(to_name={4: (None, None), 9: ("r_2", "r_3")})
    assert done.ids == [IdWrite(4, "r_new1", None), IdWrite(9, "r_3", "r_2")]


def test_no_id_is_put_where_the_headers_are_by_now_nor_above_them() -> None:
    lowered = Positions(Stamp(), {}, RowIndex({"r_2": 9}), 9, header_row=7)
    asked = {4: (None, None), 7: (None, None), 8: (None, None), 3: ("junk", "r_5")}
    assert planned(to_name=asked, positions=lowered).ids == [IdWrite(8, "r_new1", None)]


def test_nothing_is_written_while_nobody_knows_where_the_header_row_is() -> None:
    nowhere = Positions(Stamp(), {}, RowIndex({"r_1": 5, "r_2": 9}), 9, header_row=0)
    changed = planned(make_base(), {**ROW, "price": "12.00"}, positions=nowhere, to_name={7: (None, None)})
    inserted = planned(row=ROW, positions=nowhere)
    deleted = planned(make_base(), positions=nowhere)
    assert all(done.is_empty and done.absent == [("1",)] for done in (changed, inserted, deleted))


def test_a_copy_is_named_only_as_long_as_its_id_stands_in_several_rows() -> None:
    asked = {7: ("r_2", None)}
    twice = Positions(Stamp(), {}, RowIndex({"r_2": 5}), 7, frozenset({"r_2"}))
    assert planned(to_name=asked, positions=twice).ids == [IdWrite(7, "r_new1", "r_2")]
    assert planned(to_name=asked, positions=Positions(Stamp(), {}, RowIndex({"r_2": 7}), 7)).ids == []


def test_a_row_beside_which_something_else_than_an_id_stands_is_named_although_it_stands_there_once() -> None:
    assert planned(to_name={7: ("junk", None)}).ids == [IdWrite(7, "r_new1", "junk")]


def test_a_lost_id_is_given_back_only_as_long_as_it_stands_nowhere() -> None:
    asked: dict[int, tuple[str | None, str | None]] = {7: (None, "r_3")}
    assert planned(to_name=asked).ids == [IdWrite(7, "r_3", None)]
    assert planned(to_name=asked, positions=Positions(Stamp(), {}, RowIndex({"r_3": 5}), 7)).ids == []


def test_a_lost_id_whose_row_has_gone_meanwhile_is_not_given_to_anybody() -> None:
    assert planned(to_name={7: ("r_2", "r_3")}, outdated=frozenset({"r_3"})).ids == []


def test_an_id_that_is_to_change_places_stays_where_the_other_one_is_not_known_to_move_any_more() -> None:
    asked: dict[int, tuple[str | None, str | None]] = {5: ("r_1", "r_2"), 9: ("r_2", "r_1")}
    assert planned(to_name=asked, outdated=frozenset({"r_1"})).ids == []


def test_ids_that_change_places_are_written_although_they_stand_in_the_tab() -> None:
    asked: dict[int, tuple[str | None, str | None]] = {5: ("r_1", "r_2"), 9: ("r_2", "r_1")}
    assert planned(to_name=asked).ids == [IdWrite(5, "r_2", "r_1"), IdWrite(9, "r_1", "r_2")]


def test_no_id_is_given_back_to_a_row_without_one_that_has_come_where_the_right_one_stood() -> None:
    assert planned(to_name={7: ("r_2", "r_3")}).ids == []


def test_a_row_whose_id_moves_to_where_it_stands_is_neither_written_nor_deleted_where_its_id_stood() -> None:
    asked: dict[int, tuple[str | None, str | None]] = {5: ("r_1", "r_2"), 9: ("r_2", "r_1")}
    for row in (None, {**ROW, "price": "12.00"}):
        done = planned(make_base(), row, to_name=asked)
        assert not (done.deletes or done.cells)
        assert done.absent == [("1",)]


def test_the_generated_key_of_a_row_born_in_the_sheet_is_written_back_and_nothing_else() -> None:
    base = make_base(order_no=None, key=("1",), price=None, notes=None)
    done = planned(base, {**ROW, "price": None, "notes": None})
    assert done.cells == [CellWrite("r_1", 5, "Order no.", 1)]


def test_a_value_that_the_column_would_not_take_back_from_a_cell_is_told_and_not_written() -> None:
    """Such as a member that an ALTER TABLE has just added, as long as nobody has looked at the table again."""
    done = planned(make_base(), {**ROW, "status": "parked", "notes": "x"})
    assert [c.header for c in done.cells] == ["Notes"]
    assert [(u.column, u.value) for u in done.unfit] == [("status", "parked")]
    assert "parked is not one of new, paid" in done.unfit[0].reason
    inserted = planned(None, {**ROW, "status": "parked"})
    assert "Status" not in inserted.inserts[0].cells


def test_a_null_and_an_empty_text_show_alike_and_are_not_written_over_each_other() -> None:
    assert planned(make_base(notes=None), {**ROW, "notes": ""}).is_idle
    assert CellBase("") != CellBase(None)


def test_what_a_plan_says_that_new_rows_will_be_read_as_is_what_they_are_settled_as() -> None:
    done = planned(row={**ROW, "status": "parked", "notes": None, "due": "2026-05-04"})
    write = SwapWrite(3, 1, inserts=tuple(done.inserts))
    (read,) = settle_inserts(LINK, PlannedWrite(write, done.keys)).bases.values()
    assert {name: cell.value for name, cell in read.cells.items()} == done.read_back["r_new1"]
    assert settle_inserts(LINK, PlannedWrite(write, done.keys), done.read_back).bases == {"r_new1": read}
