"""The table writer takes back what was asked: once, when it can be, and only what still stands as it was shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from core_makers import LINK, NOON, ROW, Watch, answers, make_base, saw

from app.orders import Order
from app.undoing import UndoPlan, ask_undo, plan_undo
from app.withdraw import withdraw_undo
from consumers.table_work import GROUP, TableWork
from core.errors import NotUndone, Unfit
from core.events import SHEET_OBSERVED
from core.model import Key
from core.ports import ConflictEntry, HistoryEntry, LinkState, RejectionEntry
from core.undo import RowOutcome, Selection
from tests.fakes.event_log import FakeEventLog, FakeEventSource
from tests.fakes.store import FakeState, FakeStore

OWNER = "table_writer"
SAM, BOB = "sam", "bob@example.com"
PASTE = Selection(event="msg_1")


class Desk:
    """Orders 1 and 2 on both sides, whose notes were pasted by Bob, and a table writer at work."""

    def __init__(self) -> None:
        self.state = FakeState()
        self.store = FakeStore(self.state, lambda: NOON)
        self.log = FakeEventLog(1)
        self.watch = Watch()
        self.told = self.sent = 0
        for number in ("1", "2"):
            self.rows[number,] = {**ROW, "order_no": number, "notes": f"pasted {number}"}
        self.state.table(LINK).last_id = 2
        with self.store.begin() as tx:
            tx.put_link(LinkState("orders", "1Ab", 7, "Orders", "shop", "orders", "live", None, 1, 0))
            tx.save_bases("orders", [make_base(f"r_{n}", order_no=n, notes=f"pasted {n}") for n in ("1", "2")])
            tx.add_history("orders", [_applied("notes", "fragile", f"pasted {n}", row=n) for n in ("1", "2")])
        source = FakeEventSource(
            self.log,
            GROUP,
            [SHEET_OBSERVED],
            claim=lambda places: self.store.run(lambda tx: tx.claim_offsets(GROUP, OWNER, places)),
        )
        self.writer = TableWork(self.store, source, {"orders": LINK}.get, _no_rule, owner=OWNER, clock=self.watch)
        self.writer.step(0)  # joins the group

    @property
    def rows(self) -> dict[Key, dict[str, str | None]]:
        return self.state.table(LINK).rows

    @property
    def notes(self) -> dict[str, str | None]:
        """Of each order, as the table has them."""
        return {key[0]: row["notes"] for key, row in self.rows.items()}

    def asks(self, wanted: Selection = PASTE, *, over: bool = False, event: str = "undo_1") -> UndoPlan:
        """As the command does once somebody has said yes."""
        with self.store.begin() as tx:
            plan = plan_undo(lambda work: work(tx), LINK, wanted, over=over)
            ask_undo(tx, plan, event, SAM, NOON)
        return plan

    def goes_on(self, again: bool = False) -> None:
        """The change feed publishes, and the writer works; after a while it looks again at what waits."""
        for body in [body for topic, _, body in self.state.outbox[self.sent :] if topic == SHEET_OBSERVED]:
            self.log.append(SHEET_OBSERVED, "orders", body)
        for body in answers(self.state.outbox[self.sent :]):
            self.log.append(SHEET_OBSERVED, "orders", body)
        self.sent = len(self.state.outbox)
        self.watch.at += 10 if again else 0
        while self.writer.step(0):
            pass

    def came_of_it(self, event: str = "undo_1") -> list[RowOutcome]:
        still_open, outcomes = self.store.run(lambda tx: tx.undone(event))
        assert not still_open
        return outcomes

    @property
    def written(self) -> list[tuple[str, str | None, str | None, str, str]]:
        undone = (h for _, h in self.state.history if h.side == "undo")
        return [(h.column or "", h.old, h.new, h.what, h.actor) for h in undone]


def _applied(column: str, old: str | None, new: str | None, row: str = "1", event: str = "msg_1") -> HistoryEntry:
    return HistoryEntry(f"r_{row}", (row,), column, old, new, "sheet", actor=BOB, edited_at=NOON, event=event)


def _no_rule(*_: Any) -> str | None:
    raise AssertionError("no rule should have been asked")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_the_table_refused_of_a_paste_is_told_to_stay(desk: Desk) -> None:
    refused = {"msg_1_2": "many", "msg_7": "none"}
    with desk.store.begin() as tx:
        for column, (event, value) in zip(("quantity", "price"), refused.items(), strict=True):
            tx.put_rejections("orders", [RejectionEntry("r_1", ("1",), column, value, "no number", BOB, event)])
    assert desk.asks(PASTE).notes == [
        "What the table has refused stays in the sheet until somebody types over it: quantity 'many' of 1."
    ]


def test_a_paste_is_taken_back_in_the_table_and_base_leaves_the_sheet_to_the_ordinary_way(desk: Desk) -> None:
    desk.asks()
    assert desk.notes == {"1": "pasted 1", "2": "pasted 2"}
    desk.goes_on()
    assert desk.notes == {"1": "fragile", "2": "fragile"}
    assert desk.state.bases["orders"]["r_1"].cells["notes"].value == "pasted 1", "that is what the sheet holds"
    assert desk.written == [("notes", f"pasted {n}", "fragile", "undone", SAM) for n in ("2", "1")]
    assert [o.kind for o in desk.came_of_it()] == ["change", "change"]


def test_whoever_asks_for_what_waits_already_is_told_so_and_how_to_give_that_up(desk: Desk) -> None:
    assert desk.asks().notes == []
    (note,) = desk.asks(event="undo_2").notes
    assert note.startswith(f"2 rows of it wait to be taken back already, as {SAM} has asked")
    assert note.endswith("twinsheet undo --withdraw undo_1")


def test_an_undo_that_waits_cannot_be_taken_back_but_withdrawn_and_of_one_half_done_the_other_half_is_told(
    desk: Desk,
) -> None:
    desk.asks()
    with pytest.raises(NotUndone, match="Nothing of undo_1 is done yet: it waits") as refused:
        desk.asks(Selection(event="undo_1"), event="undo_2")
    assert refused.value.hint == "To give it up: twinsheet undo --withdraw undo_1"
    desk.store.run(lambda tx: tx.put_waiting("orders", [(replace(saw("notes", "x"), row_id="r_2"), "commit_time")]))
    desk.goes_on()
    plan = desk.asks(Selection(event="undo_1"), event="undo_2")
    assert [row.row_id for row in plan.rows] == ["r_1"]
    assert [note.partition(" wait")[0] for note in plan.notes] == ["1 row of it"]


def test_an_event_that_comes_twice_and_late_takes_back_once(desk: Desk) -> None:
    desk.asks()
    desk.goes_on()
    desk.rows["1",] = {**desk.rows["1",], "notes": "newer"}
    desk.log.append(SHEET_OBSERVED, "orders", {"kind": "undo", "rows": ["r_1", "r_2"]})
    desk.goes_on(again=True)
    assert desk.notes["1"] == "newer"
    assert len(desk.written) == 2


def test_where_the_event_is_lost_the_writer_finds_what_was_asked(desk: Desk) -> None:
    desk.asks()
    desk.sent = len(desk.state.outbox)
    desk.goes_on(again=True)
    assert desk.notes == {"1": "fragile", "2": "fragile"}


def test_a_writer_that_dies_halfway_has_done_nothing_and_the_next_one_does_it_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.asks()

    def dies(*_: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patch, pytest.raises(MemoryError), desk.store.begin() as tx:
        from consumers import undos

        patch.setattr(tx, "end_undo", dies)
        undos.carry_out(tx, LINK, ["r_1", "r_2"])
    assert desk.notes == {"1": "pasted 1", "2": "pasted 2"}
    assert not desk.written
    desk.goes_on()
    assert desk.notes == {"1": "fragile", "2": "fragile"}


def test_what_changes_between_the_yes_and_the_write_is_left_alone_and_told(desk: Desk) -> None:
    desk.asks()
    desk.rows["1",] = {**desk.rows["1",], "notes": "newer"}
    desk.goes_on()
    assert desk.notes == {"1": "newer", "2": "fragile"}
    left = {o.row_id: [(one.column, one.now, one.reason) for one in o.left] for o in desk.came_of_it()}
    assert left == {"r_1": [("notes", "newer", "it has changed meanwhile")], "r_2": []}


def test_overruling_others_takes_back_what_was_shown_and_nothing_that_came_after(desk: Desk) -> None:
    desk.rows["1",] = {**desk.rows["1",], "notes": "theirs"}
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_1", notes="theirs")])
        tx.add_history("orders", [replace(_applied("notes", "pasted 1", "theirs"), actor="eve", event="msg_2")])
    plan = desk.asks()
    assert [(row_id, one.reason.partition(" at ")[0]) for row_id, _, one in plan.left] == [
        ("r_1", "changed since by eve")
    ]
    desk.asks(over=True, event="undo_2")
    desk.rows["1",] = {**desk.rows["1",], "notes": "after that"}
    desk.goes_on()
    assert desk.notes["1"] == "after that"


def test_a_cell_under_a_write_of_ours_or_in_doubt_waits(desk: Desk) -> None:
    desk.asks()
    with desk.store.begin() as tx:
        tx.put_waiting("orders", [(replace(saw("notes", "x"), row_id="r_1"), "commit_time")])
    desk.goes_on()
    assert desk.notes == {"1": "pasted 1", "2": "fragile"}
    with desk.store.begin() as tx:
        tx.drop_waiting("orders", [("r_1", "notes")])
    desk.goes_on(again=True)
    assert desk.notes == {"1": "fragile", "2": "fragile"}


def test_while_the_link_is_paused_nothing_is_planned_and_what_was_asked_before_waits(desk: Desk) -> None:
    desk.asks()
    desk.store.run(lambda tx: tx.set_link_state("orders", "paused", "by a person"))
    desk.goes_on(again=True)
    assert desk.notes == {"1": "pasted 1", "2": "pasted 2"}
    with pytest.raises(NotUndone) as refused:
        desk.asks(event="undo_2")
    assert refused.value.hint == "First: twinsheet resume orders"
    desk.store.run(lambda tx: tx.hold("orders", "tab_emptied", "The tab is empty."))
    with pytest.raises(NotUndone) as refused:
        desk.asks(event="undo_2")
    assert "twinsheet restore orders" in refused.value.hint
    desk.store.run(lambda tx: tx.set_link_state("orders", "live", None))
    desk.goes_on(again=True)
    assert desk.notes == {"1": "fragile", "2": "fragile"}


def test_taken_back_twice_is_refused_and_taking_back_the_undo_has_it_again(desk: Desk) -> None:
    desk.asks()
    desk.goes_on()
    with pytest.raises(NotUndone) as refused:
        desk.asks(event="undo_2")
    assert f"taken back already, by {SAM}" in refused.value.message
    assert refused.value.hint == "To have it again: twinsheet undo --event undo_1"
    desk.asks(Selection(event="undo_1"), event="undo_2")
    desk.goes_on()
    assert desk.notes == {"1": "pasted 1", "2": "pasted 2"}


def test_two_undos_at_once_do_it_once_and_the_second_is_told(desk: Desk) -> None:
    desk.asks()
    desk.asks(event="undo_2")
    desk.goes_on()
    assert [o.kind for o in desk.came_of_it("undo_1")] == ["change", "change"]
    assert [o.kind for o in desk.came_of_it("undo_2")] == ["none", "none"]
    assert len(desk.written) == 2


def _deleted(desk: Desk, number: str) -> None:
    """As the table writer and the sheet have left it."""
    row = desk.rows.pop((number,))
    with desk.store.begin() as tx:
        tx.save_bases("orders", [replace(make_base(f"r_{number}"), gone=True, key=None)])
        entries = [replace(_applied(c, v, None, number, "scan_1"), what="deleted", actor="") for c, v in row.items()]
        tx.add_history("orders", entries)


def _order(actor: str = "eve", event: str = "undo_1") -> Order:
    return Order("withdrawn", actor, NOON, event)


def test_an_undo_that_waits_is_withdrawn_and_the_history_tells_who_did(desk: Desk) -> None:
    desk.asks()
    report = desk.store.run(lambda tx: withdraw_undo(tx, _order()))
    assert (report["link"], report["withdrawn"], report["rows"], report["left"]) == ("orders", 2, [], [])
    desk.goes_on(again=True)
    assert desk.notes == {"1": "pasted 1", "2": "pasted 2"}, "its message comes too late"
    assert {one.left[0].reason for one in desk.came_of_it()} == {"withdrawn by eve"}, "who has asked is told"
    told = desk.state.history[-1][1]
    assert (told.what, told.actor, told.event, told.row_id) == ("withdrawn", "eve", "undo_1", "")
    assert told.old == f"2 rows to be taken back for {SAM}"
    desk.asks(event="undo_2")
    desk.goes_on()
    assert desk.notes == {"1": "fragile", "2": "fragile"}, "it can be asked for again"


def test_what_was_carried_out_before_the_withdrawal_stays_and_is_told(desk: Desk) -> None:
    desk.asks()
    desk.store.run(lambda tx: tx.put_waiting("orders", [(replace(saw("notes", "x"), row_id="r_2"), "commit_time")]))
    desk.goes_on()
    report = desk.store.run(lambda tx: withdraw_undo(tx, _order()))
    assert report["withdrawn"] == 1
    assert [(row["row_id"], row["cells"]) for row in report["rows"]] == [
        ("r_1", [{"column": "notes", "now": "pasted 1", "then": "fragile"}])
    ]
    desk.store.run(lambda tx: tx.drop_waiting("orders", [("r_2", "notes")]))
    desk.goes_on(again=True)
    assert desk.notes == {"1": "fragile", "2": "pasted 2"}
    desk.asks(Selection(event="undo_1"), event="undo_2")
    desk.goes_on()
    assert desk.notes == {"1": "pasted 1", "2": "pasted 2"}, "what was done of it is had again as ever"


def test_what_is_withdrawn_twice_or_too_late_or_was_never_asked_is_refused(desk: Desk) -> None:
    desk.asks()
    desk.store.run(lambda tx: withdraw_undo(tx, _order()))
    desk.asks(event="undo_2")
    desk.goes_on()
    before = list(desk.state.history)
    for event, said in (
        ("undo_1", "undo_1 was withdrawn by eve already."),
        ("undo_2", "Nothing of undo_2 waits: it is decided already."),
        ("undo_9", "Nothing is known of an undo undo_9 (any more)."),
    ):
        with pytest.raises(NotUndone) as refused, desk.store.begin() as tx:
            withdraw_undo(tx, _order("bob", event))
        assert refused.value.message == said
    assert desk.state.history == before


def test_an_undo_is_withdrawn_while_its_link_is_held_and_no_other_undo_of_the_same_rows_with_it(desk: Desk) -> None:
    desk.asks()
    desk.asks(event="undo_2")
    desk.store.run(lambda tx: tx.hold("orders", "tab_emptied", "The tab is empty."))
    assert desk.store.run(lambda tx: withdraw_undo(tx, _order(event="undo_2")))["withdrawn"] == 2
    desk.store.run(lambda tx: tx.set_link_state("orders", "live", None))
    desk.goes_on(again=True)
    assert desk.notes == {"1": "fragile", "2": "fragile"}


def test_a_deleted_row_is_in_the_table_again_and_its_id_is_kept_for_the_sheet(desk: Desk) -> None:
    before = dict(desk.rows["2",])
    _deleted(desk, "2")
    desk.asks(Selection(event="scan_1"))
    desk.goes_on()
    assert desk.rows["2",] == before
    assert desk.state.kept_ids["orders"] == {("2",): "r_2"}
    assert {what for _, _, _, what, _ in desk.written} == {"inserted"}


def test_a_row_whose_key_was_given_away_gets_a_new_one_and_that_is_told(desk: Desk) -> None:
    _deleted(desk, "2")
    desk.rows["2",] = {**ROW, "order_no": "2", "customer": "Eve"}
    plan = desk.asks(Selection(event="scan_1"))
    assert [row.old_key for row in plan.rows] == [("2",)]
    desk.goes_on()
    (outcome,) = desk.came_of_it()
    assert (outcome.old_key, outcome.key) == (("2",), ("3",))
    assert desk.rows["3",]["notes"] == "pasted 2"
    assert desk.rows["2",]["customer"] == "Eve"


def test_a_row_waits_for_its_key_while_the_row_that_has_it_is_still_leaving_the_sheet(desk: Desk) -> None:
    _deleted(desk, "2")
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_9", order_no="2")])  # its row has left the table, and not the sheet
    plan = desk.asks(Selection(event="scan_1"))
    assert "being carried over" in plan.left[0][2].reason
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_9", gone=True)])
    desk.asks(Selection(event="scan_1"), event="undo_2")
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_9", order_no="2")])
    desk.goes_on()
    assert ("2",) not in desk.rows
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_9", gone=True)])
    desk.goes_on(again=True)
    assert desk.rows["2",]["notes"] == "pasted 2"


def test_what_only_the_server_refuses_is_left_alone_and_its_neighbours_are_written(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.add_history("orders", [_applied("customer", "Eve", "Ann", row="1")])
    desk.state.table(LINK).unique = ("customer",)
    del desk.rows["2",]
    desk.rows["3",] = {**ROW, "order_no": "3", "customer": "Eve"}
    desk.asks()
    desk.goes_on()
    assert (desk.rows["1",]["customer"], desk.rows["1",]["notes"]) == ("Ann", "fragile")
    reasons = [one.reason for o in desk.came_of_it() for one in o.left]
    assert reasons == ["another row of the table already has 'Eve' in the unique key customer"]
    assert ("customer", "Ann", "Eve", "undone", SAM) not in desk.written


def test_a_row_that_cannot_be_deleted_stays_and_tells_why(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk.store.begin() as tx:
        entries = [
            replace(_applied(c, None, v, "2", "msg_9"), what="inserted") for c, v in desk.rows["2",].items() if v
        ]
        tx.add_history("orders", entries)
    desk.asks(Selection(event="msg_9"))

    def refuse(*_: Any) -> None:
        raise Unfit("the table items refers to it")

    monkeypatch.setattr("tests.fakes.store.FakeTransaction.delete_row", refuse)
    desk.goes_on()
    (outcome,) = desk.came_of_it()
    assert (outcome.kind, outcome.left[0].reason) == ("none", "the table items refers to it")
    assert ("2",) in desk.rows
    assert not desk.written


def test_a_key_that_another_row_has_by_now_is_left_alone(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.add_history("orders", [_applied("order_no", "5", "1", event="msg_9")])
    desk.asks(Selection(event="msg_9"))
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_5", order_no="5")])
    desk.goes_on()
    assert ("1",) in desk.rows
    assert desk.came_of_it()[0].left[0].reason == "another row has that key"


def test_rows_that_have_traded_their_keys_trade_them_back(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.add_history(
            "orders", [_applied("order_no", "1", "2", "2", "msg_9"), _applied("order_no", "2", "1", "1", "msg_9")]
        )
    desk.asks(Selection(event="msg_9"))
    desk.goes_on()
    assert desk.notes == {"1": "pasted 2", "2": "pasted 1"}
    bases = desk.state.bases["orders"]
    assert {i: (b.key, b.former_key) for i, b in bases.items()} == {"r_1": (("2",), ("1",)), "r_2": (("1",), ("2",))}


def test_a_moment_takes_back_everything_since_and_tells_of_conflicts_that_are_open(desk: Desk) -> None:
    desk.rows["1",] = {**desk.rows["1",], "price": "3.00"}
    with desk.store.begin() as tx:
        parked = ConflictEntry("r_1", ("1",), "price", "9.50", "2.00", "3.00", "none", "manual", settled=False)
        tx.add_conflicts("orders", [parked])
        tx.put_waiting("orders", [(replace(saw("price", 2), row_id="r_1"), "manual")])
    plan = desk.asks(Selection(as_of=NOON - timedelta(seconds=1)))
    assert [(one.column, one.reason) for _, _, one in plan.left] == [
        ("price", "it is in conflict: settle that first (twinsheet conflicts)")
    ]
    desk.goes_on()
    assert desk.notes == {"1": "fragile", "2": "fragile"}


def _shown_under_another_id(desk: Desk, *deeds: HistoryEntry, former: str = "r_1", notes: str | None = None) -> None:
    """What had the key 1 is r_9 since; what was done to it then, in the table too."""
    copied = HistoryEntry("r_9", ("1",), None, None, None, "table", what="copied", event="write 2")
    notes = notes or deeds[-1].new
    desk.rows["1",] = {**desk.rows["1",], "notes": notes}
    with desk.store.begin() as tx:
        gone = replace(make_base(former, gone=True), key=None)
        tx.save_bases("orders", [gone, make_base("r_9", key=("1",), notes=notes)])
        tx.add_history("orders", [copied, *(replace(deed, row_id="r_9") for deed in deeds)])


def test_a_row_that_has_another_id_since_is_taken_back_as_one_row_to_what_it_was_at_first(desk: Desk) -> None:
    theirs = _applied("notes", "pasted 1", "theirs", event="msg_2")
    _shown_under_another_id(desk, theirs, _applied("notes", "theirs", "fragile", event="msg_3"))
    desk.asks(Selection(as_of=NOON - timedelta(seconds=1)), over=True)
    desk.goes_on()
    assert desk.notes == {"1": "fragile", "2": "fragile"}
    assert {outcome.row_id for outcome in desk.came_of_it()} == {"r_2"}, "the other one is as it was at first"


def test_a_row_that_had_two_ids_and_is_gone_comes_back_once(desk: Desk) -> None:
    gone = [_applied(column, value, None) for column, value in {**ROW, "notes": "pasted 1"}.items()]
    _shown_under_another_id(desk, *(replace(cell, what="deleted", event="msg_2") for cell in gone))
    with desk.store.begin() as tx:
        tx.save_bases("orders", [replace(make_base("r_9", gone=True), key=None)])
    del desk.rows["1",]
    desk.asks(Selection(as_of=NOON - timedelta(seconds=1)), over=True)
    desk.goes_on()
    assert desk.notes == {"1": "fragile", "2": "fragile"}
    assert [outcome.row_id for outcome in desk.came_of_it() if outcome.kind == "back"] == ["r_9"]


def test_a_row_that_has_the_key_that_another_gave_up_is_another_row(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.add_history("orders", [_applied("order_no", "1", "8", event="msg_2")])
        tx.save_bases("orders", [make_base("r_1", key=("8",), order_no="8", notes="pasted 1")])
    desk.rows["8",] = {**desk.rows["1",], "order_no": "8"}
    _shown_under_another_id(desk, _applied("notes", "own", "theirs", event="msg_3"), former="r_7")
    desk.asks(Selection(as_of=NOON - timedelta(seconds=1)), over=True)
    desk.goes_on()
    assert desk.notes == {"1": "own", "2": "fragile", "8": "fragile"}


def test_a_row_that_has_come_again_under_another_id_does_not_come_twice(desk: Desk) -> None:
    whole = {**ROW, "notes": "pasted 1"}.items()
    with desk.store.begin() as tx:
        went = [_applied(column, value, None, event="msg_2") for column, value in whole]
        came = [_applied(column, None, value, event="write 1") for column, value in whole]
        tx.add_history("orders", [replace(cell, what="deleted") for cell in went])
        tx.add_history("orders", [replace(cell, what="inserted") for cell in came])
    _shown_under_another_id(desk, _applied("quantity", "2", "3", event="msg_3"), notes="pasted 1")
    with pytest.raises(NotUndone, match="it is all as it was before"):
        desk.asks(Selection(event="msg_2"))


def test_a_row_whose_going_was_beaten_by_a_change_is_as_at_first_and_does_not_come_twice(desk: Desk) -> None:
    whole = {**ROW, "notes": "pasted 1"}.items()
    with desk.store.begin() as tx:
        went = [_applied(column, value, None, event="scan_1") for column, value in whole]
        tx.add_history("orders", [replace(cell, what="deleted") for cell in went])
    _shown_under_another_id(desk, notes="theirs")
    with pytest.raises(NotUndone, match="it is all as it was before"):
        desk.asks(Selection(event="scan_1"))
    desk.asks(Selection(as_of=NOON - timedelta(seconds=1)), over=True)
    desk.goes_on()
    assert desk.notes == {"1": "fragile", "2": "fragile"}


def test_who_has_changed_a_row_that_has_another_id_since_is_named(desk: Desk) -> None:
    _shown_under_another_id(desk, replace(_applied("notes", "pasted 1", "theirs", event="msg_2"), actor="eve"))
    plan = desk.asks()
    assert [(row_id, one.reason.partition(" at ")[0]) for row_id, _, one in plan.left] == [
        ("r_9", "changed since by eve")
    ]
    desk.goes_on()
    assert desk.notes == {"1": "theirs", "2": "fragile"}


def test_a_row_that_was_there_beside_the_one_that_had_its_key_is_another_row(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.add_history("orders", [_applied("notes", "pasted 1", "mine", event="msg_2")])
        gone = replace(make_base("r_1", gone=True), key=None)
        tx.save_bases("orders", [gone, make_base("r_2", key=("1",), notes="pasted 2")])
    del desk.rows["2",]
    desk.rows["1",] = {**desk.rows["1",], "notes": "pasted 2"}
    plan = desk.asks(Selection(as_of=NOON - timedelta(seconds=1)))
    assert [(row.row_id, row.cells["notes"].then) for row in plan.rows] == [("r_2", "fragile")]
    assert [(row_id, one.reason) for row_id, _, one in plan.left] == [("r_1", "the row was deleted since")]


def test_a_row_of_whose_going_nobody_told_comes_back_under_its_key_that_another_row_has_had_since(desk: Desk) -> None:
    another = {**ROW, "notes": "another"}
    with desk.store.begin() as tx:
        went = [_applied(name, value, None, event="msg_2") for name, value in ROW.items()]
        came = [_applied(name, None, value, event="msg_3") for name, value in ROW.items() if value]
        theirs = [replace(_applied(c, None, v, event="msg_4"), row_id="r_9") for c, v in another.items() if v]
        tx.add_history("orders", [replace(cell, what="deleted") for cell in went])
        tx.add_history("orders", [replace(cell, what="inserted") for cell in (*came, *theirs)])
        gone = replace(make_base("r_1", gone=True), key=None)
        tx.save_bases("orders", [gone, make_base("r_9", key=("1",), notes="another")])
    desk.rows["1",] = another
    plan = desk.asks(Selection(as_of=NOON - timedelta(seconds=1)), over=True)
    assert {row.row_id: (row.kind, row.key) for row in plan.rows if row.row_id != "r_2"} == {
        "r_9": ("away", ("1",)),
        "r_1": ("back", ("1",)),
    }
    desk.goes_on()
    assert desk.notes == {"2": "fragile"}
    with desk.store.begin() as tx:
        tx.save_bases("orders", [replace(make_base("r_9", gone=True), key=None)])  # it has left the tab
    desk.goes_on(again=True)
    assert desk.notes == {"1": "fragile", "2": "fragile"}


def test_a_row_comes_back_under_the_key_that_another_row_had_got_and_gives_up_with_the_same_undo(desk: Desk) -> None:
    _deleted(desk, "2")
    with desk.store.begin() as tx:
        tx.add_history("orders", [_applied("order_no", "1", "2", event="msg_2")])
        tx.save_bases("orders", [make_base("r_1", key=("2",), order_no="2", notes="pasted 1")])
    desk.rows["2",] = {**desk.rows.pop(("1",)), "order_no": "2"}
    plan = desk.asks(Selection(as_of=NOON - timedelta(seconds=1)), over=True)
    assert [(row.row_id, row.key, row.old_key) for row in plan.rows] == [("r_1", ("2",), None), ("r_2", ("2",), None)]
    desk.goes_on()
    desk.goes_on(again=True)
    assert desk.notes == {"1": "fragile", "2": "fragile"}


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Selection(entry=99), "no entry 99"),
        (Selection(event="msg_of_nobody"), "is meant by that"),
        (Selection(actor="nobody", since=NOON), "is meant by that"),
        (Selection(as_of=NOON + timedelta(days=1)), "all as it was"),
    ],
)
def test_what_means_nothing_is_refused_with_a_way_to_look(desk: Desk, wanted: Selection, said: str) -> None:
    with pytest.raises(NotUndone) as refused:
        desk.asks(wanted)
    assert said in refused.value.message
    assert refused.value.hint == "See what was done: twinsheet history orders"
    assert not desk.state.undos


def test_a_value_that_never_reached_the_table_cannot_be_taken_back(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.add_history("orders", [replace(_applied("notes", None, "x", event="msg_9"), what="overtaken")])
    with pytest.raises(NotUndone) as refused:
        desk.asks(Selection(event="msg_9"))
    assert "overtaken" in refused.value.message
