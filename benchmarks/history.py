"""``make history``: ten million entries of history, and how long each kind of search takes in them.

Fills a server of its own, entry after entry in the order of their times. It has the 64 MB of memory for tables that
the local stack's servers have, so that most of what is searched lies on the disk.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from adapters.mysql_connection import MysqlSession, connect, parse_url
from adapters.mysql_migrations import DEFAULT_SCHEMA
from adapters.mysql_months import HistoryMonths
from adapters.mysql_store import MysqlStore, open_store
from app.history import History
from benchmarks.figures import Figure, of_samples
from core.history import HistoryFilter
from core.ports import HistoryEntry
from sandbox.stack import programs
from sandbox.stack.commands import MysqlPlace
from sandbox.stack.downloads import Downloads, downloads_dir
from sandbox.stack.servers import MysqlServer, free_port

ENTRIES = 10_000_000
CHUNK = 50_000
DAYS = 700
LINKS, ROWS, COLUMNS, PEOPLE, PER_EVENT = 200, 500, 10, 400, 20
SAMPLES = 40
BAR_MS = 200.0
WRITE_ENTRIES = 500
WRITES = 100
WRITING = "writing"
"""Is shown beside the searches; the bar is theirs."""

# Every event changes cells of one link; people type every second one, the others come from the table.
_FILL = f"""
INSERT INTO history (link, row_id, key_json, column_name, old_value, new_value, side, actor, edited_at, at, event,
                     once, way, month)
SELECT CONCAT('link_', link_no), CONCAT('r_', link_no, '_', row_no), CONCAT('["', row_no, '"]'),
       CONCAT('column_', n MOD {COLUMNS}), CONCAT('value before ', n), CONCAT('value after ', n),
       IF(typed, 'sheet', 'table'), IF(typed, CONCAT('person_', mixed MOD {PEOPLE}, '@example.com'), 'shop'),
       IF(typed, at, NULL), at, IF(typed, CONCAT('msg_', event_no), CONCAT('write ', event_no, ' tx:', event_no)),
       UNHEX(SHA2(n, 256)), CONCAT('["connection 17","', at, '","', at, '","', at, '"]'), EXTRACT(YEAR_MONTH FROM at)
FROM (SELECT n, event_no, event_no MOD 2 = 0 AS typed, CRC32(event_no) AS mixed,
             CRC32(event_no * 7) MOD {LINKS} AS link_no, CRC32(n) MOD {ROWS} AS row_no,
             CURRENT_TIMESTAMP(6) - INTERVAL %s SECOND + INTERVAL i * %s MICROSECOND AS at
      FROM (SELECT i, i + %s AS n, (i + %s) DIV {PER_EVENT} AS event_no FROM numbers) AS numbered) AS entries
ORDER BY n"""  # noqa: S608  (constants only)


def main() -> int:
    """Fill, search, write, and print a table of it; 1 where a search takes longer than it may."""
    parser = argparse.ArgumentParser(prog="make history", description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--server", choices=("mysql", "mariadb"), default="mysql")
    asked = parser.parse_args()
    console = Console(width=110)
    with tempfile.TemporaryDirectory(prefix="twinsheet-history-") as folder, console.status("Starting") as status:
        server = history_server(Path(folder), asked.server)
        server.start()
        try:
            with closing(open_store(server.url)) as store:
                for done in fill_history(server.url, asked.entries):
                    status.update(f"{done:,} of {asked.entries:,} entries")
                let_rest(server)
                status.update("Searching")
                session = MysqlSession(parse_url(server.url), schema=DEFAULT_SCHEMA, autocommit=True)
                session.connection()  # is no part of the first search
                figures = list(_search(History(session), asked.entries))
                session.drop()
                figures.append(_write(store))
        finally:
            server.stop()
    return _print(console, figures, asked.entries)


def history_server(folder: Path, flavour: str) -> MysqlServer:
    find = programs.find_mysql if flavour == "mysql" else programs.find_mariadb
    program = find(Downloads(downloads_dir()), lambda *_: None)
    return MysqlServer(program, MysqlPlace(folder, free_port(), "twinsheet-bench", "root-bench"))


def fill_history(url: str, entries: int) -> Iterator[int]:
    """Write the entries, the oldest first; how many there are, now and then."""
    connection = connect(parse_url(url), schema=DEFAULT_SCHEMA, autocommit=True, read_timeout_s=600)
    with closing(connection):
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE numbers (i INT PRIMARY KEY)")
        for start in range(0, CHUNK, 1000):
            cursor.executemany("INSERT INTO numbers VALUES (%s)", [(i,) for i in range(start, start + 1000)])
        step_us = DAYS * 86_400_000_000 // entries
        for start in range(0, entries, CHUNK):
            ago_s = DAYS * 86_400 - start * step_us // 1_000_000
            cursor.execute(_FILL, (ago_s, step_us, start, start))
            if not start:  # from the first entry on, as if there had been a service all along
                HistoryMonths(parse_url(url)).tidy(kept_months=DAYS // 28)
            yield min(start + CHUNK, entries)


def let_rest(server: MysqlServer) -> None:
    """Have the server write what the fill has left in its memory: nobody writes a million entries and then searches,
    and a search that needs memory would wait for that."""
    with closing(server.connect_as_root()) as connection:
        cursor = connection.cursor()
        cursor.execute(f"FLUSH TABLES {DEFAULT_SCHEMA}.history FOR EXPORT")
        cursor.execute("UNLOCK TABLES")


def _search(history: History, entries: int) -> Iterator[Figure]:
    """A page of each kind of question, each time about something else."""
    chance = random.Random(7)  # noqa: S311 -- which entry is looked for is no secret
    now = datetime.now(UTC)

    def link() -> str:
        return f"link_{chance.randrange(LINKS)}"

    def row(column: str | None = None) -> HistoryFilter:
        one = chance.randrange(LINKS)
        return HistoryFilter(link=f"link_{one}", row_id=f"r_{one}_{chance.randrange(ROWS)}", column=column)

    def person() -> str:
        return f"person_{chance.randrange(PEOPLE)}@example.com"

    def column() -> str:
        return f"column_{chance.randrange(COLUMNS)}"

    def day() -> datetime:
        return now - timedelta(days=chance.uniform(1, DAYS - 1))

    def minute(link: str | None = None) -> HistoryFilter:
        since = day()
        return HistoryFilter(link=link, since=since, until=since + timedelta(minutes=1))

    event = f"msg_{entries // PER_EVENT // 4 * 2}"
    questions: dict[str, Callable[[], HistoryFilter]] = {
        "one cell": lambda: row(column()),
        "one row": row,
        "one person, in one link": lambda: HistoryFilter(link=link(), actor=person()),
        "one person, in all links": lambda: HistoryFilter(actor=person()),
        "one person, since a day": lambda: HistoryFilter(actor=person(), since=day()),
        "one minute, in all links": minute,
        "one minute, in one link": lambda: minute(link()),
        "one edit": lambda: HistoryFilter(event=event),
        "one transaction of the table": lambda: HistoryFilter(event=f"tx:{2 * chance.randrange(entries // 40) + 1}"),
        "the newest of all": HistoryFilter,
        "the newest of one link": lambda: HistoryFilter(link=link()),
        "one column of one link": lambda: HistoryFilter(link=link(), column=column()),
        "a word that no entry has": lambda: HistoryFilter(link=link(), what="restored"),
    }
    for what, question in questions.items():
        yield of_samples(what, [_took_s(history, question()) for _ in range(SAMPLES)])


def _took_s(history: History, asked: HistoryFilter) -> float:
    began = time.perf_counter()
    history.page(asked)
    return time.perf_counter() - began


def _write(store: MysqlStore) -> Figure:
    """Transactions that record as a copy does."""
    took = []
    for number in range(WRITES):
        entries = [
            HistoryEntry(f"w_{number}_{i}", (str(i),), None, None, None, "table", "copied", event=f"write {number}")
            for i in range(WRITE_ENTRIES)
        ]
        began = time.perf_counter()
        store.run(lambda tx, entries=entries: tx.add_history("link_1", entries))  # type: ignore[misc]  # bound in the loop
        took.append(time.perf_counter() - began)
    return of_samples(f"{WRITING} {WRITE_ENTRIES} entries", took)


def _print(console: Console, figures: list[Figure], entries: int) -> int:
    table = Table("", "p50 ms", "p99 ms", "times", title=f"{entries:,} entries of history")
    for figure in figures:
        table.add_row(figure.what, f"{figure.p50_ms:.1f}", f"{figure.p99_ms:.1f}", str(figure.count))
    console.print(table)
    slow = [figure.what for figure in figures if figure.p99_ms > BAR_MS and not figure.what.startswith(WRITING)]
    if slow:
        console.print(f"Slower than {BAR_MS:.0f} ms: {', '.join(slow)}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
