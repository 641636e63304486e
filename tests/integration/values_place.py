"""A column between a real table and a real tab: everything on the way is the product's own.

Table to sheet: SQL, our row adapter, the codec, a swap write. Sheet to table: our reader, the codec, our row adapter.
"""

# ruff: noqa: S608  (the tests' own names stand in statements)

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_schema import describe_table
from adapters.mysql_store import MysqlStore
from adapters.sheets_client import SheetsClient
from adapters.sheets_prepare import prepare_tab
from adapters.sheets_tab import GoogleSheet
from core.errors import Unfit
from core.model import Key, Link, LinkedColumn, SheetCell
from core.sheet import CellWrite, RowInsert, SwapWrite
from core.sheet_plan import SheetView, plan_sheet
from core.values import Canonical, SheetValue
from core.values.catalog import codec_for
from sandbox.stack.servers import MysqlServer
from tests.contract.sheets.sandbox_server import SandboxServer

_numbers = itertools.count(1)
_BLANK = SheetCell(None)


@dataclass(frozen=True)
class Sql:
    """A value as the SQL expression that makes it; any other is a parameter."""

    text: str


@dataclass(frozen=True)
class Refusal:
    """Why a value stays where it is."""

    reason: str


class Place:
    """One server and one sandbox, and the columns that tests make between them."""

    def __init__(self, server: MysqlServer, schema: str, sandbox: SandboxServer) -> None:
        self.server, self.schema, self.sandbox = server, schema, sandbox
        address = parse_url(server.url)
        self.store = MysqlStore(address, schema)
        self.session = MysqlSession(address, autocommit=True)
        self.client = SheetsClient(endpoint=sandbox.url, token="writer", timeout_s=20)
        self._program = server.connect(schema)
        # What a table may hold is more than a strict session writes: zero dates stand in old tables.
        self.execute("SET sql_mode = 'NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'")

    def execute(self, sql: str, params: Sequence[Any] = ()) -> list[Any]:
        """Run one statement as some program would; its rows."""
        with closing(self._program.cursor()) as cursor:
            cursor.execute(sql, params)
            rows = cursor.fetchall() if cursor.description else []
        self._program.commit()
        return list(rows)

    def close(self) -> None:
        """Let go of everything."""
        self._program.close()
        self.store.close()
        self.session.drop()
        self.client.close()

    def spreadsheet(self, locale: str, time_zone: str) -> str:
        """A fresh spreadsheet with one tab, ``Values``."""
        made = self.sandbox.post(
            "/v4/spreadsheets",
            {
                "properties": {"locale": locale, "timeZone": time_zone},
                "sheets": [{"properties": {"title": "Values"}}],
            },
            token="person",
        )
        return str(made["spreadsheetId"])


class Crossing:
    """A column ``v`` of a table, linked with a tab; and a second table of the same shape to compare with.

    Args:
        place: where.
        declared: the column's declaration, such as ``DECIMAL(10,2) NOT NULL``.
        locale: the spreadsheet's.
        time_zone: the spreadsheet's.
    """

    def __init__(
        self, place: Place, declared: str, *, locale: str = "en_US", time_zone: str = "Europe/Berlin"
    ) -> None:
        self.place = place
        self.table, self.copy = f"values_{next(_numbers)}", f"copies_{next(_numbers)}"
        for table in (self.table, self.copy):
            place.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, v {declared}) DEFAULT CHARSET = utf8mb4")
        self.link, self.copies = self._linked(self.table), self._linked(self.copy)
        self.spreadsheet_id = place.spreadsheet(locale, time_zone)
        self.person("edit", range="A1:B1", values=[["id", "v"]])
        self.target = prepare_tab(place.client, self.spreadsheet_id, "Values", self.table, self.link.columns)
        self.sheet = GoogleSheet(place.client)
        self._n = 0
        self._last_row = 1

    @property
    def column(self) -> LinkedColumn:
        """The column in question."""
        column = self.link.by_name("v")
        assert column is not None
        return column

    def _linked(self, table: str) -> Link:
        described = describe_table(self.place.session, self.place.schema, table)
        columns = tuple(
            LinkedColumn(c.name, c, codec_for(c), "last_write_wins", key=c.name == "id") for c in described.columns
        )
        return Link(table, "sheet", "Values", self.place.schema, table, columns)

    def person(self, action: str, **body: Any) -> None:
        """What a person does in the tab."""
        self.place.sandbox.post(f"/person/{self.spreadsheet_id}/{action}", {"tab": "Values", **body})

    # --- the table

    def hold(self, values: Mapping[int, Any]) -> None:
        """Put values into the table by SQL, by id."""
        for number, value in values.items():
            given, params = (value.text, []) if isinstance(value, Sql) else ("%s", [value])
            self.place.execute(f"INSERT INTO {self.table} (id, v) VALUES ({number}, {given})", params)

    def held(self) -> dict[int, Canonical]:
        """What our row adapter reads, by id."""
        return {int(key[0]): row["v"] for key, row in self.place.store.read_rows(self.link)}

    def write(self, values: Mapping[int, Canonical], link: Link | None = None) -> dict[int, Refusal]:
        """Write canonical texts by our row adapter; what it refuses, by id."""
        link = link or self.link
        with self.place.store.begin() as tx:
            known = set(tx.rows(link, [(str(i),) for i in values]))
            refused: dict[int, Refusal] = {}
            for number, value in values.items():
                key = (str(number),)
                try:
                    if key in known:
                        tx.update_row(link, key, {"v": value})
                    else:
                        tx.insert_row(link, {"id": key[0], "v": value})
                except Unfit as reason:
                    refused[number] = Refusal(reason.message)
        return refused

    def differing(self) -> dict[int, tuple[Any, Any]]:
        """Values whose bytes differ between the table and the copies, by id."""
        v = "a.v", "b.v"
        if self.column.column.data_type != "vector":
            v = "CONCAT(a.v)", "CONCAT(b.v)"
        rows = self.place.execute(
            f"SELECT a.id, HEX({v[0]}), HEX({v[1]}) FROM {self.table} a JOIN {self.copy} b ON a.id = b.id"
            f" WHERE NOT (HEX({v[0]}) <=> HEX({v[1]}))"
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    # --- the sheet

    def to_sheet(self) -> dict[int, Refusal]:
        """Copy the whole table into the tab, as the sheet writer does; what no cell can hold, by id."""
        rows = dict(self.place.store.read_rows(self.link))
        ids = (f"r_{next(_numbers)}" for _ in itertools.count())
        view = SheetView(self.link, list(rows), {}, rows, self.sheet.read_positions(self.target))
        plan = plan_sheet(view, lambda: next(ids))
        self._swap(inserts=tuple(plan.inserts))
        self._last_row += len(plan.inserts)
        keys: dict[str, Key] = plan.keys
        return {int(keys[u.row_id][0]): Refusal(u.reason) for u in plan.unfit}

    def put(self, values: Mapping[int, SheetValue]) -> None:
        """Write values into the cells of rows that stand in the tab."""
        image = self.sheet.read_tab(self.target)
        at = {int(row.cells["id"].value): row for row in image.rows}  # type: ignore[arg-type]  # ids are numbers
        writes = [CellWrite(at[i].row_id or "", at[i].row, "v", value) for i, value in values.items()]
        self._swap(cells=tuple(writes))

    def _swap(self, *, cells: tuple[CellWrite, ...] = (), inserts: tuple[RowInsert, ...] = ()) -> None:
        self._n += 1
        write = SwapWrite(n=self._n, epoch=1, cells=cells, inserts=inserts, insert_after_row=self._last_row)
        assert not self.sheet.swap(self.target, write).layout_changed

    def type(self, texts: Sequence[str], start: int = 1) -> None:
        """Have a person type ids and texts, one row each, below what stands there; ids count from ``start``."""
        first, last = self._last_row + 1, self._last_row + len(texts)
        self._last_row = last
        ids = [[str(number)] for number in range(start, start + len(texts))]
        self.person("edit", range=f"A{first}:A{last}", values=ids)
        self.person("edit", range=f"B{first}:B{last}", values=[[text] for text in texts])

    def cells(self) -> dict[int, SheetCell]:
        """What our reader finds in the tab, by id."""
        rows = self.sheet.read_tab(self.target).rows
        return {int(row.cells["id"].value): row.cells.get("v", _BLANK) for row in rows}  # type: ignore[arg-type]  # ids are numbers

    def read(self) -> tuple[dict[int, Canonical], dict[int, Refusal]]:
        """Canonical texts of the tab's cells, and what does not fit, by id."""
        read: dict[int, Canonical] = {}
        refused: dict[int, Refusal] = {}
        for number, cell in self.cells().items():
            try:
                read[number] = self.column.codec.from_sheet(cell.value)
            except Unfit as reason:
                refused[number] = Refusal(reason.message)
        return read, refused
