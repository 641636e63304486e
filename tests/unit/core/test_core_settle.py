"""Settling a write to the sheet: what it found becomes base, edits, or something to put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from core_makers import HEADER, LINK, ROW, make_base, one_way

from core.displaced import Doubts
from core.intent import PlannedWrite
from core.model import ROW_ID_HEADER, TO_SHEET, Age, CellBase, Key, Link, RowBase, SheetCell, Stamp
from core.origin import Origin
from core.settle import settle
from core.settle_cells import Settlement
from core.sheet import (
    CellWrite,
    FormulaRestore,
    HitRow,
    IdWrite,
    RowDelete,
    RowInsert,
    RowRestore,
    SwapAnswer,
    SwapWrite,
)
from core.values import SheetValue

N = 7
SHOWN: dict[str, SheetValue] = {
    "order_no": 1,
    "customer": "Ann",
    "quantity": 3,
    "price": 9.5,
    "status": "new",
    "notes": "fragile",
}


def hit(row: int, row_id: str | None, formulas: Mapping[str, str] | None = None, **values: SheetValue) -> HitRow:
    """A row as it was just before the write: the row of order 1, with `values` over it."""
    cells = {
        HEADER[c]: SheetCell(v, (formulas or {}).get(c)) for c, v in {**SHOWN, **values}.items() if v is not None
    }
    return HitRow(0, row, row_id, cells)


def settled(
    *hits: HitRow,
    bases: tuple[RowBase, ...] = (),
    keys: Mapping[str, Key] | None = None,
    origins: Mapping[str, Origin] | None = None,
    q: int = 4,
    link: Link = LINK,
    **write: Any,
) -> Settlement:
    planned = PlannedWrite(SwapWrite(N, 2, **write), keys or {}, origins or {})
    answer = SwapAnswer(Stamp(N - 1, q, 2), hits)
    return settle(link, planned, answer, {b.row_id: b for b in bases})


def wrote(column: str, value: SheetValue, row_id: str = "r_1", row: int = 5) -> CellWrite:
    return CellWrite(row_id, row, HEADER[column], value)


# --- cells ----------------------------------------------------------------------------------


def test_a_write_that_found_what_base_holds_is_the_new_base_and_nothing_more() -> None:
    done = settled(hit(5, "r_1"), bases=(make_base(cell_age=6),), cells=(wrote("notes", "ours"),))
    assert done.bases["r_1"].cells["notes"] == CellBase("ours", n=N, age=Age(6))
    assert done.bases["r_1"].cells["price"] == CellBase("9.50", age=Age(6))
    assert [(h.column, h.old, h.new, h.side) for h in done.history] == [("notes", "fragile", "ours", "table")]
    assert not (done.unseen or done.again or done.moved or done.rescan or done.formula_restores)


def test_an_edit_that_nobody_reported_is_handed_on_with_the_base_that_it_replaced() -> None:
    done = settled(hit(5, "r_1", notes="typed"), bases=(make_base(),), cells=(wrote("notes", "ours"),))
    (seen,) = done.unseen
    assert (seen.row_id, seen.column, seen.cell, seen.source) == ("r_1", "notes", SheetCell("typed"), "swap")
    assert (seen.stamp, seen.base) == (Stamp(N, 4, 2), "fragile")
    assert done.bases["r_1"].cells["notes"].value == "ours"  # base tells what the sheet holds


def test_a_cell_that_a_person_emptied_before_our_write_is_an_unseen_edit_too() -> None:
    done = settled(hit(5, "r_1", notes=None), bases=(make_base(),), cells=(wrote("notes", "ours"),))
    assert [o.cell for o in done.unseen] == [SheetCell(None)]


def test_a_person_who_typed_what_we_wrote_has_made_no_edit() -> None:
    done = settled(hit(5, "r_1", notes="ours"), bases=(make_base(),), cells=(wrote("notes", "ours"),))
    assert not done.unseen


def test_a_value_that_does_not_fit_is_an_unseen_edit_and_is_mended_by_our_write() -> None:
    done = settled(hit(5, "r_1", quantity="many"), bases=(make_base(),), cells=(wrote("quantity", 4),))
    assert [o.cell.value for o in done.unseen] == ["many"]
    assert ("r_1", "quantity") in done.mended


def test_a_row_hit_by_mistake_gets_its_own_back_and_no_look_at_it_counts_before_that() -> None:
    other = make_base("r_2", key=("2",), notes="its own")
    done = settled(
        hit(5, "r_2", order_no=2, notes="its own"), bases=(make_base(), other), cells=(wrote("notes", "ours"),)
    )
    assert done.formula_restores == [FormulaRestore(0, 5, "Notes", SheetCell("ours"))]
    assert done.bases["r_2"].cells["notes"] == CellBase("its own", n=N + 1)
    assert done.bases["r_1"] == make_base(n=N + 1), "no scan before that may take the row that was meant for deleted"
    assert done.again == {"r_1"}
    assert done.moved
    assert not done.unseen


def test_no_look_at_a_row_counts_as_long_as_another_rows_key_stands_in_it_by_mistake() -> None:
    other = make_base("r_2", order_no="2")
    done = settled(hit(5, "r_2", order_no=2), bases=(make_base(), other), cells=(wrote("order_no", 9),))
    assert {cell.n for cell in done.bases["r_2"].cells.values()} == {N + 1}


def test_an_unseen_edit_in_a_row_hit_by_mistake_comes_back_with_the_rest_and_is_seen_then() -> None:
    other = make_base("r_2", key=("2",), notes="its own")
    done = settled(hit(5, "r_2", notes="typed"), bases=(make_base(), other), cells=(wrote("notes", "ours"),))
    assert done.formula_restores == [FormulaRestore(0, 5, "Notes", SheetCell("ours"))]
    assert done.bases["r_2"].cells["notes"].value == "its own"
    assert not done.unseen
    assert [(h.row_id, h.new, h.what) for h in done.history] == [("r_2", "typed", "overtaken")]


def test_what_was_hit_in_a_row_that_nobody_knows_is_put_back_as_it_was() -> None:
    done = settled(hit(5, None, notes="typed"), bases=(make_base(),), cells=(wrote("notes", "ours"),))
    assert done.formula_restores == [FormulaRestore(0, 5, "Notes", SheetCell("ours"))]
    assert done.again == {"r_1"}
    assert set(done.bases) == {"r_1"}


def test_no_look_at_a_row_of_the_sheet_alone_counts_before_our_mistake_is_taken_back() -> None:
    done = settled(hit(5, "r_typed"), bases=(make_base(),), cells=(wrote("notes", "ours"),))
    assert done.bases["r_typed"] == RowBase("r_typed", None, {}, gone=True, n=N + 1)


def test_a_formula_that_was_hit_is_put_back_and_base_remembers_it() -> None:
    done = settled(
        hit(5, "r_1", {"quantity": "=2+3"}, quantity=5), bases=(make_base(),), cells=(wrote("quantity", 77),)
    )
    assert done.formula_restores == [FormulaRestore(0, 5, "Quantity", SheetCell(77))]
    assert done.bases["r_1"].cells["quantity"] == CellBase("5", n=N, formula=True)
    assert done.again == {"r_1"}
    assert not done.unseen


def test_the_history_tells_what_both_sides_shared_before_a_formula_was_met() -> None:
    (entry,) = settled(
        hit(5, "r_1", {"quantity": "=2+3"}, quantity=5), bases=(make_base(),), cells=(wrote("quantity", 77),)
    ).history
    assert (entry.column, entry.old, entry.new, entry.side, entry.what) == ("quantity", "3", "5", "sheet", "found")


def test_what_a_formula_shows_that_cannot_be_a_value_is_kept_in_the_history_all_the_same() -> None:
    done = settled(
        hit(5, "r_1", {"quantity": '="x"'}, quantity="x"), bases=(make_base(),), cells=(wrote("quantity", 77),)
    )
    assert [(h.new, h.what) for h in done.history] == [("x", "overtaken")]
    assert done.bases["r_1"].cells["quantity"] == CellBase("3", n=N, formula=True)


def test_a_cell_written_again_since_is_left_to_the_later_write() -> None:
    done = settled(hit(5, "r_1"), bases=(make_base(cell_n=N),), cells=(wrote("notes", "ours"),))
    assert not (done.bases or done.unseen or done.history)


def test_a_row_of_which_the_answer_says_nothing_needs_a_scan() -> None:
    done = settled(bases=(make_base(),), cells=(wrote("notes", "ours"),))
    assert done.rescan
    assert not done.bases


# --- rows -----------------------------------------------------------------------------------


def test_an_inserted_row_has_what_was_written_as_its_base() -> None:
    row = RowInsert("r_9", {"Order no.": 9, "Customer": "Bea", "Quantity": 2})
    done = settled(keys={"r_9": ("9",)}, origins={"r_9": Origin("uuid:7")}, inserts=(row,))
    base = done.bases["r_9"]
    assert (base.key, base.n, base.cells["customer"]) == (("9",), N, CellBase("Bea", n=N))
    assert base.cells["notes"] == CellBase(None, n=N)
    assert {(h.column, h.what) for h in done.history} == {
        ("order_no", "inserted"),
        ("customer", "inserted"),
        ("quantity", "inserted"),
    }


def test_a_row_that_stood_in_the_table_before_anybody_told_of_it_is_one_line_of_the_history() -> None:
    done = settled(keys={"r_9": ("9",)}, inserts=(RowInsert("r_9", {"Order no.": 9, "Customer": "Bea"}),))
    assert [(h.key, h.column, h.old, h.new, h.what) for h in done.history] == [(("9",), None, None, None, "copied")]


def test_a_deleted_row_is_gone_and_its_values_are_kept() -> None:
    done = settled(hit(5, "r_1"), bases=(make_base(),), deletes=(RowDelete("r_1", 5),))
    base = done.bases["r_1"]
    assert (base.gone, base.key, base.n, base.age) == (True, None, N, Age(8))
    assert {(h.column, h.old, h.what) for h in done.history} == {(c, v, "deleted") for c, v in ROW.items()}
    assert not (done.unseen or done.row_restores)


def test_what_was_typed_unseen_where_the_table_alone_speaks_is_kept_when_its_row_is_deleted() -> None:
    link = one_way(notes=TO_SHEET)
    done = settled(hit(5, "r_1", notes="typed"), link=link, bases=(make_base(),), deletes=(RowDelete("r_1", 5),))
    assert [(h.column, h.new) for h in done.history if h.what == "overtaken"] == [("notes", "typed")]
    assert not done.unseen


def test_what_a_formula_of_a_deleted_row_had_come_to_meanwhile_is_kept() -> None:
    done = settled(
        hit(5, "r_1", {"quantity": "=A1"}, quantity=44),
        bases=(make_base(formulas=("quantity",)),),
        deletes=(RowDelete("r_1", 5),),
    )
    assert [h.old for h in done.history if h.column == "quantity"] == ["44"]
    assert not done.unseen


def test_what_a_formula_shows_where_the_table_alone_speaks_is_not_told_as_what_the_deleted_row_held() -> None:
    done = settled(
        hit(5, "r_1", {"notes": "=A1"}, notes="shown"),
        link=one_way(notes=TO_SHEET),
        bases=(make_base(formulas=("notes",)),),
        deletes=(RowDelete("r_1", 5),),
    )
    assert [h.old for h in done.history if h.column == "notes" and h.what == "deleted"] == ["fragile"]


def test_a_deleted_row_whose_copy_was_hit_by_the_same_write_is_heard_of_once_the_mistake_is_taken_back() -> None:
    done = settled(
        hit(5, "r_1"),
        hit(6, "r_1"),
        bases=(make_base(), make_base("r_2")),
        cells=(wrote("notes", "ours", "r_2", 6),),
        deletes=(RowDelete("r_1", 5),),
    )
    assert (done.bases["r_1"].gone, done.bases["r_1"].n) == (True, N + 1)
    assert len(done.formula_restores) == 1


@pytest.mark.parametrize(("original", "copy"), [(5, 6), (6, 5)])
def test_a_copy_that_was_hit_beside_its_original_gets_its_own_back(original: int, copy: int) -> None:
    own, mistaken = wrote("notes", "ours", "r_1", original), wrote("notes", "theirs", "r_2", copy)
    done = settled(
        hit(original, "r_1"),
        hit(copy, "r_1", notes="of the copy"),
        bases=(make_base(), make_base("r_2")),
        cells=tuple(sorted((own, mistaken), key=lambda cell: cell.row)),
    )
    assert [(r.row, r.header, r.written) for r in done.formula_restores] == [(copy, "Notes", SheetCell("theirs"))]
    assert done.bases["r_1"].cells["notes"] == CellBase("ours", n=N + 1)


def test_each_of_several_copies_that_were_hit_gets_its_own_back() -> None:
    done = settled(
        hit(5, "r_1"),
        hit(6, "r_1"),
        bases=(make_base(), make_base("r_2"), make_base("r_3")),
        cells=(wrote("notes", "of two", "r_2", 5), wrote("notes", "of three", "r_3", 6)),
    )
    assert [(r.row, r.written) for r in done.formula_restores] == [
        (5, SheetCell("of two")),
        (6, SheetCell("of three")),
    ]


def test_a_copy_that_was_written_while_its_original_was_deleted_by_mistake_gets_its_own_back() -> None:
    done = settled(
        hit(5, "r_1"),
        hit(6, "r_1", notes="of the copy"),
        bases=(make_base(), make_base("r_2")),
        cells=(wrote("notes", "ours", "r_1", 6),),
        deletes=(RowDelete("r_2", 5),),
    )
    assert done.formula_restores == [FormulaRestore(0, 5, "Notes", SheetCell("ours"))]
    assert done.row_restores == [RowRestore(0, 5)]
    assert done.bases["r_1"].cells["notes"] == CellBase("fragile", n=N + 1), "the original comes back as it was"
    assert done.again == {"r_1", "r_2"}, "and is written once more"
    assert not done.unseen


def test_a_row_deleted_by_mistake_is_brought_back_and_the_one_meant_is_looked_at_again() -> None:
    done = settled(hit(5, "r_2"), bases=(make_base(), make_base("r_2")), deletes=(RowDelete("r_1", 5),))
    assert done.row_restores == [RowRestore(0, 5)]
    assert done.again == {"r_1"}
    assert {row_id: base.n for row_id, base in done.bases.items()} == {"r_1": N + 1, "r_2": N + 1}


def test_a_doomed_row_that_a_person_had_edited_is_brought_back_whole_as_a_conflict() -> None:
    done = settled(hit(5, "r_1", notes="keep me"), bases=(make_base(),), deletes=(RowDelete("r_1", 5),))
    assert {o.column: o.cell.value for o in done.unseen} == {"notes": "keep me"}
    assert {o.column: o.cell.value for o in done.rest} == {
        c: v for c, v in {**SHOWN, "due": None}.items() if c != "notes"
    }
    assert [(c.column, c.sheet, c.table, c.rule) for c in done.conflicts] == [
        ("notes", "keep me", None, "change_beats_delete")
    ]
    assert done.bases["r_1"].gone  # it stands in the sheet no longer: the planner inserts it into the table again


def test_a_doomed_row_comes_back_with_the_edit_that_the_table_has_taken_and_the_sheet_shows_no_longer() -> None:
    base = make_base()
    cells = {
        **base.cells,
        "price": base.cells["price"]._replace(owed=("7.25",)),
        "quantity": base.cells["quantity"]._replace(owed=("4",)),
        "notes": base.cells["notes"]._replace(owed=(None,)),
    }
    doomed = hit(5, "r_1", customer="Bea", quantity=6)
    done = settled(doomed, bases=(replace(base, cells=cells),), deletes=(RowDelete("r_1", 5),))
    assert {o.column: o.cell.value for o in done.unseen} == {"customer": "Bea", "quantity": 6}
    rest = {o.column: o.cell.value for o in done.rest}
    assert (rest["price"], rest["notes"], rest["status"]) == (7.25, None, "new")


def test_a_doomed_row_in_which_somebody_has_only_emptied_cells_goes() -> None:
    found = hit(5, "r_1", notes=None, quantity="")
    done = settled(found, bases=(make_base(),), deletes=(RowDelete("r_1", 5),))
    assert not (done.unseen or done.conflicts)
    assert {h.what for h in done.history} == {"deleted"}


def test_a_formula_that_shows_something_new_is_no_edit_of_a_doomed_row() -> None:
    base = make_base(formulas=("quantity",))
    done = settled(hit(5, "r_1", {"quantity": "=A1"}, quantity=8), bases=(base,), deletes=(RowDelete("r_1", 5),))
    assert not (done.unseen or done.conflicts)


def test_a_value_typed_over_the_formula_of_a_doomed_row_brings_it_back() -> None:
    base = make_base(formulas=("quantity",))
    done = settled(hit(5, "r_1", quantity=8), bases=(base,), deletes=(RowDelete("r_1", 5),))
    assert [(c.column, c.sheet) for c in done.conflicts] == [("quantity", "8")]


def test_a_row_that_is_gone_already_is_not_brought_back_by_its_delete() -> None:
    done = settled(hit(5, "r_1", notes="keep me"), bases=(make_base(gone=True),), deletes=(RowDelete("r_1", 5),))
    assert not (done.unseen or done.bases)


def test_an_id_counts_only_once_it_is_read_back_beside_its_row() -> None:
    done = settled(hit(5, None), ids=(IdWrite(5, "r_9"),))
    assert done.rescan
    assert not (done.bases or done.formula_restores)


def test_an_id_written_into_a_row_that_has_one_by_now_is_taken_back() -> None:
    done = settled(hit(5, "r_2"), ids=(IdWrite(5, "r_9", None),))
    assert done.formula_restores == [FormulaRestore(0, 5, ROW_ID_HEADER, SheetCell("r_9"))]


def test_a_lost_id_that_came_to_another_row_than_its_own_is_taken_back() -> None:
    own = settled(hit(5, None), bases=(make_base(),), ids=(IdWrite(5, "r_1", None),))
    other = settled(hit(5, None, order_no=2), bases=(make_base(),), ids=(IdWrite(5, "r_1", None),))
    assert not own.formula_restores
    assert other.formula_restores == [FormulaRestore(0, 5, ROW_ID_HEADER, SheetCell("r_1"))]


def test_an_id_that_has_come_to_its_row_was_placed_there_by_our_write() -> None:
    done = settled(hit(5, None), bases=(make_base(),), ids=(IdWrite(5, "r_1", None),))
    assert done.bases["r_1"].n == N


def test_a_lost_id_stays_with_its_row_though_all_besides_the_key_was_typed_anew_before_it_came() -> None:
    typed: dict[str, SheetValue] = {"customer": "Eva", "quantity": 8, "price": 2, "status": "sent", "notes": "heavy"}
    anew = settled(hit(5, "r_stray", **typed), bases=(make_base(),), ids=(IdWrite(5, "r_1", "r_stray"),))
    assert not anew.formula_restores
    unnamed = settled(hit(5, None, **typed), bases=(make_base(),), ids=(IdWrite(5, "r_1", None),))
    assert unnamed.formula_restores  # nothing tells that it is the row that the scan saw


def test_an_id_that_was_another_row_s_for_a_moment_is_never_a_row_again() -> None:
    given = IdWrite(5, "r_1", "r_stray")
    done = settled(hit(5, "r_stray"), bases=(make_base(),), ids=(given,))
    assert done.bases["r_stray"] == RowBase("r_stray", None, {}, gone=True, n=N)
    inserted_meanwhile = make_base("r_stray", key=("2",))
    taken_back = settled(hit(5, "r_stray"), bases=(make_base(), inserted_meanwhile), ids=(given,))
    assert taken_back.formula_restores == [FormulaRestore(0, 5, ROW_ID_HEADER, SheetCell("r_1"))]
    assert not taken_back.bases["r_stray"].gone


def test_no_look_at_a_row_counts_whose_id_stood_beside_another_one_before_the_id_is_taken_back() -> None:
    done = settled(hit(5, None, order_no=2), bases=(make_base(),), ids=(IdWrite(5, "r_1", None),))
    held = done.bases["r_1"]
    assert {held.n, *(cell.n for cell in held.cells.values())} == {N + 1}


def test_no_look_at_a_row_counts_whose_id_gave_way_to_another_before_it_is_back() -> None:
    own, other = make_base(), make_base("r_2", order_no="2")
    known = settled(hit(5, "r_2", order_no=2), bases=(own, other), ids=(IdWrite(5, "r_1", "r_9"),)).bases["r_2"]
    assert not known.gone
    assert {known.n, *(cell.n for cell in known.cells.values())} == {N + 1}
    unknown = settled(hit(5, "r_typed", order_no=7), bases=(own,), ids=(IdWrite(5, "r_1", "r_9"),)).bases["r_typed"]
    assert unknown == RowBase("r_typed", None, {}, gone=True, n=N + 1)


def test_a_copy_that_holds_the_key_of_a_missing_row_gets_that_row_s_id() -> None:
    given = IdWrite(5, "r_1", "r_2")
    done = settled(hit(5, "r_2"), bases=(make_base(), make_base("r_2", order_no="2")), ids=(given,))
    assert not done.formula_restores
    assert done.bases == {"r_1": make_base(n=N)}


def test_a_row_keeps_the_id_that_it_got_back_though_its_edits_were_told_beside_the_one_that_gave_way() -> None:
    own = make_base("r_1", quantity="4", status="paid")
    told = make_base("r_2", order_no="2", customer="Eve", price=None, notes=None)
    done = settled(hit(5, "r_2", customer="Eve"), bases=(own, told), ids=(IdWrite(5, "r_1", "r_2"),))
    assert not done.formula_restores


def test_a_copy_that_was_emptied_is_named_all_the_same() -> None:
    emptied = HitRow(0, 5, "r_1", {})
    done = settled(emptied, bases=(make_base(),), ids=(IdWrite(5, "r_fresh", "r_1"),))
    assert not done.formula_restores


# --- contents that stand beside another row's id ---------------------------------------------------

BEA = make_base("r_2", order_no="2", customer="Bea", notes="hers")


def test_another_rows_contents_beside_the_right_id_get_back_what_our_write_replaced_and_the_row_waits() -> None:
    found = hit(5, "r_1", order_no=2, customer="Bea", notes="hers")
    done = settled(found, bases=(make_base(), BEA), cells=(wrote("notes", "ours"),))
    assert done.formula_restores == [FormulaRestore(0, 5, "Notes", SheetCell("ours"))]
    assert done.bases["r_1"].cells["notes"] == CellBase("fragile", n=N + 1), "no look counts before it is back"
    assert (done.displaced, done.rescan) == ({"r_1"}, True)
    assert not (done.unseen or done.history or done.again)


def test_no_look_at_either_of_two_rows_counts_while_our_value_stands_in_the_contents_of_one() -> None:
    found = hit(5, "r_1", order_no=2, customer="Bea", notes="hers")
    cells = (wrote("order_no", 9), wrote("notes", "ours"))
    done = settled(found, bases=(make_base(), BEA), cells=cells)
    assert [r.header for r in done.formula_restores] == ["Order no.", "Notes"]
    held = [done.bases["r_1"], done.bases["r_2"]]
    assert {n for base in held for n in (base.n, *(cell.n for cell in base.cells.values()))} == {N + 1}
    assert [{c: cell.value for c, cell in base.cells.items()} for base in held] == [
        {c: cell.value for c, cell in base.cells.items()} for base in (make_base(), BEA)
    ]


def test_a_row_that_somebody_has_cleared_whole_gets_nothing_and_waits_for_the_scan_that_counts_it_as_deleted() -> (
    None
):
    cells = (wrote("notes", "ours"), wrote("quantity", 8))
    done = settled(HitRow(0, 5, "r_1", {}), bases=(make_base(),), cells=cells)
    assert [r.header for r in done.formula_restores] == ["Notes", "Quantity"]
    held = done.bases["r_1"]
    assert not held.gone
    assert {held.n, *(cell.n for cell in held.cells.values())} == {N + 1}, "no look counts before they are back"
    assert held.cells["notes"].value == "fragile"
    assert (done.displaced, done.rescan) == ({"r_1"}, True)
    assert not (done.unseen or done.history or done.again)


def test_a_row_that_is_to_be_blank_is_written_like_any_other() -> None:
    blank = make_base(**dict.fromkeys(ROW), key=("1",))
    done = settled(HitRow(0, 5, "r_1", {}), bases=(blank,), cells=(wrote("order_no", 1),))
    assert not (done.displaced or done.formula_restores)


@pytest.mark.parametrize("back", [False, True])
def test_ids_change_places_unless_somebody_has_put_the_contents_back_meanwhile(*, back: bool) -> None:
    hers, his = {"order_no": 2, "customer": "Bea"}, {"order_no": 1, "customer": "typed anew"}
    found = hit(5, "r_1", **(his if back else hers)), hit(6, "r_2", **(hers if back else his))
    done = settled(*found, bases=(make_base(), BEA), ids=(IdWrite(5, "r_2", "r_1"), IdWrite(6, "r_1", "r_2")))
    assert [(r.row, r.header) for r in done.formula_restores] == ([(5, "_row_id"), (6, "_row_id")] if back else [])


def test_what_was_typed_into_such_contents_is_recorded_before_it_is_put_back() -> None:
    found = hit(5, "r_1", order_no=2, customer="Bea", notes="typed over hers")
    done = settled(found, bases=(make_base(), BEA), cells=(wrote("notes", "ours"),))
    assert [(h.row_id, h.new, h.what) for h in done.history] == [("r_2", "typed over hers", "overtaken")]


def test_a_row_that_our_delete_took_for_the_one_of_its_id_comes_back() -> None:
    found = hit(5, "r_1", order_no=2, customer="Bea", notes="hers")
    done = settled(found, bases=(make_base(), BEA), deletes=(RowDelete("r_1", 5),))
    assert done.row_restores == [RowRestore(0, 5)]
    assert not done.bases["r_1"].gone
    assert {row_id: base.n for row_id, base in done.bases.items()} == {"r_1": N + 1, "r_2": N + 1}
    assert (done.displaced, done.rescan) == ({"r_1"}, True)
    assert not (done.unseen or done.conflicts)


def test_contents_that_base_knows_as_the_rows_own_are_its_own_under_a_key_that_the_table_refuses() -> None:
    found = hit(5, "r_1", order_no=2)
    done = settled(found, bases=(make_base(), make_base("r_2", order_no="2")), cells=(wrote("notes", "ours"),))
    assert not (done.displaced or done.formula_restores)
    assert done.bases["r_1"].cells["notes"].value == "ours"


def test_contents_that_a_scan_has_told_to_be_the_rows_own_are_written_over_like_any_other() -> None:
    doubts, planned = Doubts(), PlannedWrite(SwapWrite(N, 2, cells=(wrote("notes", "ours"),)))
    doubts.add({"r_1": ("1",)}, N - 1)
    doubts.told(["r_1"], Stamp(n=N - 2))
    assert not doubts.own, "a look from before our value was put back tells nothing"
    doubts.told(["r_1", "r_9"], Stamp(n=N - 1))
    answer = SwapAnswer(Stamp(N - 1, 4, 2), (hit(5, "r_1", order_no=2, customer="Bea", notes="hers"),))
    done = settle(LINK, planned, answer, {"r_1": make_base(), "r_2": BEA}, doubts.own)
    assert not (done.displaced or done.formula_restores)
    doubts.clear()
    assert not doubts.own


def test_a_row_beside_which_other_contents_were_found_waits_for_a_scan_or_for_its_time() -> None:
    doubts = Doubts()
    doubts.add({"r_1": ("1",), "r_2": ("2",)}, N)
    assert doubts.waiting([("1",), ("2",), ("3",)]) == [("1",), ("2",)]
    doubts.told(["r_1"], Stamp(n=N))
    doubts.due([("2",), ("3",)])
    assert not doubts.waiting([("1",), ("2",)])
    doubts.told(["r_2"], Stamp(n=N))
    assert doubts.own == {"r_1", "r_2"}, "a scan may tell after the row was looked at again"
    doubts.add({"r_1": ("1",)}, N + 2)
    assert doubts.own == {"r_2"}
    doubts.clear()
    assert not doubts.waiting([("1",)])
