"""The reader of the binlog on real servers, off the ordinary road: XA, odd sessions, restarts, other servers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.binlog_events import Committed, Position, PositionLost, RowChange, TableChange
from adapters.binlog_server import BinlogServer
from adapters.mysql_accounts import Accounts
from adapters.mysql_binlog import BinlogReader, Watch
from adapters.mysql_connection import MysqlSession, parse_url
from core.errors import MysqlUnavailable
from sandbox.stack.programs import MysqlProgram
from sandbox.stack.servers import MysqlServer

HEARTBEATS_MAX = 40
TABLE = "CREATE TABLE {schema}.t (id INT PRIMARY KEY, n VARCHAR(20) CHARACTER SET latin1) DEFAULT CHARSET = utf8mb4"


class Bench:
    """One server with a watched table ``t`` in a schema."""

    def __init__(self, server: MysqlServer, schema: str) -> None:
        self._stack = ExitStack()
        self.server, self.schema = server, schema
        self.address = parse_url(server.url)
        self.session = MysqlSession(self.address, schema=schema, autocommit=True)
        self._stack.callback(self.session.drop)
        self.session.query(TABLE.format(schema=schema))

    def facts(self) -> BinlogServer:
        return BinlogServer(self.session)

    def root(self, *statements: str) -> None:
        """Run statements in one session of the administrator."""
        with closing(self.server.connect_as_root()) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(f"USE {self.schema}")
            for statement in statements:
                cursor.execute(statement)
                cursor.fetchall()

    def reader(self, start: Position, *, by_gtid: bool = False, **more: Any) -> BinlogReader:
        watch = Watch()
        watch.set([(self.schema, "t")])
        facts = self.facts()
        reader = BinlogReader(
            self.address, start, by_gtid, watch=watch, own=("x", "y"), is_mariadb=facts.is_mariadb, **more
        )
        self._stack.callback(reader.close)
        return reader

    def read(self, start: Position, count: int = 1, **more: Any) -> list[Committed]:
        """The next transactions that have changes."""
        return take(self.reader(start, **more).read(), count)

    def close(self) -> None:
        self._stack.close()


def take(transactions: Iterator[Committed | None], count: int) -> list[Committed]:
    found: list[Committed] = []
    beats = 0
    while len(found) < count:
        committed = next(transactions)
        beats += committed is None
        assert beats < HEARTBEATS_MAX, f"only {found} came"
        if committed is not None and committed.changes:
            found.append(committed)
    return found


def rows(committed: Committed) -> list[tuple[str, int | None, int | None]]:
    changes = [c for c in committed.changes if isinstance(c, RowChange)]
    return [(c.kind, c.before and c.before["id"], c.after and c.after["id"]) for c in changes]


def reasons(committed: Committed) -> list[tuple[str, str]]:
    return [(c.what, c.table) for c in committed.changes if isinstance(c, TableChange)]


@pytest.fixture
def bench(any_mysql: MysqlServer, schema: str) -> Iterator[Bench]:
    bench = Bench(any_mysql, schema)
    yield bench
    bench.close()


@pytest.fixture
def own_bench(
    request: pytest.FixtureRequest, any_mysql: MysqlServer, new_mysql: Callable[[MysqlProgram], MysqlServer]
) -> Iterator[Bench]:
    """A server of the test's own, which it may kill and reset."""
    server = new_mysql(request.getfixturevalue(f"{any_mysql.flavour}_program"))
    server.start()
    with closing(server.connect()) as connection:
        connection.cursor().execute("CREATE DATABASE own")
    bench = Bench(server, "own")
    yield bench
    bench.close()


def test_an_xa_transaction_is_told_when_it_is_committed_and_not_before(bench: Bench) -> None:
    start = bench.facts().position()
    bench.root("XA START 'a'", "INSERT INTO t VALUES (1, 'a')", "XA END 'a'", "XA PREPARE 'a'")
    bench.root("XA START 'b'", "INSERT INTO t VALUES (2, 'b')", "XA END 'b'", "XA PREPARE 'b'")
    bench.session.query("INSERT INTO t VALUES (3, 'c')")
    bench.root("XA ROLLBACK 'b'", "XA COMMIT 'a'")
    found = bench.read(start, 2)
    assert [rows(committed) for committed in found] == [[("insert", None, 3)], [("insert", None, 1)]]


def test_an_xa_transaction_that_was_prepared_before_reading_began_has_the_table_looked_at_whole(bench: Bench) -> None:
    bench.root("XA START 'a'", "INSERT INTO t VALUES (1, 'a')", "XA END 'a'", "XA PREPARE 'a'")
    start = bench.facts().position()
    bench.root("XA COMMIT 'a'")
    (committed,) = bench.read(start)
    assert reasons(committed) == [("unread", "t")]


@pytest.mark.parametrize(
    "statements",
    [
        ("SET SESSION binlog_row_image = 'MINIMAL'", "UPDATE t SET n = 'x' WHERE id = 1"),
        ("SET SESSION binlog_format = 'STATEMENT'", "UPDATE t SET n = 'x' WHERE id = 1"),
        ("UPDATE t SET n = 0x81 WHERE id = 1",),
    ],
    ids=["row image of another kind", "statements instead of rows", "bytes that are no text"],
)
def test_what_the_binlog_does_not_tell_has_the_table_looked_at_whole(
    bench: Bench, statements: tuple[str, ...]
) -> None:
    bench.session.query("INSERT INTO t VALUES (1, 'a')")
    start = bench.facts().position()
    bench.root(*statements)
    bench.session.query("INSERT INTO t VALUES (2, 'b')")
    odd, ordinary = bench.read(start, 2)
    assert reasons(odd) == [("unread", "t")]
    assert rows(ordinary) == [("insert", None, 2)]


def test_reading_goes_on_at_the_end_of_any_transaction(bench: Bench) -> None:
    start = bench.facts().position()
    for number in range(5):
        bench.session.query("INSERT INTO t VALUES (%s, 'a')", (number,))
    found = bench.read(start, 5)
    for index, committed in enumerate(found[:-1]):
        resumed, by_gtid = bench.facts().resume(committed.position)
        assert not by_gtid
        (following,) = bench.read(resumed)
        assert rows(following) == rows(found[index + 1])
        assert following.position == found[index + 1].position


def test_a_reader_is_let_go_when_another_has_its_id(bench: Bench) -> None:
    start = bench.facts().position()
    older = bench.reader(start, server_id=3_999_000_001).read()
    assert next(older) is None
    bench.session.query("INSERT INTO t VALUES (1, 'a')")
    newer = bench.reader(start, server_id=3_999_000_001).read()
    assert take(newer, 1)
    with pytest.raises(MysqlUnavailable):
        for _ in range(HEARTBEATS_MAX):
            next(older)


def test_a_reader_ends_when_it_is_asked_to(bench: Bench) -> None:
    stop = threading.Event()
    transactions = bench.reader(bench.facts().position(), stop=stop).read()
    assert next(transactions) is None
    stop.set()
    assert list(transactions) == []


@pytest.mark.mysql
def test_after_a_move_to_another_server_reading_goes_on_by_gtid(mysql_server: MysqlServer, fresh_schema: Any) -> None:
    with closing(Bench(mysql_server, fresh_schema(mysql_server))) as bench:
        before = replace(bench.facts().position(), server="the old one", file="gone.000001")
        for number in (1, 2):
            bench.session.query("INSERT INTO t VALUES (%s, 'a')", (number,))
        start, by_gtid = bench.facts().resume(before)
        found = bench.read(start, 2, by_gtid=by_gtid)
        assert by_gtid
        assert [rows(committed) for committed in found] == [[("insert", None, 1)], [("insert", None, 2)]]
        resumed, by_gtid = bench.facts().resume(replace(found[0].position, server="the old one"))
        assert rows(bench.read(resumed, by_gtid=by_gtid)[0]) == [("insert", None, 2)]


@pytest.mark.parametrize(
    "change",
    [
        {"file": "gone.000001", "gtid_set": None},
        {"offset": 2**31, "gtid_set": None},
        {"server": "another one", "gtid_set": None},
    ],
)
def test_a_position_that_the_server_does_not_have_is_refused(bench: Bench, change: dict[str, Any]) -> None:
    facts = bench.facts()
    with pytest.raises(PositionLost):
        facts.resume(replace(facts.position(), **change))


def test_a_position_of_another_history_is_refused_even_where_file_and_offset_exist(own_bench: Bench) -> None:
    own_bench.session.query("INSERT INTO t VALUES (1, 'a')")
    noted = own_bench.facts().position()
    own_bench.root("RESET MASTER" if own_bench.facts().is_mariadb else "RESET BINARY LOGS AND GTIDS")
    for number in range(2, 40):
        own_bench.session.query("INSERT INTO t VALUES (%s, 'a')", (number,))
    with pytest.raises(PositionLost):
        own_bench.facts().resume(noted)


def test_a_server_that_is_killed_is_noticed_and_read_on_exactly_after_its_restart(own_bench: Bench) -> None:
    start = own_bench.facts().position()
    own_bench.session.query("INSERT INTO t VALUES (1, 'a')")
    transactions = own_bench.reader(start).read()
    (first,) = take(transactions, 1)
    own_bench.server.kill()
    with pytest.raises(MysqlUnavailable):
        for _ in range(HEARTBEATS_MAX):
            next(transactions)
    own_bench.server.start()
    own_bench.session.query("INSERT INTO t VALUES (2, 'b')")
    resumed, by_gtid = own_bench.facts().resume(first.position)
    found = own_bench.read(resumed, by_gtid=by_gtid)
    assert not by_gtid
    assert rows(found[0]) == [("insert", None, 2)]


def test_what_a_killed_server_wrote_is_never_taken_for_rows_of_another_table_after_its_restart(
    own_bench: Bench,
) -> None:
    """A server that was killed counts its tables anew in the next file, and gives one number to another table."""
    bench, start = own_bench, own_bench.facts().position()
    others = [f"other{n}" for n in range(60)]
    bench.root(*(f"CREATE TABLE {name} (text LONGTEXT)" for name in others))
    into_others = ["INSERT INTO other VALUES (REPEAT('x', 300))".replace("other", name) for name in others]
    for statements in (["INSERT INTO t VALUES (1, 'own')"], [*into_others, "INSERT INTO t VALUES (2, 'own')"]):
        bench.server.kill()
        bench.server.start()
        bench.root(*statements)
    found = bench.read(start, 2)
    assert [one for committed in found for one in rows(committed)] == [("insert", None, 1), ("insert", None, 2)]


def test_rows_are_told_under_the_names_that_their_columns_had_when_they_were_committed(bench: Bench) -> None:
    """However the table looks when they are read: altered at once or by copying, or swapped for another one."""
    start = bench.facts().position()
    insert = "INSERT INTO t VALUES "
    statements = (
        f"{insert} (1, 'a')",
        "ALTER TABLE t ADD COLUMN x INT DEFAULT 7, ALGORITHM=INSTANT",
        f"{insert} (2, 'b', 8)",
        "ALTER TABLE t RENAME COLUMN n TO m",
        f"{insert} (3, 'c', 9)",
        "ALTER TABLE t MODIFY x VARCHAR(9) FIRST, ALGORITHM=COPY",
        f"{insert} ('ten', 4, 'd')",
        "ALTER TABLE t DROP COLUMN m",
        f"{insert} ('eleven', 5)",
        "CREATE TABLE _t_gho (n VARCHAR(9), id INT PRIMARY KEY)",
        "INSERT INTO _t_gho SELECT x, id FROM t",
        "RENAME TABLE t TO _t_del, _t_gho TO t",
        f"{insert} ('f', 6)",
        "UPDATE t SET n = 'g' WHERE id = 1",
    )
    for statement in statements:
        bench.session.query(statement)
    found = bench.read(start, 12)
    told = [dict(c.after or {}) for committed in found for c in committed.changes if isinstance(c, RowChange)]
    assert told == [
        {"id": 1, "n": "a"},
        {"id": 2, "n": "b", "x": 8},
        {"id": 3, "m": "c", "x": 9},
        {"x": "ten", "id": 4, "m": "d"},
        {"x": "eleven", "id": 5},
        {"n": "f", "id": 6},
        {"n": "g", "id": 1},
    ]
    whole = [reason for committed in found for reason in reasons(committed)]
    assert whole == [("alter", "t")] * 5


def test_who_changed_what_is_told_as_far_as_the_server_tells(bench: Bench) -> None:
    start, is_mariadb = bench.facts().position(), bench.facts().is_mariadb
    with closing(bench.server.connect_as_root()) as connection:
        cursor = connection.cursor()
        if not is_mariadb:
            cursor.execute("SET SESSION binlog_rows_query_log_events = ON")
        cursor.execute(f"USE {bench.schema}")
        cursor.execute("/* nightly import */ INSERT INTO t VALUES (1, 'a')")
        connection.commit()
        cursor.execute("UPDATE t SET n = 'b' /* by ann */")
        connection.commit()
        number = connection.connection_id
        own = int(bench.session.query("SELECT CONNECTION_ID()")[0][0])
        assert Accounts(bench.session).user_of(own) == bench.address.user
    one, two = bench.read(start, 2)
    assert (one.comment, two.comment) == ("nightly import", "by ann")
    assert one.connection == (None if is_mariadb else number)
    assert one.received_at is not None
    assert one.received_at >= one.committed_at - timedelta(seconds=1)
