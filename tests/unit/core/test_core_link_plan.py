"""What linking would write where, and what the two sides are then said to share."""

from __future__ import annotations

from typing import Any

from core_makers import LINK, ROW, make_image, order_row, tab_row

from app.linking.plan import LinkPlan, plan_link, shared_bases
from core.ports import TableRow

TWO = {**ROW, "order_no": "2", "customer": "Bea"}


def planned(*rows: Any, table: tuple[TableRow, ...] = (ROW,)) -> LinkPlan:
    return plan_link(LINK, make_image(*rows), [(LINK.key_of(row), row) for row in table])


def test_equal_sides_have_nothing_to_write() -> None:
    told = planned(order_row(2, "r_1")).to_json(None)
    assert told == {"sheet_writes": 0, "table_writes": 0, "differences": [], "unfit": []}


def test_each_side_is_to_get_what_it_lacks() -> None:
    told = planned(order_row(2, None, order_no=7), tab_row(3, None, customer="Cem"), table=(ROW, TWO)).to_json(None)
    assert (told["sheet_writes"], told["table_writes"]) == (2, 2)


def test_a_difference_is_told_with_row_key_column_and_both_values() -> None:
    (difference,) = planned(order_row(5, None, price=12)).differences
    assert difference == {
        "row_id": None,
        "row": 5,
        "key": ["1"],
        "column": "price",
        "sheet": "12",
        "table": "9.50",
    }


def test_a_value_that_does_not_fit_is_told_with_its_reason_and_is_no_difference() -> None:
    plan = planned(order_row(5, None, quantity="many"))
    assert not plan.differences
    assert [(u["row"], u["column"], u["value"]) for u in plan.unfit] == [(5, "quantity", "many")]


def test_a_key_that_stands_twice_in_the_sheet_ties_only_the_first_row() -> None:
    plan = planned(order_row(2, "r_1"), order_row(3, "r_2"))
    assert [row.row for row, _, _ in plan.matched] == [2]
    assert plan.sheet_only == 1


def test_the_side_that_is_preferred_is_written_to_the_other_by_the_ordinary_way() -> None:
    plan = planned(order_row(2, "r_1", price=12))
    (from_table,) = shared_bases(LINK, plan, "table")
    assert from_table.cells["price"].value == "12.00"  # the sheet's own: the table has moved, and is written there
    (from_sheet,) = shared_bases(LINK, plan, "sheet")
    assert from_sheet.cells["price"].value == "9.50"  # the table's own: the sheet has moved, and is written there
    for base in (from_table, from_sheet):
        assert base.key == ("1",)
        assert base.cells["notes"].value == "fragile"


def test_a_formula_is_known_as_one_from_the_start() -> None:
    row = tab_row(2, "r_1", {"quantity": "=1+2"}, order_no=1, customer="Ann", quantity=3)
    (base,) = shared_bases(LINK, planned(row), None)
    assert base.cells["quantity"].formula
