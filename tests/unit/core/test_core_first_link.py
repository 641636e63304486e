"""What linking would write where, and what the two sides are then said to share."""

from __future__ import annotations

from typing import Any

import pytest
from core_makers import LINK, ROW, make_image, make_link, no_rule, one_way, order_row, tab_row

from core.compare import DIFFERENCES_MAX
from core.first_link import first_conflicts, match_rows, shared_bases
from core.key_faults import key_faults
from core.model import TO_SHEET, TO_TABLE, Link, Stamp, TableColumn
from core.ports import TableRow
from core.preview import preview_first
from core.preview_tally import SHEET, STAYS, TABLE, Tally
from core.values import Serial

TWO = {**ROW, "order_no": "2", "customer": "Bea"}


def table_of(*rows: TableRow) -> dict[tuple[str, ...], TableRow]:
    return {LINK.key_of(row): row for row in rows}


def planned(*rows: Any, table: tuple[TableRow, ...] = (ROW,), prefer: str | None = None, link: Link = LINK) -> Tally:
    return preview_first(link, make_image(*rows), table_of(*table), prefer, no_rule)


def kinds(tally: Tally) -> dict[tuple[str, str], int]:
    return {place: kind.count for place, kind in tally.kinds.items()}


def test_equal_sides_have_nothing_to_write() -> None:
    assert planned(order_row(2, "r_1")).is_empty


def test_each_side_is_to_get_what_it_lacks_and_a_row_without_a_key_gets_one_from_the_table() -> None:
    rows = (order_row(2, None, order_no=7), tab_row(3, None, customer="Cem", quantity=1))
    told = planned(*rows, table=(ROW, TWO))
    assert kinds(told) == {(TABLE, "insert"): 2, (SHEET, "insert"): 2, (SHEET, "key"): 1}
    assert (told.sheet_writes, told.table_writes) == (2, 2)
    first, second = told.kinds[TABLE, "insert"].first
    assert (first.row, first.key, second.row, second.key) == (2, ("7",), 3, None)


def test_a_row_that_lacks_what_the_table_requires_waits_and_is_told_apart() -> None:
    told = planned(tab_row(3, None, customer="Cem"), table=())
    assert kinds(told) == {(STAYS, "incomplete"): 1}
    (row,) = told.kinds[STAYS, "incomplete"].first
    assert (row.row, row.column) == (3, "quantity")


def test_a_difference_is_told_with_row_key_column_and_both_values_and_waits_for_a_decision() -> None:
    told = planned(order_row(5, None, price=12))
    (one,) = told.differences
    assert (one.row, one.key, one.column, one.sheet, one.table) == (5, ("1",), "price", "12", "9.50")
    assert kinds(told) == {(STAYS, "undecided"): 1}
    assert told.columns["price"] == {"undecided": 1}


@pytest.mark.parametrize(("prefer", "side"), [("sheet", TABLE), ("table", SHEET)])
def test_with_a_preference_the_other_side_gets_the_value(prefer: str, side: str) -> None:
    told = planned(order_row(5, None, price=12), prefer=prefer)
    assert kinds(told) == {(side, "cell"): 1}
    (one,) = told.kinds[side, "cell"].first
    assert (one.row, one.column, one.sheet) == (5, "price", "12" if side == SHEET else "12.00")


def test_however_many_rows_differ_no_guard_stops_a_plan_that_a_person_has_seen() -> None:
    rows = [order_row(n + 1, None, order_no=n, price=12) for n in range(1, 41)]
    table = tuple({**ROW, "order_no": str(n)} for n in range(1, 41))
    told = planned(*rows, table=table, prefer="sheet")
    assert told.guard is None
    assert told.table_writes == 40
    assert len(told.kinds[TABLE, "cell"].first) == 5


def test_a_value_that_does_not_fit_is_told_with_its_reason_and_is_no_difference() -> None:
    told = planned(order_row(5, None, quantity="many"))
    assert not told.differences
    assert [(u.row, u.column, u.sheet) for u in told.unfit] == [(5, "quantity", "many")]
    assert "whole number" in told.unfit[0].reason


def test_of_a_generated_key_that_stands_twice_the_second_row_is_a_new_one_with_a_key_of_its_own() -> None:
    told = planned(order_row(2, "r_1"), order_row(3, "r_2"))
    assert kinds(told) == {(TABLE, "insert"): 1, (SHEET, "key"): 1}
    assert key_faults(LINK, make_image(order_row(2, "r_1"), order_row(3, "r_2"))).repeated == {("1",): [2, 3]}


def natural() -> Link:
    """The link with a key that people type."""
    link = make_link()
    key = link.key_columns[0]
    typed = TableColumn("order_no", "int", "int unsigned", nullable=False)
    own = type(key)(key.header, typed, type(key.codec)(typed), key=True)
    return Link("orders", "1Ab", "Orders", "shop", "orders", (own, *link.columns[1:]))


def test_of_a_typed_key_that_stands_twice_the_second_row_is_refused_and_a_blank_one_is_told() -> None:
    rows = (order_row(2, "r_1"), order_row(3, "r_2"), order_row(4, None, order_no=None))
    told = planned(*rows, link=natural())
    assert kinds(told) == {(STAYS, "unfit"): 1, (STAYS, "incomplete"): 1}
    assert "already" in told.unfit[0].reason
    faults = key_faults(natural(), make_image(*rows))
    assert (faults.repeated, faults.blank) == ({("1",): [2, 3]}, [4])


def test_the_side_that_is_preferred_is_written_to_the_other_by_the_ordinary_way() -> None:
    matches = match_rows(LINK, make_image(order_row(2, "r_1", price=12)), table_of(ROW))
    (from_table,) = shared_bases(LINK, matches, "table").values()
    assert from_table.cells["price"].value == "12.00"  # the sheet's own: the table has moved, and is written there
    (from_sheet,) = shared_bases(LINK, matches, "sheet").values()
    assert from_sheet.cells["price"].value == "9.50"  # the table's own: the sheet has moved, and is written there
    for base in (from_table, from_sheet):
        assert base.key == ("1",)
        assert base.cells["notes"].value == "fragile"


def test_of_a_key_that_stands_twice_the_first_row_is_tied_to_the_table() -> None:
    matches = match_rows(LINK, make_image(order_row(2, "r_1"), order_row(3, "r_2")), table_of(ROW))
    assert [m.row.row for m in matches] == [2]


def test_a_formula_is_known_as_one_from_the_start() -> None:
    row = tab_row(2, "r_1", {"quantity": "=1+2"}, order_no=1, customer="Ann", quantity=3)
    (base,) = shared_bases(LINK, match_rows(LINK, make_image(row), table_of(ROW)), None).values()
    assert base.cells["quantity"].formula


def test_as_conflicts_cells_that_both_sides_filled_wait_for_a_person_and_a_blank_one_gets_the_others_value() -> None:
    row, other = order_row(2, "r_1", price=12, notes=None, due=Serial(45418.0)), {**ROW, "due": None}
    told = planned(row, table=(other,), prefer="conflicts", link=make_link(price="sheet_wins"))
    assert kinds(told) == {(STAYS, "conflict"): 1, (TABLE, "cell"): 1, (SHEET, "cell"): 1}
    (conflict,) = told.kinds[STAYS, "conflict"].first
    assert (conflict.column, conflict.sheet, conflict.table) == ("price", "12", "9.50")
    assert told.kinds[TABLE, "cell"].first[0].column == "due"
    assert told.kinds[SHEET, "cell"].first[0].column == "notes"


def test_a_conflict_from_before_linking_keeps_both_values_for_whoever_chooses() -> None:
    matches = match_rows(LINK, make_image(order_row(2, "r_1", price=12)), table_of(ROW))
    ((seen, entry),) = first_conflicts(LINK, matches, Stamp(n=4, q=2))
    assert (seen.row_id, seen.column, seen.cell.value, seen.stamp) == ("r_1", "price", 12, Stamp(n=4, q=2))
    assert (entry.sheet, entry.table, entry.base, entry.winner, entry.settled) == (
        "12.00",
        "9.50",
        None,
        "none",
        False,
    )
    (base,) = shared_bases(LINK, matches, "conflicts").values()
    assert (base.cells["price"].value, base.cells["notes"].value) == (None, "fragile")


def test_what_a_formula_computes_is_no_matter_of_choice() -> None:
    row = tab_row(
        2,
        "r_1",
        {"quantity": "=1+7"},
        order_no=1,
        customer="Ann",
        price=9.5,
        status="new",
        notes="fragile",
        quantity=8,
    )
    matches = match_rows(LINK, make_image(row), table_of(ROW))
    assert first_conflicts(LINK, matches, Stamp()) == []
    assert kinds(planned(row, prefer="conflicts")) == {(TABLE, "cell"): 1}


@pytest.mark.parametrize("prefer", [None, "sheet", "table", "conflicts"])
@pytest.mark.parametrize(("direction", "side"), [(TO_SHEET, SHEET), (TO_TABLE, TABLE)])
def test_a_column_that_goes_one_way_asks_nobody_whose_value_stays(
    prefer: str | None, direction: str, side: str
) -> None:
    told = planned(order_row(5, None, price=12), prefer=prefer, link=one_way(price=direction))
    assert kinds(told) == {(side, "cell"): 1}


def test_of_very_many_cells_that_differ_all_are_counted_and_as_many_are_told_as_fit_into_memory() -> None:
    count = DIFFERENCES_MAX + 5
    rows = [order_row(2 + n, None, order_no=n, price=12) for n in range(1, count + 1)]
    told = planned(*rows, table=tuple({**ROW, "order_no": str(n)} for n in range(1, count + 1)))
    assert len(told.differences) == DIFFERENCES_MAX
    assert (kinds(told), told.columns["price"]) == ({(STAYS, "undecided"): count}, {"undecided": count})
