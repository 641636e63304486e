"""A tab swept piece by piece and looked at where rows are not in their place: the same is found as in one read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from core_makers import LINK, by_id, make_base, make_image, order_row, tab_row
from hypothesis import example, given
from hypothesis import strategies as st

from core.findings import Before, Findings, Looked
from core.look import ROUNDS_MAX, Lot
from core.model import RowBase
from core.scan import compare, judge
from core.sheet import Span, TabImage, TabRow
from core.sift import Swept, are_covered, joined
from core.texts import Texts

ORDERS = range(1, 7)
GRID_ROWS = 30


def base(number: int, **values: Any) -> RowBase:
    return make_base(f"r_{number}", order_no=str(number), customer=f"Customer {number}", **values)


def shown(row: int, row_id: str | None, number: int | None, **values: Any) -> TabRow:
    return order_row(row, row_id, **{"order_no": number, "customer": f"Customer {number}", **values})


def within(rows: Sequence[TabRow], spans: Sequence[Span]) -> list[TabRow]:
    return [row for row in rows if any(first <= row.row <= last for first, last in spans)]


def look_at(rows: Sequence[TabRow], spans: Sequence[Span], n: int = 0) -> TabImage:
    """As of one read, with all ids."""
    return replace(make_image(*within(rows, spans), n=n), ids=ids_of(rows), grid_rows=GRID_ROWS)


def ids_of(rows: Sequence[TabRow]) -> list[tuple[int, str]]:
    return [(row.row, row.row_id) for row in rows if row.row_id is not None]


def swept(rows: Sequence[TabRow], bases: Sequence[RowBase], rows_at_once: int, before: Before = Before()) -> Swept:  # noqa: B008 -- frozen
    found = Swept()
    found.begin(1, ids_of(rows))
    for first in range(1, GRID_ROWS + 1, rows_at_once):
        piece = within(rows, [(first, first + rows_at_once - 1)])
        found.add(LINK, piece, by_id(bases), before.open_rows, before.told)
    return found


def looked(lot: Lot, rows: Sequence[TabRow], bases: Sequence[RowBase], n: int = 0) -> Looked:
    """What is seen in the end of a tab in which nobody does anything any more."""
    ids = Texts(b.row_id for b in bases)
    for _ in range(ROUNDS_MAX):
        kept: list[RowBase] = []
        for b in bases:
            if b.row_id in lot.missing and lot.kept(b, len(kept)):
                kept.append(b)
        asked = by_id(b for b in bases if b.row_id in lot.wanted or b in kept)
        found = lot.take(look_at(rows, lot.spans, n), asked, ids, ())
        if found is not None:
            return found
    raise AssertionError("it does not come to an end")


def in_pieces(rows: Sequence[TabRow], bases: Sequence[RowBase], rows_at_once: int) -> Findings:
    lot = Lot(LINK, swept(rows, bases, rows_at_once), 1, GRID_ROWS, rows_max=1000)
    return judge(LINK, look_at(rows, lot.spans), looked(lot, rows, bases), Before())


@st.composite
def tabs(draw: st.DrawFn) -> list[TabRow]:
    ids = [*(f"r_{i}" for i in ORDERS), None, "r_new", "no id"]
    rows = []
    for row in draw(st.lists(st.integers(2, GRID_ROWS), unique=True, max_size=9)):
        number = draw(st.sampled_from([*ORDERS, None]))
        own = f"r_{number}" if draw(st.booleans()) else draw(st.sampled_from(ids))
        values = draw(st.sampled_from([{}, {}, {"notes": "typed"}, {"order_no": None}, {"customer": "Somebody"}]))
        blank = draw(st.integers(0, 9)) == 0
        rows.append(tab_row(row, own) if blank else shown(row, own, number, **values))
    return sorted((r for r in rows if r.row_id or r.cells), key=lambda row: row.row)


@given(tabs(), st.sets(st.sampled_from(ORDERS)), st.integers(1, 12))
@example([shown(2, "r_1", 2), shown(9, "r_2", 1)], set(ORDERS), 3)
def test_in_pieces_of_any_size_the_same_is_found_as_in_one_read(
    rows: list[TabRow], known: set[int], rows_at_once: int
) -> None:
    bases = [base(number) for number in sorted(known)]
    assert in_pieces(rows, bases, rows_at_once) == compare(LINK, make_image(*rows), by_id(bases), (), 0)


def test_rows_that_moved_between_two_pieces_are_missed_by_nobody() -> None:
    bases = [base(number) for number in ORDERS]
    before = [shown(number + 1, f"r_{number}", number) for number in ORDERS]
    after = [replace(row, row=row.row - 1) for row in before[1:]] + [replace(before[0], row=7)]
    found = Swept()
    found.begin(1)
    for rows, span in ((after, (1, 4)), (before, (5, GRID_ROWS))):  # sorted back: row r_4 was in neither piece
        found.add(LINK, within(rows, [span]), by_id(bases), (), ())
    lot = Lot(LINK, found, 1, GRID_ROWS, rows_max=1000)
    assert judge(LINK, look_at(before, lot.spans), looked(lot, before, bases), Before()) == Findings()


def test_a_look_that_does_not_show_a_row_which_was_inserted_since_is_followed_by_one_that_does() -> None:
    bases, rows = [base(1), base(2)], [shown(2, "r_1", 1), shown(3, "r_2", 2)]
    lot = Lot(LINK, swept(rows, bases, 2), 1, GRID_ROWS, rows_max=1000)
    later = [shown(2, None, 9), *(replace(row, row=row.row + 1) for row in rows)]
    assert lot.take(look_at(later, lot.spans), {}, Texts(["r_1", "r_2"]), ()) is None
    seen = lot.take(look_at(later, lot.spans), {}, Texts(["r_1", "r_2"]), ())
    assert seen is not None
    assert [row.row for row in seen.rows] == [2]


def test_rows_that_our_own_writes_bring_between_sweep_and_look_need_no_further_look() -> None:
    bases, rows = [base(1), base(2)], [shown(2, "r_1", 1), shown(3, "r_2", 2)]
    found = swept(rows[:1], bases, 2)
    lot = Lot(LINK, found, 1, GRID_ROWS, rows_max=1000)
    found.add_late(LINK, rows, by_id(bases), ())
    seen = lot.take(look_at(rows, lot.spans), {}, Texts(["r_1", "r_2"]), ())
    assert seen is not None
    assert not seen.rows


def test_contents_that_were_sorted_past_their_ids_after_the_sweep_are_not_taken_for_an_edit() -> None:
    bases = [base(number) for number in ORDERS]
    rows = [shown(number + 1, f"r_{number}", number) for number in ORDERS]
    half = [shown(3, "r_2", 1), *(row for row in rows if row.row != 3)]  # as the sweep saw it: half of the sort
    lot = Lot(LINK, swept(half, bases, 3), 1, GRID_ROWS, rows_max=1000)
    sorted_now = [shown(2, "r_1", 2), shown(3, "r_2", 1), *rows[2:]]
    found = judge(LINK, look_at(sorted_now, lot.spans), looked(lot, sorted_now, bases), Before())
    assert {(move.row, move.row_id) for move in found.moved_ids} == {(2, "r_2"), (3, "r_1")}
    assert not found.rows


def test_a_row_that_leaves_the_tab_while_it_is_swept_is_not_told_before_the_next_scan() -> None:
    """Somebody has sorted without the id column and deleted a row: the contents of another one are gone."""
    bases = [base(number) for number in ORDERS]
    rows = [shown(number + 1, f"r_{number}", number) for number in ORDERS]
    later = [shown(2, "r_1", 2), *(replace(row, row=row.row - 1) for row in rows[2:])]
    lot = Lot(LINK, swept(rows, bases, 3), 1, GRID_ROWS, rows_max=1000)
    found = judge(LINK, look_at(later, lot.spans), looked(lot, later, bases), Before())
    assert not (found.missing or found.rows)
    assert found.is_leaving
    found = in_pieces(later, bases, 3)
    assert [(move.row, move.row_id) for move in found.moved_ids] == [(2, "r_2")]
    assert not found.is_leaving


def in_lots(rows: Sequence[TabRow], bases: Sequence[RowBase], rows_max: int) -> list[Findings]:
    found, first_row, lots = swept(rows, bases, 4), 1, []
    while first_row is not None:
        lot = Lot(LINK, found, first_row, GRID_ROWS, rows_max)
        seen = looked(lot, rows, bases)
        lots.append(judge(LINK, look_at(rows, lot.spans), seen, Before()))
        found.note(seen, lots[-1])
        first_row = lot.next_row
    return lots


def test_many_rows_are_told_lot_by_lot_and_none_counts_as_deleted_before_all_were_seen() -> None:
    rows = [shown(number + 1, f"r_{number}", number) for number in range(1, 20)]
    lots = in_lots(rows, [base(99)], rows_max=8)
    assert [row for found in lots for row, _ in found.rows] == rows
    assert [len(found.rows) for found in lots] == [8, 8, 3]
    assert [found.missing for found in lots] == [[], [], ["r_99"]]


def test_a_row_that_needs_an_id_may_be_the_missing_one_until_it_has_one() -> None:
    rows = [shown(2, None, 50), *(shown(number + 1, f"r_{number}", number) for number in range(2, 20))]
    lots = in_lots(rows, [base(99)], rows_max=8)
    assert [found.missing for found in lots] == [[], [], []]
    lost = [shown(2, None, 99), *rows[1:]]
    assert [move.row_id for move in in_lots(lost, [base(99)], rows_max=8)[0].moved_ids] == ["r_99"]


def test_the_guards_count_the_whole_tab_also_where_one_look_does_not_take_all() -> None:
    bases = [base(number) for number in range(1, 29)]
    typed = [shown(number + 1, f"r_{number}", number, notes="typed") for number in range(1, 29)]
    for rows, guard in ((typed, "changed_in_sheet"), (typed[:3], "deleted_in_sheet"), ([], "tab_emptied")):
        lot = Lot(LINK, swept(rows, bases, 4), 1, GRID_ROWS, rows_max=8)
        found = judge(LINK, look_at(rows, lot.spans), looked(lot, rows, bases), Before())
        assert found.guard is not None
        assert found.guard[0] == guard


def test_where_more_rows_are_missing_than_one_look_takes_each_has_its_id_back_and_not_all_are_told_at_once() -> None:
    bases = [base(number) for number in range(1, 41)]
    rows = [*(shown(number + 1, f"r_{number}", number) for number in range(1, 28)), shown(29, None, 39)]
    lot = Lot(LINK, swept(rows, bases, 7), 1, GRID_ROWS, rows_max=8)
    seen = looked(lot, rows, bases)
    found = judge(LINK, look_at(rows, lot.spans), seen, Before())
    assert [move.row_id for move in found.moved_ids] == ["r_39"]
    assert (len(found.missing), seen.missing) == (8, 4)
    assert found.guard is None


def test_rows_by_which_too_many_others_stand_to_be_told_apart_in_one_look_stop_the_link() -> None:
    bases = [base(number) for number in range(1, 29)]
    bases += [base(number) for number in range(100, 130)]
    turned = [shown(number + 1, f"r_{number}", 29 - number) for number in range(1, 29)]
    turned += [shown(number, f"r_{number}", number) for number in range(100, 130)]
    lot = Lot(LINK, swept(turned, bases, 4), 1, GRID_ROWS, rows_max=8)
    found = judge(LINK, look_at(turned, lot.spans), looked(lot, turned, bases), Before())
    assert found.guard is not None
    assert found.guard[0] == "changed_in_sheet"


@given(st.lists(st.text(max_size=3)), st.lists(st.text(max_size=3)))
def test_a_set_of_texts_knows_what_was_added_what_was_repeated_and_what_another_lacks(
    one: list[str], other: list[str]
) -> None:
    found, others = Texts(one), Texts(other)
    for text in {*one, *other}:
        assert (text in found) == (text in one)
        assert (text in found.repeated()) == (one.count(text) > 1)
        assert (text in found.without(others)) == (text in one and text not in other)
    assert len(found) == len(one)


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 4)).map(lambda s: (s[0], s[0] + s[1]))))
def test_joined_spans_hold_the_same_rows_and_stand_apart(spans: list[Span]) -> None:
    found = joined(spans)
    assert {row for a, b in found for row in range(a, b + 1)} == {row for a, b in spans for row in range(a, b + 1)}
    assert all(before[1] + 1 < after[0] for before, after in pairwise(found))
    assert are_covered(found, found)
    assert not found or not are_covered([(found[0][0], found[0][1] + 1)], found)
