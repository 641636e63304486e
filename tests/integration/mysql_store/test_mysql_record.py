"""The record, read back; what the webhook remembers; what is pruned."""

# ruff: noqa: S608  (the tests' own schema names stand in statements)

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from contract.store.store_places import ServerPlace

from adapters.mysql_connection import MysqlSession
from adapters.mysql_reports import Reports
from adapters.mysql_seen import WebhookSeen
from adapters.mysql_store import MysqlStore
from core.model import Observed, SheetCell, Stamp
from core.ports import ConflictEntry, LinkState, RejectionEntry
from sandbox.stack.servers import MysqlServer

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def test_an_accepted_event_is_remembered_by_every_process_and_after_a_restart(
    any_mysql: MysqlServer, new_schema: str, session: MysqlSession
) -> None:
    one, two = WebhookSeen(any_mysql.url, new_schema), WebhookSeen(any_mysql.url, new_schema)
    assert not one.seen("orders", "msg_1")
    one.remember("orders", "msg_1")
    one.remember("orders", "msg_1")
    assert two.seen("orders", "msg_1")
    assert not two.seen("others", "msg_1")
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda _: two.seen("orders", "msg_1"), range(20)))
    session.query(f"UPDATE {new_schema}.webhook_seen SET seen_at = seen_at - INTERVAL 11 MINUTE")
    assert not one.seen("orders", "msg_1")
    two.prune()
    assert session.query(f"SELECT COUNT(*) FROM {new_schema}.webhook_seen") == [(0,)]
    for seen in (one, two):
        seen.close()


def test_conflicts_are_told_with_both_values_and_how_they_were_settled(store: MysqlStore, reports: Reports) -> None:
    settled = ConflictEntry("r_a", ("1",), "note", "b", "s", "t", "sheet", "last_write_wins", NOON, NOON, True, "ann")
    parked = ConflictEntry("r_b", ("2",), "price", None, "1", "2", "none", "manual", settled=False)
    with store.begin() as tx:
        tx.add_conflicts("orders", [settled, parked])
    newest, oldest = reports.conflicts("orders")
    assert (newest["settled"], newest["winner"], newest["rule"], newest["base"]) == (False, "none", "manual", None)
    assert (oldest["base"], oldest["sheet"], oldest["table"], oldest["winner"]) == ("b", "s", "t", "sheet")
    assert (oldest["sheet_at"], oldest["table_at"], oldest["time_guessed"], oldest["settled"]) == (
        NOON,
        NOON,
        True,
        True,
    )
    assert [item["row_id"] for item in reports.conflicts("orders", unsettled_only=True)] == ["r_b"]


def test_a_cell_has_one_open_rejection_which_ends_when_it_is_mended(store: MysqlStore, reports: Reports) -> None:
    def reject(value: str | None, reason: str, event: str) -> None:
        with store.begin() as tx:
            tx.put_rejections("orders", [RejectionEntry("r_a", ("1",), "price", value, reason, "ann", event)])

    reject("12,50", "not a number", "e1")
    (first,) = reports.rejections("orders")
    reject("12,50", "not a number", "e2")
    assert reports.rejections("orders") == [first]
    reject(None, "cannot be empty", "e3")
    (second,) = reports.rejections("orders")
    assert (second["value"], second["reason"], second["event"]) == (None, "cannot be empty", "e3")
    assert second["at"] > first["at"]
    with store.begin() as tx:
        tx.mend_rejections("orders", [("r_a", "price")])
    assert reports.rejections("orders") == []
    reject("x", "not a number", "e4")
    with store.begin() as tx:
        tx.mend_rejections("orders", [("r_a", "price")])
    assert [bool(r["mended_at"]) for r in reports.rejections("orders", open_only=False)] == [True, True]


def test_what_waits_is_told_with_its_reason(store: MysqlStore, reports: Reports) -> None:
    cell = Observed("r_a", "note", SheetCell("x"), Stamp(), "edit")
    with store.begin() as tx:
        tx.put_link(LinkState("orders", "s", 1, "Orders", "shop", "orders", "live", None, 0, 0))
        tx.put_waiting("orders", [(cell, "incomplete")])
        tx.put_rejections("orders", [RejectionEntry("r_b", None, "price", "x", "price: x is not a number")])
        tx.add_conflicts(
            "orders", [ConflictEntry("r_c", None, "qty", "1", "2", "3", "none", "manual", settled=False)]
        )
        tx.note_scan("orders", NOON)
        tx.hold("orders", "tab_emptied", "The tab is empty.")
    assert [(p["row_id"], p["column"], p["reason"], p["detail"]) for p in reports.pending("orders")] == [
        ("r_a", "note", "incomplete", None),
        ("r_b", "price", "rejected", "price: x is not a number"),
        ("r_c", "qty", "manual", "manual"),
    ]
    (link,) = reports.links()
    assert (link.state.state, link.state.reason) == ("held", "The tab is empty.")
    assert link.hold is not None
    assert (link.hold.guard, link.hold.reason, link.hold.mend) == ("tab_emptied", "The tab is empty.", None)
    assert (link.conflicts, link.rejections, link.pending, link.scanned_at) == (1, 1, 1, NOON)


def test_a_cell_that_waits_for_a_person_counts_once_and_one_that_is_on_its_way_does_not(
    store: MysqlStore, reports: Reports
) -> None:
    def waits(row_id: str, reason: str) -> tuple[Observed, str]:
        return Observed(row_id, "price", SheetCell("x"), Stamp(), "edit"), reason

    def count() -> int:
        (link,) = reports.links()
        return link.for_person

    with store.begin() as tx:
        tx.put_link(LinkState("orders", "s", 1, "Orders", "shop", "orders", "live", None, 0, 0))
    assert count() == 0
    with store.begin() as tx:
        reasons = ("incomplete", "parent", "manual", "intent", "commit_time", "unseen", "paused")
        tx.put_waiting("orders", [waits(f"r_{reason}", reason) for reason in reasons])
        tx.put_rejections("orders", [RejectionEntry("r_incomplete", None, "price", "x", "price: x is not a number")])
        both = [("r_manual", "price"), ("r_x", None)]
        tx.add_conflicts(
            "orders", [ConflictEntry(r, None, c, "1", "2", "3", "none", "manual", settled=False) for r, c in both]
        )
    assert count() == 4, "incomplete and refused, parent, parked, and a whole row"
    with store.begin() as tx:
        tx.set_link_state("orders", "paused", "paused by a person")
    assert count() == 5, "what waits for the end of the pause as well"


def test_the_moment_as_of_which_both_sides_were_identical_never_goes_back(
    store: MysqlStore, reports: Reports
) -> None:
    def told(identical_as_of: datetime | None, differing: int) -> tuple[datetime | None, int]:
        with store.begin() as tx:
            tx.note_check("orders", identical_as_of, differing)
        (link,) = reports.links()
        return link.identical_as_of, link.differing

    with store.begin() as tx:
        tx.put_link(LinkState("orders", "s", 1, "Orders", "shop", "orders", "live", None, 0, 0))
    assert told(None, 2) == (None, 2)
    assert told(NOON, 0) == (NOON, 0)
    assert told(NOON - timedelta(seconds=1), 0) == (NOON, 0)
    assert told(None, 1) == (NOON, 1)
    assert told(NOON + timedelta(seconds=1), 0) == (NOON + timedelta(seconds=1), 0)


def test_messages_leave_with_their_transaction_and_old_ones_are_pruned(
    place: ServerPlace, store: MysqlStore, reports: Reports
) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as tx:
        tx.send("table.changed", "orders", {"kind": "lost"})
        _ = 1 / 0
    with store.begin() as tx:
        tx.send("sheet.observed", "orders", {"kind": "rescan", "é": 1})
        tx.send("table.changed", "orders", {"kind": "link"})
    outbox = f"{place.state_schema}.outbox"
    rows = place.session.query(f"SELECT topic, link, body FROM {outbox} ORDER BY id")
    assert rows == [
        ("sheet.observed", "orders", '{"kind":"rescan","é":1}'),
        ("table.changed", "orders", '{"kind":"link"}'),
    ]
    assert reports.newest_message() > 0
    place.session.query(f"UPDATE {outbox} SET at = at - INTERVAL 1 HOUR WHERE topic = 'sheet.observed'")
    assert store.prune(older_than_s=600) == 1
    assert place.session.query(f"SELECT topic FROM {outbox}") == [("table.changed",)]


def test_offsets_are_told_as_stored(store: MysqlStore, reports: Reports) -> None:
    with store.begin() as tx:
        tx.claim_offsets("g", "one", [("t", 0), ("t", 1)])
        tx.store_offsets("g", "one", {("t", 1): 5})
    assert reports.consumed_offsets("g") == {("t", 1): 5}
    assert reports.open_writes() == {}
    assert reports.binlog_positions() == []
