"""Events into decisions into a transaction: the table writer's body, on a table and a log in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from core_makers import BLANK, EARLIER, LATER, LINK, NOON, ROW, answers, make_base, no_rule, saw

from consumers.table_work import GIVE_UP_S, GROUP, TableWork
from core.errors import Unfit
from core.events import SHEET_OBSERVED, TABLE_CHANGED, marks_changed
from core.freshness import newest_age
from core.marks import CAME_BACK
from core.model import Link, Observed, RowBase, SheetCell, Stamp
from core.ports import Intent, LinkState, ShownMark
from core.renames import print_of
from core.told import ROWS_MAX, ToldRows
from tests.fakes.event_log import FakeEventLog, FakeEventSource
from tests.fakes.store import FakeState, FakeStore, FakeTransaction


class Still:
    """A clock that stands: nothing happens here because time goes by."""

    def monotonic(self) -> float:
        return 0.0

    def now(self) -> datetime:
        return NOON

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


OWNER = "table_writer"
STATE = LinkState("orders", "1Ab", 7, "Orders", "shop", "orders", "live", None, 1, 0)


class Desk:
    """A link with order 1 on both sides, and a table writer at work on it."""

    link = LINK

    def __init__(self) -> None:
        self.state = FakeState()
        self.store = FakeStore(self.state)
        self.log = FakeEventLog(1)
        table = self.state.table(LINK)
        table.rows[("1",)] = dict(ROW)
        table.defaults = {"status": "new"}
        table.last_id = 1
        with self.store.begin() as tx:
            tx.put_link(STATE)
            tx.save_bases("orders", [make_base()])
        self._answered = 0
        self.described: list[str] = []
        """How often the tables were described anew."""
        source = FakeEventSource(
            self.log,
            GROUP,
            [SHEET_OBSERVED],
            claim=lambda places: self.store.run(lambda tx: tx.claim_offsets(GROUP, OWNER, places)),
        )
        links = {"orders": self.link, "second": replace(LINK, name="second")}
        self.writer = TableWork(
            self.store,
            source,
            links.get,
            no_rule,
            owner=OWNER,
            clock=Still(),
            describe_anew=lambda: self.described.append("anew"),
        )
        self.writer.step(0)  # joins the group

    def happens(self, *bodies: dict[str, Any]) -> None:
        """These events come in one batch."""
        for body in bodies:
            self.log.append(SHEET_OBSERVED, "orders", body)
        while self.writer.step(0):
            pass

    def feed_answers(self, committed_at: datetime = EARLIER) -> None:
        """The change feed answers what the writer has asked since it answered last."""
        found = answers(self.state.outbox[self._answered :], committed_at)
        self._answered = len(self.state.outbox)
        self.happens(*found)

    def has_waited(self, column: str, seconds: int) -> None:
        """The cell of order 1 has waited so long when the writer looks at it again."""
        waiting = self.state.waiting["orders"]
        since = datetime.now(UTC) - timedelta(seconds=seconds)
        waiting["r_1", column] = replace(waiting["r_1", column], since=since)
        self.writer.look_at_waiting()

    @property
    def rows(self) -> dict[tuple[str, ...], dict[str, str | None]]:
        return self.state.table(LINK).rows

    def base(self, row_id: str) -> RowBase:
        return self.state.bases["orders"][row_id]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def event(kind: str, q: int, n: int = 0, row_id: str = "r_1", **more: Any) -> dict[str, Any]:
    """An edit, or a scan that began after everything before it was heard of; `cells` by header."""
    row = more.pop("row", 2)
    cells = [{"row_id": row_id, "row": row, "column": h, "value": v} for h, v in more.pop("cells", {}).items()]
    return {
        "kind": kind,
        "stamp": {"n": n, "q": q, "epoch": 1, "scan": q},
        "event": f"{kind}{q}",
        "cells": cells,
        "settled_n": n,
        **more,
    }


def edit(q: int, row_id: str = "r_1", n: int = 0, **more: Any) -> dict[str, Any]:
    return event("edit", q, n, row_id, edited_at="2026-05-04T12:00:00Z", editor="ann@example.com", **more)


def test_an_edit_its_base_and_its_history_are_written_with_the_offset(desk: Desk) -> None:
    desk.happens(edit(1, cells={"Notes": "typed"}))
    assert desk.rows[("1",)]["notes"] == "typed"
    assert desk.base("r_1").cells["notes"].value == "typed"
    assert [e.new for _, e in desk.state.history] == ["typed"]
    assert desk.state.offsets[GROUP, SHEET_OBSERVED, 0] == 1


def test_one_value_that_does_not_fit_never_stops_its_neighbours(desk: Desk) -> None:
    desk.happens(edit(1, cells={"Quantity": "many", "Notes": "typed"}))
    assert desk.rows[("1",)] == {**ROW, "notes": "typed"}
    assert [r.column for r in desk.state.rejections.values()] == ["quantity"]
    desk.happens(edit(2, cells={"Quantity": 5}))
    assert not desk.state.rejections


def test_a_value_that_only_the_server_refuses_is_rejected_and_its_neighbours_are_written(desk: Desk) -> None:
    desk.state.table(LINK).unique = ("notes",)
    desk.rows[("2",)] = {**ROW, "order_no": "2", "notes": "taken"}
    desk.happens(edit(1, cells={"Notes": "taken", "Quantity": 5}))
    assert (desk.rows[("1",)]["notes"], desk.rows[("1",)]["quantity"]) == ("fragile", "5")
    (rejected,) = desk.state.rejections.values()
    assert (rejected.column, rejected.value) == ("notes", "taken")
    assert "unique key" in rejected.reason
    assert desk.base("r_1").cells["notes"].value == "fragile"


def test_what_was_typed_before_a_value_that_the_server_refused_is_not_written_when_it_is_told_late(
    desk: Desk,
) -> None:
    desk.state.table(LINK).unique = ("notes",)
    desk.rows[("2",)] = {**ROW, "order_no": "2", "notes": "taken"}
    desk.happens(edit(2, cells={"Notes": "taken"}))
    desk.happens(edit(1, cells={"Notes": "typed before"}))
    assert desk.rows[("1",)]["notes"] == "fragile"
    assert "typed before" in [e.new for _, e in desk.state.history if e.what == "overtaken"]


def gave_way(desk: Desk) -> list[str | None]:
    return [e.new for _, e in desk.state.history if e.what == "overtaken"]


def test_what_gives_way_to_a_value_that_the_server_refuses_is_recorded(desk: Desk) -> None:
    desk.state.table(LINK).unique = ("notes",)
    desk.rows[("2",)] = {**ROW, "order_no": "2", "notes": "taken"}
    with desk.store.begin() as tx:
        tx.put_waiting("orders", [(saw("notes", "found by our write", "swap", n=1, q=1, base="fragile"), "unseen")])
    desk.happens(edit(2, n=1, cells={"Notes": "taken"}))
    assert desk.rows[("1",)]["notes"] == "fragile"
    assert gave_way(desk) == ["found by our write"]


def test_what_gives_way_in_a_row_that_is_put_off_is_recorded_once(desk: Desk) -> None:
    del desk.rows["1",]
    typed = {**BLANK, "Order no.": 1, "Customer": "Bea", "Quantity": 2}
    desk.happens(edit(1, "r_2", cells=typed))
    assert desk.state.waiting["orders"], "the key is not free before order 1 has left the tab as well"
    desk.happens(edit(2, "r_2", cells={**typed, "Customer": "Bob"}))
    desk.writer.look_at_waiting()
    assert gave_way(desk) == ["Bea"]


def test_what_waits_for_a_person_goes_on_doing_so_where_the_rows_new_key_is_not_free_yet(desk: Desk) -> None:
    desk.rows[("1",)]["notes"] = "from the table"
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_2", order_no="2")])  # it has left the table, and stands in the tab yet
        tx.put_waiting("orders", [(saw("notes", "from the sheet"), "manual")])
    desk.happens(edit(2, cells={"Order no.": 2, "Notes": "from the sheet"}))
    waiting = {column: w.reason for (_, column), w in desk.state.waiting["orders"].items()}
    assert waiting == {"order_no": "intent", "notes": "manual"}


def test_what_waits_in_a_row_that_the_server_does_not_delete_is_recorded(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise Unfit("another table's rows refer to it")

    monkeypatch.setattr(FakeTransaction, "delete_row", refused)
    with desk.store.begin() as tx:
        tx.put_waiting("orders", [(saw("notes", "typed", q=1), "intent")])
    desk.happens(event("scan", 2, missing=["r_1"]))
    assert list(desk.rows) == [("1",)]
    assert gave_way(desk) == ["typed"]


def test_another_scan_is_asked_for_where_one_missed_a_row_whose_edit_was_heard_of_after_the_scan_had_begun(
    desk: Desk,
) -> None:
    desk.state.links["orders"] = replace(STATE, scans=3)
    desk.happens(edit(3, cells={"Notes": "typed"}))
    desk.happens(event("scan", 3, missing=["r_1"]))
    assert list(desk.rows) == [("1",)], "the edit may be the later one of the two"
    asked = [topic for topic, _, body in desk.state.outbox if body["kind"] == "rescan"]
    assert asked == [SHEET_OBSERVED]
    desk.happens(event("scan", 4, missing=["r_1"]))
    assert not desk.rows
    assert [topic for topic, _, body in desk.state.outbox if body["kind"] == "rescan"] == asked


@pytest.mark.parametrize("is_together", [False, True])
def test_another_scan_is_asked_for_where_one_shows_a_cell_otherwise_than_an_edit_that_was_heard_of_meanwhile(
    desk: Desk, *, is_together: bool
) -> None:
    """Somebody may have typed once more before the scan, and no trigger told of it."""
    desk.state.links["orders"] = replace(STATE, scans=3)
    told, found = edit(3, cells={"Notes": "typed"}), event("scan", 3, cells={"Notes": "typed since"})
    for bodies in ([told, found],) if is_together else ([told], [found]):
        desk.happens(*bodies)
    assert desk.rows[("1",)]["notes"] == "typed", "the edit may be the later one of the two"
    asked = [topic for topic, _, body in desk.state.outbox if body["kind"] == "rescan"]
    assert asked == [SHEET_OBSERVED]
    desk.happens(event("scan", 4, cells={"Notes": "typed since"}))
    desk.happens(found)
    assert desk.rows[("1",)]["notes"] == "typed since"
    assert [topic for topic, _, body in desk.state.outbox if body["kind"] == "rescan"] == asked


def test_a_rejected_value_of_a_new_row_stays_in_the_sheet_beside_the_default_that_the_table_took(desk: Desk) -> None:
    desk.happens(edit(1, "r_2", cells={**BLANK, "Customer": "Bea", "Quantity": 2, "Status": "lost"}))
    assert desk.rows[("2",)]["status"] == "new"
    base = desk.base("r_2")
    assert base.cells["status"].value == "new"  # so that nothing is written over what the person sees
    assert base.cells["order_no"].value is None  # the key is written back
    assert [r.value for r in desk.state.rejections.values()] == ["lost"]


def test_an_id_is_kept_no_longer_for_a_row_that_left_the_table_and_was_typed_again(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_98", order_no="98", gone=True)])
        tx.keep_ids("orders", {("98",): "r_98"})
    desk.happens(edit(1, "r_98", cells={**BLANK, "Order no.": 98, "Customer": "Bea", "Quantity": 2}))
    assert desk.base("r_98").key == ("98",)
    assert not desk.state.kept_ids["orders"]
    assert {(e.row_id, e.what) for _, e in desk.state.history} == {("r_98", "deleted"), ("r_98", "inserted")}


def test_an_id_is_kept_till_the_change_feed_has_told_whether_its_row_has_another_key_now(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_98", order_no="98", gone=True)])
        tx.keep_ids("orders", {("98",): "r_98"})
    desk.happens(edit(1, "r_2", cells={**BLANK, "Order no.": 98, "Customer": "Bea", "Quantity": 2}))
    assert desk.base("r_2").key == ("98",)
    assert desk.state.kept_ids["orders"] == {("98",): "r_98"}


def test_a_row_that_is_typed_cell_by_cell_leaves_no_record_of_cells_that_were_still_empty(desk: Desk) -> None:
    desk.happens(edit(1, "r_2", cells={**BLANK, "Customer": "Bea"}))
    desk.happens(edit(2, "r_2", cells={"Notes": "frag"}))
    desk.happens(edit(3, "r_2", cells={"Quantity": 2, "Notes": "fragile"}))
    told = [(e.column, e.new) for _, e in desk.state.history if e.what == "overtaken"]
    assert told == [("notes", "frag")]


def test_an_edited_key_changes_the_row_and_its_base_and_deletes_nothing(desk: Desk) -> None:
    desk.happens(edit(1, cells={"Order no.": 9}))
    assert list(desk.rows) == [("9",)]
    assert desk.base("r_1").key == ("9",)


def test_a_key_that_another_row_has_is_rejected_beside_its_cell(desk: Desk) -> None:
    desk.rows[("2",)] = {**ROW, "order_no": "2"}
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_2", order_no="2")])
    desk.happens(edit(1, cells={"Order no.": 2}))
    assert set(desk.rows) == {("1",), ("2",)}
    assert [r.column for r in desk.state.rejections.values()] == ["order_no"]


def test_a_copied_row_gets_a_generated_key_of_its_own(desk: Desk) -> None:
    cells: dict[str, Any] = {"Order no.": 1, "Customer": "Ann", "Quantity": 3}
    desk.happens(edit(1, "r_copy", cells={**BLANK, **cells}))
    assert set(desk.rows) == {("1",)}  # or is it order 1 itself, that has lost its id? A scan tells
    desk.happens(event("scan", 1, row_id="r_copy", cells=cells))
    assert set(desk.rows) == {("1",), ("2",)}
    assert desk.base("r_copy").key == ("2",)
    assert desk.base("r_copy").cells["order_no"].value == "1"  # what the sheet holds; the fresh key goes there


@pytest.mark.parametrize(
    ("scan", "told"),
    [(3, [(None, None, "copied")]), (4, [("customer", "Bea", "inserted"), ("quantity", "2", "inserted")])],
)
def test_a_row_that_stood_in_the_tab_before_it_was_linked_is_one_line_of_the_history(
    desk: Desk, scan: int, told: list[tuple[str | None, str | None, str]]
) -> None:
    desk.state.links["orders"] = replace(desk.state.links["orders"], first_scans=3)  # looks of a tab read in pieces
    desk.happens(event("scan", scan, row_id="r_2", cells={**BLANK, "Customer": "Bea", "Quantity": 2}))
    assert desk.rows[("2",)]["customer"] == "Bea"
    assert [(e.column, e.new, e.what) for _, e in desk.state.history] == told
    assert {(e.key, e.side, e.event) for _, e in desk.state.history} == {(("2",), "sheet", f"scan{scan}")}


def test_generated_keys_follow_the_order_of_the_rows_in_the_sheet(desk: Desk) -> None:
    new = {**BLANK, "Quantity": 2}
    desk.happens(
        edit(1, "r_a", row=9, cells={**new, "Customer": "third"}),
        edit(1, "r_z", row=3, cells={**new, "Customer": "first"}),
        edit(1, "r_k", row=8, cells={**new, "Customer": "second"}),
    )
    assert [desk.rows[(str(n),)]["customer"] for n in (2, 3, 4)] == ["first", "second", "third"]


def test_a_new_row_gets_what_another_one_gives_up_in_the_same_moment_wherever_it_stands(desk: Desk) -> None:
    desk.state.table(LINK).unique = ("notes",)
    new = {**BLANK, "Customer": "Bea", "Quantity": 2, "Notes": "fragile"}
    desk.happens(edit(2, "r_5", row=2, cells=new), edit(1, row=3, cells={"Notes": "heavy"}))
    assert [row["notes"] for row in desk.rows.values()] == ["heavy", "fragile"]
    assert not desk.state.rejections


def test_whoever_marks_cells_is_told_that_a_note_may_have_come_back_with_a_row_once_the_table_has_it_again(
    desk: Desk,
) -> None:
    whole = {"Order no.": 1, "Customer": "Ann", "Quantity": 3, "Price": 9.5, "Status": "new"}
    desk.happens(event("scan", 5, missing=["r_1"]))
    desk.happens(event("scan", 6, row_id="r_2", cells={**whole, "Order no.": None}))
    assert not desk.state.marks, "no note of ours stands beside a row that was never there"
    desk.happens(event("scan", 7, cells=whole))  # somebody has undone the delete
    assert desk.state.marks == {("orders", "r_1", "order_no"): ShownMark("r_1", "order_no", CAME_BACK, is_sure=False)}
    assert desk.state.outbox[-1] == (TABLE_CHANGED, "orders", marks_changed("orders", ["r_1"]))


def test_what_is_known_to_be_shown_beside_a_row_stays_known_when_the_row_comes_back(desk: Desk) -> None:
    known = ShownMark("r_1", "order_no", "Twinsheet: order_no: the number is taken", "#112233")
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base(gone=True)])
        tx.save_marks("orders", [known])
    desk.rows.clear()
    desk.happens(event("scan", 7, cells={"Order no.": 1, "Customer": "Ann", "Quantity": 3, "Status": "new"}))
    assert desk.state.marks["orders", "r_1", "order_no"] == known
    assert [mark.text for mark in desk.state.marks.values() if mark != known] == [CAME_BACK]


def test_a_row_missed_by_a_scan_is_deleted(desk: Desk) -> None:
    desk.happens(event("scan", 5, missing=["r_1"]))
    assert not desk.rows
    assert desk.base("r_1").gone


def test_a_row_missed_by_what_base_told_of_it_before_an_edit_is_not_deleted_and_another_scan_is_asked_for(
    desk: Desk,
) -> None:
    known = newest_age(desk.base("r_1"))
    desk.happens(edit(4, cells={"Customer": "Bea", "Quantity": 8, "Price": 1, "Status": "paid", "Notes": "new"}))
    desk.happens(event("scan", 5, missing=["r_1"], known_ages={"r_1": known}))  # it may stand there without its id
    assert ("1",) in desk.rows
    assert [body["kind"] for _, _, body in desk.state.outbox][-1] == "rescan"
    desk.happens(event("scan", 6, missing=["r_1"], known_ages={"r_1": newest_age(desk.base("r_1"))}))
    assert not desk.rows


def test_a_row_missed_before_a_mistake_of_ours_was_put_back_is_not_deleted(desk: Desk) -> None:
    with desk.store.begin() as tx:  # its id was lost, and our write 2 has removed it instead of another row
        tx.note_restore("orders", 3)
    desk.happens(event("scan", 5, n=2, missing=["r_1"]))
    assert set(desk.rows) == {("1",)}
    desk.happens(event("scan", 6, n=3, missing=["r_1"]))
    assert not desk.rows


def test_a_row_missed_under_what_it_held_before_a_write_of_ours_is_not_deleted(desk: Desk) -> None:
    with desk.store.begin() as tx:  # settled once the scan had read base, and landed before it read the tab
        tx.save_bases("orders", [make_base(cell_n=2)])
    desk.happens(event("scan", 5, n=2, settled_n=1, missing=["r_1"]))
    assert set(desk.rows) == {("1",)}
    desk.happens(event("scan", 6, n=2, missing=["r_1"]))
    assert not desk.rows


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_a_row_edited_after_the_scan_that_missed_it_is_not_deleted_however_the_events_are_batched(
    desk: Desk, in_one_batch: bool
) -> None:
    events = [edit(6, cells={"Notes": "still here"}), event("scan", 5, missing=["r_1"])]
    for batch in [events] if in_one_batch else [[e] for e in events]:
        desk.happens(*batch)
    assert desk.rows[("1",)]["notes"] == "still here"


def removed_with_an_edit(desk: Desk) -> None:
    """Our write has removed a row that the table had deleted, and has found an edit in it."""
    shown: dict[str, Any] = {"customer": "Bea", "quantity": 2, "status": "new", "notes": "taken"}
    found = [saw(column, value, "swap", n=9, base="hers", row_id="r_5") for column, value in shown.items()]
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_5", gone=True, n=9)])
        tx.put_waiting("orders", [(one, "unseen") for one in found])
    desk.state.table(LINK).unique = ("notes",)
    desk.rows[("1",)]["notes"] = "taken"
    desk.happens({"kind": "replan", "rows": [{"row_id": "r_5", "key": None}]})
    assert set(desk.rows) == {("1",)}


def test_a_row_that_our_write_removed_and_the_table_refused_comes_back_when_a_scan_misses_it_and_it_fits_by_then(
    desk: Desk,
) -> None:
    removed_with_an_edit(desk)
    desk.happens(event("scan", 5, n=9, cells={"Notes": "free"}, missing=["r_5"]))
    desk.feed_answers()
    desk.happens(event("scan", 6, n=9, missing=["r_5"]))
    assert desk.rows[("1",)]["notes"] == "free"
    assert [row["customer"] for row in desk.rows.values()] == ["Ann", "Bea"]
    assert not (desk.state.waiting["orders"] or desk.state.rejections)


def test_a_row_that_our_write_removed_and_the_table_refuses_for_good_ends_as_a_conflict_that_the_table_wins(
    desk: Desk,
) -> None:
    removed_with_an_edit(desk)
    desk.happens(event("scan", 5, n=9, missing=["r_5"]))
    waiting = desk.state.waiting["orders"]
    assert waiting, "what takes its place may be about to give way"
    for cell, one in waiting.items():
        waiting[cell] = replace(one, since=datetime.now(UTC) - timedelta(seconds=GIVE_UP_S + 1))
    desk.happens(event("scan", 6, n=9, missing=["r_5"]))
    assert set(desk.rows) == {("1",)}
    assert not (desk.state.waiting["orders"] or desk.state.rejections)
    (last,) = [c for _, c in desk.state.conflicts if c.column == "notes"]
    assert (last.row_id, last.sheet, last.winner) == ("r_5", "taken", "table")
    assert "unique" in last.rule
    desk.happens(event("scan", 7, n=9, missing=["r_5"]))
    assert len(desk.state.conflicts) == 4


def test_while_a_link_rests_edits_wait_with_their_own_times_and_nothing_is_written(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.set_link_state("orders", "paused", "by a person")
    desk.happens(edit(1, cells={"Notes": "typed"}))
    assert desk.rows[("1",)] == ROW
    (waiting,) = desk.state.waiting["orders"].values()
    assert (waiting.reason, waiting.observed.cell.value) == ("paused", "typed")
    assert waiting.observed.edited_at is not None


def test_true_that_gives_way_to_one_while_a_link_rests_is_found_in_the_history(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.set_link_state("orders", "paused", "by a person")
    desk.happens(edit(1, cells={"Notes": True}))
    desk.happens(edit(2, cells={"Notes": 1}), edit(3, cells={"Notes": 1.0}))
    assert [e.new for _, e in desk.state.history if e.what == "overtaken"] == ["TRUE"]


def test_what_waited_for_our_own_write_is_decided_once_the_write_is_closed(desk: Desk) -> None:
    plan = {"cells": [["r_1", 2, "Notes", "ours"]], "ids": [], "inserts": [], "insert_after_row": 1}
    plan |= {"deletes": [], "formula_restores": [], "row_restores": [], "keys": {}}
    with desk.store.begin() as tx:
        tx.open_intent(Intent("orders", 1, 1, plan))
    desk.happens(edit(1, n=1, cells={"Notes": "typed over it"}))
    assert desk.rows[("1",)]["notes"] == "fragile"
    with desk.store.begin() as tx:
        tx.close_intent("orders", 1)
    desk.happens({"kind": "replan", "rows": [{"row_id": "r_1", "key": ["1"]}]})
    assert desk.rows[("1",)]["notes"] == "typed over it"
    assert not desk.state.waiting["orders"]


TRADED = {"customer": "Bob", "quantity": "8", "price": "7.00", "status": "paid", "notes": "heavy"}
"""What another row holds that may have got order 1's key."""


def test_an_edit_waits_until_the_feed_has_told_of_what_stands_under_the_key_of_its_row(desk: Desk) -> None:
    desk.rows[("1",)].update(TRADED)
    desk.happens(edit(1, cells={"Due": {"serial": 45418.0}}))
    ((topic, _, body),) = desk.state.outbox
    (question,) = body["rows"]
    assert (topic, question["kind"], question["key"]) == (TABLE_CHANGED, "asked", ["1"])
    answer = {**question, "told": True, "times": {}}
    desk.happens({"kind": "replan", "rows": [{**answer, "print": "of what it held before"}]})
    desk.happens({"kind": "replan", "rows": [{**answer, "told": False}]})
    assert desk.rows[("1",)]["due"] is None
    desk.happens({"kind": "replan", "rows": [answer]})
    assert desk.rows[("1",)]["due"] == "2024-05-06"


def test_an_edit_waits_a_minute_at_most_for_a_feed_that_does_not_answer_if_its_row_shares_something_with_base(
    desk: Desk,
) -> None:
    desk.rows[("1",)]["price"] = "7.00"
    desk.happens(edit(1, cells={"Due": {"serial": 45418.0}}))
    for seconds, due in ((50, None), (61, "2024-05-06")):
        desk.has_waited("due", seconds)
        assert desk.rows[("1",)]["due"] == due


def test_an_edit_of_a_row_that_shares_nothing_with_base_waits_for_the_feed_however_long_that_is_silent(
    desk: Desk,
) -> None:
    desk.rows[("1",)].update(TRADED)
    desk.happens(edit(1, cells={"Due": {"serial": 45418.0}}))
    desk.has_waited("due", 3600)
    assert desk.rows[("1",)]["due"] is None, "it may be another row, which has got the key"
    desk.happens(event("scan", 2, cells={"Due": {"serial": 45418.0}}))
    assert len(desk.state.outbox) == 2, "each scan asks again: what was asked may be lost"
    desk.feed_answers()
    assert desk.rows[("1",)]["due"] == "2024-05-06"


def test_a_row_that_another_program_changed_waits_for_the_feed_before_an_edit_is_written_into_it(desk: Desk) -> None:
    desk.rows[("1",)]["price"] = "7.00"
    desk.happens(edit(1, cells={"Notes": "typed"}))
    assert desk.rows[("1",)]["notes"] == "fragile", "the rest of the row is as it was, but copies share that"
    assert [w.reason for w in desk.state.waiting["orders"].values()] == ["commit_time"]
    desk.feed_answers()
    assert desk.rows[("1",)] == {**ROW, "price": "7.00", "notes": "typed"}
    assert not desk.state.waiting["orders"]


def test_an_edit_waits_for_nobody_where_the_row_holds_what_both_sides_share(desk: Desk) -> None:
    desk.happens(edit(1, cells={"Notes": "typed"}))
    assert desk.rows[("1",)]["notes"] == "typed"
    assert not desk.state.outbox


def test_a_row_that_changes_all_the_time_is_written_after_an_answer_if_it_shares_something_with_base(
    desk: Desk,
) -> None:
    desk.rows[("1",)]["price"] = "7.00"
    desk.happens(edit(1, cells={"Notes": "typed"}))
    desk.rows[("1",)]["price"] = "8.00"  # before the answer comes
    desk.feed_answers()
    assert desk.rows[("1",)] == {**ROW, "price": "8.00", "notes": "typed"}


def test_a_row_that_changes_all_the_time_and_shares_nothing_with_base_is_asked_about_again(desk: Desk) -> None:
    desk.rows[("1",)].update(TRADED)
    desk.happens(edit(1, cells={"Due": {"serial": 45418.0}}))
    desk.rows[("1",)]["price"] = "8.00"
    desk.feed_answers()
    assert desk.rows[("1",)]["due"] is None
    prints = [row["print"] for _, _, body in desk.state.outbox for row in body["rows"]]
    assert prints == [print_of({**ROW, **TRADED}), print_of({**ROW, **TRADED, "price": "8.00"})]
    desk.feed_answers()
    assert desk.rows[("1",)]["due"] == "2024-05-06"


def test_the_feed_is_asked_once_about_a_row_that_stays_as_it_is_however_often_its_refused_cell_is_told(
    desk: Desk,
) -> None:
    desk.state.table(LINK).unique = ("notes",)
    desk.rows[("2",)] = {**ROW, "order_no": "2", "notes": "taken"}
    desk.rows[("1",)]["price"] = "7.00"
    for q in (1, 2, 3):
        desk.happens(event("scan", q, cells={"Notes": "taken"}))
        desk.feed_answers()
    assert [r.value for r in desk.state.rejections.values()] == ["taken"]
    asked = [body for _, _, body in desk.state.outbox if body["kind"] == "replan"]
    assert len(asked) == 1
    desk.rows[("1",)]["price"] = "8.00"
    desk.happens(event("scan", 4, cells={"Notes": "taken"}))
    assert desk.state.outbox[-1][2] != asked[0], "it may be another row by now"


def test_only_so_many_rows_of_which_the_feed_has_told_are_kept_in_mind() -> None:
    told = ToldRows()
    held = print_of(ROW)
    told.note({f"r_{n}": (("1",), held) for n in range(1, ROWS_MAX + 2)})
    assert not told.covers(make_base("r_1"), ROW)
    assert told.covers(make_base("r_2"), ROW)
    told.note({"r_2": (("1",), None), "r_3": (None, "of no row")})
    assert told.covers(make_base("r_2"), ROW)
    assert not told.covers(make_base("r_3", key=("9",)), ROW)


def test_an_answer_about_the_key_that_a_row_had_before_is_no_answer_about_the_one_that_it_has(desk: Desk) -> None:
    desk.rows[("1",)]["price"] = "7.00"
    desk.happens(edit(1, cells={"Notes": "typed"}))
    desk.rows[("9",)] = {**desk.rows.pop(("1",)), "order_no": "9"}
    with desk.store.begin() as tx:
        tx.save_bases("orders", [replace(desk.base("r_1"), key=("9",))])
    desk.feed_answers()
    assert desk.rows[("9",)]["notes"] == "fragile"
    desk.feed_answers()
    assert desk.rows[("9",)]["notes"] == "typed"


def test_a_conflict_asks_what_the_feed_knows_of_the_row_and_is_settled_when_it_tells_the_commit_time(
    desk: Desk,
) -> None:
    desk.rows[("1",)]["notes"] = "from the table"
    desk.happens(edit(1, cells={"Notes": "from the sheet"}))
    question = {"row_id": "r_1", "key": ["1"], "kind": "asked", "print": print_of({**ROW, "notes": "from the table"})}
    assert desk.state.outbox == [
        (TABLE_CHANGED, "orders", {"kind": "replan", "link": "orders", "rows": [question]}),
    ]
    desk.feed_answers(LATER)
    assert desk.rows[("1",)]["notes"] == "from the table"
    assert [(c.winner, c.table_at) for _, c in desk.state.conflicts] == [("table", LATER)]
    assert desk.state.outbox[-1][0] == TABLE_CHANGED  # the sheet is to hold the table's value


def test_a_value_of_the_sheet_that_won_and_that_the_server_refuses_has_lost_to_the_tables_for_good(
    desk: Desk,
) -> None:
    desk.state.table(LINK).unique = ("notes",)
    desk.rows[("2",)] = {**ROW, "order_no": "2", "notes": "taken"}
    desk.rows[("1",)]["notes"] = "from the table"
    desk.happens(edit(1, cells={"Notes": "taken"}))
    desk.feed_answers()
    assert desk.rows[("1",)]["notes"] == "from the table"
    assert desk.base("r_1").cells["notes"].value == "from the table"
    (conflict,) = [c for _, c in desk.state.conflicts]
    assert (conflict.sheet, conflict.table, conflict.winner, conflict.settled) == (
        "taken",
        "from the table",
        "table",
        True,
    )
    assert conflict.rule.startswith("the table refused the sheet's value: another row of the table already has")
    assert [(r.column, r.value) for r in desk.state.rejections.values()] == [("notes", "taken")]
    asked = len(desk.state.outbox)
    for scan in (2, 3):
        desk.happens(event("scan", scan, cells={"Notes": "taken"}))
    assert len(desk.state.conflicts) == 1, "no scan decides anew"
    assert len(desk.state.outbox) == asked, "nor asks anybody"
    assert len(desk.state.rejected) == 1
    assert not [h for _, h in desk.state.history if h.what == "applied"]


def test_a_refused_value_is_written_once_the_table_can_take_it(desk: Desk) -> None:
    desk.state.table(LINK).unique = ("notes",)
    desk.rows[("2",)] = {**ROW, "order_no": "2", "notes": "taken"}
    desk.rows[("1",)]["notes"] = "from the table"
    desk.happens(edit(1, cells={"Notes": "taken"}))
    desk.feed_answers()
    del desk.rows[("2",)]
    desk.happens(event("scan", 2, cells={"Notes": "taken"}))
    assert desk.rows[("1",)]["notes"] == "taken"
    assert not desk.state.rejections


def test_a_value_that_waited_for_a_person_asks_for_the_commit_time_where_the_policy_goes_by_time_now(
    desk: Desk,
) -> None:
    desk.rows[("1",)]["notes"] = "from the table"
    with desk.store.begin() as tx:
        seen = Observed("r_1", "notes", SheetCell("from the sheet"), Stamp(0, 1), "edit", edited_at=NOON)
        tx.put_waiting("orders", [(seen, "manual")])
    desk.happens({"kind": "replan", "rows": [{"row_id": "r_1", "key": ["1"]}]})
    assert [(topic, body["rows"]) for topic, _, body in desk.state.outbox] == [
        (SHEET_OBSERVED, [{"row_id": "r_1", "key": ["1"]}])
    ]
    desk.feed_answers(LATER)  # the time
    desk.feed_answers(LATER)  # and that no other row has got the key
    assert [(c.winner, c.table_at) for _, c in desk.state.conflicts] == [("table", LATER)]


# --- rows that nobody has seen whole ----------------------------------------------------------------


def test_a_partial_edit_of_an_unknown_row_waits_until_a_scan_has_seen_the_whole_of_it(desk: Desk) -> None:
    desk.happens(edit(1, "r_2", cells={"Customer": "Bea", "Quantity": 2}))
    assert set(desk.rows) == {("1",)}
    assert {w.reason for w in desk.state.waiting["orders"].values()} == {"intent"}
    desk.happens(event("scan", 1, row_id="r_2", cells={"Customer": "Bea", "Quantity": 2, "Notes": "typed long ago"}))
    assert desk.rows[("2",)] == {
        **ROW,
        "order_no": "2",
        "customer": "Bea",
        "quantity": "2",
        "notes": "typed long ago",
    } | {"price": None}
    assert not desk.state.waiting["orders"]


def test_a_partial_edit_of_an_unknown_row_waits_until_other_edits_have_told_the_rest(desk: Desk) -> None:
    typed = {"Customer": "Bea", "Quantity": 2}
    desk.happens(edit(2, "r_2", cells=typed))
    assert set(desk.rows) == {("1",)}
    rest = {header: value for header, value in {**BLANK, "Notes": "typed"}.items() if header not in typed}
    desk.happens(edit(1, "r_2", cells=rest))
    assert (desk.rows[("2",)]["customer"], desk.rows[("2",)]["notes"]) == ("Bea", "typed")
    assert not desk.state.waiting["orders"]


def test_a_row_that_waits_and_was_deleted_before_a_scan_saw_it_leaves_nothing_waiting(desk: Desk) -> None:
    desk.happens(edit(1, "r_2", cells={"Customer": "Bea", "Quantity": 2}))
    desk.happens(event("scan", 1, missing=["r_2"]))
    assert set(desk.rows) == {("1",)}
    assert not desk.state.waiting["orders"]
    assert [h.new for _, h in desk.state.history if h.what == "overtaken"] == ["Bea", "2"]
    desk.happens(edit(1, "r_2", cells={**BLANK, "Customer": "Bea", "Quantity": 2}))
    assert set(desk.rows) == {("1",)}, "told again, it does not bring the row back"


def test_an_event_that_cannot_be_digested_holds_its_link_with_a_reason_and_is_passed(desk: Desk) -> None:
    desk.happens({"kind": "edit", "stamp": "nonsense", "cells": []}, edit(1, cells={"Notes": "typed"}))
    assert desk.state.links["orders"].state == "held"
    assert "could not be applied" in (desk.state.links["orders"].reason or "")
    assert desk.state.offsets[GROUP, SHEET_OBSERVED, 0] == 2


def _unreadable(monkeypatch: pytest.MonkeyPatch, until: list[str]) -> None:
    """The table has a value that its description does not know, until it is described anew."""
    read = FakeTransaction.free_rows

    def free_rows(self: FakeTransaction, link: Link, keys: Any) -> Any:
        if link.name == "orders" and not until:
            raise Unfit("status: the table returned 'returned', which is not one of new, paid")
        return read(self, link, keys)

    monkeypatch.setattr(FakeTransaction, "free_rows", free_rows)


def test_a_table_that_was_altered_is_described_anew_before_an_event_holds_its_link(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _unreadable(monkeypatch, desk.described)
    desk.happens(edit(1, cells={"Notes": "typed"}))
    assert desk.rows[("1",)]["notes"] == "typed"
    assert desk.state.links["orders"].state == "live"


AT_NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_an_edit_that_meets_a_table_which_stays_unreadable_holds_its_link_and_waits_with_its_own_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _unreadable(monkeypatch, [])
    desk.happens(edit(1, cells={"Notes": "typed"}))
    assert desk.state.holds["orders"][0] == "table_unreadable"
    assert "twinsheet approve orders" in (desk.state.links["orders"].reason or "")
    ((cell, waiting),) = desk.state.waiting["orders"].items()
    assert (cell, waiting.reason, waiting.observed.edited_at) == (("r_1", "notes"), "paused", AT_NOON)


def test_waiting_cells_of_a_table_that_stays_unreadable_hold_its_link_and_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Observed("r_1", "notes", SheetCell("typed"), Stamp(0, 1), "edit")
    with desk.store.begin() as tx:
        tx.put_link(replace(STATE, name="second"))
        tx.save_bases("second", [make_base()])
        for name in ("orders", "second"):
            tx.put_waiting(name, [(seen, "unseen")])
    _unreadable(monkeypatch, [])
    monkeypatch.setattr("consumers.table_work.INTENT_WAIT_S", 0)
    desk.writer.look_at_waiting()
    assert desk.state.links["orders"].state == "held"
    assert "not one of new, paid" in (desk.state.links["orders"].reason or "")
    assert desk.rows[("1",)]["notes"] == "typed"
    assert not desk.state.waiting["second"]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_same_events_again_change_nothing(desk: Desk, times: int) -> None:
    events = [
        edit(1, cells={"Notes": "first", "Price": 12}),
        edit(2, cells={"Notes": "second"}),
        edit(3, "r_2", cells={**BLANK, "Customer": "Bea", "Quantity": 2}),
        event("scan", 3, cells={"Quantity": 4}),
    ]
    for _ in range(times):
        desk.happens(*events)
    assert desk.rows[("1",)] == {**ROW, "notes": "second", "price": "12.00", "quantity": "4"}
    assert set(desk.rows) == {("1",), ("2",)}
    applied = [e.new for _, e in desk.state.history if e.what == "applied"]
    assert sorted(map(str, applied)) == ["12.00", "4", "second"]


def test_an_edit_beside_what_is_no_id_is_left_to_a_scan(desk: Desk) -> None:
    desk.happens(edit(1, "junk", cells={**BLANK, "Customer": "Ann", "Quantity": 3}))
    assert set(desk.rows) == {("1",)}
    assert not desk.state.waiting.get("orders")
    assert not desk.state.rejections
