"""The guard against a changed tab, as the scanner asks it: what an edit event reported is no case for it."""

from __future__ import annotations

from typing import Any

import pytest
from core_makers import LINK, Watch, make_base

from app.operate import approve_held
from core.errors import NotLinked
from core.events import SHEET_OBSERVED
from core.ports import LinkState, RejectionEntry
from producers.scan_work import GROUP, ScanWork
from tests.fakes.event_log import FakeEventLog, FakeEventSource
from tests.fakes.sheet import FakeRow, FakeSheet, FakeTab, held
from tests.fakes.store import FakeState, FakeStore, FakeTransaction

ROWS = 30
STATE = LinkState("orders", "1Ab", 7, "Orders", "shop", "orders", "live", None, 1, 0)


class Desk:
    """Thirty orders on both sides, and a scanner at work on them."""

    def __init__(self) -> None:
        self.state, self.log, self.watch = FakeState(), FakeEventLog(1), Watch()
        self.store, self.tab, self.sheet = FakeStore(self.state), FakeTab(LINK.headers), FakeSheet()
        self.sheet.tabs["orders"] = self.tab
        with self.store.begin() as tx:
            tx.put_link(STATE)
            tx.save_bases("orders", [make_base(f"r_{i}", order_no=str(i)) for i in range(1, ROWS + 1)])
        shown = {"Customer": "Ann", "Quantity": 3, "Price": 9.5, "Status": "new", "Notes": "fragile"}
        for i in range(1, ROWS + 1):
            cells = {h: cell for h, v in {"Order no.": i, **shown}.items() if (cell := held(v))}
            self.tab.rows.append(FakeRow(f"r_{i}", cells))
        self.scanner = self.begin_anew()

    def begin_anew(self) -> ScanWork:
        """A scanner that remembers nothing."""
        source = FakeEventSource(
            self.log,
            GROUP,
            [SHEET_OBSERVED],
            claim=lambda places: self.store.run(lambda tx: tx.claim_offsets(GROUP, "scanner", places)),
        )
        self.scanner = ScanWork(
            store=self.store,
            sheet=self.sheet,
            gate=self.watch,
            publisher=self,  # type: ignore[arg-type]  # it only publishes
            source=source,
            links=lambda: [LINK],
            is_ours=lambda _name: True,
            owner="scanner",
            interval_s=60.0,
            delay_s=3.0,
            clock=self.watch,
        )
        return self.scanner

    def publish_many(self, messages: Any) -> None:
        """Nobody listens."""

    def paste(self) -> None:
        """In every row a quantity that is no number."""
        for row in range(2, ROWS + 2):
            self.tab.type(row, "Quantity", "many")

    def report(self) -> None:
        """The script tells of it."""
        pasted = {"column": "Quantity", "value": "many"}
        cells = [{"row_id": f"r_{i}", "row": i + 1, **pasted} for i in range(1, ROWS + 1)]
        body = {"kind": "edit", "stamp": {"n": 0, "q": 1, "epoch": 1}, "cells": cells, "event": "e1"}
        self.log.append(SHEET_OBSERVED, "orders", body)

    def refuse(self) -> None:
        """The table writer has refused them all."""
        with self.store.begin() as tx:
            refused = [RejectionEntry(f"r_{i}", None, "quantity", "many", "no number") for i in range(1, ROWS + 1)]
            tx.put_rejections("orders", refused)

    def scans(self) -> str:
        """The link's state after some minutes of scans."""
        for _ in range(100):
            self.watch.at += 3.0
            self.scanner.step(0)
        return self.state.links["orders"].state


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_values_pasted_over_the_whole_tab_that_the_table_refuses_never_hold_the_link(desk: Desk) -> None:
    desk.paste()
    desk.report()
    assert desk.scans() == "live"
    desk.refuse()
    desk.begin_anew()
    assert desk.scans() == "live"


def test_the_same_change_that_nobody_reported_holds_the_link(desk: Desk) -> None:
    desk.paste()
    assert desk.scans() == "held"
    assert desk.state.holds["orders"][0] == "changed_in_sheet"


def test_a_row_that_was_reported_once_and_mended_counts_again_when_it_changes_unreported(desk: Desk) -> None:
    desk.report()
    assert desk.scans() == "live"
    desk.paste()
    assert desk.scans() == "held"


def approve(desk: Desk) -> None:
    """A person says that it was meant."""
    desk.store.run(lambda tx: approve_held(tx, desk.state.links["orders"]))


def test_an_approval_holds_until_the_table_has_what_was_approved_and_ends_with_it(desk: Desk) -> None:
    desk.paste()
    assert desk.scans() == "held"
    approve(desk)
    assert desk.scans() == "live", "the table writer may be slow"
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base(f"r_{i}", order_no=str(i), quantity="7") for i in range(1, ROWS + 1)])
    for row in range(2, ROWS + 2):
        desk.tab.type(row, "Quantity", 7)
    assert desk.scans() == "live"
    assert desk.state.links["orders"].reason is None
    desk.paste()
    assert desk.scans() == "held"


@pytest.mark.parametrize("damage", ["rows", "tab", "column", "header"])
def test_the_approval_of_one_damage_does_not_let_another_one_pass(desk: Desk, damage: str) -> None:
    desk.paste()
    assert desk.scans() == "held"
    approve(desk)
    if damage == "column":
        desk.tab.delete_column("Notes")
    elif damage == "header":
        desk.tab.titles["_row_id"] = "r_1"
    else:
        del desk.tab.rows[: 25 if damage == "rows" else ROWS]
    assert desk.scans() == "held"


def test_what_is_lost_cannot_be_approved_only_mended(desk: Desk) -> None:
    headers = desk.tab.headers
    desk.tab.delete_column("Notes")
    assert desk.scans() == "held"
    approve(desk)
    assert desk.scans() == "held"
    desk.tab.headers = headers
    for row in range(2, ROWS + 2):
        desk.tab.type(row, "Notes", "fragile")
    approve(desk)
    assert desk.scans() == "live"


def test_a_link_removed_in_the_instant_before_its_scan_is_not_read_and_stops_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def removed(_tx: FakeTransaction, name: str) -> int:
        raise NotLinked(f"No link is named {name}.")

    monkeypatch.setattr(FakeTransaction, "next_scan", removed)
    desk.paste()
    assert desk.scans() == "live"
    assert desk.sheet.calls == []


def test_the_scans_of_a_paused_link_are_not_counted(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.set_link_state("orders", "paused", None)
    desk.scans()
    assert desk.state.links["orders"].scans == 0
