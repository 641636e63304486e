"""The sheet writer's body over several links: what befalls one never stops the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from core_makers import LINK, ROW, Watch, make_base

from consumers.sheet_link import Tools
from consumers.sheet_work import GROUP, SheetWork
from core.errors import MysqlRefused, TwinsheetError, Unfit
from core.events import SHEET_OBSERVED, TABLE_CHANGED, stamp_to_json
from core.model import Link, Stamp
from core.ports import LinkState, RejectionEntry
from core.renames import print_of
from tests.fakes.event_log import FakeEventLog, FakeEventSource
from tests.fakes.sheet import FakeRow, FakeSheet, FakeTab
from tests.fakes.store import FakeState, FakeStore, FakeTransaction

LINKS = {name: replace(LINK, name=name, table=name) for name in ("orders", "altered")}


class Desk:
    """Two links with order 1 on both sides, and a sheet writer at work on them."""

    def __init__(self) -> None:
        self.state, self.log, self.watch, self.sheet = FakeState(), FakeEventLog(1), Watch(), FakeSheet()
        self.store = FakeStore(self.state)
        with self.store.begin() as tx:
            for link in LINKS.values():
                tx.put_link(LinkState(link.name, "1Ab", 7, "Orders", "shop", link.table, "live", None, 1, 0))
                tx.save_bases(link.name, [make_base()])
        for link in LINKS.values():
            self.state.table(link).rows[("1",)] = dict(ROW)
            tab = self.sheet.tabs[link.name] = FakeTab(link.headers)
            tab.rows.append(FakeRow("r_1"))
        source = FakeEventSource(
            self.log,
            GROUP,
            [TABLE_CHANGED, SHEET_OBSERVED],
            claim=lambda places: self.store.run(lambda tx: tx.claim_offsets(GROUP, "writer", places)),
        )
        tools = Tools(self.store, self.sheet, self.watch, lambda: "r_new", self.watch)
        self.writer = SheetWork(source, tools, LINKS.get, "writer")

    def changes(self, name: str, notes: str) -> None:
        """A program writes to a table, and the change feed tells of it."""
        self.state.table(LINKS[name]).rows[("1",)] = {**ROW, "notes": notes}
        self.log.append(TABLE_CHANGED, name, {"kind": "rows", "keys": [["1"]], "kinds": "u"})

    def goes_on(self, seconds: float) -> None:
        """Time goes by."""
        for _ in range(int(seconds)):
            self.watch.at += 1.0
            self.writer.step(0)

    def shown(self, name: str) -> object:
        cell = self.sheet.tabs[name].rows[0].cells.get("Notes")
        return cell.value if cell else None


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_the_table_refused_in_a_row_that_left_both_sides_is_told_no_longer(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.put_rejections("orders", [RejectionEntry("r_1", ("1",), "quantity", "many", "no number")])
    del desk.state.table(LINKS["orders"]).rows[("1",)]
    desk.sheet.tabs["orders"].rows.clear()
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [["1"]], "kinds": "d"})
    desk.goes_on(5)
    assert not desk.state.bases["orders"]["r_1"].gone, "it may stand in the tab without its id"
    assert ("sheet.observed", "orders", {"kind": "rescan", "link": "orders"}) in desk.state.outbox
    desk.log.append(
        SHEET_OBSERVED, "orders", {"kind": "scan", "missing": ["r_1"], "stamp": stamp_to_json(Stamp(scan=1))}
    )
    desk.goes_on(5)
    assert desk.state.bases["orders"]["r_1"].gone
    assert not desk.state.rejections


def test_three_rows_that_pass_their_keys_on_in_a_ring_keep_their_ids(desk: Desk) -> None:
    rows = {key: {**ROW, "order_no": key, "customer": f"of {key}", "notes": f"notes of {key}"} for key in "123"}
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base(f"r_{key}", key=(key,), **rows[key]) for key in "123"])
    passed = {"2": rows["1"], "3": rows["2"], "1": rows["3"]}
    desk.state.table(LINKS["orders"]).rows = {(key,): {**row, "order_no": key} for key, row in passed.items()}
    renamed = [[["1"], ["9"]], [["3"], ["1"]], [["2"], ["3"]], [["9"], ["2"]]]
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [], "renamed": renamed})
    desk.goes_on(2)
    assert {i: b.key for i, b in desk.state.bases["orders"].items()} == {"r_1": ("2",), "r_2": ("3",), "r_3": ("1",)}


def test_who_asks_whether_a_row_is_another_by_now_is_told_once_the_changed_keys_are_followed(desk: Desk) -> None:
    held = print_of(ROW)
    question = {"row_id": "r_1", "key": ["1"], "kind": "asked", "print": held}
    desk.state.table(LINKS["orders"]).rows = {("2",): {**ROW, "order_no": "2"}, ("1",): {**ROW, "customer": "Bob"}}
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [], "renamed": [[["1"], ["2"]]]})
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "replan", "rows": [question]})
    desk.goes_on(2)
    assert desk.state.bases["orders"]["r_1"].key == ("2",)
    told = [body for topic, _, body in desk.state.outbox if topic == SHEET_OBSERVED and body["kind"] == "replan"]
    assert told[0]["rows"] == [{**question, "told": True}]


@pytest.fixture
def altered(monkeypatch: pytest.MonkeyPatch) -> Callable[[TwinsheetError | None], None]:
    """Has the table `altered` answer with an error, or be readable again."""
    faults: list[TwinsheetError | None] = [None]
    read = FakeTransaction.free_rows

    def free_rows(self: FakeTransaction, link: Link, keys: Any) -> Any:
        if link.name == "altered" and faults[-1] is not None:
            raise faults[-1]
        return read(self, link, keys)

    monkeypatch.setattr(FakeTransaction, "free_rows", free_rows)
    return faults.append


@pytest.mark.parametrize(
    "fault",
    [MysqlRefused("MySQL refused: Unknown column 'notes' in 'field list'."), Unfit("status: the table returned 'x'")],
)
def test_a_table_that_stays_unreadable_holds_its_link_and_no_other(
    desk: Desk, altered: Callable[[TwinsheetError | None], None], fault: TwinsheetError
) -> None:
    altered(fault)
    for name in LINKS:
        desk.changes(name, "from the table")
    desk.goes_on(5)
    assert desk.shown("orders") == "from the table"
    assert desk.state.links["altered"].state == "live", "it may be described anew any moment"
    desk.goes_on(30)
    assert desk.state.links["altered"].state == "held"
    reason = desk.state.links["altered"].reason or ""
    assert fault.message in reason
    assert "twinsheet approve altered" in reason
    assert desk.state.links["orders"].state == "live"


def test_a_table_that_was_altered_is_carried_on_with_once_it_is_described_anew(
    desk: Desk, altered: Callable[[TwinsheetError | None], None]
) -> None:
    altered(Unfit("status: the table returned 'x'"))
    desk.changes("altered", "from the table")
    desk.goes_on(5)
    altered(None)
    desk.goes_on(5)
    assert desk.shown("altered") == "from the table"
    assert desk.state.links["altered"].state == "live"
