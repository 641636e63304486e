"""A table that is proposed from a tab takes every value of it and gives it back, on either server."""

from __future__ import annotations

from contextlib import closing

import pytest

from adapters.mysql_connection import ThreadSessions, parse_url
from adapters.mysql_schema import describe_table, has_rows, has_schema, is_there
from adapters.mysql_store import open_store
from config.link_entry import LinkEntry
from config.links import resolve
from core.errors import LinkRefused
from core.infer_table import propose_table
from core.model import SheetCell
from core.sheet import TabRow
from core.table_sql import create_table
from core.values import Serial, SheetValue
from core.values.catalog import codec_for
from sandbox.stack.servers import MysqlServer

HEADERS = [
    "Code",
    "select",
    "We`ird; DROP TABLE x --",
    "Größe",
    "Big",
    "Paid",
    "Day",
    "Moment",
    "Length",
    "Long",
    "Any",
]
VALUES: tuple[tuple[SheetValue, ...], ...] = (
    ("00501", 1, 9.5, "☂ é", "12345678901234567", True, Serial(45418.0), Serial(45418.5), Serial(0.2), "x" * 300, 5),
    ("abc", -7, 12, "=1+1", 5, False, Serial(1.0), Serial(2.0), Serial(1.5), "ü" * 20_000, 0.1 + 0.2),
    ("ABC", 3, 0.125, " spaces ", None, True, Serial(2.0), Serial(3.000001157407407), Serial(0.5), None, 1e-7),
)  # fmt: skip


def test_the_statement_that_is_shown_makes_a_table_that_takes_all_values_and_gives_them_back(
    any_mysql: MysqlServer, schema: str
) -> None:
    rows = [
        TabRow(n, f"r_{n}", {h: SheetCell(v) for h, v in zip(HEADERS, line, strict=True) if v is not None})
        for n, line in enumerate(VALUES, start=2)
    ]
    proposed = propose_table(HEADERS, rows)
    assert proposed.key_columns == ("code",)
    entry = LinkEntry(name="one", spreadsheet="1A", tab="One", table=f"{schema}.one", columns=dict(proposed.mapping))
    address = parse_url(any_mysql.url)
    with closing(ThreadSessions(address)) as session:
        assert (has_schema(session, schema), is_there(session, schema, "one")) == (True, False)
        with pytest.raises(LinkRefused, match=f"The schema {schema} has no table one"):
            describe_table(session, schema, "one")  # the schema is there, and empty
        session.query(create_table(resolve(entry, proposed, codec_for)))
        assert is_there(session, schema, "one")
        assert not has_rows(session, schema, "one")
        described = describe_table(session, schema, "one")
        link = resolve(entry, described, codec_for)
        assert [c.data_type for c in described.columns] == [c.data_type for c in proposed.columns]
        with closing(open_store(any_mysql.url, f"{schema}_state")) as store:
            wanted = [
                {c.name: c.codec.from_sheet(row.cells.get(c.header, SheetCell(None)).value) for c in link.columns}
                for row in rows
            ]
            answers = store.run(lambda tx: tx.insert_rows(link, wanted))
            assert answers == [("00501",), ("abc",), ("ABC",)]
            held = dict(store.read_rows(link))
            assert [held[key] for key in [("00501",), ("abc",), ("ABC",)]] == wanted
        session.query(f"DROP DATABASE {schema}_state")
