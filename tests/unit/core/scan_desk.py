"""Thirty orders on both sides in memory, and a scanner at work on them."""

from __future__ import annotations

from typing import Any

from core_makers import LINK, ROW, Watch, make_base

from core.events import SHEET_OBSERVED
from core.model import Link
from core.ports import Json, LinkState, RejectionEntry
from core.sheet import SheetTarget
from producers.agreement_check import AgreementCheck
from producers.scan_judging import GROUP
from producers.scan_pieces import CELLS_AT_ONCE
from producers.scan_work import ScanWork
from tests.fakes.event_log import FakeEventLog, FakeEventSource
from tests.fakes.sheet import FakeRow, FakeSheet, FakeTab, held
from tests.fakes.store import FakeState, FakeStore

ROWS = 30
TARGET = SheetTarget("orders", "1Ab", 7, LINK.headers)
STATE = LinkState("orders", "1Ab", 7, "Orders", "shop", "orders", "live", None, 1, 0)


class SaidQueues:
    """What is told of the queues."""

    def __init__(self) -> None:
        self.rests = self.follows = True
        self.changes = 0
        """So many come, and are followed, before anybody asks again."""
        self._followed_to = 7

    def is_at_rest(self, link: Link) -> bool:
        """See :class:`producers.agreement_check.Queues`."""
        return self.rests

    def followed_to(self, _link: Link) -> int | None:
        """See :class:`producers.agreement_check.Queues`."""
        self._followed_to += self.changes
        return self._followed_to if self.follows else None


class Desk:
    """Thirty orders on both sides, and a scanner at work on them.

    Args:
        rows_at_once: that one read takes; 0 for as many as there are.
    """

    def __init__(self, rows_at_once: int = 0) -> None:
        self.cells_at_once = rows_at_once * (len(LINK.columns) + 1) or CELLS_AT_ONCE
        self.state, self.log, self.watch = FakeState(), FakeEventLog(1), Watch()
        self.store, self.tab, self.sheet = FakeStore(self.state), FakeTab(LINK.headers), FakeSheet()
        self.sheet.tabs["orders"] = self.tab
        self.tab.grid_rows = ROWS + 4
        with self.store.begin() as tx:
            tx.put_link(STATE)
            tx.save_bases("orders", [make_base(f"r_{i}", order_no=str(i)) for i in range(1, ROWS + 1)])
        shown = {"Customer": "Ann", "Quantity": 3, "Price": 9.5, "Status": "new", "Notes": "fragile"}
        for i in range(1, ROWS + 1):
            cells = {h: cell for h, v in {"Order no.": i, **shown}.items() if (cell := held(v))}
            self.tab.rows.append(FakeRow(f"r_{i}", cells))
        self.state.table(LINK).rows.update({(str(i),): ROW | {"order_no": str(i)} for i in range(1, ROWS + 1)})
        self.published: list[Json] = []
        self.queues = SaidQueues()
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
            check=AgreementCheck(self.store, self.queues, self.watch),
            links=lambda: [LINK],
            is_ours=lambda _name: True,
            owner="scanner",
            interval_s=60.0,
            delay_s=3.0,
            clock=self.watch,
            cells_at_once=self.cells_at_once,
        )
        return self.scanner

    def publish_many(self, messages: Any) -> None:
        """Nobody listens; what was told is kept."""
        self.published += [body for _, _, body in messages]

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

    def applies(self) -> None:
        """The table writer has come to the end of the log."""
        ends = self.log.end_offsets([SHEET_OBSERVED])
        with self.store.begin() as tx:
            tx.claim_offsets("table_writer", "writer", list(ends))
            tx.store_offsets("table_writer", "writer", ends)

    def scans(self) -> str:
        """The link's state after some minutes of scans."""
        for _ in range(100):
            self.watch.at += 3.0
            self.scanner.step(0)
        return self.state.links["orders"].state
