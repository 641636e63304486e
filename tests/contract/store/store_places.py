"""Where the contract of the store is tried: in memory, on MySQL, on MariaDB."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Generator, Iterable
from datetime import datetime
from typing import Any, Protocol

from fakes.store import FakeState, FakeStore

from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_migrations import migrate
from adapters.mysql_schema import describe_table
from adapters.mysql_statements import utc
from adapters.mysql_store import MysqlStore
from core.model import Key, Link, LinkedColumn, TableColumn
from core.ports import Store, TableRow
from core.values.catalog import codec_for

ORDERS = """
CREATE TABLE {schema}.orders (
  id       BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  order_no VARCHAR(10) NOT NULL UNIQUE,
  quantity INT NULL,
  price    DECIMAL(10,2) NULL,
  note     VARCHAR(200) NULL
) DEFAULT CHARSET = utf8mb4
"""
STOCK = """
CREATE TABLE {schema}.stock (
  warehouse VARCHAR(10) NOT NULL,
  sku       VARCHAR(10) NOT NULL,
  amount    INT NOT NULL DEFAULT 0,
  PRIMARY KEY (warehouse, sku)
) DEFAULT CHARSET = utf8mb4
"""


class AnyStore(Store, Protocol):
    """What the adapters offer beyond the port."""

    def run(self, work: Callable[[Any], Any]) -> Any: ...
    def read_rows(self, link: Link) -> Generator[tuple[Key, TableRow], None, None]: ...
    def read_keys(self, link: Link) -> Iterable[Key]: ...
    def look_at_rows(self, link: Link, keys: Collection[Key]) -> dict[Key, TableRow]: ...


class Place:
    """One database with two linked tables, and as many stores over it as a test opens."""

    orders: Link
    stock: Link

    def open(self) -> AnyStore:
        """One more process."""
        raise NotImplementedError

    def sent(self) -> list[tuple[str, str, Any]]:
        """What stands in the outbox: (topic, link, body)."""
        raise NotImplementedError

    def ways(self) -> list[tuple[str, datetime | None, datetime | None]]:
        """Of what stands in the history: (event, received_at, queued_at), in its order."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of everything."""


class MemoryPlace(Place):
    """The fake."""

    def __init__(self) -> None:
        self._state = FakeState()
        self.orders = _link("orders", "test", "orders", _ORDERS_COLUMNS, ("id",))
        self.stock = _link("stock", "test", "stock", _STOCK_COLUMNS, ("warehouse", "sku"))
        self._state.table(self.orders).unique = ("order_no",)
        self._state.table(self.stock).defaults = {"amount": "0"}

    def open(self) -> AnyStore:
        store: AnyStore = FakeStore(self._state)
        return store

    def sent(self) -> list[tuple[str, str, Any]]:
        return list(self._state.outbox)

    def ways(self) -> list[tuple[str, datetime | None, datetime | None]]:
        return [(entry.event, entry.received_at, entry.queued_at) for _, entry in self._state.history]


class ServerPlace(Place):
    """A real server."""

    def __init__(self, url: str, schema: str) -> None:
        self.address = parse_url(url)
        self.state_schema = f"test_state_{os.getpid()}"
        self._stores: list[MysqlStore] = []
        self.session = MysqlSession(self.address, autocommit=True)
        self.session.query(ORDERS.format(schema=schema))
        self.session.query(STOCK.format(schema=schema))
        self._empty_state()
        self.orders = self.link(schema, "orders")
        self.stock = self.link(schema, "stock")

    def _empty_state(self) -> None:
        """Made once for all tests of this process: twenty tables take longer than most of the tests."""
        migrate(self.address, self.state_schema)
        tables = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s"
        for (table,) in self.session.query(f"{tables} AND TABLE_NAME <> 'schema_version'", (self.state_schema,)):
            self.session.query(f"DELETE FROM {self.state_schema}.{table}")  # noqa: S608  (the test's own schema)

    def link(self, schema: str, table: str) -> Link:
        """A link to a table as it is, every column under its own name."""
        found = describe_table(self.session, schema, table)
        return _link(table, schema, table, found.columns, found.key_columns)

    def open(self) -> MysqlStore:
        store = MysqlStore(self.address, self.state_schema)
        self._stores.append(store)
        return store

    def sent(self) -> list[tuple[str, str, Any]]:
        rows = self.session.query(
            f"SELECT topic, link, body FROM {self.state_schema}.outbox ORDER BY id"  # noqa: S608  (the test's own schema)
        )
        return [(topic, link, json.loads(body)) for topic, link, body in rows]

    def ways(self) -> list[tuple[str, datetime | None, datetime | None]]:
        rows = self.session.query(
            f"SELECT event, way FROM {self.state_schema}.history ORDER BY id"  # noqa: S608  (the test's own schema)
        )
        times = [(event, json.loads(way)[2:] if way else [None, None]) for event, way in rows]
        return [(event, *(at and utc(datetime.fromisoformat(at)) for at in known)) for event, known in times]

    def close(self) -> None:
        for store in self._stores:
            store.close()
        self.session.drop()


def _link(name: str, schema: str, table: str, columns: tuple[TableColumn, ...], key: tuple[str, ...]) -> Link:
    linked = tuple(LinkedColumn(c.name, c, codec_for(c), key=c.name in key) for c in columns)
    return Link(name, "sheet-1", table.title(), schema, table, linked)


def _text(name: str, length: int, *, nullable: bool = True) -> TableColumn:
    return TableColumn(
        name, "varchar", f"varchar({length})", nullable, nullable, length_chars=length, charset="utf8mb4"
    )


_ORDERS_COLUMNS = (
    TableColumn("id", "bigint", "bigint unsigned", nullable=False, has_default=True, auto_increment=True),
    _text("order_no", 10, nullable=False),
    TableColumn("quantity", "int", "int", has_default=True),
    TableColumn("price", "decimal", "decimal(10,2)", has_default=True, precision=10, scale=2),
    _text("note", 200),
)
_STOCK_COLUMNS = (
    _text("warehouse", 10, nullable=False),
    _text("sku", 10, nullable=False),
    TableColumn("amount", "int", "int", nullable=False, has_default=True),
)
