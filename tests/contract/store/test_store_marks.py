"""What every store promises of marks beside cells, and of telling when they may have to change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from contract.store.store_places import AnyStore, Place
from contract.store.test_store_state import link_state

from core.conflicts import ConflictOutcome
from core.model import Observed, SheetCell, Stamp
from core.ports import ConflictEntry, RejectionEntry, ShownMark

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def refused(row_id: str, reason: str = "not a number") -> RejectionEntry:
    return RejectionEntry(row_id, ("1",), "quantity", "many", reason, "ann@example.com", "e1")


def contested(row_id: str, *, settled: bool) -> ConflictEntry:
    at = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
    winner = "table" if settled else "none"
    return ConflictEntry(row_id, ("1",), "note", "a", "b", "c", winner, "manual", at, at, settled=settled)


def told(place: Place, work: Any) -> set[str]:
    """Rows whose cells whoever marks them is told to look at, by what one transaction does."""
    before = len(place.sent())
    place.open().run(work)
    news = place.sent()[before:]
    assert {(topic, link, body["kind"]) for topic, link, body in news} <= {("table.changed", "orders", "marks")}
    return {row for _, _, body in news for row in body["rows"]}


def test_shown_marks_are_kept_by_cell_and_go_with_their_link(store: AnyStore) -> None:
    marks = [ShownMark("r_1", "note", "Twinsheet: ☂", "#112233", is_sure=False), ShownMark("r_2", "note", "two")]
    store.run(lambda tx: (tx.put_link(link_state()), tx.save_marks("orders", marks)))
    with store.begin() as tx:
        assert tx.shown_marks("orders", ["r_1", "r_2", "r_3"]) == marks
        tx.save_marks("orders", [ShownMark("r_1", "note", "Twinsheet: other")])
        tx.forget_marks("orders", [("r_2", "note"), ("r_9", "note")])
    with store.begin() as tx:
        assert tx.shown_marks("orders", ["r_1", "r_2"]) == [ShownMark("r_1", "note", "Twinsheet: other")]
        tx.remove_link("orders")
    with store.begin() as tx:
        assert tx.shown_marks("orders", ["r_1", "r_2"]) == []


def test_reasons_for_marks_are_found_by_row(store: AnyStore) -> None:
    seen = Observed("r_4", "note", SheetCell("x"), Stamp(), "edit")

    def record(tx: Any) -> None:
        tx.put_link(link_state())
        tx.put_rejections("orders", [refused("r_1")])
        tx.add_conflicts("orders", [contested("r_2", settled=False), contested("r_3", settled=True)])
        tx.put_waiting("orders", [(seen, "incomplete")])
        tx.save_marks("orders", [ShownMark("r_5", "note", "old")])

    store.run(record)
    with store.begin() as tx:
        assert tx.marked_rows("orders", LONG_AGO) == ["r_1", "r_2", "r_3", "r_4", "r_5"]
        assert tx.marked_rows("orders", datetime.now(UTC) + timedelta(hours=1)) == ["r_1", "r_2", "r_4", "r_5"]
        assert tx.open_rejections("orders", ["r_1", "r_2"]) == [refused("r_1")]
        open_one, settled = tx.told_conflicts("orders", ["r_1", "r_2", "r_3"], LONG_AGO)
        assert (open_one.entry, settled.entry) == (contested("r_2", settled=False), contested("r_3", settled=True))
        assert settled.number > open_one.number
        assert abs(settled.at - datetime.now(UTC)) < timedelta(hours=1)
        later = tx.told_conflicts("orders", ["r_2", "r_3"], datetime.now(UTC) + timedelta(hours=1))
        assert [c.entry.row_id for c in later] == ["r_2"]


def test_whoever_marks_cells_is_told_of_new_rejections_and_conflicts(place: Place, store: AnyStore) -> None:
    store.run(lambda tx: tx.put_link(link_state()))
    rejections = [refused("r_2"), refused("r_1")]
    assert told(place, lambda tx: tx.put_rejections("orders", rejections)) == {"r_1", "r_2"}
    again = [refused("r_2"), refused("r_1", "another reason")]
    assert told(place, lambda tx: tx.put_rejections("orders", again)) == {"r_1"}
    assert told(place, lambda tx: tx.add_conflicts("orders", [contested("r_3", settled=True)])) == {"r_3"}


def test_whoever_marks_cells_is_told_how_a_conflict_ended(place: Place, store: AnyStore) -> None:
    conflicts = [contested("r_1", settled=False), contested("r_2", settled=True)]
    store.run(lambda tx: (tx.put_link(link_state()), tx.add_conflicts("orders", conflicts)))
    ends = [ConflictOutcome(row, "note", "person", "taken") for row in ("r_1", "r_2", "r_3")]
    assert told(place, lambda tx: tx.settle_conflicts("orders", ends)) == {"r_1"}
    assert told(place, lambda tx: tx.settle_conflicts("orders", ends)) == set()
    refused = ConflictOutcome("r_2", "note", "table", "last_write_wins; not taken: too long")
    assert told(place, lambda tx: tx.drop_choice("orders", 2, refused, settled=True)) == {"r_2"}


def test_whoever_marks_cells_is_told_of_mended_rejections_and_no_other_cells(place: Place, store: AnyStore) -> None:
    store.run(lambda tx: (tx.put_link(link_state()), tx.put_rejections("orders", [refused("r_1"), refused('r"2')])))
    cells = [("r_1", "quantity"), ("r_1", "note"), ('r"2', "quantity"), ("r_7", "quantity")]
    assert told(place, lambda tx: tx.mend_rejections("orders", cells)) == {"r_1", 'r"2'}
    assert told(place, lambda tx: tx.mend_rejections("orders", cells)) == set()
