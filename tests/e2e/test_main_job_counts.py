"""Writes once: what is counted on the one side when the other side changes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from main_job_world import MainJob, Orders, wait_for

from sandbox.stack.tour import Table

EDITS_EACH_WAY = int(os.environ.get("TWINSHEET_EDITS_EACH_WAY", "300"))
"""`make edits N=10000` for more."""
_COLUMNS = ("Customer", "Item", "Notes")


class Audit:
    """A table in which triggers of the server's own count every write to the linked table."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self.name = f"{orders.table}_audit"
        orders.sql(f"CREATE TABLE {self.name} (what VARCHAR(10), order_no INT)")
        for what, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            orders.job.as_root(
                f"CREATE TRIGGER {orders.table}_{what} AFTER {what} ON {orders.table} FOR EACH ROW"  # noqa: S608
                f" INSERT INTO {self.name} VALUES ('{what}', {row}.order_no)"
            )

    def counted(self) -> Counter[str]:
        """Writes by kind."""
        return Counter(what for (what,) in self._orders.sql(f"SELECT what FROM {self.name}"))  # noqa: S608


@pytest.fixture
def busy(main_job: MainJob) -> Iterator[Orders]:
    """A link with rows enough for all edits."""
    own = main_job.orders(EDITS_EACH_WAY * 2 // len(_COLUMNS) + 1)
    yield own
    own.remove()


@pytest.mark.timeout(max(900, EDITS_EACH_WAY // 3))
def test_one_cell_edited_on_either_side_is_exactly_one_write_on_the_other_and_no_echo(busy: Orders) -> None:
    audit, before = Audit(busy), busy.state()
    cells = [(n, c) for n in busy.numbers() for c in _COLUMNS]
    typed, updated = cells[:EDITS_EACH_WAY], cells[EDITS_EACH_WAY : 2 * EDITS_EACH_WAY]
    rows = {int(r["Order no."]): int(r["row"]) for r in busy.sheet_rows()}

    # Each edit is awaited before the next: Google drops the triggers of an onslaught, and a scan takes over.
    table = Table(str(busy.job.stack["mysql_url"]))
    for number, (order_no, header) in enumerate(typed):
        text = f"typed {number}"
        busy.type(f"{'ABCDEFGHI'[{'Customer': 1, 'Item': 2, 'Notes': 8}[header]]}{rows[order_no]}", [text])
        query = f"SELECT 1 FROM {busy.table} WHERE order_no = %s AND {header.lower()} = %s"  # noqa: S608
        wait_for(lambda q=query, n=order_no, t=text: table.first(q, n, t), text)  # type: ignore[misc]
    busy.verify()
    assert audit.counted() == {"UPDATE": EDITS_EACH_WAY}
    assert busy.state()["writes"] == before["writes"]

    for number, (order_no, header) in enumerate(updated):
        statement = f"UPDATE {busy.table} SET {header.lower()} = %s WHERE order_no = %s"  # noqa: S608
        table.run(statement, f"by sql {number}", order_no)
    table.close()
    texts = {f"by sql {number}" for number in range(EDITS_EACH_WAY)}
    wait_for(lambda: texts <= {row[c] for row in busy.sheet_rows() for c in _COLUMNS}, "every cell in the sheet")
    busy.verify()
    assert audit.counted() == {"UPDATE": 2 * EDITS_EACH_WAY}
    assert 0 < busy.state()["writes"] - before["writes"] <= EDITS_EACH_WAY

    history = Counter(
        (h["side"], h["new"]) for h in busy.records("history") if h["column"] in ("customer", "item", "notes")
    )
    carried = {item: count for item, count in history.items() if str(item[1]).startswith(("typed", "by sql"))}
    expected = {("sheet", f"typed {n}"): 1 for n in range(EDITS_EACH_WAY)}
    assert carried == expected | {("table", text): 1 for text in texts}
    assert not busy.records("conflicts")


def test_a_single_update_is_a_single_request(busy: Orders) -> None:
    for number in range(10):
        before = busy.state()["writes"]
        busy.sql("UPDATE {table} SET notes = %s WHERE order_no = %s", f"alone {number}", number + 1)
        wait_for(lambda n=number: busy.seen(n + 1)["Notes"] == f"alone {n}", "the note in the sheet")  # type: ignore[misc]
        assert busy.state()["writes"] == before + 1


def test_a_thousand_rows_of_one_statement_reach_the_sheet_in_ten_requests_at_most(own_orders: Orders) -> None:
    before = own_orders.state()["writes"]
    own_orders.sql(
        "INSERT INTO {table} (customer, item, quantity, price)"
        " WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000)"
        " SELECT CONCAT('Bulk ', n), 'Lamp', n, n / 100 FROM numbers"
    )
    wait_for(lambda: len(own_orders.sheet_rows()) == 1030, "every row in the sheet")
    own_orders.verify()
    assert own_orders.state()["writes"] - before <= 10
    assert [r["Customer"] for r in own_orders.sheet_rows()[30:]] == [f"Bulk {n}" for n in range(1, 1001)]


def test_five_hundred_pasted_rows_reach_the_table_in_their_order_and_get_their_keys(own_orders: Orders) -> None:
    first = own_orders.next_row()
    pasted = [["", f"Pasted {n}", "Lamp", "1", "2.50", "", "", "new", ""] for n in range(500)]
    own_orders.type(f"A{first}:I{first + 499}", *pasted)
    wait_for(lambda: own_orders.count() == 530, "every row in the table")
    wait_for(lambda: all(row["Order no."] for row in own_orders.sheet_rows()), "every key in the sheet")
    own_orders.verify()
    rows = own_orders.sheet_rows()[30:]
    assert [r["Customer"] for r in rows] == [f"Pasted {n}" for n in range(500)]
    keys = [r["Order no."] for r in rows]
    assert keys == sorted(keys)
