"""What every store promises of waiting cells, intents, offsets and the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from contract.store.store_places import AnyStore, Place

from core.errors import Fenced
from core.model import Observed, SheetCell, Stamp
from core.ports import OF_ANOTHER_TOPIC, ConflictEntry, HistoryEntry, Intent, LinkState, RejectionEntry
from core.values import CellError, Serial

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def seen(row_id: str = "r_a", column: str = "note", value: object = "x", **more: object) -> Observed:
    cell = SheetCell(value)  # type: ignore[arg-type]
    return Observed(row_id, column, **{"cell": cell, "stamp": Stamp(1, 2, 3), "source": "edit", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    [
        "text",
        "half a character: \ud83d",
        "",
        None,
        True,
        False,
        0,
        12345678901234567,
        0.1 + 0.2,
        -1e300,
        Serial(45418.5),
        CellError("#REF!"),
    ],
)
def test_a_waiting_cell_comes_back_as_it_was_seen(store: AnyStore, value: object) -> None:
    cell = seen(
        value=value,
        stamp=Stamp(4, 5, 6, 7),
        source="swap",
        edited_at=NOON,
        actor="ann@example.com",
        event="msg_1",
        base="old",
        row=12,
    )
    formula = seen(column="price", cell=SheetCell(3, "=A1*2"))
    with store.begin() as tx:
        tx.put_waiting("orders", [(cell, "intent"), (formula, "manual")])
    with store.begin() as tx:
        found = tx.waiting("orders", ["r_a", "r_z"])
        assert [(w.observed, w.reason) for w in found["r_a"]] == [(cell, "intent"), (formula, "manual")]
        assert type(found["r_a"][0].observed.cell.value) is type(value)
        assert found["r_a"][0].since.tzinfo is not None


def test_a_cell_waits_since_its_reason_began(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_waiting("orders", [(seen(value="a"), "incomplete")])
        since = tx.waiting("orders", ["r_a"])["r_a"][0].since
    with store.begin() as tx:
        tx.put_waiting("orders", [(seen(value="b"), "incomplete")])
        again = tx.waiting("orders", ["r_a"])["r_a"][0]
        assert (again.since, again.observed.cell.value) == (since, "b")
        tx.put_waiting("orders", [(seen(value="b"), "manual")])
        assert tx.waiting("orders", ["r_a"])["r_a"][0].since > since


def test_rows_are_found_by_what_they_wait_for(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_waiting(
            "orders",
            [
                (seen("r_b"), "intent"),
                (seen("r_a"), "intent"),
                (seen("r_a", "price"), "intent"),
                (seen("r_c"), "manual"),
            ],
        )
    with store.begin() as tx:
        assert tx.waiting_rows("orders", ["intent"]) == ["r_a", "r_b"]
        assert tx.waiting_rows("orders", ["intent", "manual"]) == ["r_a", "r_b", "r_c"]
        assert tx.waiting_rows("orders", []) == []
        assert tx.waiting_rows("orders", ["intent"], older_than_s=3600) == []
        tx.drop_waiting("orders", [("r_b", "note"), ("r_a", "note"), ("r_z", "note")])
        assert tx.waiting_rows("orders", ["intent"]) == ["r_a"]


def test_cells_that_wait_or_were_refused_are_known_to_differ(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_waiting("orders", [(seen("r_b"), "manual"), (seen("r_a"), "paused")])
        tx.put_rejections("orders", [RejectionEntry(row, None, "price", "x", "no number") for row in ("r_c", "r_a")])
        tx.put_rejections("others", [RejectionEntry("r_d", None, "price", "x", "no number")])
    with store.begin() as tx:
        assert tx.known_to_differ("orders") == [("r_a", "note"), ("r_a", "price"), ("r_b", "note"), ("r_c", "price")]
        tx.mend_rejections("orders", [("r_c", "price")])
        tx.drop_waiting("orders", [("r_b", "note")])
        assert tx.known_to_differ("orders") == [("r_a", "note"), ("r_a", "price")]


def test_one_write_of_a_link_is_open_at_a_time(store: AnyStore) -> None:
    intent = Intent("orders", 3, 1, {"cells": [["r_a", "é", None, 1.5, 12345678901234567]]})
    with store.begin() as tx:
        tx.put_link(LinkState("orders", "s", 1, "Orders", "shop", "orders", "live", None, 1, 3))
        tx.open_intent(intent)
    with store.begin() as tx:
        assert tx.intent("orders") == intent
        assert tx.intent("others") is None
        with pytest.raises(Fenced):
            tx.open_intent(Intent("orders", 4, 1, {}))
        tx.close_intent("orders", 2)
        assert tx.intent("orders") == intent
        tx.close_intent("orders", 3)
        assert tx.intent("orders") is None


def test_offsets_are_there_for_the_next_owner(store: AnyStore) -> None:
    two = [("t", 0), ("t", 1)]
    with store.begin() as tx:
        assert tx.claim_offsets("g", "one", two) == {}
    with store.begin() as tx:
        tx.store_offsets("g", "one", {("t", 0): 5, ("t", 1): 0})
        tx.store_offsets("g", "one", {("t", 0): 6})
    with store.begin() as tx:
        assert tx.offsets("g") == {("t", 0): 6, ("t", 1): 0}
        assert tx.offsets("other") == {}
        assert tx.claim_offsets("g", "two", two) == {("t", 0): 6, ("t", 1): 0}
        assert tx.claim_offsets("other", "two", two) == {}


def test_offsets_of_a_topic_that_was_made_anew_under_its_name_are_known_for_worthless(store: AnyStore) -> None:
    place = [("t", 0)]
    with store.begin() as tx:
        tx.claim_offsets("g", "one", place, {"t": "first"})
        tx.store_offsets("g", "one", {("t", 0): 5})
    with store.begin() as tx:
        assert tx.claim_offsets("g", "two", place, {"t": "first"}) == {("t", 0): 5}
        assert tx.claim_offsets("g", "two", place) == {("t", 0): 5}  # Kafka tells no ids
    with store.begin() as tx:
        assert tx.claim_offsets("g", "two", place, {"t": "second"}) == {("t", 0): OF_ANOTHER_TOPIC}
    with store.begin() as tx:
        assert tx.claim_offsets("g", "three", place, {"t": "second"}) == {}
        tx.store_offsets("g", "three", {("t", 0): 1})
        assert tx.claim_offsets("g", "three", place, {"t": "second"}) == {("t", 0): 1}


def test_offsets_stored_before_topics_had_ids_are_kept(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.claim_offsets("g", "one", [("t", 0)])
        tx.store_offsets("g", "one", {("t", 0): 5})
        assert tx.claim_offsets("g", "one", [("t", 0)], {"t": "first"}) == {("t", 0): 5}


def test_a_process_that_lost_a_partition_stores_nothing_more(place: Place, store: AnyStore) -> None:
    with store.begin() as tx:
        tx.claim_offsets("g", "one", [("t", 0), ("t", 1)])
        tx.store_offsets("g", "one", {("t", 0): 5})
        tx.claim_offsets("g", "two", [("t", 0)])
    with pytest.raises(Fenced), store.begin() as tx:
        tx.insert_row(place.orders, {"order_no": "zombie"})
        tx.store_offsets("g", "one", {("t", 1): 7, ("t", 0): 9})
    with store.begin() as tx:
        assert list(tx.all_keys(place.orders)) == []
        assert tx.claim_offsets("g", "three", [("t", 0), ("t", 1)]) == {("t", 0): 5}


def test_a_partition_that_nobody_claimed_takes_no_offset(store: AnyStore) -> None:
    with pytest.raises(Fenced), store.begin() as tx:
        tx.store_offsets("g", "one", {("t", 0): 5})


def test_the_record_takes_every_kind_of_entry_more_than_once(store: AnyStore) -> None:
    applied = HistoryEntry("r_a", ("1",), "note", "a", "b", "sheet", actor="ann", edited_at=NOON, event="e1")
    conflict = ConflictEntry("r_a", None, None, None, "s", "t", "sheet", "last_write_wins", sheet_at=NOON)
    refused = RejectionEntry("r_a", ("1",), "price", "12,50", "not a number", event="e1")
    for _ in range(2):
        with store.begin() as tx:
            tx.add_history("orders", [applied, applied])
            tx.add_conflicts("orders", [conflict])
            tx.put_rejections("orders", [refused])
            tx.mend_rejections("orders", [("r_a", "price"), ("r_z", "price")])
            tx.send("table.changed", "orders", {"kind": "link"})


def test_entries_of_an_event_tell_when_it_was_received_and_queued(store: AnyStore, place: Place) -> None:
    one = HistoryEntry("r_a", ("1",), "note", "a", "b", "sheet", event="e1")
    later = NOON + timedelta(milliseconds=3)
    with store.begin() as tx:
        tx.note_way("orders", "e1", NOON, later)
        tx.note_way("orders", "e2", None, later)
        tx.add_history("orders", [one, replace(one, event="e2"), replace(one, event="e3")])
        tx.add_history("others", [one])
    with store.begin() as tx:
        tx.add_history("orders", [replace(one, new="c")])
    assert place.ways() == [
        ("e1", NOON, later),
        ("e2", None, later),
        ("e3", None, None),
        ("e1", None, None),
        ("e1", None, None),
    ]
