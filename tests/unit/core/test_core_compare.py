"""Both sides compared from themselves alone: what `verify` stands on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from core_makers import LINK, ROW, by_id, make_base, make_image, order_row, tab_row

from core.compare import Comparison, Difference, compare, first_missing, headers_to_columns
from core.model import Key
from core.ports import TableRow

ONE: Key = ("1",)


def compared(*rows: Any, table: tuple[tuple[Key, TableRow], ...] = ((ONE, ROW),), pending: Any = ()) -> Comparison:
    return compare(LINK, make_image(*rows), table, pending, by_id([make_base(key=ONE)]))


def test_equal_sides_have_no_difference_wherever_the_row_stands() -> None:
    assert compared(order_row(17, "r_1")) == Comparison(1, ())


def test_a_cell_that_differs_is_named_by_row_id_key_and_column_with_both_values() -> None:
    found = compared(order_row(2, "r_1", price=12))
    assert found.differences == (Difference("r_1", ONE, "price", "12", "9.50"),)


def test_a_value_that_does_not_fit_is_a_difference_unless_it_is_known_and_shown() -> None:
    row = order_row(2, "r_1", quantity="many")
    assert compared(row).differences == (Difference("r_1", ONE, "quantity", "many", "3"),)
    assert not compared(row, pending={("r_1", "quantity")}).differences


def test_a_row_that_only_the_table_has_differs_in_every_column() -> None:
    assert {(d.row_id, d.key, d.column) for d in compared().differences} == {(None, ONE, c) for c in ROW}


def test_a_row_that_only_the_sheet_has_differs_in_every_cell_unless_it_is_incomplete() -> None:
    row = tab_row(2, "r_9", None, customer="Bea")
    assert [(d.row_id, d.column, d.sheet, d.table) for d in compared(row, table=()).differences] == [
        ("r_9", "customer", "Bea", None)
    ]
    assert not compared(row, table=(), pending={("r_9", "customer")}).differences


def test_an_incomplete_row_waits_for_its_first_required_cell_that_is_blank() -> None:
    required = [c for c in LINK.columns if c.required]
    filled: dict[str, str] = {}
    assert required
    for column in required:
        assert first_missing(LINK, tab_row(2, "r_9", None, **filled)) == column.name
        filled[column.name] = "filled"
    assert first_missing(LINK, tab_row(2, "r_9", None, **filled)) is None


def test_a_key_that_stands_twice_in_the_sheet_is_a_difference() -> None:
    found = compared(order_row(2, "r_1"), order_row(3, "r_2"))
    assert {d.row_id for d in found.differences} == {"r_2"}


def test_blank_rows_between_the_data_are_nothing() -> None:
    assert not compared(order_row(2, "r_1"), tab_row(3, None), tab_row(4, "r_9")).differences


def test_a_row_that_was_cleared_but_for_its_id_takes_no_other_rows_place() -> None:
    link = replace(LINK, columns=tuple(replace(c, key=c.name == "customer") for c in LINK.columns))
    nameless = {**ROW, "customer": ""}
    image = make_image(tab_row(2, "r_2", None), order_row(3, "r_1", customer=None))
    assert not compare(link, image, [(("",), nameless)], (), {}).differences


@pytest.mark.parametrize(
    ("header", "column"),
    [("order_no", "order_no"), ("Order no.", "order_no"), ("ORDER-NO", "order_no"), ("Order number", None)],
)
def test_headers_find_the_column_of_their_name_with_case_and_marks_left_aside(
    header: str, column: str | None
) -> None:
    assert headers_to_columns([header], ["order_no", "notes"]).get(header) == column


def test_two_headers_never_share_a_column() -> None:
    assert headers_to_columns(["Notes", "notes"], ["notes"]) == {"Notes": "notes"}


def test_a_row_whose_own_key_is_pending_is_compared_with_the_row_that_it_belongs_to() -> None:
    row = order_row(2, "r_1", order_no="many")
    assert compared(row, pending={("r_1", "order_no")}) == Comparison(1, ())
    found = compared(order_row(2, "r_1", order_no="many", price=12), pending={("r_1", "order_no")})
    assert [d.column for d in found.differences] == ["price"]


def test_a_copy_whose_repeated_key_was_refused_takes_nothing_from_the_row_that_has_it() -> None:
    copy, original = order_row(2, "r_9", price=12), order_row(3, "r_1")
    assert compared(copy, original, pending={("r_9", "order_no")}) == Comparison(1, ())
