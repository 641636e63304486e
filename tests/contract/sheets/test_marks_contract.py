"""What whoever marks cells may count on; the fake and Google's adapter on the sandbox pass the same tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.errors import ReplyLost
from core.marks import CONTESTED, REJECTED, TOP_LEFT
from core.sheet import CellWrite, LookedRow, MarkWrite, SwapWrite
from tests.contract.sheets.worlds import GoogleWorld, World, cells

NOTE = "Twinsheet: Qty: many is not a whole number"


def refused(row: int, row_id: str | None, note: str | None = NOTE, colour: str | None = REJECTED) -> MarkWrite:
    """A mark on the quantity of a row."""
    return MarkWrite(row, row_id, "Qty", note, colour)


def looked(world: World, *rows: int) -> dict[int, LookedRow]:
    """What stands beside the cells of these rows."""
    return {row.row: row for row in world.marks.look(world.target, rows).rows}


def test_a_mark_stands_on_its_cell_and_changes_no_value(world: World) -> None:
    before = [cells(row) for row in world.rows()]
    look = world.marks.look(world.target, [3])
    assert look.rows == (LookedRow(3, "r_3", {}, {}),)
    hit = world.marks.mark(world.target, look, [refused(3, "r_3")])
    assert hit == (LookedRow(3, "r_3", {}, {}),)
    assert looked(world, 2, 3) == {
        2: LookedRow(2, "r_2", {}, {}),
        3: LookedRow(3, "r_3", {"Qty": NOTE}, {"Qty": REJECTED}),
    }
    assert [cells(row) for row in world.rows()] == before


def test_a_mark_is_removed_with_its_colour(world: World) -> None:
    world.marks.mark(world.target, world.marks.look(world.target, [3]), [refused(3, "r_3")])
    world.marks.mark(world.target, world.marks.look(world.target, [3]), [refused(3, "r_3", None, None)])
    assert looked(world, 3) == {3: LookedRow(3, "r_3", {}, {})}


def test_the_answer_tells_what_stood_there_just_before(world: World) -> None:
    look = world.marks.look(world.target, [2, 4])
    world.note(2, "Qty", "ask Ann")
    world.move_row(4, before=3)
    hit = world.marks.mark(world.target, look, [refused(2, "r_2"), refused(4, "r_4")])
    assert hit == (LookedRow(2, "r_2", {"Qty": "ask Ann"}, {}), LookedRow(4, "r_3", {}, {}))


def test_of_two_markings_by_one_look_one_lands(world: World) -> None:
    look = world.marks.look(world.target, [2])
    assert world.marks.mark(world.target, look, [refused(2, "r_2")]) is not None
    assert world.marks.mark(world.target, look, [refused(2, "r_2", "Twinsheet: too late")]) is None
    assert looked(world, 2)[2].notes == {"Qty": NOTE}
    assert world.marks.look(world.target, [2]).last == look.last + 1


def test_an_empty_marking_keeps_one_that_is_on_its_way_from_landing(world: World) -> None:
    look = world.marks.look(world.target, [2])
    assert world.marks.mark(world.target, world.marks.look(world.target, []), []) == ()
    assert world.marks.mark(world.target, look, [refused(2, "r_2")]) is None
    assert looked(world, 2)[2].notes == {}


def test_a_marking_whose_reply_is_lost_is_found_by_the_next_look(world: World) -> None:
    look = world.marks.look(world.target, [2])
    world.lose_next_reply()
    with pytest.raises(ReplyLost):
        world.marks.mark(world.target, look, [refused(2, "r_2")])
    world.rows()
    again = world.marks.look(world.target, [2])
    assert again.rows[0].notes == {"Qty": NOTE}
    assert again.last == look.last + 1


def test_rows_with_notes_of_ours_are_found_and_no_others(world: World) -> None:
    world.note(2, "Qty", "ask Ann")
    world.marks.mark(world.target, world.marks.look(world.target, [4]), [refused(4, "r_4")])
    assert world.marks.marked(world.target) == [4]


def test_marks_go_where_their_rows_go(world: World) -> None:
    world.marks.mark(world.target, world.marks.look(world.target, [4]), [refused(4, "r_4", colour=CONTESTED)])
    world.move_row(4, before=2)
    assert looked(world, 2)[2] == LookedRow(2, "r_4", {"Qty": NOTE}, {"Qty": CONTESTED})


def test_no_cell_is_marked_once_columns_have_moved(world: World) -> None:
    look = world.marks.look(world.target, [2])
    world.note(2, "Name", "of the name")
    world.move_column_first("Qty")
    assert world.marks.mark(world.target, look, [refused(2, "r_2")]) is None
    assert looked(world, 2)[2] == LookedRow(2, "r_2", {"Name": "of the name"}, {})


def test_a_marking_leaves_the_scratch_of_the_last_write_alone(world: World) -> None:
    write = SwapWrite(1, 1, cells=(CellWrite("r_2", 2, "Qty", 9),))
    world.lose_next_reply()
    with pytest.raises(ReplyLost):
        world.sheet.swap(world.target, write)
    world.rows()
    world.marks.mark(world.target, world.marks.look(world.target, [2, 3, 4]), [refused(3, "r_3")])
    answer = world.sheet.recall(world.target, write)
    assert answer is not None
    assert answer.rows[0].cells["Qty"].value == 1


def test_more_markings_than_tickets_are_kept_do_not_crowd_the_tab(google: Callable[[], GoogleWorld]) -> None:
    world = google()
    for number in range(12):
        look = world.marks.look(world.target, [2])
        assert world.marks.mark(world.target, look, [refused(2, "r_2", f"Twinsheet: {number}")]) is not None
    assert len(world.marking_tickets()) <= 9


def test_a_colour_of_the_spreadsheets_theme_comes_back_as_one(google: Callable[[], GoogleWorld]) -> None:
    world = google()
    world.colour(2, "Qty", {"themeColor": "ACCENT1"})
    look = world.marks.look(world.target, [2])
    assert look.rows[0].colours == {"Qty": "theme:ACCENT1"}
    world.marks.mark(world.target, look, [refused(2, "r_2")])
    world.marks.mark(world.target, world.marks.look(world.target, [2]), [refused(2, "r_2", None, "theme:ACCENT1")])
    assert looked(world, 2)[2].colours == {"Qty": "theme:ACCENT1"}


def test_the_header_row_takes_a_note_like_any_other(world: World) -> None:
    world.note(1, "Name", "ask Ann")
    look = world.marks.look(world.target, [1])
    (row,) = look.rows
    assert (row.row_id, row.notes) == ("_row_id", {"Name": "ask Ann"})
    assert look.columns == {"Name", "Qty", "Price", "Day"}
    note = MarkWrite(1, "_row_id", "Name", "Twinsheet: held\n\nask Ann", None)
    assert world.marks.mark(world.target, look, [note]) == look.rows
    assert looked(world, 1)[1].notes == {"Name": "Twinsheet: held\n\nask Ann"}
    assert look.header == look.rows[0]


def test_where_the_tab_has_lost_every_linked_column_a_note_goes_to_a1(world: World) -> None:
    for header in ("Name", "Qty", "Price", "Day"):
        world.delete_column(header)
    look = world.marks.look(world.target, [1])
    assert look.columns == {TOP_LEFT}
    assert world.marks.mark(world.target, look, [MarkWrite(1, look.rows[0].row_id, TOP_LEFT, NOTE, None)]) is not None
    assert looked(world, 1)[1].notes == {TOP_LEFT: NOTE}
