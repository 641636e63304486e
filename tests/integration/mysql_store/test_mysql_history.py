"""The history: recorded once, searched by indexes alone, kept by months."""

# ruff: noqa: S608  (the tests' own schema names stand in statements)

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.compact_json import dump
from adapters.mysql_connection import MysqlAddress, MysqlSession, parse_url
from adapters.mysql_migrations import SQL_FOLDER, migrate
from adapters.mysql_months import AHEAD, HistoryMonths
from adapters.mysql_store import MysqlStore
from app.history import History
from core.errors import BadQuestion
from core.history import HistoryFilter
from core.model import CellBase, RowBase
from core.ports import HistoryEntry
from core.undo import AskedRow, RowOutcome
from sandbox.stack.servers import MysqlServer

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@dataclass
class Shared:
    """A schema that several tests share."""

    address: MysqlAddress
    schema: str
    store: MysqlStore
    state: MysqlSession

    @property
    def history(self) -> History:
        return History(self.state)

    @property
    def months(self) -> HistoryMonths:
        return HistoryMonths(self.address, self.schema)

    def record(self, link: str, *entries: HistoryEntry) -> None:
        self.store.run(lambda tx: tx.add_history(link, entries))


@contextmanager
def shared(server: MysqlServer, schema: str) -> Iterator[Shared]:
    address = parse_url(server.url)
    migrate(address, schema)
    state = MysqlSession(address, schema=schema, autocommit=True)
    found = Shared(address, schema, MysqlStore(address, schema), state)
    yield found
    state.query(f"DROP DATABASE {schema}")
    state.drop()
    found.store.close()


@pytest.fixture(scope="module")
def one_schema(any_mysql: MysqlServer) -> Iterator[Shared]:
    with shared(any_mysql, "test_history") as found:
        yield found


@pytest.fixture
def empty(one_schema: Shared) -> Shared:
    """As the migration leaves it."""
    one_schema.state.query("DELETE FROM history")
    later = "PARTITION BY RANGE (month) (PARTITION later VALUES LESS THAN MAXVALUE)"
    one_schema.state.query(f"ALTER TABLE history {later}")
    return one_schema


def told(
    history: History, link: str | None = None, *, limit: int | None = None, **asked: Any
) -> list[dict[str, Any]]:
    return list(history.each(HistoryFilter(link=link, **asked), limit=limit))


def test_history_is_told_newest_first_and_each_entry_once(empty: Shared) -> None:
    one = HistoryEntry("r_a", ("1", "é"), "note", "a", None, "sheet", actor="ann", edited_at=NOON, event="e1")
    two = HistoryEntry("r_a", None, None, None, None, "table", what="deleted")
    for _ in range(2):
        with empty.store.begin() as tx:
            tx.add_history("orders", [one, one])
    with empty.store.begin() as tx:
        tx.add_history("orders", [two])
        tx.add_history("others", [two, two])
    newest, oldest = told(empty.history, "orders")
    assert (newest["what"], newest["key"], newest["column"], newest["event"]) == ("deleted", None, None, "")
    assert newest["id"] > oldest["id"]
    for name, value in {
        "link": "orders", "row_id": "r_a", "key": ["1", "é"], "column": "note", "old": "a", "new": None,
        "side": "sheet", "actor": "ann", "event": "e1", "edited_at": NOON,
    }.items():  # fmt: skip
        assert oldest[name] == value, name
    assert oldest["at"].tzinfo is UTC
    assert len(told(empty.history)) == 4
    assert [item["id"] for item in told(empty.history, "orders", limit=1)] == [newest["id"]]


def test_two_values_that_one_event_tells_of_are_two_entries(empty: Shared) -> None:
    typed, seen = (
        HistoryEntry("r_a", None, "note", None, value, "sheet", what="overtaken", event="e1") for value in ("a", "b")
    )
    empty.store.run(lambda tx: tx.add_history("orders", [typed, seen, typed]))
    assert [item["new"] for item in told(empty.history, "orders")] == ["b", "a"]


def test_an_event_that_was_applied_and_comes_again_too_late_is_told_once(empty: Shared) -> None:
    applied = HistoryEntry("r_a", ("1",), "note", "x", "y", "sheet", event="e1")
    empty.store.run(lambda tx: tx.add_history("orders", [applied]))
    empty.store.run(lambda tx: tx.add_history("orders", [replace(applied, old=None, what="overtaken")]))
    assert [(item["old"], item["new"]) for item in told(empty.history, "orders")] == [("x", "y")]
    empty.store.run(lambda tx: tx.add_history("orders", [replace(applied, new="z", what="overtaken")]))
    assert len(told(empty.history, "orders")) == 2


def test_a_long_actor_and_a_broken_character_do_not_stop_the_record(empty: Shared) -> None:
    with empty.store.begin() as tx:
        tx.add_history("orders", [HistoryEntry("r_a", None, "note", "x\ud800", "y", "sheet", actor="a" * 900)])
        tx.save_bases("orders", [RowBase("r_a", ("1",), {"note": CellBase("x" * 300_000)})])
    (item,) = told(empty.history, "orders")
    assert item["old"] == "x\N{REPLACEMENT CHARACTER}"
    assert len(item["actor"]) == 320


# --- searching ---------------------------------------------------------------------------


def entry(number: int, **more: Any) -> HistoryEntry:
    """One of many: 5 rows, 3 columns, 30 people, 10 entries an edit."""
    made = HistoryEntry(f"r_{number % 5}", (str(number % 5),), f"c_{number % 3}", None, str(number), "sheet")
    return replace(made, **{"actor": f"person_{number % 30}", "event": f"msg_{number // 10}"} | more)


@pytest.fixture(scope="module")
def filled(any_mysql: MysqlServer) -> Iterator[Shared]:
    """Two links with 300 entries each, and one of a row that is gone."""
    with shared(any_mysql, "test_history_filled") as found:
        found.months.tidy(2)
        for start in range(0, 300, 100):
            for link in ("orders", "others"):
                found.record(link, *(entry(i, row_id=f"{link}_{i % 5}") for i in range(start, start + 100)))
        found.record(
            "orders", HistoryEntry("r_gone", ("9",), "c_0", "a", None, "table", "deleted", event="write 3 gtid:7")
        )
        found.store.run(lambda tx: tx.save_bases("orders", [RowBase("orders_2", ("2",), {})]))
        yield found


class Listening:
    """A session that remembers its searches, and how many rows the server has touched for them."""

    def __init__(self, session: MysqlSession) -> None:
        self._session = session
        self.searches: list[tuple[str, tuple[Any, ...]]] = []
        self.indexes: set[str] = set()
        self.rows_read = 0

    def query(self, sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        self.indexes |= set(re.findall(r"FORCE INDEX \((\w+)\)", sql))
        before = self._rows_read()
        found = self._session.query(sql, params)
        self.rows_read += self._rows_read() - before
        self.searches += [(sql, params)] if sql.startswith(("SELECT id", "SELECT h.id")) else []
        return found

    def _rows_read(self) -> int:
        return sum(int(value) for _, value in self._session.query("SHOW SESSION STATUS LIKE 'Handler_read%'"))

    def plans(self) -> list[tuple[str, str]]:
        """Index and further work of each search."""
        rows = [
            row
            for sql, params in self.searches
            for row in self._session.query(f"EXPLAIN FORMAT=TRADITIONAL {sql}", params)
        ]
        return [(row[6] if len(row) == 12 else row[5], row[-1] or "") for row in rows]


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LATELY = {"since": datetime.now(UTC) - timedelta(days=1), "until": datetime.now(UTC) + timedelta(days=1)}
QUESTIONS: dict[str, tuple[dict[str, Any], str, int]] = {
    "one cell": ({"link": "orders", "row_id": "orders_1", "column": "c_0"}, "of_row", 20),
    "one row": ({"link": "orders", "row_id": "orders_1"}, "of_row", 60),
    "the row of a key": ({"link": "orders", "key": ("2",)}, "of_row", 60),
    "one person": ({"link": "orders", "actor": "person_1"}, "of_actor", 10),
    "one person in all links": ({"actor": "person_1"}, "of_actor", 20),
    "one edit": ({"link": "orders", "event": "msg_7"}, "once", 10),
    "one transaction": ({"event": "gtid:7"}, "once", 1),
    "one write with its transaction": ({"event": "write 3 gtid:7"}, "once", 1),
    "one link": ({"link": "orders"}, "of_link", 301),
    "everything": ({}, "PRIMARY", 601),
    "some time": (LATELY, "PRIMARY", 601),
    "some time in one link": ({"link": "others", **LATELY}, "of_link", 300),
    "a minute long ago": ({"since": LONG_AGO, "until": LONG_AGO + timedelta(minutes=1)}, "PRIMARY", 0),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_search_is_led_by_its_own_index_to_little_more_than_the_page(
    filled: Shared, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    asked, index, count = QUESTIONS[name]
    assert len(told(filled.history, **asked)) == count
    monkeypatch.setattr("adapters.mysql_history.WINDOW_ROWS", 20)
    monkeypatch.setattr("adapters.mysql_history.INDEX_WINDOW_ROWS", 30)
    session = Listening(filled.state)
    page = History(session).page(HistoryFilter(**asked), limit=10)  # type: ignore[arg-type]  # listened to
    assert min(count, 1) <= len(page.items) <= 10
    plans = session.plans()
    # PRIMARY: the page's own rows by their places; none: those places, or no month can hold what was asked
    assert {key for key, _ in plans} <= {index, "PRIMARY", None}, plans
    assert not [plan for plan in plans if plan[0] not in ("once", None) and "filesort" in plan[1]], plans
    assert session.rows_read < 170, "two windows, and the beginning of each month"


def test_what_no_index_leads_to_is_looked_for_in_windows_and_the_cursor_leads_on(
    filled: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    for asked in ({"link": "orders", "key": ("9",)}, {"what": "deleted"}, {"link": "orders", "side": "table"}):
        assert [item["row_id"] for item in told(filled.history, **asked)] == ["r_gone"]
    first = {"link": "orders", "key": ("1",)}
    everything = [item["id"] for item in told(filled.history, **first)]
    assert len(everything) == 60
    monkeypatch.setattr("adapters.mysql_history.WINDOW_ROWS", 20)
    assert [item["id"] for item in told(filled.history, **first)] == everything
    session = Listening(filled.state)
    page = History(session).page(HistoryFilter(link="orders", key=("7",)))  # type: ignore[arg-type]  # listened to
    assert page.items == []
    assert page.cursor is not None, "so far was looked"
    assert session.rows_read < 2 * 150


@pytest.mark.parametrize(
    ("asked", "count"),
    [({"what": "deleted"}, 1), ({"side": "table"}, 1), ({"column": "c_1", "what": "applied"}, 100)],
)
def test_entries_of_a_link_that_are_not_meant_are_passed_over_without_being_read(
    filled: Shared, asked: dict[str, Any], count: int
) -> None:
    session = Listening(filled.state)
    page = History(session).page(HistoryFilter(link="orders", **asked))  # type: ignore[arg-type]  # listened to
    assert len(page.items) == count
    looked = [further for key, further in session.plans() if key == "of_link"]
    assert looked
    assert all("Using index" in further for further in looked), looked


def test_where_one_index_leads_to_all_that_is_left_no_other_is_looked_at(
    filled: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = HistoryFilter(link="orders", actor="person_1")
    session = Listening(filled.state)
    assert len(History(session).page(asked).items) == 10  # type: ignore[arg-type]  # listened to
    assert session.indexes == {"of_actor"}
    monkeypatch.setattr("adapters.mysql_history.INDEX_WINDOW_ROWS", 5)
    session = Listening(filled.state)
    assert History(session).page(asked).items  # type: ignore[arg-type]  # listened to
    assert session.indexes == {"of_actor", "of_link"}


def test_pages_hold_each_entry_once_while_new_ones_come_in(filled: Shared) -> None:
    for asked in ({"link": "orders"}, {"actor": "person_2"}, {"row_id": "others_3"}):
        wanted = [item["id"] for item in told(filled.history, **asked)]
        seen, cursor = [], None
        while True:
            page = filled.history.page(HistoryFilter(**asked), cursor=cursor, limit=37)
            seen += [item["id"] for item in page.items]
            cursor = page.cursor
            if cursor is None:
                break
            filled.record("orders", entry(2, row_id="orders_2", event=f"newer {len(seen)}"))
        assert seen == wanted


def test_a_question_that_makes_no_sense_is_refused_with_what_to_ask(filled: Shared) -> None:
    with pytest.raises(BadQuestion, match="holds no moment"):
        HistoryFilter(since=NOON, until=NOON)
    with pytest.raises(BadQuestion, match="Name the link"):
        HistoryFilter(key=("1",))
    with pytest.raises(BadQuestion, match="Sides: sheet, table, person, undo"):
        HistoryFilter(side="left")
    for cursor in ("x", "e30", "é", "MjAyNg"):
        with pytest.raises(BadQuestion, match="cursor"):
            filled.history.page(HistoryFilter(), cursor=cursor)
    for limit in (0, 1001):
        with pytest.raises(BadQuestion, match="1 to 1000"):
            filled.history.page(HistoryFilter(), limit=limit)


# --- undos -------------------------------------------------------------------------------

OURS = {"twinsheet"}


@pytest.fixture(scope="module")
def undone(any_mysql: MysqlServer) -> Iterator[Shared]:
    """Five rows of two cells that somebody has typed, taken back, and each come into the sheet; a program has changed
    some of them since."""
    with shared(any_mysql, "test_history_undone") as found:
        found.months.tidy(2)
        cells = [HistoryEntry(f"r_{n}", (str(n),), column, "a", "b", "sheet", "applied", "ann", event="msg_1")
                 for n in range(5) for column in ("note", "size")]  # fmt: skip
        back = [replace(one, old="b", new="a", side="undo", what="undone", event="undo_1") for one in cells]
        found.record("orders", *cells)
        found.record("orders", *back)
        found.record("orders", *(replace(one, side="table", what="applied", actor="twinsheet", event="write 1 gtid:1")
                                 for one in back))  # fmt: skip
        found.record("orders", *(replace(one, old="a", new="c", side="table", actor="shop", event="write 2 gtid:2")
                                 for one in cells[:3]))  # fmt: skip
        yield found


def pages_of(place: Shared, limit: int, **asked: Any) -> list[list[dict[str, Any]]]:
    pages, cursor = [], None
    while True:
        page = place.history.told(HistoryFilter(link="orders", **asked), OURS, cursor=cursor, limit=limit)
        pages.append(page.items)
        cursor = page.cursor
        if cursor is None:
            return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 8, 13, 16, 100])
def test_wherever_a_page_ends_an_undo_stands_once_with_its_way_into_the_sheet(undone: Shared, limit: int) -> None:
    pages = pages_of(undone, limit)
    assert all(len(page) == limit for page in pages[:-1]), "a page is full"
    told = [one for page in pages for one in page]
    assert [(one["side"], one["actor"]) for one in told] == [("table", "shop")] * 3 + [("undo", "ann")] * 10 + [
        ("sheet", "ann")
    ] * 10
    assert [one["in_sheet"] for one in told] == [one["side"] == "undo" for one in told]
    for asked in (None, limit):
        each = list(undone.history.each_told(HistoryFilter(link="orders"), OURS, limit=asked))
        assert each == told[:asked]


def test_an_undo_tells_its_way_whoever_and_whatever_is_asked_for(undone: Shared) -> None:
    for asked, sides in (
        ({"actor": "ann"}, ["undo"] * 10 + ["sheet"] * 10),
        ({"side": "undo"}, ["undo"] * 10),
        ({"event": "undo_1"}, ["undo"] * 10),
        ({"event": "gtid:1"}, ["table"] * 10),
        ({"row_id": "r_1", "column": "note"}, ["table", "undo", "sheet"]),
        ({"side": "table", "actor": "twinsheet"}, ["table"] * 10),
    ):
        (told,) = pages_of(undone, 100, **asked)
        assert [one["side"] for one in told] == sides, asked
        for one in told:
            assert one["in_sheet"] is (one["side"] == "undo" or one["actor"] == "twinsheet")


def test_a_program_is_told_which_entry_carries_which_wherever_a_page_ends(undone: Shared) -> None:
    everything = told(undone.history, "orders")
    ids = [
        one["id"] for one in everything if (one["side"], one["actor"]) in (("undo", "ann"), ("table", "twinsheet"))
    ]
    wanted = dict(zip(ids[:10], ids[10:], strict=True))
    for limit in (1, 4, 7, 100):
        found: dict[int, int] = {}
        for start in range(0, len(everything), limit):
            found |= undone.history.carries(everything[start : start + limit], OURS)
        assert found == wanted


def test_the_other_half_of_an_undo_is_found_over_the_turn_of_a_month(empty: Shared) -> None:
    empty.months.tidy(24)
    undo = HistoryEntry("r_a", ("1",), "note", "b", "a", "undo", "undone", "ann", event="undo_1")
    empty.record("orders", undo, replace(undo, side="table", what="applied", actor="", event="write 1"))
    for side, month, at in (("undo", 202602, "2026-02-28 23:59:59"), ("table", 202603, "2026-03-01 00:00:01")):
        empty.state.query("UPDATE history SET month = %s, at = %s WHERE side = %s", (month, at, side))
    for side in ("undo", None):
        (one,) = pages_of(empty, 1, side=side)[0]
        assert (one["side"], one["in_sheet"]) == ("undo", True)


# --- months ------------------------------------------------------------------------------


def months_of(place: Shared) -> list[str]:
    rows = place.state.query(
        "SELECT PARTITION_NAME FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = 'history'"
        " ORDER BY PARTITION_ORDINAL_POSITION",
        (place.schema,),
    )
    return [name for (name,) in rows]


def move(place: Shared, months_back: int) -> None:
    """As if everything had been recorded so long ago."""
    then = f"at - INTERVAL {months_back} MONTH"
    place.state.query(f"UPDATE history SET month = EXTRACT(YEAR_MONTH FROM {then}), at = {then}")


def test_an_event_that_is_told_again_after_the_turn_of_a_month_is_recorded_once(empty: Shared) -> None:
    empty.months.tidy(24)
    known = [entry(number) for number in range(20)]
    empty.record("orders", *known)
    first = [item["id"] for item in told(empty.history)]
    for _ in range(2):
        move(empty, 1)
        empty.record("orders", *known, *known)
        assert [item["id"] for item in told(empty.history)] == first
    empty.record("orders", *known, replace(known[3], new="another"))
    assert len(told(empty.history)) == 21
    empty.record("others", *known)
    assert len(told(empty.history, "others")) == 20, "another link has events of its own"


@pytest.mark.parametrize("months_back", [0, 1])
def test_an_event_that_kafka_has_kept_over_the_turn_of_a_month_is_recorded_once(
    empty: Shared, months_back: int
) -> None:
    empty.months.tidy(24)
    (then,) = empty.state.query("SELECT CURRENT_TIMESTAMP(6) - INTERVAL %s MONTH", (months_back,))
    kept = replace(entry(1), queued_at=then[0].replace(tzinfo=UTC))
    for _ in range(2):
        empty.record("orders", kept)
        move(empty, months_back)
    assert len(told(empty.history)) == 1


def test_months_are_made_ahead_and_old_ones_dropped_as_a_whole(empty: Shared) -> None:
    for months_back in (3, 1, 1):
        empty.record("orders", entry(months_back, event=f"msg_{len(told(empty.history))}"))
        move(empty, months_back)
    empty.record("orders", entry(8))
    assert months_of(empty) == ["later"]
    made = empty.months.tidy(24).made
    assert len(made) == 6 + AHEAD
    assert months_of(empty) == [*(f"m{month}" for month in made), "later"]
    assert len(told(empty.history)) == 4
    assert empty.months.tidy(24).made == []
    assert empty.months.tidy(2).dropped == made[:3]
    assert [item["new"] for item in told(empty.history)] == ["8", "1", "1"]
    assert empty.state.query("SELECT COUNT(*) FROM history PARTITION (later)") == [(0,)]


def test_a_history_older_than_what_is_kept_is_dropped_when_its_months_are_made(empty: Shared) -> None:
    empty.record("orders", entry(1))
    move(empty, 400)
    empty.record("orders", entry(2))
    done = empty.months.tidy(12)
    assert len(done.made) == 1 + 12 + 1 + AHEAD
    assert done.dropped == done.made[:1]
    assert [item["new"] for item in told(empty.history)] == ["2"]


def test_an_undo_is_forgotten_a_week_after_it_was_done_and_an_open_one_is_not(empty: Shared) -> None:
    row = AskedRow("r_a", ("1",), exists=True, was_there=True)
    for event, days in (("over", 8), ("open", 8), ("recent", 6)):
        at = datetime.now(UTC) - timedelta(days=days)
        with empty.store.begin() as tx:
            tx.put_undo("orders", event, "ann", at, [row, replace(row, row_id="r_b")])
            ended = ("r_a", "r_b") if event != "open" else ("r_a",)
            tx.end_undo("orders", event, [RowOutcome(one, ("1",), "change") for one in ended])
    assert empty.months.tidy(24).forgotten == 3, "the request and its two rows"
    known = empty.state.query("SELECT event, COUNT(*) FROM undo_row GROUP BY event ORDER BY event")
    assert known == [("open", 2), ("recent", 2)]
    assert empty.state.query("SELECT event FROM undo_request ORDER BY event") == [("open",), ("recent",)]
    assert empty.months.tidy(24).forgotten == 0


def test_one_process_alone_makes_and_drops_months(empty: Shared, session: MysqlSession) -> None:
    lock = f"{empty.schema}.history"
    session.query("SELECT GET_LOCK(%s, 0)", (lock,))
    assert empty.months.tidy(24).made == []
    session.query("SELECT RELEASE_LOCK(%s)", (lock,))
    assert len(empty.months.tidy(24).made) == 1 + AHEAD


def test_what_an_earlier_version_has_recorded_is_found_and_still_guards(
    address: MysqlAddress, session: MysqlSession, new_schema: str, tmp_path: Path
) -> None:
    for file in sorted(SQL_FOLDER.glob("0*.sql")):
        if file.name < "011":
            shutil.copy(file, tmp_path)
    migrate(address, new_schema, tmp_path)
    known = entry(1, event="write 4 gtid:9")
    sql = (
        f"INSERT INTO {new_schema}.history (link, row_id, column_name, new_value, side, actor, event, once, at)"
        " VALUES ('orders', %s, %s, %s, %s, %s, %s, %s, '2026-09-30 23:59:59.5')"
    )
    once = hashlib.sha256(dump(["orders", *known.once]).encode()).digest()
    session.query(sql, (known.row_id, known.column, known.new, known.side, known.actor, known.event, once))
    migrate(address, new_schema)
    HistoryMonths(address, new_schema).tidy(240)
    mine = MysqlSession(address, schema=new_schema, autocommit=True)
    (found,) = told(History(mine), event="gtid:9")
    assert (found["row_id"], found["new"], found["actor"], found["via"]) == ("r_1", "1", "person_1", "")
    mine.query("UPDATE history SET at = CURRENT_TIMESTAMP(6), month = EXTRACT(YEAR_MONTH FROM CURRENT_TIMESTAMP(6))")
    store = MysqlStore(address, new_schema)
    store.run(lambda tx: tx.add_history("orders", [known]))
    assert len(told(History(mine))) == 1
    store.close()
    mine.drop()


# --- how it came -------------------------------------------------------------------------


def test_an_entry_tells_the_way_that_it_has_come_with_the_delay_of_each_stage(empty: Shared) -> None:
    ms = timedelta(milliseconds=1)
    typed = entry(1, event="msg_1", edited_at=NOON)
    changed = entry(
        2, event="write 2 gtid:2", side="table", via="connection 17; nightly import",
        committed_at=NOON, received_at=NOON + 5 * ms, queued_at=NOON + 8 * ms,
    )  # fmt: skip

    def work(tx: Any) -> None:
        tx.note_way("orders", "msg_1", NOON + 200 * ms, NOON + 203 * ms)
        tx.add_history("orders", [typed, entry(30), changed])

    empty.store.run(work)
    by_event = {item["event"]: item for item in told(empty.history)}
    way = by_event["msg_1"]["way"]
    assert [(stage["stage"], stage["delay_s"]) for stage in way[:3]] == [
        ("edited", 0.0), ("webhook", 0.2), ("kafka", 0.003),
    ]  # fmt: skip
    assert (way[3]["stage"], way[3]["at"]) == ("table", by_event["msg_1"]["at"])
    way = by_event["write 2 gtid:2"]["way"]
    assert [(stage["stage"], stage["delay_s"]) for stage in way[:3]] == [
        ("committed", 0.0), ("binlog", 0.005), ("kafka", 0.003),
    ]  # fmt: skip
    assert way[3]["stage"] == "sheet"
    assert by_event["write 2 gtid:2"]["via"] == "connection 17; nightly import"
    assert [stage["stage"] for stage in by_event["msg_3"]["way"]] == ["table"], "the rest nobody has told"
