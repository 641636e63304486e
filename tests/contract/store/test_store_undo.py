"""What every store promises of taking back: what the history tells for it, what is asked, and ids that are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from contract.store.store_places import AnyStore

from core.ports import ConflictEntry, HistoryEntry, LinkState
from core.undo import AskedCell, AskedRow, LeftAlone, RowOutcome, Selection, Step

ANN = "ann@example.com"
LONG_AGO, NOON = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
EDIT = HistoryEntry("r_a", ("1",), "note", "a", "b", "sheet", actor=ANN, edited_at=NOON, event="msg_1")
CHANGE = HistoryEntry("r_b", ("2",), "price", "1.00", None, "table", event="write 7 uuid:5_1")
OTHERS = [replace(EDIT, actor="bob", event="msg_2", new="c"), replace(CHANGE, event="write 8 uuid:55_1")]
ASKED = AskedRow("r_a", ("1",), exists=False, was_there=True, cells={"note": AskedCell("b", None)})


@pytest.fixture
def recorded(store: AnyStore) -> AnyStore:
    for entry in (EDIT, CHANGE, *OTHERS):
        with store.begin() as tx:
            tx.add_history("orders", [entry])
    with store.begin() as tx:
        tx.add_history("other", [EDIT])
    return store


def selected(store: AnyStore, limit: int = 10, **wanted: object) -> list[Step]:
    with store.begin() as tx:
        return tx.selected_steps("orders", Selection(**wanted), limit)  # type: ignore[arg-type]  # by its names


def test_entries_are_told_as_they_were_recorded_and_found_by_their_numbers(recorded: AnyStore) -> None:
    (step,) = selected(recorded, event="msg_1")
    assert abs(datetime.now(UTC) - step.at) < timedelta(minutes=5)
    assert step == Step(step.number, "r_a", ("1",), "note", "a", "b", "sheet", "applied", ANN, step.at, "msg_1")
    with recorded.begin() as tx:
        assert tx.step(step.number) == ("orders", step)
        assert tx.step(step.number + 1000) is None
    assert selected(recorded, entry=step.number) == [step]


FOUND = replace(EDIT, actor="", edited_at=None, event="scan_1", new="typed")
WHO = replace(EDIT, event="msg_9", new="typed")


def test_who_typed_what_a_scan_has_just_told_of_is_added_to_it_once(recorded: AnyStore) -> None:
    row = replace(FOUND, column=None, old=None, new=None, what="inserted")
    unlike = [
        replace(FOUND, column="price"),
        replace(FOUND, new="other"),
        replace(FOUND, row_id="r_b"),
        replace(FOUND, what="copied", event="scan_2"),
        replace(FOUND, side="table", event="scan_3"),
    ]
    with recorded.begin() as tx:
        tx.add_history("orders", [FOUND, row, *unlike])
        tx.add_history("other", [FOUND])
    for actor in (ANN, "late@example.com"):
        with recorded.begin() as tx:
            tx.name_actors("orders", [replace(WHO, actor=actor)])
    named = selected(recorded, actor=ANN, since=NOON)
    assert [(s.event, s.column, s.what) for s in named if s.event != "msg_1"] == [
        ("scan_1", "note", "applied"),
        ("scan_1", None, "inserted"),
    ]
    assert not selected(recorded, actor="late@example.com", since=LONG_AGO)
    with recorded.begin() as tx:
        assert all(not s.actor for s in tx.selected_steps("other", Selection(event="scan_1"), 10))


def test_a_transaction_of_the_table_is_found_by_its_own_name_and_by_that_of_our_write(recorded: AnyStore) -> None:
    (step,) = selected(recorded, event="uuid:5_1")
    assert (step.row_id, step.old, step.new) == ("r_b", "1.00", None)
    assert selected(recorded, event="write 7 uuid:5_1") == [step]
    assert not selected(recorded, event="uuid:5%")
    with recorded.begin() as tx:
        assert tx.links_of_event("uuid:5_1") == ["orders"]
        assert tx.links_of_event("msg_1") == ["orders", "other"]
        assert tx.links_of_event("uuid:5") == []


def test_a_large_paste_that_came_in_parts_is_found_whole_by_any_of_them(recorded: AnyStore) -> None:
    paste = "msg_0a1b-2c3d"
    parts = [replace(EDIT, event=f"{paste}_{i}") for i in (1, 2, 12)]
    with recorded.begin() as tx:
        tx.add_history("orders", [*parts, replace(EDIT, event="msg_0a1b-2c3de_1"), replace(EDIT, event=f"{paste}x1")])
    for event in (paste, f"{paste}_1", f"{paste}_12"):
        assert [s.event for s in selected(recorded, event=event)] == [part.event for part in parts]


def test_what_one_person_did_is_found_by_when_it_was_done(recorded: AnyStore) -> None:
    assert [s.event for s in selected(recorded, actor=ANN, since=NOON)] == ["msg_1"]
    assert not selected(recorded, actor=ANN, since=NOON + timedelta(microseconds=1))
    assert not selected(recorded, actor=ANN, since=LONG_AGO, until=NOON - timedelta(microseconds=1))
    assert not selected(recorded, actor="nobody", since=LONG_AGO)


def test_everything_since_a_moment_is_what_was_recorded_after_it(recorded: AnyStore) -> None:
    every = selected(recorded, as_of=LONG_AGO)
    assert [s.row_id for s in every] == ["r_a", "r_b", "r_a", "r_b"]
    assert [s.number for s in every] == sorted(s.number for s in every)
    assert selected(recorded, as_of=LONG_AGO, limit=2) == every[:2]
    assert selected(recorded, as_of=every[1].at) == [s for s in every if s.at > every[1].at]
    with recorded.begin() as tx:
        assert tx.steps_of_rows("orders", {"r_a": every[0].number, "r_b": every[3].number}) == [
            every[0],
            every[2],
            every[3],
        ]


def test_past_conflicts_are_those_of_cells_since_then(recorded: AnyStore) -> None:
    lost = ConflictEntry("r_a", ("1",), "note", "b", "s", "t", "table", "table_wins", event="msg_1")
    with recorded.begin() as tx:
        tx.add_conflicts("orders", [lost, replace(lost, column=None), replace(lost, winner="none", settled=False)])
        tx.add_conflicts("other", [lost])
    with recorded.begin() as tx:
        found = tx.past_conflicts("orders", LONG_AGO)
        assert [(c.row_id, c.column, c.base, c.table, c.event, c.is_open) for c in found] == [
            ("r_a", "note", "b", "t", "msg_1", False),
            ("r_a", "note", "b", "t", "msg_1", True),
        ]
        assert tx.past_conflicts("orders", datetime.now(UTC) + timedelta(days=1)) == []


def test_what_is_asked_is_open_until_it_is_decided(store: AnyStore) -> None:
    later = replace(ASKED, cells={})
    with store.begin() as tx:
        tx.put_undo("orders", "undo_1", "sam", NOON, [ASKED, replace(ASKED, row_id="r_b")])
    with store.begin() as tx:
        tx.put_undo("orders", "undo_2", "eve", NOON, [later])
        tx.put_undo("other", "undo_3", "eve", NOON, [later])
    with store.begin() as tx:
        first, second = tx.open_undos("orders", ["r_a", "r_nowhere"])
        assert (first.event, first.actor, first.at, first.asked) == ("undo_1", "sam", NOON, ASKED)
        assert (second.event, second.asked) == ("undo_2", later)
        assert tx.undo_rows("orders", 2) == ["r_a", "r_b"]
        assert tx.undone("undo_1") == (2, [])
        assert tx.undo_left("undo_1") == 2
        assert tx.asked_undo("undo_1") == ("orders", ["r_a", "r_b"])
        assert tx.asked_undo("undo_3") == ("other", ["r_a"])
        assert tx.asked_undo("undo_4") is None
    outcome = RowOutcome("r_a", ("1",), "away", ASKED.cells, (LeftAlone("note", "x", None, "why"),), ("9",))
    with store.begin() as tx:
        tx.end_undo("orders", "undo_1", [outcome])
        assert tx.undo_left("undo_1") == 1
        assert tx.asked_undo("undo_1") == ("orders", ["r_b"])
        assert tx.undone("undo_1") == (1, [outcome])
    with store.begin() as tx:
        assert [undo.event for undo in tx.open_undos("orders", ["r_a"])] == ["undo_2"]
        assert tx.undo_rows("orders", 10) == ["r_b", "r_a"]
        assert tx.undone("undo_1") == (1, [outcome])
        assert tx.undone("undo_4") == (0, [])
        assert (tx.undo_left("undo_1"), tx.undo_left("undo_4")) == (1, 0)


def test_ids_are_kept_for_rows_that_are_to_come_back_until_they_stand_there(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.keep_ids("orders", {("1",): "r_a", ("2",): "r_b"})
        tx.keep_ids("orders", {("2",): "r_c"})
        tx.keep_ids("other", {("1",): "r_z"})
    with store.begin() as tx:
        assert tx.kept_ids("orders", [("1",), ("2",), ("3",)]) == {("1",): "r_a", ("2",): "r_c"}
        assert tx.coming_back("orders", ["r_a", "r_b", "r_c", "r_z"]) == {"r_a", "r_c"}
        assert tx.kept_ids("orders") == {("1",): "r_a", ("2",): "r_c"}
        tx.drop_kept_ids("orders", [("1",), ("3",)])
    with store.begin() as tx:
        assert tx.kept_ids("orders", [("1",), ("2",)]) == tx.kept_ids("orders") == {("2",): "r_c"}
        assert tx.kept_ids("other", [("1",)]) == {("1",): "r_z"}


def test_an_id_is_kept_for_one_row_alone_the_one_that_was_told_last(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.keep_ids("orders", {("1",): "r_a", ("2",): "r_b"})
        tx.keep_ids("other", {("1",): "r_a"})
        tx.keep_ids("orders", {("3",): "r_a"})
    with store.begin() as tx:
        assert tx.kept_ids("orders", [("1",), ("2",), ("3",)]) == {("2",): "r_b", ("3",): "r_a"}
        assert tx.kept_ids("other", [("1",)]) == {("1",): "r_a"}


def test_a_link_that_is_removed_takes_back_nothing_more(store: AnyStore) -> None:
    with store.begin() as tx:
        tx.put_link(LinkState("orders", "sheet-1", 7, "Orders", "shop", "orders", "live", None, 0, 0))
        tx.put_undo("orders", "undo_1", "sam", NOON, [ASKED])
        tx.keep_ids("orders", {("1",): "r_a"})
        tx.remove_link("orders")
    with store.begin() as tx:
        assert tx.undo_rows("orders", 10) == []
        assert tx.kept_ids("orders", [("1",)]) == {}
