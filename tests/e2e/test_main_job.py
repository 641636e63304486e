"""Create, read, update and delete in both directions, and what comes with them."""

from __future__ import annotations

import datetime
import decimal
import itertools

import pytest
from main_job_world import MainJob, Orders, wait_for

NEW = ["", "Bea", "Wall clock", "3", "22.40", "2026-07-01", "FALSE", "new", ""]
_orders = itertools.count(1)


@pytest.fixture
def order() -> int:
    """An order that no other test of this file touches."""
    return next(_orders)


def note(orders: Orders, order_no: int) -> object:
    return orders.seen(order_no).get("Notes")


# --- from the sheet into the table ----------------------------------------------------------


def test_an_edited_cell_arrives_in_the_table_with_its_type(orders: Orders, order: int) -> None:
    row = orders.row(order)
    orders.type(f"D{row}:I{row}", ["7", "1234.5", "2026-12-24", "FALSE", "shipped", "00501 =1+1 🌱"])
    wait_for(lambda: orders.stored(order)["notes"] == "00501 =1+1 🌱", "the note in the table")
    assert orders.stored(order) | {"customer": "", "item": ""} == {
        "order_no": order,
        "customer": "",
        "item": "",
        "quantity": 7,
        "price": decimal.Decimal("1234.50"),
        "ordered_on": datetime.date(2026, 12, 24),
        "paid": 0,
        "status": "shipped",
        "notes": "00501 =1+1 🌱",
    }


def test_a_typed_row_is_inserted_and_its_generated_key_and_defaults_are_written_back(orders: Orders) -> None:
    row = orders.next_row()
    orders.type(f"B{row}:D{row}", ["Typed Tina", "Wall clock", "3"])
    wait_for(lambda: orders.count("customer = 'Typed Tina'"), "the row in the table")
    wait_for(lambda: len(orders.values()) >= row and orders.values()[row - 1][0], "the key in the sheet")
    shown = orders.seen(int(orders.values()[row - 1][0]))
    assert (shown["Customer"], shown["Status"], shown["Paid"]) == ("Typed Tina", "new", False)
    orders.verify()


def test_a_row_typed_cell_by_cell_waits_shows_why_and_is_inserted_once(orders: Orders) -> None:
    row = orders.next_row()
    orders.type(f"B{row}", ["Slow Sam"])
    pending = wait_for(orders.pending, "the row shown as incomplete")
    assert [(p["column"], p["reason"]) for p in pending] == [("item", "incomplete")]
    assert not orders.count("customer = 'Slow Sam'")
    orders.type(f"C{row}", ["Teapot"])
    orders.type(f"D{row}", ["1"])
    wait_for(lambda: orders.count("customer = 'Slow Sam'"), "the row in the table")
    assert not orders.verify()["pending"]
    assert orders.count("customer = 'Slow Sam'") == 1


def test_a_deleted_row_leaves_the_table(orders: Orders, order: int) -> None:
    orders.person("delete_rows", tab=orders.tab, at=orders.row(order), count=1)
    wait_for(lambda: not orders.stored(order), "the row gone from the table")


def test_a_key_edited_in_the_sheet_is_the_same_row_under_another_key(orders: Orders, order: int) -> None:
    orders.sql("UPDATE {table} SET notes = 'same row' WHERE order_no = %s", order)
    wait_for(lambda: note(orders, order) == "same row", "the note in the sheet")
    orders.type_cell(order, "Order no.", "7001")
    wait_for(lambda: orders.stored(7001).get("notes") == "same row", "the new key in the table")
    assert not orders.stored(order)


# --- from the table into the sheet ----------------------------------------------------------


def test_an_updated_row_shows_in_its_cells_typed(orders: Orders, order: int) -> None:
    orders.sql(
        "UPDATE {table} SET price = 0.1, ordered_on = '2024-05-06', paid = FALSE, notes = '=1+1' WHERE order_no = %s",
        order,
    )
    wait_for(lambda: note(orders, order) == "=1+1", "the note in the sheet")
    shown = orders.seen(order)
    assert (shown["Price"], shown["Ordered on"], shown["Paid"]) == (0.1, 45418, False)
    assert not orders.tab_state()["formulas"]


def test_null_is_an_empty_cell_and_an_emptied_cell_is_null(orders: Orders, order: int) -> None:
    orders.sql("UPDATE {table} SET price = NULL WHERE order_no = %s", order)
    wait_for(lambda: orders.seen(order).get("Price", 0) in (None, ""), "the empty cell")
    orders.type_cell(order, "Ordered on", "")
    wait_for(lambda: orders.stored(order)["ordered_on"] is None, "NULL in the table")


def test_an_inserted_row_appears_below_the_others_with_an_id_of_its_own(orders: Orders) -> None:
    orders.sql("INSERT INTO {table} (customer, item, quantity) VALUES ('Sql Sue', 'Teapot', 2)")
    key = int(orders.sql("SELECT order_no FROM {table} WHERE customer = 'Sql Sue'")[0][0])
    shown = wait_for(lambda: orders.seen(key), "the row in the sheet")
    ids = [row["_row_id"] for row in orders.sheet_rows()]
    assert shown["_row_id"] in ids
    assert len(ids) == len(set(ids))
    orders.verify()


def test_a_row_deleted_by_sql_leaves_the_sheet_and_its_neighbours_stay(orders: Orders, order: int) -> None:
    before = {row["_row_id"] for row in orders.sheet_rows()} - {orders.seen(order)["_row_id"]}
    orders.sql("DELETE FROM {table} WHERE order_no = %s", order)
    wait_for(lambda: not orders.seen(order), "the row gone from the sheet")
    assert {row["_row_id"] for row in orders.sheet_rows()} == before


def test_a_key_changed_by_sql_is_the_same_row_of_the_sheet(orders: Orders, order: int) -> None:
    row_id = orders.seen(order)["_row_id"]
    orders.sql("UPDATE {table} SET order_no = 7101 WHERE order_no = %s", order)
    assert wait_for(lambda: orders.seen(7101), "the new key in the sheet")["_row_id"] == row_id


# --- at the same time -----------------------------------------------------------------------


def test_different_cells_of_one_row_changed_on_both_sides_both_survive(orders: Orders, order: int) -> None:
    orders.type_cell(order, "Item", "from the sheet")
    orders.sql("UPDATE {table} SET notes = 'from the table' WHERE order_no = %s", order)
    wait_for(lambda: orders.stored(order)["item"] == "from the sheet", "the item in the table")
    wait_for(lambda: note(orders, order) == "from the table", "the note in the sheet")
    assert not [c for c in orders.records("conflicts") if c["key"] == [str(order)]]


def test_a_conflict_is_settled_alike_on_both_sides_and_keeps_both_values(main_job: MainJob) -> None:
    own = main_job.orders(3, "table_wins")
    # While the link rests, both sides move away from what they share.
    main_job.told("pause", own.name)
    own.type_cell(2, "Notes", "from the sheet")
    own.sql("UPDATE {table} SET notes = 'from the table' WHERE order_no = 2")
    wait_for(lambda: any(p["reason"] == "paused" for p in own.pending()), "the edit received")
    main_job.told("resume", own.name)
    own.verify()
    assert own.stored(2)["notes"] == note(own, 2) == "from the table"
    (conflict,) = own.records("conflicts")
    assert (conflict["sheet"], conflict["table"], conflict["base"]) == ("from the sheet", "from the table", None)
    assert (conflict["winner"], conflict["rule"], conflict["settled"]) == ("table", "table_wins", True)
    (told,) = main_job.told("conflicts", own.name, code=1)["items"]
    assert (told["key"], told["column"], told["sheet"]) == (["2"], "notes", "from the sheet")
    assert main_job.told("rejections", own.name)["items"] == []
    own.remove()


def test_the_last_write_wins_by_default(own_orders: Orders, main_job: MainJob) -> None:
    main_job.told("pause", own_orders.name)
    own_orders.type_cell(1, "Notes", "sheet first")
    wait_for(own_orders.pending, "the edit received")
    own_orders.sql("UPDATE {table} SET notes = 'table later' WHERE order_no = 1")
    own_orders.sql("UPDATE {table} SET notes = 'table first' WHERE order_no = 2")
    own_orders.type_cell(2, "Notes", "sheet later")
    wait_for(lambda: len(own_orders.pending()) == 2, "the second edit received")
    main_job.told("resume", own_orders.name)
    own_orders.verify()
    conflicts = {c["key"][0]: c for c in own_orders.records("conflicts")}
    assert {key: c["winner"] for key, c in conflicts.items()} == {"1": "table", "2": "sheet"}, conflicts
    assert own_orders.stored(1)["notes"] == "table later"
    assert own_orders.stored(2)["notes"] == "sheet later"


# --- what does not fit ----------------------------------------------------------------------


def test_a_value_that_does_not_fit_is_rejected_with_its_reason_its_neighbours_are_written_and_it_is_mended_later(
    orders: Orders, order: int
) -> None:
    row = orders.row(order)
    orders.type(f"D{row}:E{row}", ["many", "77.77"])
    wait_for(lambda: orders.stored(order)["price"] == decimal.Decimal("77.77"), "the neighbour in the table")
    (rejected,) = orders.records("rejections")
    assert rejected["key"] == [str(order)]
    assert (rejected["column"], rejected["value"]) == ("quantity", "many")
    assert "many is not a whole number" in rejected["reason"]
    assert orders.seen(order)["Quantity"] == "many"
    assert orders.verify()["pending"]
    note = wait_for(lambda: orders.note(order, "Quantity"), "the reason beside the cell")
    assert note.startswith("Twinsheet: ")
    assert "many is not a whole number" in note
    orders.type_cell(order, "Quantity", "5")
    wait_for(lambda: orders.stored(order)["quantity"] == 5, "the mended value in the table")
    wait_for(lambda: not orders.records("rejections"), "the rejection gone")
    wait_for(lambda: not orders.note(order, "Quantity"), "the note gone")


def test_a_pasted_row_with_a_wrong_status_is_inserted_and_keeps_showing_what_was_refused(orders: Orders) -> None:
    row = orders.next_row()
    orders.type(f"A{row}:I{row}", [*NEW[:1], "Wrong Walt", *NEW[2:7], "lost", ""])
    key = wait_for(lambda: orders.sql("SELECT order_no FROM {table} WHERE customer = 'Wrong Walt'"), "the row")[0][0]
    wait_for(lambda: orders.seen(key), "its key in the sheet")
    orders.verify()
    assert (orders.stored(key)["status"], orders.seen(key)["Status"]) == ("new", "lost")
    assert [r["value"] for r in orders.records("rejections")] == ["lost"]
    orders.type_cell(key, "Status", "packed")
    wait_for(lambda: orders.stored(key)["status"] == "packed", "the mended status")


def test_a_formula_feeds_the_table_and_is_never_overwritten(orders: Orders, order: int) -> None:
    place = f"D{orders.row(order)}"
    orders.type(place, ["=2+3"])
    wait_for(lambda: orders.stored(order)["quantity"] == 5, "its result in the table")
    orders.sql("UPDATE {table} SET quantity = 77 WHERE order_no = %s", order)
    wait_for(lambda: orders.stored(order)["quantity"] == 5, "the formula's value back in the table")
    assert orders.tab_state()["formulas"] == {place: "=2+3"}
    assert "formula" in {c["rule"] for c in orders.records("conflicts") if c["key"] == [str(order)]}
    orders.type(place, ["6"])
    wait_for(lambda: orders.stored(order)["quantity"] == 6, "an ordinary value again")


def test_a_refused_value_that_the_table_overwrites_is_told_no_longer(orders: Orders, order: int) -> None:
    orders.type_cell(order, "Quantity", "several")
    wait_for(lambda: orders.note(order, "Quantity"), "the reason beside the cell")
    orders.sql("UPDATE {table} SET quantity = 41 WHERE order_no = %s", order)
    wait_for(lambda: orders.seen(order)["Quantity"] == 41, "the table's value in the sheet")
    wait_for(lambda: not orders.note(order, "Quantity"), "the note gone")
    orders.verify()


def test_an_incomplete_row_shows_what_it_lacks_on_its_first_missing_cell(orders: Orders) -> None:
    row = orders.next_row()
    orders.type(f"B{row}", ["Gradual Grace"])
    first = f"C{row}"
    note = wait_for(lambda: orders.tab_state()["notes"].get(first), "what is missing, beside the cell")
    assert note.startswith("Twinsheet: ")
    assert "Item is missing" in note
    orders.type(f"C{row}:D{row}", ["Teapot", "3"])
    wait_for(lambda: orders.count("customer = 'Gradual Grace'"), "the complete row in the table")
    wait_for(lambda: first not in orders.tab_state()["notes"], "the note gone")
    orders.verify()


def test_a_conflict_is_told_beside_its_cell_with_both_values(main_job: MainJob, own_orders: Orders) -> None:
    main_job.told("pause", own_orders.name)
    own_orders.type_cell(5, "Notes", "from the sheet", user="ben@example.com")
    wait_for(own_orders.pending, "the edit received")
    own_orders.sql("UPDATE {table} SET notes = 'from the table' WHERE order_no = 5")
    main_job.told("resume", own_orders.name)
    note = wait_for(lambda: own_orders.note(5, "Notes"), "the conflict beside the cell")
    assert note.startswith("Twinsheet: conflict ")
    assert all(part in note for part in ('"from the sheet"', "ben@example.com", '"from the table"'))
    own_orders.verify()
    own_orders.type_cell(5, "Notes", "neither")
    wait_for(lambda: not own_orders.note(5, "Notes"), "the note gone with its news")


# --- rows and columns that move -------------------------------------------------------------


def test_sorted_moved_and_inserted_rows_stay_the_same_rows(own_orders: Orders) -> None:
    last = own_orders.next_row() - 1
    own_orders.person("sort", tab=own_orders.tab, range=f"A2:J{last}", column="B", descending=True)
    own_orders.person("move_rows", tab=own_orders.tab, at=5, count=3, to=20)
    own_orders.person("insert_rows", tab=own_orders.tab, at=9, count=2)
    own_orders.sql("UPDATE {table} SET notes = CONCAT('order ', order_no)")
    wait_for(lambda: all(r["Notes"] == f"order {r['Order no.']}" for r in own_orders.sheet_rows()), "every note")
    own_orders.verify()
    own_orders.type_cell(17, "Notes", "typed after the sort")
    wait_for(lambda: own_orders.stored(17)["notes"] == "typed after the sort", "the edit in the table")
    own_orders.verify()
    assert own_orders.numbers() == list(range(1, 31))


def test_a_sort_that_leaves_the_ids_behind_is_healed_by_moving_the_ids_and_never_rewrites_the_table(
    own_orders: Orders,
) -> None:
    own_orders.person("sort", tab=own_orders.tab, range="A2:J31", column="A", descending=False)
    before = own_orders.sql("SELECT * FROM {table} ORDER BY order_no")
    ids = {row["Order no."]: row["_row_id"] for row in own_orders.sheet_rows()}
    own_orders.person("sort", tab=own_orders.tab, range="A2:I31", column="A", descending=True)
    wait_for(lambda: {r["Order no."]: r["_row_id"] for r in own_orders.sheet_rows()} == ids, "the ids moved along")
    own_orders.verify()
    assert own_orders.sql("SELECT * FROM {table} ORDER BY order_no") == before


def test_moved_columns_and_renamed_headers_change_nothing(own_orders: Orders) -> None:
    own_orders.person("rename_header", tab=own_orders.tab, column="I", to="Remarks")
    own_orders.person("move_column", tab=own_orders.tab, at="I", to="B")
    row = own_orders.row(3)
    own_orders.type(f"B{row}", ["in its new place"])
    wait_for(lambda: own_orders.stored(3)["notes"] == "in its new place", "the edit in the table")
    own_orders.sql("UPDATE {table} SET notes = 'from the table' WHERE order_no = 4")
    wait_for(lambda: own_orders.seen(4).get("Remarks") == "from the table", "the note in the sheet")
    own_orders.verify()


def test_a_copied_row_is_a_row_of_its_own_with_a_key_of_its_own(own_orders: Orders) -> None:
    row = own_orders.row(6)
    own_orders.person("insert_rows", tab=own_orders.tab, at=row + 1, count=1)
    own_orders.person("copy", tab=own_orders.tab, **{"from": f"{row}:{row}", "to": f"A{row + 1}"})
    wait_for(lambda: own_orders.count() == 31, "the copy in the table")
    own_orders.verify()
    ids = [r["_row_id"] for r in own_orders.sheet_rows()]
    assert len(set(ids)) == 31
    assert own_orders.count("customer = %s", own_orders.stored(6)["customer"]) == 2


def test_undo_takes_the_table_back_too(own_orders: Orders) -> None:
    own_orders.type_cell(8, "Notes", "a slip")
    wait_for(lambda: own_orders.stored(8)["notes"] == "a slip", "the slip in the table")
    own_orders.person("undo")
    wait_for(lambda: own_orders.stored(8)["notes"] is None, "the slip undone")
    own_orders.person("delete_rows", tab=own_orders.tab, at=own_orders.row(9), count=1)
    wait_for(lambda: own_orders.count() == 29, "the row gone")
    own_orders.person("undo")
    wait_for(lambda: own_orders.count() == 30, "the row back")
    own_orders.verify()
