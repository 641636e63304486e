"""The tour: every kind of change in both directions, each waited for and timed.

It uses a stack as its user would: a person's keyboard on one side, SQL on the other.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from core.errors import StackError
from sandbox.stack import sample
from sandbox.stack.sheet_client import SheetClient

_POLL_S = 0.02
_STEP_TIMEOUT_S = 30.0
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Step:
    """One step of the tour.

    Args:
        name: what was done and what came of it.
        delay_s: from the change on one side until the other side showed it.
        good: whether it came in time.
        reason: what was seen instead.
    """

    name: str
    delay_s: float
    good: bool
    reason: str = ""


class Sheet:
    """The sample's tab as a person sees it: rows by their position, cells by their header."""

    def __init__(self, client: SheetClient, spreadsheet: str) -> None:
        self._client = client
        self._spreadsheet = spreadsheet

    def rows(self) -> list[dict[str, Any]]:
        """All rows below the headers, each with its `row` counted from 1."""
        values = self._client.tab(self._spreadsheet, sample.TAB)["values"]
        headers = values[0]
        found = []
        for number, cells in enumerate(values[1:], start=2):
            padded = [*cells, *[None] * (len(headers) - len(cells))]
            found.append(dict(zip(headers, padded, strict=False)) | {"row": number})
        return found

    def find(self, order_no: int) -> dict[str, Any] | None:
        """The row of an order."""
        return next((row for row in self.rows() if row.get("Order no.") == order_no), None)

    def type(self, row: int, cells: dict[str, str]) -> None:
        """Type into cells of a row, as one paste."""
        headers = list(self._client.tab(self._spreadsheet, sample.TAB)["values"][0])
        places = {headers.index(header): text for header, text in cells.items()}
        first, last = min(places), max(places)
        line = [places.get(position) for position in range(first, last + 1)]  # None leaves a cell alone
        area = f"{_ALPHABET[first]}{row}:{_ALPHABET[last]}{row}"
        self._client.person(self._spreadsheet, "edit", tab=sample.TAB, range=area, values=[line])

    def delete(self, row: int) -> None:
        """Delete a row."""
        self._client.person(self._spreadsheet, "delete_rows", tab=sample.TAB, at=row, count=1)


class Table:
    """The sample's table through SQL."""

    def __init__(self, mysql_url: str) -> None:
        self._connection = connect(mysql_url)

    def run(self, statement: str, *values: Any) -> int:
        """Run a statement that changes rows; returns the generated key, if any."""
        cursor = self._connection.cursor()
        try:
            cursor.execute(statement, values)
            return int(cursor.lastrowid or 0)
        finally:
            cursor.close()

    def find(self, order_no: int) -> dict[str, Any] | None:
        """The row of an order."""
        return self.first(f"SELECT * FROM {sample.TABLE} WHERE order_no = %s", order_no)  # noqa: S608 - a constant

    def first(self, query: str, *values: Any) -> dict[str, Any] | None:
        """The first row that a query finds."""
        cursor = self._connection.cursor(dictionary=True)
        try:
            cursor.execute(query, values)
            rows: list[dict[str, Any]] = cursor.fetchall()
        finally:
            cursor.close()
        return rows[0] if rows else None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def connect(mysql_url: str) -> Any:
    """A connection that commits each statement by itself.

    Args:
        mysql_url: `mysql://user:password@host:port/`.
    """
    from urllib.parse import unquote, urlsplit

    from mysql.connector import connect as mysql_connect

    parts = urlsplit(mysql_url)
    return mysql_connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        autocommit=True,
    )


def take_tour(sheet: Sheet, table: Table, verify: Callable[[], bool]) -> Iterator[Step]:
    """Do and time every step; goes on after one that failed, so that all are told.

    Args:
        sheet: the linked tab.
        table: the linked table.
        verify: compares the whole tab with the whole table once both rest.
    """
    mark = f"tour {int(time.time())}"
    order_no = _an_order(sheet, table)
    yield _edit_in_sheet(sheet, table, order_no, mark)
    yield _update_by_sql(sheet, table, order_no)
    inserted, step = _insert_by_sql(sheet, table, mark)
    yield step
    typed, step = _type_a_row(sheet, table, mark)
    yield step
    yield _delete_by_sql(sheet, table, inserted)
    yield _delete_in_sheet(sheet, table, typed)
    start = time.monotonic()
    identical = verify()
    yield Step(
        "compare every cell of both sides", time.monotonic() - start, identical, "" if identical else "they differ"
    )


def _an_order(sheet: Sheet, table: Table) -> int:
    for row in sheet.rows():
        order_no = row.get("Order no.")
        if isinstance(order_no, int) and table.find(order_no):
            return order_no
    raise StackError("The sample has no order left that both sides hold.", "Start over: make demo ARGS=--fresh")


def _edit_in_sheet(sheet: Sheet, table: Table, order_no: int, mark: str) -> Step:
    row = sheet.find(order_no) or {}
    start = time.monotonic()
    sheet.type(row["row"], {"Notes": mark})
    return _awaited(
        f"type a note into order {order_no} → the table has it",
        start,
        lambda: (table.find(order_no) or {}).get("notes") == mark,
        lambda: table.find(order_no),
    )


def _update_by_sql(sheet: Sheet, table: Table, order_no: int) -> Step:
    now = (table.find(order_no) or {}).get("status")
    new = next(status for status in itertools.cycle(sample.STATUSES) if status != now)
    start = time.monotonic()
    table.run(f"UPDATE {sample.TABLE} SET status = %s WHERE order_no = %s", new, order_no)  # noqa: S608 - a constant
    return _awaited(
        f"UPDATE the status of order {order_no} → the cell shows it",
        start,
        lambda: (sheet.find(order_no) or {}).get("Status") == new,
        lambda: sheet.find(order_no),
    )


def _insert_by_sql(sheet: Sheet, table: Table, mark: str) -> tuple[int, Step]:
    start = time.monotonic()
    order_no = table.run(
        f"INSERT INTO {sample.TABLE} (customer, item, quantity, price, notes) VALUES (%s, %s, %s, %s, %s)",  # noqa: S608 - a constant
        "Ada Sqlborn",
        "Teapot",
        2,
        "39.00",
        mark,
    )
    return order_no, _awaited(
        f"INSERT order {order_no} → its row appears",
        start,
        lambda: (sheet.find(order_no) or {}).get("Notes") == mark,
        lambda: sheet.find(order_no),
    )


def _type_a_row(sheet: Sheet, table: Table, mark: str) -> tuple[int, Step]:
    row = len(sheet.rows()) + 2
    name = f"Bea Typed {mark}"
    cells = {"Customer": name, "Item": "Wall clock", "Quantity": "3", "Price": "22.40", "Ordered on": "2026-07-01"}
    start = time.monotonic()
    sheet.type(row, cells)
    query = f"SELECT order_no FROM {sample.TABLE} WHERE customer = %s"  # noqa: S608 - a constant

    def written_back() -> bool:
        inserted = table.first(query, name)
        if inserted is None:
            return False
        key = inserted["order_no"]
        return any(row.get("Customer") == name and row.get("Order no.") == key for row in sheet.rows())

    step = _awaited(
        "type a new row → the table has it, its generated key is in the sheet",
        start,
        written_back,
        lambda: (table.first(query, name), [line for line in sheet.rows() if line.get("Customer") == name]),
    )
    return int((table.first(query, name) or {}).get("order_no", 0)), step


def _delete_by_sql(sheet: Sheet, table: Table, order_no: int) -> Step:
    start = time.monotonic()
    table.run(f"DELETE FROM {sample.TABLE} WHERE order_no = %s", order_no)  # noqa: S608 - a constant
    return _awaited(
        f"DELETE order {order_no} → its row is gone",
        start,
        lambda: sheet.find(order_no) is None,
        lambda: sheet.find(order_no),
    )


def _delete_in_sheet(sheet: Sheet, table: Table, order_no: int) -> Step:
    row = sheet.find(order_no)
    start = time.monotonic()
    if row is None:
        return Step("delete a row in the sheet → the table lacks it", 0.0, False, f"order {order_no} is not there")
    sheet.delete(row["row"])
    return _awaited(
        f"delete the row of order {order_no} → the table lacks it",
        start,
        lambda: table.find(order_no) is None,
        lambda: table.find(order_no),
    )


def _awaited(name: str, start: float, arrived: Callable[[], bool], seen: Callable[[], Any]) -> Step:
    while not arrived():
        delay_s = time.monotonic() - start
        if delay_s > _STEP_TIMEOUT_S:
            return Step(name, delay_s, False, f"not within {_STEP_TIMEOUT_S:.0f} s; seen: {seen()}")
        time.sleep(_POLL_S)
    return Step(name, time.monotonic() - start, True)
