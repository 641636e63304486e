"""Order without clocks: which look at the sheet still has a say."""

from __future__ import annotations

from core_makers import EARLIER, LATER, saw

from core.freshness import OpenWrite, age, is_newer, is_overtaken, is_subsumed, must_wait, scan_age
from core.model import Age, CellBase, Stamp

WRITE = OpenWrite(
    7,
    values={"notes": frozenset({"ours"})},
    cells=frozenset({("r_1", "notes")}),
    row_ids=frozenset({"r_new"}),
)


def test_an_edit_that_the_script_counted_later_is_newer_whatever_the_clocks_say() -> None:
    first, second = saw("notes", "a", q=4, at=LATER), saw("notes", "b", q=5, at=EARLIER)
    assert is_newer(second, first)
    assert not is_newer(first, second)


def test_of_an_edit_event_and_a_swap_with_the_same_count_the_swap_is_newer() -> None:
    edit, look = saw("notes", "a", q=4), saw("notes", "b", "swap", q=4)
    assert is_newer(look, edit)
    assert not is_newer(edit, look)


def test_a_scan_with_an_edit_events_count_is_newer_only_when_it_began_after_the_event_was_heard_of() -> None:
    edit = saw("notes", "a", q=4, scan=7)
    before, after = saw("notes", "b", "scan", q=4, scan=7), saw("notes", "b", "scan", q=4, scan=8)
    assert is_newer(edit, before)
    assert not is_newer(before, edit)
    assert is_overtaken(before, CellBase("a", age=age(edit)))
    assert is_newer(after, edit)
    assert not is_newer(edit, after)
    assert not is_overtaken(after, CellBase("a", age=age(edit)))


def test_an_edit_event_is_silent_once_a_scan_with_its_count_has_decided() -> None:
    decided = saw("notes", "b", "scan", q=4, scan=7)
    assert is_overtaken(saw("notes", "a", q=4, scan=9), CellBase("b", age=age(decided)))


def test_of_two_looks_at_the_whole_with_the_same_count_the_one_that_saw_our_later_write_is_newer() -> None:
    assert is_newer(saw("notes", "b", "scan", n=8), saw("notes", "a", "scan", n=7))
    assert not is_newer(saw("notes", "a", "scan", n=7), saw("notes", "b", "scan", n=8))


def test_of_two_scans_between_which_no_counter_moved_the_one_that_began_later_is_newer() -> None:
    older, newer = saw("notes", "a", "scan", q=4, scan=7), saw("notes", "b", "scan", q=4, scan=8)
    assert is_newer(newer, older)
    assert not is_newer(older, newer)
    assert is_overtaken(older, CellBase("b", age=age(newer)))
    assert not is_overtaken(newer, CellBase("a", age=age(older)))
    assert scan_age(Stamp(0, 4, scan=7)) == age(older)


def test_the_order_of_scans_says_nothing_against_the_counters() -> None:
    assert is_newer(saw("notes", "b", "scan", q=5, scan=7), saw("notes", "a", "scan", q=4, scan=8))
    assert is_newer(saw("notes", "b", "swap", n=8), saw("notes", "a", "scan", n=7, scan=9))
    edited = age(saw("notes", "b", q=5))
    assert not is_overtaken(saw("notes", "b", q=5), CellBase("b", age=max(edited, Age(9, scan=3))))


def test_an_age_past_another_is_older_than_whatever_comes_next() -> None:
    for seen in (saw("notes", "a"), saw("notes", "a", "scan", scan=7)):
        assert age(seen) < age(seen).after
        assert age(seen).after <= age(saw("notes", "b", "scan", scan=8))


def test_a_look_from_before_our_last_settled_write_to_the_cell_says_nothing_of_it() -> None:
    assert is_subsumed(saw("notes", "a", n=6, q=99), CellBase("x", n=7))
    assert not is_subsumed(saw("notes", "a", n=7), CellBase("x", n=7))


def test_a_look_older_than_the_one_that_decided_last_says_nothing_any_more() -> None:
    decided = saw("notes", "b", q=5)
    assert is_overtaken(saw("notes", "a", q=4), CellBase("b", age=age(decided)))
    assert is_overtaken(saw("notes", "a", "scan", q=4), CellBase("b", age=age(decided)))
    assert not is_overtaken(decided, CellBase("b", age=age(decided)))


def test_a_value_that_an_open_write_puts_into_the_column_waits_in_whatever_row_it_is_seen() -> None:
    assert must_wait(saw("notes", "ours", row_id="r_1", n=6), "ours", WRITE)
    assert must_wait(saw("notes", "ours", row_id="r_other", n=6), "ours", WRITE)
    assert not must_wait(saw("customer", "ours", row_id="r_other", n=6), "ours", WRITE)


def test_a_look_at_a_cell_of_the_open_write_after_that_write_waits_whatever_it_saw() -> None:
    assert must_wait(saw("notes", "typed over it", n=7), "typed over it", WRITE)
    assert must_wait(saw("notes", "typed over it", row_id="r_new", n=7), "typed over it", WRITE)
    assert not must_wait(saw("notes", "typed before it", n=6), "typed before it", WRITE)
    assert not must_wait(saw("price", 1, n=7), "1.00", WRITE)


def test_nothing_waits_where_no_write_is_open() -> None:
    assert not must_wait(saw("notes", "ours", n=7), "ours", None)
