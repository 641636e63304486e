"""What cells show to people, and what linking tells of it before it makes texts of numbers, against the sandbox."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from adapters.sheets_client import SheetsClient
from adapters.sheets_look import look_at_tab
from adapters.sheets_shown import shown_cells
from app.linking.mixed import told_of_looks, told_of_mixed
from core.infer_table import propose_table
from core.model import Link, LinkedColumn, TableColumn
from core.values.catalog import codec_for
from tests.contract.sheets.test_sheets_prepare import Spreadsheet


def priced(sandbox: Any) -> Spreadsheet:
    """A title, headers in row 2, and prices as people type them."""
    sheet = Spreadsheet(sandbox, ("Our prices",), ("Article", "Price"), ("Teapot",), ("Lamp",), ("Clock",))
    for cell, text in (("B3", "$2,500.00"), ("B4", "€ 1.234,50"), ("B5", "12%")):
        sheet.type(cell, text)
    return sheet


def test_cells_are_told_as_people_see_them_by_column_and_row(client: SheetsClient, sandbox: Any) -> None:
    sheet = priced(sandbox)
    prices = {3: "$2,500.00", 4: "€ 1.234,50", 5: "12%"}
    assert shown_cells(client, sheet.id, "Orders", [1], range(3, 10)) == {1: prices}
    both = shown_cells(client, sheet.id, "Orders", [0, 1], range(5, 6))
    assert both == {0: {5: "Clock"}, 1: {5: "12%"}}
    calls = sheet.state["calls"]
    assert shown_cells(client, sheet.id, "Orders", [], range(3, 10)) == {}
    assert sheet.state["calls"] == calls


def test_a_price_that_would_lose_its_currency_is_told_with_the_cell_to_mend(
    client: SheetsClient, sandbox: Any
) -> None:
    sheet = priced(sandbox)
    look = look_at_tab(client, sheet.id, "Orders", (), header_row=2)
    before = look.by_headers(look.headers)
    proposed = propose_table(look.headers, before.image.rows)
    told = told_of_mixed(client, sheet.id, before, proposed.mixed)
    expected = "row 4 holds '€ 1.234,50'. $2,500.00 (row 3) becomes 2500 on both sides. Mend row 4 to have a"
    assert told == {"price": f"{expected} column of numbers"}


def test_a_price_that_a_column_of_text_of_a_table_that_is_there_takes_without_its_currency_is_told(
    client: SheetsClient, sandbox: Any
) -> None:
    sheet = priced(sandbox)
    look = look_at_tab(client, sheet.id, "Orders", (), header_row=2)
    text = TableColumn("", "varchar", "varchar(80)", nullable=True, length_chars=80, charset="utf8mb4")
    described = {header: replace(text, name=header.casefold()) for header in ("Article", "Price")}
    columns = tuple(LinkedColumn(h, c, codec_for(c), key=h == "Article") for h, c in described.items())
    link = Link("goods", sheet.id, "Orders", "shop", "goods", columns)
    told = told_of_looks(client, sheet.id, look.by_headers(link.headers), link)
    assert told == {"price": "$2,500.00 (row 3) is 2500 there"}
