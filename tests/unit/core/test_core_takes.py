"""What a person chooses for a conflict: the value ends on both sides, once, and nothing newer is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from core_makers import NOON, ROW, Watch, answers, make_base, make_link, no_rule, saw, scan_event

from consumers.table_work import GROUP, TableWork
from core.conflicts import Choice, KnownConflict
from core.events import SHEET_OBSERVED, TABLE_CHANGED
from core.freshness import age
from core.model import TO_TABLE, CellBase, Observed, RowBase, Stamp
from core.ports import LinkState, Waiting
from core.row_view import RowView
from core.take_plan import Refused, plan_take
from tests.fakes.event_log import FakeEventLog, FakeEventSource
from tests.fakes.store import FakeState, FakeStore

LINK = make_link(notes="manual", price="manual", order_no="manual")
OWNER = "table_writer"
SAM, BOB = "sam@console", "bob@example.com"


class Desk:
    """Order 1 on both sides, linked with `manual`, and a table writer at work on it."""

    def __init__(self) -> None:
        self.state = FakeState()
        self.store = FakeStore(self.state)
        self.log = FakeEventLog(1)
        self.watch = Watch()
        self.told = 0
        self.state.table(LINK).rows[("1",)] = dict(ROW)
        with self.store.begin() as tx:
            tx.put_link(LinkState("orders", "1Ab", 7, "Orders", "shop", "orders", "live", None, 1, 0))
            tx.save_bases("orders", [make_base()])
        source = FakeEventSource(
            self.log,
            GROUP,
            [SHEET_OBSERVED],
            claim=lambda places: self.store.run(lambda tx: tx.claim_offsets(GROUP, OWNER, places)),
        )
        self.writer = TableWork(self.store, source, {"orders": LINK}.get, no_rule, owner=OWNER, clock=self.watch)
        self.writer.step(0)  # joins the group

    def happens(self, *bodies: dict[str, Any]) -> None:
        """These events come; the change feed answers what the writer asks it."""
        for body in bodies:
            self.log.append(SHEET_OBSERVED, "orders", body)
        while self.writer.step(0) or self._feed_answers():
            pass

    def _feed_answers(self) -> bool:
        found = answers(self.state.outbox[self.told :])
        self.told = len(self.state.outbox)
        for body in found:
            self.log.append(SHEET_OBSERVED, "orders", body)
        return bool(found)

    def types(self, text: Any, q: int, header: str = "Notes", n: int = 0, kind: str = "edit") -> None:
        self.happens(
            {
                "kind": kind,
                "stamp": {"n": n, "q": q, "epoch": 1, "scan": q},
                "event": f"{kind}{q}",
                "edited_at": "2026-05-04T12:00:00Z",
                "editor": BOB,
                "cells": [{"row_id": "r_1", "row": 2, "column": header, "value": text}],
            }
        )

    def program(self, **values: str | None) -> None:
        """A program writes to the table."""
        row = self.state.table(LINK).rows
        row[("1",)] = {**row[("1",)], **values}

    def conflict(self, sheet: str = "from sheet", table: str = "from table") -> int:
        """Both sides have moved; its number."""
        self.program(notes=table)
        self.types(sheet, q=1)
        return len(self.state.conflicts)

    def chooses(self, number: int, take: str, value: str | None = None, event: str = "take_1") -> None:
        """As the command does."""
        with self.store.begin() as tx:
            found = tx.conflict(number)
            assert found is not None
            was = (found[1].winner, found[1].rule) if found[1].settled else None
            tx.put_choice("orders", number, Choice(take, value, SAM, NOON, event, was))
        self.happens(chosen())

    def menu(self, take: str, value: str | None = None, event: str = "menu_1", header: str = "Notes") -> None:
        wanted = {"row_id": "r_1", "column": header, "take": take, "value": value}
        body = {"kind": "take", "take": wanted, "editor": BOB, "edited_at": "2026-05-04T12:01:00Z", "event": event}
        self.happens(body)

    @property
    def notes(self) -> tuple[str | None, str | None]:
        """What base says that the sheet holds, and what the table holds."""
        base = self.state.bases["orders"]["r_1"].cells["notes"].value
        return base, self.state.table(LINK).rows[("1",)]["notes"]

    def ended(self, number: int = 1) -> tuple[bool, str, str]:
        _, entry = self.state.conflicts[number - 1]
        return entry.settled, entry.winner, entry.rule

    @property
    def taken(self) -> list[tuple[str | None, str | None, str, str]]:
        return [(h.old, h.new, h.side, h.actor) for _, h in self.state.history if h.what == "taken"]

    def woken(self) -> list[Any]:
        """What asks the sheet writer to compare values again."""
        told = (body for topic, _, body in self.state.outbox if topic == TABLE_CHANGED)
        replans = (body for body in told if body["kind"] == "replan")
        return [body for body in replans if any(row.get("kind") != "asked" for row in body["rows"])]


def chosen(row_id: str = "r_1") -> dict[str, Any]:
    return {"kind": "take", "link": "orders", "take": {"row_id": row_id}}


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- an open conflict -----------------------------------------------------------------------


def test_taking_the_sheets_value_writes_it_to_the_table_and_leaves_the_sheet_alone(desk: Desk) -> None:
    desk.chooses(desk.conflict(), "sheet")
    assert desk.notes == ("from sheet", "from sheet")
    assert desk.ended() == (True, "sheet", f"taken by {SAM}")
    assert desk.taken == [("from table", "from sheet", "sheet", SAM)]
    assert not desk.state.waiting["orders"]
    assert not desk.woken()


def test_taking_the_tables_value_lets_the_sheet_writer_write_it_and_the_loser_is_kept(desk: Desk) -> None:
    desk.chooses(desk.conflict(), "table")
    assert desk.notes == ("from sheet", "from table")  # base tells what the sheet holds: the ordinary way writes
    assert desk.ended() == (True, "table", f"taken by {SAM}")
    assert desk.taken == [("from sheet", "from table", "table", SAM)]
    assert [row["row_id"] for body in desk.woken() for row in body["rows"]] == ["r_1"]
    assert not desk.state.waiting["orders"]


def test_another_value_ends_on_both_sides(desk: Desk) -> None:
    desk.chooses(desk.conflict(), "value", "both of them")
    assert desk.notes == ("from sheet", "both of them")
    assert desk.ended() == (True, "person", f"taken by {SAM}")
    assert desk.taken == [("from table", "both of them", "person", SAM)]
    assert desk.woken()


def test_base_keeps_what_was_chosen_until_the_sheet_shows_it(desk: Desk) -> None:
    def owed() -> tuple[str | None, ...]:
        return desk.state.bases["orders"]["r_1"].cells["notes"].owed

    desk.chooses(desk.conflict(), "value", "a third")
    assert owed() == ("a third",)
    desk.types("a third", q=2)
    assert owed() == ()
    desk.program(notes="changed")
    desk.types("another", q=3)
    desk.chooses(2, "sheet", event="take_2")
    assert owed() == (), "the sheet shows it already"


def test_an_emptied_cell_can_be_chosen(desk: Desk) -> None:
    desk.chooses(desk.conflict(), "value", "")
    assert desk.notes == ("from sheet", None)


def test_a_choice_that_is_told_again_and_again_is_carried_out_once(desk: Desk) -> None:
    desk.chooses(desk.conflict(), "sheet")
    desk.types("typed later", q=2)
    desk.happens(chosen(), chosen())
    assert desk.notes == ("typed later", "typed later")
    assert len(desk.taken) == 1


def test_the_edit_that_was_in_conflict_told_again_afterwards_changes_nothing(desk: Desk) -> None:
    desk.chooses(desk.conflict(), "table")
    desk.types("from sheet", q=1)
    assert desk.notes == ("from sheet", "from table")
    assert len(desk.state.conflicts) == 1


def test_sheet_means_what_the_sheet_holds_now_and_what_it_held_stays_recorded(desk: Desk) -> None:
    first = desk.conflict()
    desk.types("typed later", q=2)
    assert desk.ended(first) == (True, "none", "a newer conflict of the cell took its place")
    desk.chooses(2, "sheet")
    assert desk.notes == ("typed later", "typed later")
    assert [entry.sheet for _, entry in desk.state.conflicts] == ["from sheet", "typed later"]


def test_table_means_what_the_table_holds_now(desk: Desk) -> None:
    number = desk.conflict()
    desk.program(notes="newer")
    desk.chooses(number, "table")
    assert desk.notes == ("from sheet", "newer")


def test_a_newer_value_of_the_table_that_loses_is_recorded_and_can_be_brought_back(desk: Desk) -> None:
    number = desk.conflict()
    desk.program(notes="newer")
    desk.chooses(number, "sheet")
    assert desk.taken == [("newer", "from sheet", "sheet", SAM)]
    assert [(e.sheet, e.table, e.winner, e.settled) for _, e in desk.state.conflicts] == [
        ("from sheet", "from table", "sheet", True),
        ("from sheet", "newer", "sheet", True),
    ]
    assert desk.ended(2)[2] == f"newer than what {SAM} had seen"
    desk.chooses(2, "table", event="take_2")
    assert desk.notes == ("from sheet", "newer")


def test_a_change_of_the_table_that_has_not_reached_the_sheet_is_no_less_recorded(desk: Desk) -> None:
    number = desk.conflict()
    desk.chooses(number, "sheet")
    desk.program(notes="on its way")
    desk.chooses(number, "table", event="take_2")
    assert desk.notes == ("from sheet", "from table")
    assert [(e.sheet, e.table) for _, e in desk.state.conflicts][1:] == [("from sheet", "on its way")]


def test_a_value_that_our_own_write_had_replaced_is_written_into_the_sheet_again() -> None:
    seen = saw("notes", "unseen", "swap", base="fragile")
    view = RowView(
        LINK, "r_1", make_base(notes="from table"), {**ROW, "notes": "from table"}, waiting=[_parked(seen)]
    )
    done = plan_take(view, _known(Choice("sheet", actor=SAM)))
    assert not isinstance(done, Refused)
    assert done is not None
    assert done.update == {"notes": "unseen"}
    assert done.base is not None
    assert done.base.cells["notes"].value == "from table"
    assert done.wake_sheet


# --- what does not go, and what has to wait -----------------------------------------------------


def test_what_only_the_server_refuses_leaves_the_conflict_open_with_the_reason(desk: Desk) -> None:
    desk.state.table(LINK).unique = ("notes",)
    desk.state.table(LINK).rows[("2",)] = {**ROW, "order_no": "2", "notes": "hers"}
    desk.chooses(desk.conflict(), "value", "hers")
    settled, winner, rule = desk.ended()
    assert (settled, winner) == (False, "none")
    assert rule.startswith("manual; not taken: another row of the table already has 'hers'")
    assert desk.notes == ("fragile", "from table")
    assert [w.reason for w in desk.state.waiting["orders"].values()] == ["manual"]
    desk.chooses(1, "value", "mine", event="take_2")
    assert desk.ended() == (True, "person", f"taken by {SAM}")


def test_while_the_link_is_paused_a_choice_is_kept_and_carried_out_afterwards(desk: Desk) -> None:
    number = desk.conflict()
    desk.store.run(lambda tx: tx.set_link_state("orders", "paused", "by a person"))
    desk.chooses(number, "sheet")
    desk.menu("table")  # a later choice takes the place of the one before
    assert desk.ended() == (False, "none", "manual")
    desk.store.run(lambda tx: tx.set_link_state("orders", "live", None))
    desk.watch.at += 10
    desk.happens()
    assert desk.notes == ("from sheet", "from table")
    assert desk.ended() == (True, "table", f"taken by {BOB}")


@pytest.mark.parametrize("reason", ["intent", "commit_time", "unseen", "paused"])
def test_a_choice_waits_while_it_is_being_found_out_what_the_cell_holds(reason: str) -> None:
    view = RowView(LINK, "r_1", make_base(), ROW, waiting=[Waiting(saw("notes", "x"), reason, NOON)])
    assert plan_take(view, _known(Choice("sheet"))) is None


def test_a_choice_waits_while_another_row_may_have_got_the_key_of_its_own() -> None:
    waiting = [_parked(saw(column, "x")) for column in ("notes", "price")]
    other = {**ROW, "customer": "Eve", "quantity": "8", "status": "paid", "notes": "new", "price": "1.00"}
    assert plan_take(RowView(LINK, "r_1", make_base(), other, waiting=waiting), _known(Choice("sheet"))) is None
    changed = {**other, "customer": "Ann"}
    assert plan_take(RowView(LINK, "r_1", make_base(), changed, waiting=waiting), _known(Choice("sheet"))) is not None


def test_a_choice_does_not_wait_where_only_columns_that_the_sheet_does_not_follow_could_tell_the_row() -> None:
    others = [c.name for c in LINK.columns if not c.key and c.name != "notes"]
    link = replace(
        LINK, columns=tuple(replace(c, direction=TO_TABLE) if c.name in others else c for c in LINK.columns)
    )
    anew = {**ROW, "customer": "Eve", "quantity": "8", "price": "1.00", "status": "paid", "notes": "new"}
    waiting = [_parked(saw("notes", "x"))]
    assert plan_take(RowView(link, "r_1", make_base(), anew, waiting=waiting), _known(Choice("sheet"))) is not None


def test_a_choice_waits_for_a_row_that_another_transaction_holds() -> None:
    view = RowView(LINK, "r_1", make_base(), None, waiting=[_parked(saw("notes", "x"))], busy=True)
    assert plan_take(view, _known(Choice("sheet"))) is None


@pytest.mark.parametrize(
    ("base", "column", "was", "reason"),
    [
        (make_base(gone=True), "notes", None, "the row was deleted"),
        (None, "notes", None, "the row was deleted"),
        (make_base(), "colour", None, "the column colour is linked no longer"),
        (make_base(), "notes", None, "the cell was decided meanwhile"),
        (make_base(formulas=("notes",)), "notes", ("table", "table_wins"), "a formula"),
        (make_base(), "quantity", ("table", "table_wins"), "Quantity cannot be empty"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_the_reason(
    base: RowBase | None, column: str, was: tuple[str, str] | None, reason: str
) -> None:
    view = RowView(LINK, "r_1", base, ROW)
    done = plan_take(view, _known(Choice("value", None, was=was), column))
    assert isinstance(done, Refused)
    assert reason in done.reason


def test_a_key_that_another_row_has_is_refused(desk: Desk) -> None:
    desk.state.table(LINK).rows[("2",)] = {**ROW, "order_no": "2"}
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_2", order_no="2")])
    number = desk.conflict()
    desk.chooses(number, "sheet")
    with desk.store.begin() as tx:
        tx.add_conflicts("orders", [replace(desk.state.conflicts[0][1], column="order_no", sheet="2", settled=True)])
    desk.chooses(2, "sheet", event="take_2")
    assert desk.ended(2)[2].endswith("another row has that key")


# --- a conflict that was settled ------------------------------------------------------------------


def test_the_loser_of_a_settled_conflict_can_be_brought_back(desk: Desk) -> None:
    number = desk.conflict()
    desk.chooses(number, "table")
    desk.chooses(number, "sheet", event="take_2")
    assert desk.notes == ("from sheet", "from sheet")
    assert desk.ended() == (True, "sheet", f"taken by {SAM}")
    assert [(old, new) for old, new, _, _ in desk.taken] == [
        ("from sheet", "from table"),
        ("from table", "from sheet"),
    ]


def test_a_settled_conflict_whose_other_value_does_not_fit_stays_as_it_was(desk: Desk) -> None:
    number = desk.conflict()
    desk.chooses(number, "sheet")
    desk.state.table(LINK).unique = ("notes",)
    desk.state.table(LINK).rows[("2",)] = {**ROW, "order_no": "2", "notes": "hers"}
    desk.chooses(number, "value", "hers", event="take_2")
    settled, winner, rule = desk.ended()
    assert (settled, winner) == (True, "sheet")
    assert rule.startswith(f"taken by {SAM}; not taken: another row")


def test_a_settled_conflict_does_not_end_a_newer_one_that_is_open(desk: Desk) -> None:
    first = desk.conflict()
    desk.types("typed later", q=2)
    desk.chooses(first, "sheet")
    assert desk.ended(first)[0]
    assert "another conflict of this cell is open" in desk.ended(first)[2]
    assert not desk.ended(2)[0]
    assert desk.notes == ("fragile", "from table")


# --- the sheet's menu -----------------------------------------------------------------------------


def test_a_person_at_the_cell_settles_its_conflict(desk: Desk) -> None:
    desk.conflict()
    desk.menu("sheet")
    assert desk.notes == ("from sheet", "from sheet")
    assert desk.ended() == (True, "sheet", f"taken by {BOB}")


def test_keeping_the_sheets_value_never_overwrites_a_change_that_is_not_in_conflict(desk: Desk) -> None:
    desk.program(notes="from table")
    desk.menu("sheet")
    assert desk.notes == ("fragile", "from table")
    assert not desk.taken


def test_a_click_that_comes_twice_does_not_settle_the_next_conflict(desk: Desk) -> None:
    desk.conflict()
    desk.menu("table")
    desk.program(notes="newer")
    desk.types("typed later", q=2)
    desk.menu("table")
    assert not desk.ended(2)[0]


def test_another_value_that_does_not_fit_is_told_with_the_conflict(desk: Desk) -> None:
    desk.program(price="1.00")
    desk.types(2, q=1, header="Price")
    desk.menu("value", "a lot", header="Price")
    settled, _, rule = desk.ended()
    assert not settled
    assert "not taken: price: a lot is not a number" in rule


def test_a_click_beside_every_linked_column_means_nothing(desk: Desk) -> None:
    desk.conflict()
    desk.menu("sheet", header="Colour")
    assert not desk.ended()[0]


# --- conflicts that end otherwise ------------------------------------------------------------------


def test_a_conflict_ends_when_a_person_types_the_tables_value(desk: Desk) -> None:
    desk.conflict()
    desk.types("from table", q=2)
    assert desk.ended() == (True, "none", "both sides came to the same value")


def test_a_conflict_ends_when_the_table_comes_to_the_sheets_value(desk: Desk) -> None:
    desk.conflict()
    desk.program(notes="from sheet")
    desk.types("from sheet", q=2, kind="scan")
    assert desk.ended() == (True, "none", "both sides came to the same value")


def test_a_conflict_ends_when_the_table_goes_back_and_the_sheets_value_is_written(desk: Desk) -> None:
    desk.conflict()
    desk.program(notes="fragile")
    desk.types("from sheet", q=2, kind="scan")
    assert desk.notes == ("from sheet", "from sheet")
    assert desk.ended() == (True, "sheet", "the table went back to the value before")


def test_a_conflict_ends_when_the_person_goes_back(desk: Desk) -> None:
    desk.conflict()
    desk.types("fragile", q=2)
    assert desk.ended() == (True, "table", "the sheet went back to the value before")


def test_a_conflict_ends_with_its_row(desk: Desk) -> None:
    desk.conflict()
    desk.happens(scan_event(Stamp(q=2, epoch=1, scan=9), missing=["r_1"]))
    assert desk.ended() == (True, "table", "change_beats_delete")
    assert not desk.state.waiting["orders"]


def test_the_same_look_at_a_parked_cell_leaves_its_conflict_open(desk: Desk) -> None:
    desk.conflict()
    desk.types("from sheet", q=2, kind="scan")
    assert [entry.settled for _, entry in desk.state.conflicts] == [False]


def _parked(seen: Observed) -> Waiting:
    return Waiting(seen, "manual", NOON)


def _known(choice: Choice, column: str = "notes") -> KnownConflict:
    return KnownConflict(1, "r_1", column, "from sheet", "from table", "none", "manual", settled=False, choice=choice)


def test_base_after_a_choice_is_as_old_as_the_value_that_it_was_made_about() -> None:
    seen = saw("notes", "from sheet", q=4)
    view = RowView(LINK, "r_1", make_base(), {**ROW, "notes": "from table"}, waiting=[_parked(seen)])
    done = plan_take(view, _known(Choice("table")))
    assert not isinstance(done, Refused)
    assert done is not None
    assert done.base is not None
    assert done.base.cells["notes"] == CellBase("from sheet", age=age(seen), owed=("from table",))
