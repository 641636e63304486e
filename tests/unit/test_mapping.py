"""Which header is which column, and which row holds the headers, before a tab is linked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.mysql_schema import TableDescription
from adapters.sheets_look import TabBefore
from adapters.sheets_parts import Grid
from app.linking.headerless import headerless_columns, why_no_start, why_no_table
from app.linking.mapping import map_columns
from config.link_entry import LinkEntry
from core.errors import LinkRefused
from core.model import Stamp, TableColumn
from core.sheet import TabImage

ID = TableColumn("order_no", "int", "int", nullable=False)
CUSTOMER = TableColumn("customer", "varchar", "varchar(40)", nullable=False)
NOTE = TableColumn("note", "varchar", "varchar(40)")
ORDERS = TableDescription("shop", "orders", (ID, CUSTOMER, NOTE), ("order_no",), "InnoDB", {})
TITLED = (("Our orders",), ("note", "since 1999"), (), (None, "Order no.", "customer", "Note"), (None, 1, "Ann"))


def tab(lines: tuple[tuple[Any, ...], ...], header_row: int) -> TabBefore:
    rows = [{"values": [_cell(value) for value in line]} for line in lines]
    below = lines[header_row - 1 :]
    headers = tuple(str(value) for value in below[0] if value is not None) if below else ()
    image = TabImage(Stamp(), {}, (), header_row, datetime(2026, 5, 4, tzinfo=UTC), header_row=header_row)
    return TabBefore(
        "Orders",
        is_there=True,
        is_blank=not any(map(any, below)),
        headers=headers,
        image=image,
        content=Grid(1, 0, rows, ()),
        header_row=header_row,
    )


def _cell(value: Any) -> dict[str, Any]:
    kind = "numberValue" if isinstance(value, int) else "stringValue"
    return {} if value is None else {"effectiveValue": {kind: value}}


def mapped(
    lines: tuple[tuple[Any, ...], ...],
    header_row: int,
    columns: Mapping[str, str] | None = None,
    found: TableDescription = ORDERS,
) -> Any:
    draft = LinkEntry(
        name="orders",
        spreadsheet="1A",
        tab="Orders",
        table="shop.orders",
        header_row=header_row,
        columns=dict(columns) if columns else None,
    )
    return map_columns(draft, found, tab(lines, header_row), lambda: True)


def test_headers_are_tied_to_columns_wherever_their_row_is() -> None:
    assert mapped(TITLED, 4).columns == {"Order no.": "order_no", "customer": "customer", "Note": "note"}


@pytest.mark.parametrize("row", [1, 2, 3, 5, 6])
def test_a_row_that_is_none_of_headers_is_refused_with_the_one_that_is(row: int) -> None:
    with pytest.raises(LinkRefused, match=f"Row {row} .* row 4 looks like them") as refused:
        mapped(TITLED, row)
    assert refused.value.hint == "Say so: --header-row 4"


def test_headers_that_are_called_otherwise_count_as_what_they_are_tied_to() -> None:
    lines = (("Our orders",), ("No.", "Client"))
    with pytest.raises(LinkRefused) as refused:
        mapped(lines, 1, {"No.": "order_no", "Client": "customer"})
    assert refused.value.hint.endswith("--header-row 2")


def test_a_title_is_not_taken_for_headers_where_the_table_requires_none() -> None:
    given = TableColumn("id", "int", "int", nullable=False, auto_increment=True)
    with pytest.raises(LinkRefused, match="row 2 looks like them"):
        mapped((("Our orders",), ("id", "note"), (1, "new")), 1, found=replace(ORDERS, columns=(given, NOTE)))


def test_where_no_row_is_better_the_header_is_asked_for_in_the_row_that_was_named() -> None:
    with pytest.raises(LinkRefused, match="no header for customer") as refused:
        mapped(((), ("order_no", "note"), (1, "new")), 2)
    assert refused.value.hint == "Add the header to row 2, or give the column a default."
    with pytest.raises(LinkRefused, match="no headers in row 2") as refused:
        mapped((("Our orders",), (), ("x",)), 2)
    assert "order_no, customer, note" in refused.value.hint


INVOICES = (("Invoices of Müller & Co.",), (), ("Nr", "Client", "Paid"), (7, "Ann", 1), (8, "Bea", 2))


def test_a_title_that_stands_for_headers_is_told_with_the_columns_it_leaves_bare_and_the_row_of_the_headers() -> None:
    told = "Columns B to C hold values without a header; give them headers, or name the row that holds the headers:"
    assert why_no_table(tab(INVOICES, 1)) == f"{told} --header-row 3."
    assert why_no_table(tab((*INVOICES[:2], *INVOICES[3:]), 1)) == f"{told} --header-row ROW."


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((("Nr", None, "Client"), (7, "x", "Ann")), "Column B holds values without a header"),
        ((("Nr", None, "Client"), (7, "x", "Ann"), (8, None, "Bea", 1, 2)), "Columns B, D to E hold values without"),
    ],
)
def test_columns_without_a_header_are_named_by_their_letters(lines: tuple[tuple[Any, ...], ...], told: str) -> None:
    assert str(headerless_columns(tab(lines, 1))).startswith(told)


def test_what_stands_above_the_headers_and_what_holds_nothing_is_no_column_without_a_header() -> None:
    lines = (("Our orders", "since", 1999, "", "beside"), ("Nr", "Client", "_row_id"), (7, "Ann", "r_1", "", None))
    assert headerless_columns(tab(lines, 2)) is None
    assert why_no_table(tab(lines, 2)) is None


def test_a_tab_that_no_table_can_be_made_from_is_told_with_what_there_is() -> None:
    absent = replace(tab((), 1), is_there=False, tabs=("Order", "Stock"))
    assert why_no_start(absent) == "The spreadsheet has no tab named Orders; it has: Order, Stock."
    assert why_no_start(tab((), 1)) == "The tab Orders is blank."
    assert why_no_start(tab((("a title",),), 2)) == "The tab Orders is blank from row 2 on."
    told = "The tab Orders has no headers in row 2; name the row that holds them: --header-row"
    assert why_no_start(tab(INVOICES, 2)) == f"{told} 3."
    assert why_no_start(tab(((), (), ("x",)), 2)) == f"{told} ROW."
