"""Where rows stand, and which of them still have to be looked at."""

from __future__ import annotations

from dataclasses import replace

from core.dirty import DirtyRows
from core.key_pages import KeyPages, keys_of_both
from core.model import Key, Stamp
from core.positions import after_write, with_hints
from core.row_index import RowIndex
from core.sheet import IdWrite, Positions, RowDelete, RowInsert, RowRestore, SwapWrite

PLACES = Positions(Stamp(), {}, RowIndex({"a": 2, "b": 3, "c": 4, "d": 5}), 5)


def test_rows_below_a_deleted_one_move_up() -> None:
    after = after_write(PLACES, SwapWrite(1, 1, deletes=(RowDelete("b", 3), RowDelete("c", 4))))
    assert after.rows == RowIndex({"a": 2, "d": 3})
    assert after.last_row == 3


def test_new_rows_stand_below_the_row_after_which_they_were_inserted() -> None:
    write = SwapWrite(1, 1, inserts=(RowInsert("x", {}), RowInsert("y", {})), insert_after_row=5)
    after = after_write(PLACES, write)
    assert (after.rows["x"], after.rows["y"], after.last_row) == (6, 7, 7)


def test_a_blank_row_with_an_id_below_the_last_filled_one_moves_down_for_new_rows() -> None:
    places = Positions(Stamp(), {}, RowIndex({"a": 2, "blank": 4}), 2)
    after = after_write(places, SwapWrite(1, 1, inserts=(RowInsert("x", {}),), insert_after_row=2))
    assert after.rows == RowIndex({"a": 2, "x": 3, "blank": 5})


def test_new_and_deleted_rows_of_one_write_end_where_the_write_itself_says() -> None:
    write = SwapWrite(
        1, 1, inserts=(RowInsert("x", {}),), insert_after_row=4, deletes=(RowDelete("b", 3),), ids=(IdWrite(9, "z"),)
    )
    after = after_write(PLACES, write)
    assert after.rows == RowIndex({"a": 2, "c": 3, "x": 4, "d": 5, "z": 9})
    for row_id in "acd":
        assert after.rows[row_id] == write.row_after(PLACES.rows[row_id])


def test_a_row_that_a_write_names_below_all_known_ones_is_the_last_one_when_rows_go_and_come_again() -> None:
    named = after_write(PLACES, SwapWrite(1, 1, ids=(IdWrite(6, "y"), IdWrite(7, "z"))))
    assert named.last_row == 7
    gone = after_write(named, SwapWrite(2, 1, deletes=(RowDelete("y", 6), RowDelete("z", 7))))
    assert (gone.rows, gone.last_row) == (PLACES.rows, 5), "and new rows go below those that stayed"


def test_an_id_over_which_a_write_has_written_another_one_stands_there_no_longer() -> None:
    write = SwapWrite(1, 1, ids=(IdWrite(2, "x", "a"), IdWrite(3, "c", "b"), IdWrite(4, "b", "c")))
    assert after_write(PLACES, write).rows == RowIndex({"x": 2, "c": 3, "b": 4, "d": 5})


def test_where_one_of_several_rows_with_an_id_has_got_another_one_nobody_knows_where_the_others_stand() -> None:
    places = replace(PLACES, repeated=frozenset({"a"}))
    assert after_write(places, SwapWrite(1, 1, ids=(IdWrite(2, "x", "a"),))) is None
    assert after_write(places, SwapWrite(1, 1, ids=(IdWrite(6, "x", "a"),))) is None
    other = after_write(places, SwapWrite(1, 1, ids=(IdWrite(3, "x", "b"),)))
    assert other is not None and other.repeated == {"a"}


def test_a_copy_that_gets_an_id_of_its_own_leaves_the_row_itself_where_it_stands() -> None:
    write = SwapWrite(1, 1, ids=(IdWrite(6, "x", "a"),))
    assert after_write(PLACES, write).rows == RowIndex({"a": 2, "b": 3, "c": 4, "d": 5, "x": 6})


def test_a_restored_row_moves_the_rows_below_it_down() -> None:
    assert SwapWrite(1, 1, row_restores=(RowRestore(0, 3),)).row_after(3) == 4
    assert SwapWrite(1, 1, row_restores=(RowRestore(0, 3),)).row_after(2) == 2


def test_two_rows_are_never_believed_to_stand_in_one_place() -> None:
    assert with_hints(PLACES, [("a", 4)]) is None
    swapped = with_hints(PLACES, [("a", 4), ("c", 2)])
    assert swapped is not None
    assert swapped.rows == RowIndex({"a": 4, "b": 3, "c": 2, "d": 5})


def test_a_row_that_was_seen_where_the_headers_are_by_now_tells_that_nobody_knows_where_rows_stand() -> None:
    lowered = replace(PLACES, rows=RowIndex({"a": 5, "b": 6}), header_row=4)
    assert with_hints(lowered, [("a", 3)]) is None
    assert with_hints(lowered, [("a", 4)]) is None
    assert with_hints(lowered, [("a", 5)]) is lowered


def test_what_the_script_has_just_seen_corrects_the_belief() -> None:
    after = with_hints(PLACES, [("a", 2), ("b", 9), ("new", 12)])
    assert after is not None
    assert (after.rows["b"], after.rows["new"], after.last_row) == (9, 12, 12)
    assert with_hints(PLACES, [("a", 2)]) is PLACES


def test_rows_are_looked_at_in_the_order_in_which_they_were_named_each_once() -> None:
    dirty = DirtyRows()
    dirty.add([("3",), ("1",)], 10)
    dirty.add([("1",), ("2",)], 11)
    assert dirty.first(2) == [("3",), ("1",)]
    assert len(dirty) == 3


def test_what_a_comparison_named_first_takes_its_place_among_what_the_change_feed_tells() -> None:
    dirty = DirtyRows()
    dirty.compare(KeyPages([("1",), ("2",), ("3",)]))
    dirty.put_off(dirty.first(2))
    dirty.add([("1",), ("2",), ("3",)], 10)
    dirty.add([("1",)], 11)
    assert dirty.first(3) == [("1",), ("2",), ("3",)]
    assert dirty.oldest_offset() == 10


def test_what_has_just_happened_goes_before_a_comparison_of_everything_though_not_for_ever() -> None:
    dirty = DirtyRows()
    dirty.compare(KeyPages([(str(n),) for n in range(100)]))
    dirty.add([("50",)], 10)
    assert dirty.first(4) == [("50",), ("0",), ("1",), ("2",)]
    dirty.add([(f"new {n}",) for n in range(100)], 11)
    assert dirty.first(4) == [("50",), ("new 0",), ("new 1",), ("0",)]
    dirty.done([("0",)])
    assert dirty.first(4)[-1] == ("1",)
    assert (len(dirty), dirty.fresh) == (199, 101)


def test_rows_that_a_comparison_has_asked_about_are_its_share() -> None:
    dirty = DirtyRows()
    dirty.compare(KeyPages([(str(n),) for n in range(100)]))
    asked = dirty.compared_next(3)
    dirty.ask(asked)
    dirty.add([("new",)], 10)
    dirty.add([*asked, ("50",)], 11)
    assert dirty.first(4) == [("new",), *asked]
    dirty.done(asked)
    dirty.add([("x",), ("y",)], 12)
    assert dirty.first(4) == [("new",), ("50",), ("x",), ("3",)]


def test_a_comparison_comes_on_with_rows_that_nobody_is_looking_at() -> None:
    dirty = DirtyRows()
    dirty.compare(KeyPages([(str(n),) for n in range(9)]))
    dirty.add([("3",)], 10)
    dirty.take_in_hand([("0",), ("3",)])
    assert dirty.compared_next(3) == [("1",), ("2",), ("4",)]
    assert dirty.compared_next(0) == []


def test_a_row_that_is_compared_anew_while_it_is_written_is_looked_at_once_more() -> None:
    dirty = DirtyRows()
    dirty.compare(KeyPages([("1",), ("2",)]))
    dirty.take_in_hand([("1",)])
    dirty.compare(KeyPages([("1",), ("2",)]))
    dirty.done([("1",)])
    assert set(dirty.first(9)) == {("1",), ("2",)}


def test_a_comparison_of_any_number_of_rows_comes_page_by_page_each_row_once_in_its_order() -> None:
    dirty = DirtyRows()
    dirty.compare(KeyPages([(str(n),) for n in range(10)], per_page=3))
    dirty.add([("7",)], 10)
    seen: list[Key] = []
    while len(dirty):
        some = dirty.first(4)
        seen += some
        dirty.done(some)
    assert seen[0] == ("7",)
    assert [key for key in seen if key != ("7",)] == [(str(n),) for n in range(10) if n != 7]


def test_of_a_comparison_it_is_known_how_many_rows_are_left_whatever_page_they_are_on() -> None:
    dirty = DirtyRows()
    dirty.compare(KeyPages([(str(n),) for n in range(10)], per_page=3))
    assert (len(dirty), dirty.to_compare) == (10, 10)
    dirty.put_off(dirty.first(4))
    assert (len(dirty), dirty.to_compare) == (6, 6)
    dirty.take_in_hand(dirty.first(2))
    assert dirty.compared_next(3) == [("6",), ("7",), ("8",)]
    dirty.compare(KeyPages([("new",)]))
    assert dirty.to_compare == 6, "those at hand, and the new ones instead of the others"


def test_a_row_whose_page_comes_while_it_is_written_is_looked_at_once_more() -> None:
    dirty = DirtyRows()
    dirty.add([("2",)], 10)
    dirty.compare(KeyPages([("1",), ("2",)], per_page=1))
    dirty.take_in_hand([("2",)])
    assert dirty.compared_next(2) == [("1",)]
    dirty.done([("2",)])
    assert dirty.first(9) == [("2",), ("1",)]


def test_keys_of_both_sides_are_those_of_the_table_and_then_those_that_bases_alone_know() -> None:
    table = [(str(n), "a") for n in range(5)]
    keys = keys_of_both(iter(table), iter([("3", "a"), ("9", "z"), ("0", "a")]), per_page=2)
    assert len(keys) == 6
    assert [key for _ in range(4) for key in keys.take()] == [*table, ("9", "z")]
    assert not len(keys)


def test_an_event_is_done_only_when_every_row_that_it_named_has_been_looked_at() -> None:
    dirty = DirtyRows()
    dirty.add([("1",), ("2",)], 10)
    dirty.add([("2",), ("3",)], 11)
    dirty.done([("1",)])
    assert dirty.oldest_offset() == 10
    dirty.done([("2",)])
    assert dirty.oldest_offset() == 11
    dirty.done([("3",)])
    assert dirty.oldest_offset() is None


def test_what_is_remembered_of_a_row_does_not_grow_with_the_number_of_its_changes() -> None:
    dirty = DirtyRows()
    for change in range(10_000):
        dirty.add([("1",)], change)
        dirty.vouch([(("1",), "di"[change % 2])])
        dirty.tell([(("1",), f"print {change}")])
    assert len(dirty) == 1
    assert list(dirty.told[("1",)]) == [f"print {change}" for change in range(9992, 10_000)]
    assert dirty.came == dirty.went == {("1",)}
    assert dirty.oldest_offset() == 0


def test_rows_that_no_event_named_hold_no_event_back_until_one_names_them() -> None:
    dirty = DirtyRows()
    dirty.add([("1",)], None)
    assert dirty.oldest_offset() is None
    dirty.add([("1",)], 12)
    assert dirty.oldest_offset() == 12
