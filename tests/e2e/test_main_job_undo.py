"""What somebody did is taken back on both sides of the running stack, and had again."""

from __future__ import annotations

import getpass
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from main_job_world import MainJob, Orders, wait_for

from sandbox.stack.tour import connect

EVE, BOB = "eve@example.com", "bob@example.com"


def both_hold(orders: Orders, order_no: int, header: str, text: str | None) -> None:
    wait_for(
        lambda: (orders.seen(order_no)[header] or None, orders.stored(order_no)[header.lower()]) == (text, text),
        f"{text} on both sides of order {order_no}",
    )


def entries(orders: Orders, order_no: int, column: str | None = None) -> list[dict[str, Any]]:
    """Of the history of an order, newest first."""
    found = [h for h in orders.records("history") if h["key"] == [str(order_no)]]
    return [h for h in found if column in (None, h["column"])]


def entry(orders: Orders, order_no: int, column: str, new: str | None, side: str) -> dict[str, Any]:
    found = wait_for(
        lambda: [h for h in entries(orders, order_no, column) if (h["new"], h["side"]) == (new, side)],
        f"{column} of order {order_no} in the history",
    )
    return found[0]


def undo(orders: Orders, *words: str, code: int = 0) -> dict[str, Any]:
    return orders.job.told("undo", orders.name, *words, "--yes", code=code)


def transact(orders: Orders, *statements: str) -> None:
    with closing(connect(str(orders.job.stack["mysql_url"]))) as connection:
        connection.autocommit = False
        for statement in statements:
            connection.cursor().execute(statement.format(table=orders.table))
        connection.commit()


def test_a_paste_is_taken_back_whole_on_both_sides_and_had_again(orders: Orders) -> None:
    first = orders.row(1)
    assert [orders.row(n) for n in (2, 3)] == [first + 1, first + 2]
    orders.type(f"C{first}", ["Pot"], ["Pan"], ["Pit"])
    for order_no, item in ((1, "Pot"), (2, "Pan"), (3, "Pit")):
        both_hold(orders, order_no, "Item", item)
    event = entry(orders, 2, "item", "Pan", "sheet")["event"]
    shown = orders.job.told("undo", "--event", event, code=1)
    assert [(row["key"], row["kind"]) for row in shown["rows"]] == [
        (["3"], "change"),
        (["2"], "change"),
        (["1"], "change"),
    ]
    assert shown["rows"][1]["cells"] == [{"column": "item", "now": "Pan", "then": "Teapot"}]
    assert orders.stored(2)["item"] == "Pan", "nothing is written before the yes"
    done = undo(orders, "--event", event)
    assert (done["state"], len(done["rows"]), done["left"]) == ("done", 3, [])
    for order_no in (1, 2, 3):
        both_hold(orders, order_no, "Item", "Teapot")
    orders.verify()
    told = entry(orders, 2, "item", "Teapot", "undo")
    assert (told["what"], told["actor"], told["event"]) == ("undone", getpass.getuser(), done["event"])
    listed = orders.job.told("history", orders.name, "--key", "2", "--limit", "2")["items"]
    assert [(item["side"], item["carries"]) for item in listed] == [("table", told["id"]), ("undo", None)]
    assert "taken back already" in orders.job.refusal("undo", "--event", event, "--yes")
    undo(orders, "--entry", str(told["id"]), "--whole")
    both_hold(orders, 3, "Item", "Pit")
    orders.verify()


def test_a_transaction_of_the_table_is_taken_back_and_its_deleted_row_has_its_id_and_key_again(
    orders: Orders,
) -> None:
    before, row_id = orders.stored(5), orders.seen(5)["_row_id"]
    transact(
        orders,
        "DELETE FROM {table} WHERE order_no = 5",
        "UPDATE {table} SET notes = 'by a program' WHERE order_no = 6",
    )
    wait_for(lambda: not orders.seen(5), "order 5 gone from the sheet")
    transaction = entry(orders, 6, "notes", "by a program", "table")["event"].split()[-1]
    done = undo(orders, "--event", transaction)
    assert sorted(row["kind"] for row in done["rows"]) == ["back", "change"]
    both_hold(orders, 6, "Notes", None)
    assert wait_for(lambda: orders.seen(5), "order 5 back in the sheet")["_row_id"] == row_id
    assert orders.stored(5) == before
    orders.verify()
    undo(orders, "--event", done["event"])
    wait_for(lambda: not orders.seen(5), "order 5 gone again")
    both_hold(orders, 6, "Notes", "by a program")
    orders.verify()


def test_a_row_deleted_in_the_sheet_comes_back_with_its_id_and_a_typed_one_goes(orders: Orders) -> None:
    row_id = orders.seen(8)["_row_id"]
    orders.person("delete_rows", tab=orders.tab, at=orders.row(8), count=1)
    wait_for(lambda: not orders.stored(8), "order 8 gone from the table")
    done = undo(orders, "--entry", str(entry(orders, 8, "item", None, "sheet")["id"]))
    assert [(row["kind"], row["key"]) for row in done["rows"]] == [("back", ["8"])]
    assert wait_for(lambda: orders.seen(8), "order 8 back in the sheet")["_row_id"] == row_id
    orders.verify()
    orders.type(f"B{orders.next_row()}", ["Typed", "Jug", "2"], user=EVE)
    (order_no,) = wait_for(
        lambda: [r["Order no."] for r in orders.sheet_rows() if r["Customer"] == "Typed"], "its key"
    )
    wait_for(lambda: isinstance(order_no, int) or orders.sheet_rows()[-1]["Order no."], "the key in the sheet")
    orders.verify()
    number = orders.sheet_rows()[-1]["Order no."]
    undo(orders, "--entry", str(entry(orders, number, "item", "Jug", "sheet")["id"]))
    wait_for(lambda: not orders.seen(number), "the typed row gone from the sheet")
    assert not orders.stored(number)
    orders.verify()


def test_what_one_person_did_since_a_time_leaves_alone_what_others_have_changed_since(orders: Orders) -> None:
    began = datetime.now(UTC).isoformat()
    for order_no, text in ((10, "eve's"), (11, "eve's too")):
        orders.type_cell(order_no, "Notes", text, user=EVE)
        both_hold(orders, order_no, "Notes", text)
    orders.type_cell(11, "Notes", "bob's", user=BOB)
    both_hold(orders, 11, "Notes", "bob's")
    done = undo(orders, "--by", EVE, "--since", began, code=1)
    assert [row["key"] for row in done["rows"]] == [["10"]]
    (left,) = done["left"]
    assert (left["key"], left["column"], left["now"], left["then"]) == (["11"], "notes", "bob's", None)
    assert left["reason"].startswith(f"changed since by {BOB}")
    both_hold(orders, 10, "Notes", None)
    assert orders.stored(11)["notes"] == "bob's"
    assert undo(orders, "--by", EVE, "--since", began, "--over")["left"] == []
    both_hold(orders, 11, "Notes", None)
    orders.verify()


def test_the_link_as_of_a_time_is_as_it_was(orders: Orders) -> None:
    orders.verify()
    began, before = datetime.now(UTC).isoformat(), orders.sheet_rows()
    orders.type_cell(15, "Price", "77.25")
    orders.sql("UPDATE {table} SET quantity = quantity + 1 WHERE order_no IN (16, 17)")
    orders.sql("DELETE FROM {table} WHERE order_no = 18")
    wait_for(lambda: str(orders.stored(15)["price"]) == "77.25" and not orders.seen(18), "both sides changed")
    orders.verify()
    undo(orders, "--as-of", began)
    orders.verify()

    def plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(({k: v for k, v in row.items() if k != "row"} for row in rows), key=lambda r: r["Order no."])

    wait_for(lambda: plain(orders.sheet_rows()) == plain(before), "the sheet as it was")


def test_what_cannot_be_taken_back_is_refused_and_nothing_is_written(orders: Orders, main_job: MainJob) -> None:
    orders.type_cell(20, "Notes", "stays")
    both_hold(orders, 20, "Notes", "stays")
    number = str(entry(orders, 20, "notes", "stays", "sheet")["id"])
    assert "has no" in main_job.refusal("undo", orders.name, "--entry", "999999999", "--yes")
    assert "no such thing" in main_job.refusal("undo", "--event", "msg_of_nobody", "--yes")
    assert "no such thing" in main_job.refusal("undo", "--entry", "999999999", "--whole", "--yes")
    main_job.told("pause", orders.name)
    assert "is paused" in main_job.refusal("undo", "--entry", number, "--yes")
    main_job.told("resume", orders.name)
    assert orders.stored(20)["notes"] == "stays"
