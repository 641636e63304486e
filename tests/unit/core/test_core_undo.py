"""What is taken back of the history: the last selected entries of each cell and row, and nothing that others did."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from core_makers import LINK, NOON, ROW, make_base, one_way, saw, waits

from core.errors import NotUndone
from core.model import Link
from core.row_view import RowView
from core.undo import (
    AskedCell,
    AskedRow,
    LeftAlone,
    OpenUndo,
    PastConflict,
    RowOutcome,
    Selection,
    Step,
    asked_from_json,
    asked_to_json,
    check_selection,
    outcome_from_json,
    outcome_to_json,
    whole_event,
)
from core.undo_plan import RowUndo, UndoView, decide, history_of, over_others, shown
from core.undo_steps import asked_rows
from core.values import Canonical

ANN, BOB = "ann@example.com", "bob@example.com"


def step(  # noqa: PLR0917 -- an entry as one line of a story
    number: int,
    column: str,
    old: Canonical,
    new: Canonical,
    actor: str = ANN,
    what: str = "applied",
    event: str = "",
    side: str = "sheet",
    row_id: str = "r_1",
) -> Step:
    at = NOON + timedelta(seconds=number)
    return Step(number, row_id, ("1",), column, old, new, side, what, actor, at, event or f"e{number}")


def row_op(what: str, first: int, event: str, side: str = "sheet", **values: Canonical) -> list[Step]:
    held = {**ROW, **values}
    cells = enumerate(held.items())
    if what == "deleted":
        return [step(first + i, c, v, None, what=what, event=event, side=side) for i, (c, v) in cells]
    return [step(first + i, c, None, v, what=what, event=event, side=side) for i, (c, v) in cells if v is not None]


def asked(*steps: Step, selected: set[int], over: bool = False, link: Link = LINK) -> AskedRow | None:
    found = asked_rows(link, steps, selected, over=over)
    return found[0] if found else None


def then(row: AskedRow | None) -> dict[str, tuple[Canonical, Canonical]]:
    return {name: (cell.now, cell.then) for name, cell in row.cells.items()} if row else {}


# --- which entries ----------------------------------------------------------------------------------


def test_one_edit_gives_its_cell_the_value_before() -> None:
    row = asked(step(1, "notes", "a", "b"), selected={1})
    assert then(row) == {"notes": ("b", "a")}
    assert row is not None
    assert row.exists and row.was_there


def test_edits_of_one_cell_that_follow_each_other_are_taken_back_to_the_first() -> None:
    assert then(asked(step(1, "notes", "a", "b"), step(2, "notes", "b", "c"), selected={1, 2})) == {
        "notes": ("c", "a")
    }


def test_what_somebody_else_did_in_between_stays() -> None:
    steps = [step(1, "notes", "a", "b"), step(2, "notes", "b", "c", BOB), step(3, "notes", "c", "d")]
    assert then(asked(*steps, selected={1, 3})) == {"notes": ("d", "c")}
    assert then(asked(*steps, selected={1, 3}, over=True)) == {"notes": ("d", "a")}


def test_who_has_changed_the_cell_since_is_named() -> None:
    row = asked(step(1, "notes", "a", "b"), step(2, "notes", "b", "c", BOB), selected={1})
    assert row is not None
    assert row.cells["notes"] == AskedCell("b", "a", f"{BOB} at 2026-05-04 12:00:02 UTC")


def test_other_cells_of_the_row_are_not_touched_even_where_others_are_overruled() -> None:
    steps = [step(1, "notes", "a", "b"), step(2, "price", "1.00", "2.00", BOB)]
    assert then(asked(*steps, selected={1}, over=True)) == {"notes": ("b", "a")}


def test_a_deleted_row_comes_back_as_it_was() -> None:
    row = asked(*row_op("deleted", 1, "scan_1"), selected={3})
    assert row is not None
    assert (row.exists, row.was_there, row.key) == (True, False, ("1",))
    assert {name: cell.then for name, cell in row.cells.items()} == ROW


def test_a_row_whose_cells_tell_of_several_events_comes_and_goes_as_a_whole() -> None:
    came = [replace(s, event=f"typed {s.number}") for s in row_op("inserted", 1, "")]
    row = asked(*came, selected={came[-1].number})
    assert row is not None
    assert not row.exists
    assert {name: cell.now for name, cell in row.cells.items()} == {c: v for c, v in ROW.items() if v is not None}


def test_an_edit_and_the_delete_after_it_taken_back_together_give_the_value_before_both() -> None:
    deleted = row_op("deleted", 2, "scan_1", notes="b")
    row = asked(step(1, "notes", "fragile", "b"), *deleted, selected={1, *(s.number for s in deleted)})
    assert row is not None
    assert row.cells["notes"].then == "fragile"


def test_the_key_that_a_row_comes_back_under_is_the_one_before_all_that_is_taken_back() -> None:
    deleted = row_op("deleted", 2, "scan_1", order_no="9")
    row = asked(step(1, "order_no", "7", "9"), *deleted, selected={1, *(s.number for s in deleted)})
    assert row is not None
    assert row.key == ("7",)


def test_a_row_that_somebody_else_has_deleted_since_is_told() -> None:
    row = asked(step(1, "notes", "a", "b"), *row_op("deleted", 2, "scan_1", notes="b"), selected={1})
    assert row is not None
    assert row.exists and row.was_there
    assert row.changed_by.startswith(ANN)


def test_who_overrules_others_brings_a_row_back_that_they_have_deleted() -> None:
    row = asked(step(1, "notes", "a", "b"), *row_op("deleted", 2, "scan_1", notes="b"), selected={1}, over=True)
    assert row is not None
    assert (row.exists, row.was_there) == (True, False)
    assert row.cells["notes"].then == "a"
    assert row.cells["customer"].then == "Ann"


def test_what_the_table_itself_gave_a_typed_row_is_no_change_by_others() -> None:
    typed = [step(1, "customer", None, "Ann", what="inserted", event="e1")]
    given = [
        step(n, c, None, v, "", event="write 2 t5", side="table")
        for n, (c, v) in enumerate({"order_no": "1", "status": "new", "notes": "by default"}.items(), start=2)
    ]
    row = asked(*typed, *given, step(5, "price", None, "3.00", "", event="write 3 t6", side="table"), selected={1})
    assert row is not None
    assert {c: bool(cell.changed_by) for c, cell in row.cells.items()} == {
        "customer": False,
        "order_no": False,
        "status": False,
        "notes": False,
        "price": True,
    }


def test_what_changed_nothing_on_the_other_side_is_not_taken_back() -> None:
    assert asked(step(1, "notes", None, "b", what="overtaken"), selected={1}) is None


def test_a_moment_gives_back_what_was_shared_then_though_a_conflict_has_replaced_it_unseen() -> None:
    conflict = PastConflict("r_1", "notes", "shared", "theirs", NOON, "e1", is_open=False)
    steps = [step(1, "notes", "lost", "theirs", "", event="write 1 t1", side="table")]
    (row,) = asked_rows(LINK, steps, {1}, conflicts=[conflict])
    assert then(row) == {"notes": ("theirs", "shared")}
    later = replace(conflict, at=NOON + timedelta(seconds=9), event="e9")
    (row,) = asked_rows(LINK, steps, {1}, conflicts=[later])
    assert then(row) == {"notes": ("theirs", "lost")}


def test_what_a_formula_showed_when_it_was_met_is_older_than_the_conflict_that_follows() -> None:
    met = step(1, "notes", "shared", "shown", "", event="write 1", what="found")
    won = step(2, "notes", "theirs", "shown", "")
    conflict = PastConflict("r_1", "notes", "shown", "theirs", met.at, "e1", is_open=False)
    (row,) = asked_rows(LINK, [met, won], {1, 2}, conflicts=[conflict])
    assert then(row) == {"notes": ("shown", "shared")}


def test_of_a_conflict_that_a_newer_one_replaced_a_moment_gives_back_what_was_shared_before_the_first() -> None:
    replaced = PastConflict("r_1", "notes", "shared", "theirs", NOON, "e1", is_open=False)
    newer = PastConflict("r_1", "notes", "shared", "later", NOON + timedelta(seconds=9), "e2", is_open=True)
    (row,) = asked_rows(LINK, [], set(), conflicts=[newer, replaced])
    assert then(row) == {"notes": ("later", "shared")}
    assert not asked_rows(LINK, [], set(), conflicts=[replaced, replace(newer, is_open=False)])


def test_of_a_link_that_shows_some_rows_no_row_is_deleted_that_may_have_entered_its_filter() -> None:
    from core.where import Condition

    columns = tuple(
        replace(c, where=Condition(("new",), negated=False)) if c.name == "status" else c for c in LINK.columns
    )
    link = replace(LINK, columns=columns)
    row = asked(*row_op("inserted", 1, "write 1 t1", side="table"), selected={1}, link=link)
    assert row is not None
    assert "outside of what the link shows" in row.refusal


# --- what is done with a row -------------------------------------------------------------------------

EDIT = AskedRow("r_1", ("1",), exists=True, was_there=True, cells={"notes": AskedCell("fragile", "before")})
BACK = AskedRow("r_1", ("1",), True, False, {name: AskedCell(None, value) for name, value in ROW.items()})
AWAY = AskedRow("r_1", ("1",), False, True, {name: AskedCell(value, None) for name, value in ROW.items()})


def view(*, gone: bool = False, link: Link = LINK, formulas: tuple[str, ...] = (), **more: object) -> UndoView:
    in_view = {name: more.pop(name) for name in ("waiting", "busy") if name in more}
    table = None if gone else {**ROW, **more.pop("table", {})}  # type: ignore[dict-item]  # columns of a row
    row = RowView(link, "r_1", make_base(gone=gone, formulas=formulas), table, **in_view)  # type: ignore[arg-type]
    return UndoView(row, **more)  # type: ignore[arg-type]  # flags


def decided(found: RowUndo | None) -> RowUndo:
    assert found is not None
    return found


def why(found: RowUndo | None) -> str:
    (one,) = decided(found).left
    return one.reason


def test_a_cell_that_stands_as_it_was_shown_gets_its_value_back() -> None:
    done = decided(decide(view(), EDIT))
    assert done.update == {"notes": AskedCell("fragile", "before")}
    assert (done.kind, done.left) == ("change", [])


def test_a_cell_that_has_changed_is_left_alone_and_its_neighbours_are_not() -> None:
    cells = {"notes": AskedCell("fragile", "x", f"{BOB} at noon"), "price": AskedCell("9.50", "1.00")}
    done = decided(decide(view(table={"notes": "newer"}), replace(EDIT, cells=cells)))
    assert list(done.update) == ["price"]
    assert done.left == [LeftAlone("notes", "newer", "x", f"changed since by {BOB} at noon")]


def test_a_row_of_columns_that_the_sheet_does_not_follow_is_left_alone_where_a_program_has_replaced_them_all() -> (
    None
):
    link = one_way(**dict.fromkeys((c.name for c in LINK.columns if not c.key), "to_table"))
    anew: dict[str, object] = {"customer": "Eva", "quantity": "8", "price": None, "status": "paid", "notes": None}
    left = decided(decide(view(link=link, table=anew), AWAY)).left
    assert {one.reason for one in left} == {"the row was changed since"}
    assert decide(view(table=anew), AWAY) is None, "where it follows them, nobody knows yet which row it is"


def test_who_overrules_others_takes_back_what_stands_now() -> None:
    there = view(table={"notes": "newer"})
    assert decided(decide(there, over_others(EDIT, there))).update == {"notes": AskedCell("newer", "before")}


def test_a_cell_that_is_as_before_already_is_not_written() -> None:
    done = decided(decide(view(table={"notes": "before"}), EDIT))
    assert (done.kind, done.already) == ("none", 1)


@pytest.mark.parametrize(
    ("there", "row", "reason"),
    [
        (view(link=one_way(notes="to_sheet")), EDIT, "read-only in the sheet"),
        (view(link=one_way(notes="to_table")), EDIT, "from the sheet to the table alone"),
        (view(formulas=("notes",)), EDIT, "a formula"),
        (view(), replace(EDIT, cells={"colour": AskedCell("a", "b")}), "the column colour is linked no longer"),
        (view(), replace(EDIT, cells={"quantity": AskedCell("3", None)}), "Quantity cannot be empty"),
        (view(), replace(EDIT, cells={"quantity": AskedCell("3", "a lot")}), "is not a whole number"),
        (view(waiting=[waits(saw("notes", "x"), "manual")]), EDIT, "it is in conflict"),
        (view(gone=True), replace(EDIT, changed_by=BOB), f"the row was deleted since by {BOB}"),
        (view(), replace(AWAY, was_there=False, exists=False), "the row is there again since"),
        (view(gone=True, is_key_taken=True, link=LINK), replace(BACK, cells={}), "not in the history"),
        (view(gone=True, is_hidden=True), BACK, "the link shows it no longer"),
        (view(table={"notes": "newer"}), AWAY, "the row was changed since"),
        (view(waiting=[waits(saw("price", "x"), "manual")]), AWAY, "it is in conflict"),
    ],
)
def test_what_cannot_be_taken_back_is_left_alone_with_the_reason(there: UndoView, row: AskedRow, reason: str) -> None:
    done = decided(decide(there, row))
    assert done.kind == "none"
    assert reason in done.left[0].reason


@pytest.mark.parametrize(
    "there",
    [
        view(busy=True),
        view(waiting=[waits(saw("notes", "x"), "intent")]),
        view(is_coming=True),
        view(gone=True, is_key_leaving=True),
        UndoView(RowView(LINK, "r_1", make_base(), None)),
        view(table={"customer": "Eve", "quantity": "8", "price": "1.00", "status": "paid", "notes": "x"}),
    ],
)
def test_it_waits_while_it_is_being_found_out_what_the_row_holds(there: UndoView) -> None:
    assert decide(there, BACK if there.is_key_leaving else EDIT) is None


def test_a_deleted_row_is_inserted_with_its_key() -> None:
    done = decided(decide(view(gone=True), BACK))
    assert done.insert == ROW
    assert (done.key, done.old_key) == (("1",), None)


def test_a_generated_key_that_another_row_has_is_told_and_the_row_gets_a_new_one() -> None:
    done = decided(decide(view(gone=True, is_key_taken=True), BACK))
    assert done.insert == {name: value for name, value in ROW.items() if name != "order_no"}
    assert done.old_key == ("1",)


def test_a_natural_key_that_another_row_has_keeps_the_row_away() -> None:
    columns = tuple(replace(c, column=replace(c.column, auto_increment=False)) if c.key else c for c in LINK.columns)
    assert why(decide(view(gone=True, is_key_taken=True, link=replace(LINK, columns=columns)), BACK)) == (
        "its key 1 belongs to another row now"
    )


def test_a_row_that_came_goes_with_all_it_held_written_down() -> None:
    done = decided(decide(view(), AWAY))
    assert done.delete == ROW
    undo = OpenUndo("undo_1", "sam", NOON, AWAY)
    entries = history_of(done, undo)
    assert {(e.column, e.old, e.new) for e in entries} == {(c, v, None) for c, v in ROW.items()}
    assert {(e.what, e.side, e.actor, e.event) for e in entries} == {("deleted", "undo", "sam", "undo_1")}


def test_a_row_that_is_there_or_gone_already_is_no_fault() -> None:
    assert decided(decide(view(gone=True), AWAY)).already == 1
    assert decided(decide(view(), BACK)).already == 1


def test_who_says_yes_asks_for_what_was_shown_and_no_more() -> None:
    cells = {"notes": AskedCell("fragile", "before"), "price": AskedCell("1.00", "2.00")}
    row = replace(EDIT, cells=cells)
    done = decided(decide(view(), row))
    assert shown(done, row, ROW).cells == {"notes": AskedCell("fragile", "before")}
    away = decided(decide(view(), AWAY))
    assert {name: cell.now for name, cell in shown(away, AWAY, ROW).cells.items()} == ROW


# --- what is asked for, and its spelling -------------------------------------------------------------


def test_a_large_paste_is_one_event_whichever_of_its_parts_is_named() -> None:
    paste = "msg_6b29fc40-ca47-1067-b31d-00dd010662da"
    assert whole_event(f"{paste}_12") == whole_event(paste) == paste
    assert whole_event("undo_00ff_1") == "undo_00ff_1"


def test_what_is_asked_and_what_came_of_it_survive_the_record() -> None:
    row = AskedRow("r_1", ("1", "a"), False, True, {"notes": AskedCell(None, "x")})
    assert asked_from_json("r_1", asked_to_json(row)) == row
    outcome = RowOutcome("r_1", None, "back", row.cells, (LeftAlone(None, None, None, "why"),), ("9",))
    assert outcome_from_json("r_1", outcome_to_json(outcome)) == outcome


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Selection(), "in one way"),
        (Selection(entry=1, event="e"), "in one way"),
        (Selection(actor=ANN), "since a time"),
        (Selection(since=NOON), "in one way"),
        (Selection(as_of=NOON, since=NOON), "since a time"),
        (Selection(actor=ANN, since=NOON, until=NOON), "ends before it begins"),
        (Selection(actor=ANN, since=NOON + timedelta(days=2)), "yet to come"),
        (Selection(as_of=NOON + timedelta(days=2)), "yet to come"),
    ],
)
def test_a_selection_that_means_nothing_is_refused(wanted: Selection, said: str) -> None:
    with pytest.raises(NotUndone) as refused:
        check_selection(wanted, NOON + timedelta(days=1))
    assert said in refused.value.message
    assert refused.value.hint


def test_a_selection_that_means_one_thing_is_taken() -> None:
    now = datetime.now(UTC)
    for wanted in (
        Selection(entry=1),
        Selection(event="e"),
        Selection(as_of=NOON),
        Selection(actor=ANN, since=NOON, until=now),
    ):
        check_selection(wanted, now)
