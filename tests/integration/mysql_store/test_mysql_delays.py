"""The newest end of the history, as the console's curves read it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from contract.store.store_places import ServerPlace

from adapters import mysql_delays
from adapters.mysql_connection import MysqlSession
from adapters.mysql_delays import HistoryTail
from adapters.mysql_store import MysqlStore
from core.ports import HistoryEntry


def entry(number: int, side: str = "sheet", **more: object) -> HistoryEntry:
    return HistoryEntry(f"r_{number}", ("1",), "note", None, str(number), side, event=f"e{number}", **more)  # type: ignore[arg-type]


def test_each_entry_is_read_once_with_its_delay_since_the_edit_or_the_commit(
    store: MysqlStore, place: ServerPlace
) -> None:
    began = datetime.now(UTC) - timedelta(seconds=3)
    session = MysqlSession(place.address, schema=place.state_schema, autocommit=True)
    tail = HistoryTail(session)
    with store.begin() as tx:
        tx.add_history("orders", [entry(1, edited_at=began), entry(2, "table", committed_at=began), entry(3)])
        tx.add_history("orders", [entry(4, what="overtaken")])
    first = tail.read()
    assert [(one.link, one.side) for one in first] == [("orders", "sheet"), ("orders", "table"), ("orders", "sheet")]
    for one, known in zip(first, (True, True, False), strict=True):
        assert (one.delay_s is not None and 3 <= one.delay_s < 600) if known else one.delay_s is None
    with store.begin() as tx:
        tx.add_history("stock", [entry(5, edited_at=began)])
    assert [one.link for one in tail.read()] == ["stock"]
    assert tail.read() == []
    session.drop()


def test_of_a_long_history_only_the_newest_end_is_read_piece_by_piece(
    store: MysqlStore, place: ServerPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql_delays, "AT_ONCE_MAX", 4)
    monkeypatch.setattr(mysql_delays, "BEHIND_MAX", 6)
    with store.begin() as tx:
        tx.add_history("orders", [entry(number) for number in range(20)])
    session = MysqlSession(place.address, schema=place.state_schema, autocommit=True)
    tail = HistoryTail(session)
    assert [len(tail.read()) for _ in range(3)] == [4, 2, 0]
    session.drop()
