"""The sheet writer's body over several links: what befalls one never stops the others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from core_makers import HEADER, LINK, ROW, Watch, make_base, saw, scan_event

from consumers import sheet_asking, sheet_tx
from consumers.sheet_link import FILL_PAUSE_S, FILL_WAIT_S, Tools
from consumers.sheet_marks import LOOK_OVER_S, MOVED_LOOK_OVER_S, MarkWriter
from consumers.sheet_news import SHOWN_MAX, LinkNews
from consumers.sheet_work import GROUP, SheetWork
from core.dirty import TOLD_MAX
from core.errors import (
    MysqlRefused,
    MysqlUnavailable,
    QuotaExhausted,
    ReplyLost,
    SheetsRefused,
    SheetsUnavailable,
    SignInRefused,
    TwinsheetError,
    Unfit,
)
from core.events import SHEET_OBSERVED, TABLE_CHANGED, marks_changed, stamp_to_json
from core.freshness import age
from core.intent import PlannedWrite, planned_to_json
from core.marks import CAME_BACK, REJECTED
from core.model import Key, Link, LinkedColumn, SheetCell, Stamp, TableColumn
from core.ports import ConflictEntry, Intent, LinkState, RejectionEntry, ShownMark, TableRow
from core.renames import Anew, FeedPlace, print_of
from core.sheet import FormulaRestore, MarkWrite, SheetTarget, SwapAnswer, SwapWrite
from core.values.catalog import codec_for
from core.write_size import KNOWN_ROWS_MAX
from tests.fakes.event_log import FakeEventLog, FakeEventSource
from tests.fakes.meanwhile import all_meanwhile
from tests.fakes.sheet import FakeMarks, FakeRow, FakeSheet, FakeTab
from tests.fakes.store import FakeState, FakeStore, FakeTransaction

PLACE = {"beginning": 1, "file": "binlog.000001", "pos": 4711, "part": 1}
NOTHING_SHARED = {"customer": "Eve", "quantity": "8", "price": "1.00", "status": "paid", "notes": "new"}
LINKS = {name: replace(LINK, name=name, table=name) for name in ("orders", "altered")}


def column_of(name: str) -> LinkedColumn:
    found = LINK.by_name(name)
    assert found is not None
    return found


def shown_cells(row: TableRow) -> dict[str, SheetCell]:
    """A row of the table as the tab shows it."""
    cells = {HEADER[name]: SheetCell(column_of(name).codec.to_sheet(value)) for name, value in row.items()}
    return {header: cell for header, cell in cells.items() if cell.value is not None}


class Desk:
    """Two links with order 1 on both sides, and a sheet writer at work on them."""

    def __init__(self) -> None:
        self.state, self.log, self.watch, self.sheet = FakeState(), FakeEventLog(1), Watch(), FakeSheet()
        self._published = 0
        self.store = FakeStore(self.state)
        with self.store.begin() as tx:
            for link in LINKS.values():
                tx.put_link(LinkState(link.name, "1Ab", 7, "Orders", "shop", link.table, "live", None, 1, 0))
                tx.save_bases(link.name, [make_base()])
        for link in LINKS.values():
            self.state.table(link).rows[("1",)] = dict(ROW)
            tab = self.sheet.tabs[link.name] = FakeTab(link.headers)
            tab.rows.append(FakeRow("r_1", shown_cells(ROW)))
        self.marks = FakeMarks(self.sheet)
        self.source: FakeEventSource | None = None
        self.starts()

    def starts(self) -> None:
        """The writer begins anew, with nothing in mind."""
        if self.source is not None:
            self.source.close()
        self.source = source = FakeEventSource(
            self.log,
            GROUP,
            [TABLE_CHANGED, SHEET_OBSERVED],
            claim=lambda places: self.store.run(lambda tx: tx.claim_offsets(GROUP, "writer", places)),
        )
        tools = Tools(self.store, self.sheet, self.marks, self.watch, lambda: "r_new", self.watch, all_meanwhile)
        self.writer = SheetWork(source, tools, LINKS.get, "writer")

    def changes(self, name: str, notes: str) -> None:
        """A program writes to a table, and the change feed tells of it."""
        self.is_changed(name, notes)
        self.tells({**ROW, "notes": notes}, name)

    def is_changed(self, name: str, notes: str) -> None:
        """A program writes to a table, and the change feed is yet to tell of it."""
        self.state.table(LINKS[name]).rows[("1",)] = {**ROW, "notes": notes}

    def tells(self, row: TableRow, name: str = "orders") -> None:
        """The change feed tells that a row has come to hold this."""
        key = [row["order_no"]]
        body = {"kind": "rows", "keys": [key], "kinds": "u", "prints": [[key, print_of(row)]]}
        self.log.append(TABLE_CHANGED, name, body)

    def questions(self) -> list[tuple[str, str]]:
        """What the writer has asked the change feed: kinds and prints."""
        told = [body for topic, _, body in self.state.outbox if topic == TABLE_CHANGED and body["kind"] == "replan"]
        return [(row["kind"], row["print"]) for body in told for row in body["rows"]]

    def publishes_outbox(self) -> None:
        """The change feed passes on what processes have told each other."""
        for topic, link, body in self.state.outbox[self._published :]:
            self.log.append(topic, link, body)
        self._published = len(self.state.outbox)

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
    desk.log.append(SHEET_OBSERVED, "orders", scan_event(Stamp(scan=1), missing=["r_1"]))
    desk.goes_on(5)
    assert desk.state.bases["orders"]["r_1"].gone
    assert not desk.state.rejections


def test_that_the_change_feed_began_anew_is_not_forgotten_by_a_crash_before_each_link_knows(desk: Desk) -> None:
    with desk.store.begin() as tx:
        for name in LINKS:
            tx.note_followed(name, FeedPlace(1, "binlog.000009", 4711).text)
    for name in LINKS:
        desk.log.append(TABLE_CHANGED, name, {"kind": "link", "beginning": 2})
    desk.goes_on(1)  # one of the links works at a time
    desk.starts()
    desk.goes_on(5)
    reached = {name: FeedPlace.of(desk.state.links[name].followed or "[]") for name in LINKS}
    assert reached == {name: FeedPlace(2) for name in LINKS}


def test_that_the_change_feed_began_anew_is_told_again_without_key_changes_being_followed_again(desk: Desk) -> None:
    later = FeedPlace(2, "binlog.000001", 4711).text
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "link", "beginning": 2})
    with desk.store.begin() as tx:
        tx.note_followed("orders", later)
    desk.goes_on(5)
    assert desk.state.links["orders"].followed == later


def test_how_far_a_whole_comparison_has_come_is_told_until_every_row_was_looked_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.goes_on(1)
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base(f"r_{n}", order_no=str(n)) for n in range(2, 6)])
    desk.state.table(LINKS["orders"]).rows.update({(str(n),): {**ROW, "order_no": str(n)} for n in range(2, 6)})
    monkeypatch.setattr("core.write_size.KNOWN_ROWS_MAX", 2)
    assert desk.writer.progress == ""
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "link", "reason": "the binlog was purged"})
    told = []
    for _ in range(30):
        desk.goes_on(1)
        told.append(desk.writer.progress)
    assert any(one.startswith("comparing orders: 2 of 5 rows, 40 %") for one in told)
    assert told[-1] == ""


def test_where_links_yaml_changes_the_links_that_are_new_or_changed_are_compared_and_no_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    all_keys = FakeTransaction.all_keys
    monkeypatch.setattr(
        FakeTransaction, "all_keys", lambda tx, link: compared.append(link.name) or all_keys(tx, link)
    )
    desk.writer.follow_links(["orders"])
    desk.goes_on(3)
    desk.writer.follow_links(["orders", "altered"])
    desk.goes_on(3)
    assert compared == ["orders", "altered"]
    monkeypatch.setitem(LINKS, "orders", replace(LINKS["orders"], columns=LINK.columns[:-1]))
    desk.writer.follow_links(["orders", "altered"])
    desk.goes_on(3)
    assert compared == ["orders", "altered", "orders"]
    desk.writer.follow_links(["altered"])
    desk.writer.follow_links(["orders", "altered"])
    desk.goes_on(3)
    assert compared == ["orders", "altered", "orders", "orders"], "it may be another one of that name"
    desk.writer.compare(["orders", "altered"])
    desk.goes_on(3)
    assert sorted(compared[4:]) == ["altered", "orders"], "events of theirs may have been lost"


def test_the_change_feed_is_asked_about_rows_that_are_to_come_in_messages_that_kafka_takes(desk: Desk) -> None:
    new = {(str(n),): {**ROW, "order_no": str(n)} for n in range(1000, 2700)}
    desk.state.table(LINKS["orders"]).rows.update(new)
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "link", "reason": "the binlog was purged"})
    desk.goes_on(9)
    asked = [
        body["rows"] for topic, _, body in desk.state.outbox if topic == TABLE_CHANGED and body["kind"] == "replan"
    ]
    assert {tuple(row["key"]) for rows in asked for row in rows} == set(new)
    assert max(map(len, asked)) == 500


def test_an_event_is_not_done_while_the_comparison_that_stands_for_it_after_a_takeover_is_put_off(desk: Desk) -> None:
    desk.changes("orders", "before")
    desk.goes_on(3)
    with desk.store.begin() as tx:
        tx.next_epoch("orders")  # somebody else takes the link over, and goes away
    desk.changes("orders", "after")
    read = lambda: desk.state.offsets[GROUP, TABLE_CHANGED, 0]  # noqa: E731
    desk.goes_on(3)
    assert (desk.shown("orders"), read()) == ("before", 1)
    desk.goes_on(9)
    assert read() == 2
    desk.publishes_outbox()  # what it asked the change feed
    desk.goes_on(3)
    assert desk.shown("orders") == "after"


def park(desk: Desk, source: str) -> None:
    """The notes of order 1 wait for a person."""
    with desk.store.begin() as tx:
        tx.add_conflicts(
            "orders",
            [ConflictEntry("r_1", ("1",), "notes", "fragile", "mine", "theirs", "none", "manual", settled=False)],
        )
        tx.put_waiting("orders", [(saw("notes", "mine", source, base="fragile"), "manual")])


def test_a_conflict_is_over_when_its_row_has_left_both_sides(desk: Desk) -> None:
    park(desk, "edit")
    del desk.state.table(LINKS["orders"]).rows[("1",)]
    desk.sheet.tabs["orders"].rows.clear()
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [["1"]], "kinds": "d"})
    desk.goes_on(5)
    missed = scan_event(Stamp(scan=1), missing=["r_1"])
    desk.log.append(SHEET_OBSERVED, "orders", missed)
    desk.goes_on(5)
    assert desk.state.bases["orders"]["r_1"].gone
    assert [(e.settled, e.rule) for _, e in desk.state.conflicts] == [(True, "the row was deleted")]
    assert not desk.state.waiting["orders"]


def test_a_row_missed_before_a_mistake_of_ours_was_put_back_is_not_forgotten(desk: Desk) -> None:
    with desk.store.begin() as tx:  # its id was lost, and our write 2 has removed it instead of another row
        tx.note_restore("orders", 3)
    del desk.state.table(LINKS["orders"]).rows[("1",)]
    desk.sheet.tabs["orders"].rows[0].row_id = None
    for n, is_gone in ((2, False), (3, True)):
        missed = scan_event(Stamp(n=n, scan=1), missing=["r_1"])
        desk.log.append(SHEET_OBSERVED, "orders", missed)
        desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [["1"]], "kinds": "d"})
        desk.goes_on(5)
        assert desk.state.bases["orders"]["r_1"].gone is is_gone


def test_an_edit_that_waits_in_a_row_which_leaves_both_sides_is_kept_and_brings_no_row_back(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.put_waiting("orders", [(saw("notes", "typed", "swap", n=1), "commit_time")])
    del desk.state.table(LINKS["orders"]).rows[("1",)]
    desk.sheet.tabs["orders"].rows.clear()
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [["1"]], "kinds": "d"})
    desk.goes_on(5)
    missed = scan_event(Stamp(scan=1), missing=["r_1"])
    desk.log.append(SHEET_OBSERVED, "orders", missed)
    desk.goes_on(5)
    assert desk.state.bases["orders"]["r_1"].gone
    assert desk.state.bases["orders"]["r_1"].age > age(saw("notes", "typed", "edit", q=1)), "told again, it is late"
    assert [h.new for _, h in desk.state.history if h.what == "overtaken"] == ["typed"]
    kept = {h.column: h.old for _, h in desk.state.history if h.what == "deleted"}
    assert kept == ROW, "what the row held can be brought back"
    assert not desk.state.waiting["orders"]


def test_an_edit_that_waits_for_a_person_is_looked_at_again_when_the_table_deletes_its_row(desk: Desk) -> None:
    park(desk, "swap")  # it stands in the sheet no longer: what the delete finds there does not tell of it
    cells = {HEADER[name]: SheetCell(column_of(name).codec.to_sheet(value)) for name, value in ROW.items()}
    desk.sheet.tabs["orders"].rows[0].cells.update(cells)
    del desk.state.table(LINKS["orders"]).rows[("1",)]
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [["1"]], "kinds": "d"})
    desk.goes_on(5)
    assert desk.state.bases["orders"]["r_1"].gone
    told = [row["row_id"] for topic, _, body in desk.state.outbox if topic == SHEET_OBSERVED for row in body["rows"]]
    assert told == ["r_1"]


def test_what_an_earlier_write_has_found_in_a_row_is_not_pushed_aside_when_another_edit_brings_the_row_back(
    desk: Desk,
) -> None:
    park(desk, "swap")
    cells = {HEADER[name]: SheetCell(column_of(name).codec.to_sheet(value)) for name, value in ROW.items()}
    desk.sheet.tabs["orders"].rows[0].cells.update({**cells, HEADER["customer"]: SheetCell("Bea")})
    del desk.state.table(LINKS["orders"]).rows[("1",)]
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [["1"]], "kinds": "d"})
    desk.goes_on(5)
    waiting = {column: w.observed.cell.value for (_, column), w in desk.state.waiting["orders"].items()}
    assert (waiting["customer"], waiting["notes"], waiting["price"]) == ("Bea", "mine", 9.5)


def test_a_changed_key_is_followed_although_the_link_was_taken_from_its_writer_when_that_was_told(desk: Desk) -> None:
    desk.changes("orders", "before")
    desk.goes_on(3)
    with desk.store.begin() as tx:
        tx.next_epoch("orders")  # somebody else takes the link over, and goes away
    row = {**ROW, "order_no": "2", "notes": "from the table"}
    desk.state.table(LINKS["orders"]).rows = {("2",): row}
    renamed = {"renamed": [[["1"], ["2"]]], "position": PLACE, "prints": [[["2"], print_of(row)]]}
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [["2"]], **renamed})
    desk.goes_on(3)
    assert desk.state.bases["orders"]["r_1"].key == ("1",), "it was decided with a write that was not ours to make"
    desk.goes_on(20)
    assert desk.state.bases["orders"]["r_1"].key == ("2",)


def test_three_rows_that_pass_their_keys_on_in_a_ring_keep_their_ids(desk: Desk) -> None:
    rows = {key: {**ROW, "order_no": key, "customer": f"of {key}", "notes": f"notes of {key}"} for key in "123"}
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base(f"r_{key}", key=(key,), **rows[key]) for key in "123"])
    passed = {"2": rows["1"], "3": rows["2"], "1": rows["3"]}
    desk.state.table(LINKS["orders"]).rows = {(key,): {**row, "order_no": key} for key, row in passed.items()}
    renamed = [[["1"], ["9"]], [["3"], ["1"]], [["2"], ["3"]], [["9"], ["2"]]]
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [], "renamed": renamed, "position": PLACE})
    desk.goes_on(2)
    assert {i: b.key for i, b in desk.state.bases["orders"].items()} == {"r_1": ("2",), "r_2": ("3",), "r_3": ("1",)}


def test_what_was_told_of_a_row_says_nothing_of_the_one_that_has_got_its_key(desk: Desk) -> None:
    """A program trades two keys and trades them back: one of the rows is as it was told, and the other's base has its
    key, because the feed is yet to tell of the second trade."""
    ann, bob = {**ROW, "order_no": "1"}, {**ROW, "order_no": "2", "customer": "Bob", "notes": "new"}
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_2", key=("2",), **{**bob, "notes": "fragile"})])
    desk.sheet.tabs["orders"].rows.append(FakeRow("r_2", shown_cells({**bob, "notes": "fragile"})))
    desk.state.table(LINKS["orders"]).rows = {("1",): ann, ("2",): bob}
    traded = {"kind": "rows", "keys": [], "renamed": [[["1"], ["9"]], [["2"], ["1"]], [["9"], ["2"]]]}
    passed = [{**ann, "order_no": "2"}, {**bob, "order_no": "1"}]
    prints = [[[row["order_no"]], print_of(row)] for row in passed]
    desk.tells(bob)
    desk.log.append(TABLE_CHANGED, "orders", {**traded, "position": PLACE, "prints": prints})
    desk.goes_on(2)
    assert {i: b.key for i, b in desk.state.bases["orders"].items()} == {"r_1": ("2",), "r_2": ("1",)}
    assert not desk.sheet.calls.count("swap"), "neither row is known"
    desk.log.append(TABLE_CHANGED, "orders", {**traded, "position": {**PLACE, "pos": 4712}})
    desk.publishes_outbox()
    desk.goes_on(2)
    assert [row.cells for row in desk.sheet.tabs["orders"].rows] == [shown_cells(ann), shown_cells(bob)]


def test_the_change_feed_is_no_longer_behind_a_row_that_we_have_inserted_once_it_has_told_of_it(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.save_bases("orders", [replace(make_base(), former_key=())])
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [["1"]], "kinds": "d"})
    desk.goes_on(2)
    assert desk.state.bases["orders"]["r_1"].former_key == (), "another row that had the key before"
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [["1"]], "kinds": "i"})
    desk.goes_on(2)
    assert desk.state.bases["orders"]["r_1"].former_key is None


def test_keys_are_traded_as_it_is_told_with_a_row_of_ours_of_which_the_feed_told_a_moment_before(desk: Desk) -> None:
    ann, bob = {**ROW, "order_no": "1"}, {**ROW, "order_no": "2", "customer": "Bob", "notes": "new"}
    with desk.store.begin() as tx:
        tx.save_bases("orders", [replace(make_base("r_2", key=("2",), **bob), former_key=())])
    desk.sheet.tabs["orders"].rows.append(FakeRow("r_2", shown_cells(bob)))
    desk.state.table(LINKS["orders"]).rows = {("1",): ann, ("2",): bob}
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [["2"]], "kinds": "i"})
    traded = {"kind": "rows", "keys": [], "renamed": [[["1"], ["9"]], [["2"], ["1"]], [["9"], ["2"]]]}
    desk.log.append(TABLE_CHANGED, "orders", {**traded, "position": PLACE})
    desk.goes_on(2)
    held = {i: (b.key, b.former_key) for i, b in desk.state.bases["orders"].items()}
    assert held == {"r_1": (("2",), None), "r_2": (("1",), None)}, "they have traded again since"


def test_a_changed_key_that_is_told_again_moves_no_other_row_that_has_taken_the_key_since(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_1", key=("1",))])
    table = desk.state.table(LINKS["orders"])
    table.rows = {("2",): {**ROW, "order_no": "2"}}
    message = {"kind": "rows", "keys": [], "renamed": [[["1"], ["2"]]], "position": PLACE}
    desk.log.append(TABLE_CHANGED, "orders", message)
    desk.goes_on(2)
    assert desk.state.bases["orders"]["r_1"].key == ("2",)
    with desk.store.begin() as tx:  # by another edit of the key in the sheet, of which the feed is yet to tell
        tx.save_bases("orders", [make_base("r_1", key=("1",))])
    table.rows = {("1",): {**ROW, "order_no": "1", **NOTHING_SHARED}}
    desk.log.append(TABLE_CHANGED, "orders", message)
    desk.goes_on(2)
    assert desk.state.bases["orders"]["r_1"].key == ("1",)


@pytest.mark.parametrize("state", ["paused", "held"])
def test_a_key_that_changes_while_the_link_rests_stays_with_its_row(desk: Desk, state: str) -> None:
    with desk.store.begin() as tx:
        tx.set_link_state("orders", state, None)
    desk.state.table(LINKS["orders"]).rows = {("2",): {**ROW, "order_no": "2"}}
    message = {"kind": "rows", "keys": [], "renamed": [[["1"], ["2"]]], "position": PLACE}
    desk.log.append(TABLE_CHANGED, "orders", message)
    desk.goes_on(2)
    assert desk.state.bases["orders"]["r_1"].key == ("2",)


def test_who_asks_whether_a_row_is_another_by_now_is_told_once_the_changed_keys_are_followed(desk: Desk) -> None:
    held = print_of(ROW)
    question = {"row_id": "r_1", "key": ["1"], "kind": "asked", "print": held}
    desk.state.table(LINKS["orders"]).rows = {("2",): {**ROW, "order_no": "2"}, ("1",): {**ROW, "customer": "Bob"}}
    desk.log.append(
        TABLE_CHANGED, "orders", {"kind": "rows", "keys": [], "renamed": [[["1"], ["2"]]], "position": PLACE}
    )
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "replan", "rows": [question]})
    desk.goes_on(2)
    assert desk.state.bases["orders"]["r_1"].key == ("2",)
    told = [body for topic, _, body in desk.state.outbox if topic == SHEET_OBSERVED and body["kind"] == "replan"]
    assert told[0]["rows"] == [{**question, "told": False}], "it has another key"


def test_of_a_row_that_has_its_key_again_since_it_was_asked_about_the_feed_tells_nothing(desk: Desk) -> None:
    """While its base was yet to learn of the first trade, another row's contents were asked about."""
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_2", key=("2",), **HERS)])
    desk.state.table(LINKS["orders"]).rows = {("1",): dict(ROW), ("2",): dict(HERS)}
    traded = {"kind": "rows", "keys": [], "renamed": [[["1"], ["9"]], [["2"], ["1"]], [["9"], ["2"]]]}
    questions = [{"row_id": "r_1", "key": ["1"], "kind": "asked", "print": print_of(row)} for row in (HERS, ROW)]
    for number, question in enumerate(questions, start=1):
        desk.log.append(TABLE_CHANGED, "orders", {**traded, "position": {**PLACE, "pos": 4711 + number}})
        desk.log.append(TABLE_CHANGED, "orders", {"kind": "replan", "rows": [question]})
    desk.goes_on(2)
    assert {i: b.key for i, b in desk.state.bases["orders"].items()} == {"r_1": ("1",), "r_2": ("2",)}
    told = [body for topic, _, body in desk.state.outbox if topic == SHEET_OBSERVED and body["kind"] == "replan"]
    assert [row["told"] for body in told for row in body["rows"]] == [False, True]


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
    desk.publishes_outbox()  # it has begun anew, and asks what the feed had told
    desk.goes_on(5)
    assert desk.shown("altered") == "from the table"
    assert desk.state.links["altered"].state == "live"


def test_a_link_that_does_not_fit_its_table_is_set_aside_and_held_if_that_lasts_and_no_other_is(desk: Desk) -> None:
    for name in LINKS:
        desk.changes(name, "from the table")
    for _ in range(9):
        desk.writer.set_aside({"altered": "Link altered: shop.altered has no column notes."})
        desk.goes_on(1)
    assert (desk.shown("orders"), desk.shown("altered")) == ("from the table", "fragile")
    assert desk.state.links["altered"].state == "live", "it may fit again any moment"
    for _ in range(5):
        desk.writer.set_aside({"altered": "Link altered: shop.altered has no column notes."})
        desk.goes_on(1)
    assert desk.state.links["altered"].state == "held"
    reason = desk.state.links["altered"].reason or ""
    assert "has no column notes" in reason
    assert "twinsheet approve altered" in reason
    assert desk.state.links["orders"].state == "live"


def test_a_link_that_fits_its_table_again_goes_on_where_it_was(desk: Desk) -> None:
    desk.changes("altered", "from the table")
    for fault in ({"altered": "no right"}, {}):
        desk.writer.set_aside(fault)
        desk.goes_on(8)
    assert desk.shown("altered") == "from the table"
    desk.writer.set_aside({"altered": "no right again"})
    desk.goes_on(8)
    desk.writer.set_aside({"altered": "no right again"})
    assert desk.state.links["altered"].state == "live", "the time counts from the new fault on"


def test_a_link_that_is_approved_though_it_does_not_fit_its_table_is_held_again(desk: Desk) -> None:
    def passes(seconds: int) -> str:
        for _ in range(seconds):
            desk.writer.set_aside({"altered": "no right"})
            desk.goes_on(1)
        return desk.state.links["altered"].state

    assert passes(15) == "held"
    with desk.store.begin() as tx:
        tx.set_link_state("altered", "live", None)
    desk.log.append(TABLE_CHANGED, "altered", {"kind": "link", "link": "altered"})
    assert passes(5) == "live"
    assert passes(15) == "held"


def test_what_puts_a_mistake_back_has_a_new_number_where_columns_moved_so_that_no_look_in_between_counts_as_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab, swap = desk.sheet.tabs["orders"], desk.sheet.swap
    sent: list[tuple[int, bool, object]] = []

    def told(target: SheetTarget, write: SwapWrite) -> SwapAnswer:
        answer = swap(target, write)
        sent.append((tab.stamp.n, answer.layout_changed, tab.rows[0].cells["Notes"].value))
        if len(sent) == 1:
            desk.sheet.before_swap = lambda: tab.move_column_first("Notes")
        return answer

    monkeypatch.setattr(desk.sheet, "swap", told)
    desk.sheet.before_swap = lambda: tab.rows.insert(0, FakeRow("r_9", shown_cells({**ROW, "order_no": "9"})))
    desk.changes("orders", "ours")
    desk.goes_on(5)
    assert sent[:3] == [(1, False, "ours"), (2, True, "ours"), (3, False, "fragile")]
    assert desk.state.links["orders"].restored_n == 3


def test_a_row_that_moves_up_to_where_our_mistake_was_keeps_the_same_value_that_is_its_own(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab, swap = desk.sheet.tabs["orders"], desk.sheet.swap
    tab.rows.append(FakeRow("r_9", shown_cells({**ROW, **NOTHING_SHARED, "order_no": "9", "notes": "ours"})))

    def two_are_deleted() -> None:
        tab.delete_row(tab.first_row)
        tab.delete_row(tab.first_row)

    def told(target: SheetTarget, write: SwapWrite) -> SwapAnswer:
        answer = swap(target, write)
        desk.sheet.before_swap = two_are_deleted if write.cells else None
        return answer

    monkeypatch.setattr(desk.sheet, "swap", told)
    desk.sheet.before_swap = lambda: tab.insert_row(tab.first_row)
    desk.changes("orders", "ours")
    desk.goes_on(5)
    assert [(r.row_id, r.cells["Notes"].value) for r in tab.rows] == [("r_9", "ours")]


def test_a_column_that_gets_another_type_looks_like_it_before_a_value_of_that_type_is_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.tells(ROW)
    desk.goes_on(2)
    whole, tab = LINKS["orders"], desk.sheet.tabs["orders"]
    text = TableColumn("quantity", "varchar", "varchar(9)", length_chars=9, charset="utf8mb4")
    columns = (replace(c, column=text, codec=codec_for(text)) if c.name == "quantity" else c for c in whole.columns)
    monkeypatch.setitem(LINKS, "orders", replace(whole, columns=tuple(columns)))
    desk.changes("orders", "from the table")
    desk.sheet.fail_next(QuotaExhausted("Google's quota is used up for the moment."))
    desk.goes_on(1)
    assert (tab.looks, desk.shown("orders")) == ({}, "fragile")
    desk.goes_on(90)
    assert tab.looks == {"Quantity": (True, None, ())}
    assert desk.shown("orders") == "from the table"
    assert desk.sheet.calls.count("reshape") == 2, "once it was refused, once it landed"


@pytest.mark.parametrize("is_new", [True, False])
def test_a_write_of_which_nobody_has_heard_is_settled_though_its_column_has_got_another_type_since(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_new: bool
) -> None:
    key, whole, tab = ("2" if is_new else "1",), LINKS["orders"], desk.sheet.tabs["orders"]
    text = TableColumn("quantity", "varchar", "varchar(9)", length_chars=9, charset="utf8mb4")
    columns = (replace(c, column=text, codec=codec_for(text)) if c.name == "quantity" else c for c in whole.columns)

    def holds(quantity: str) -> None:
        row = desk.state.table(whole).rows[key] = {**ROW, "order_no": key[0], "quantity": quantity}
        body = {"kind": "rows", "keys": [list(key)], "kinds": "i", "prints": [[list(key), print_of(row)]]}
        desk.log.append(TABLE_CHANGED, "orders", body)

    with monkeypatch.context() as before:
        before.setitem(LINKS, "orders", replace(whole, columns=tuple(columns)))
        swap = desk.sheet.swap
        before.setattr(desk.sheet, "swap", lambda *asked: (desk.sheet.lose_next_reply(), swap(*asked))[1])
        holds("a lot")
        desk.writer.step(0)
        assert desk.sheet.calls[-1] == "swap"
    holds("8")
    desk.goes_on(90)
    assert desk.state.links["orders"].state == "live"
    assert [row.cells["Quantity"].value for row in tab.rows][-1] == 8


def test_keys_of_before_the_table_got_another_one_have_the_link_compared_whole(desk: Desk) -> None:
    desk.goes_on(2)
    desk.is_changed("orders", "from the table")
    desk.tells(ROW)
    for body in (
        {"kind": "rows", "keys": [["1", "Ann"]], "kinds": "u"},
        {"kind": "replan", "rows": [{"row_id": "r_1", "key": ["1", "Ann"]}]},
    ):
        desk.log.append(TABLE_CHANGED, "altered", body)
    desk.is_changed("altered", "from the table")
    desk.goes_on(5)
    desk.publishes_outbox()
    desk.goes_on(5)
    assert desk.shown("altered") == "from the table"


# --- rows of which the change feed has not told yet ------------------------------------


def of_notes(notes: str) -> str:
    """The print of order 1 with these notes."""
    return print_of({**ROW, "notes": notes}) or ""


def test_a_row_whose_contents_nobody_has_told_is_not_written_and_the_feed_is_asked_once(desk: Desk) -> None:
    desk.is_changed("orders", "from the table")
    desk.tells({**ROW, "notes": "older"})
    desk.goes_on(30)
    assert desk.shown("orders") == "fragile"
    assert desk.questions() == [("u", of_notes("from the table"))]
    desk.publishes_outbox()
    desk.goes_on(2)
    assert desk.shown("orders") == "from the table"
    assert len(desk.questions()) == 1


def test_a_row_of_which_the_feed_has_told_is_written_without_a_question(desk: Desk) -> None:
    desk.changes("orders", "from the table")
    desk.goes_on(2)
    assert desk.shown("orders") == "from the table"
    assert desk.questions() == []


def test_what_is_found_in_a_whole_comparison_is_written_once_the_feed_has_told_of_it(desk: Desk) -> None:
    desk.is_changed("orders", "from the table")
    desk.writer.compare(LINKS)
    desk.goes_on(5)
    assert desk.shown("orders") == "fragile"
    assert desk.questions() == [("u", of_notes("from the table"))]
    desk.publishes_outbox()
    desk.goes_on(2)
    assert desk.shown("orders") == "from the table"


def test_a_row_that_changes_before_each_answer_is_asked_about_again_and_written_after_so_many_tellings(
    desk: Desk,
) -> None:
    desk.is_changed("orders", "0")
    desk.tells({**ROW, "notes": "before"})
    for telling in range(1, TOLD_MAX):
        desk.goes_on(2)
        assert desk.shown("orders") == "fragile", f"told {telling} times, of other contents"
        assert desk.questions()[-1] == ("u", of_notes(str(telling - 1)))
        desk.is_changed("orders", str(telling))
        desk.publishes_outbox()
    desk.goes_on(2)
    assert desk.shown("orders") == str(TOLD_MAX - 1)
    assert len(desk.questions()) == TOLD_MAX - 1


def test_what_was_told_of_a_row_while_it_was_in_doubt_is_known_when_it_is_looked_at_again(desk: Desk) -> None:
    desk.is_changed("orders", "from the table")
    desk.tells({**ROW, "notes": "older"})
    desk.goes_on(2)
    desk.publishes_outbox()  # tells of what it held when it was asked about
    desk.is_changed("orders", "older")  # and that was told before
    desk.goes_on(2)
    assert desk.shown("orders") == "older"
    assert len(desk.questions()) == 1


# --- contents under a key that the table has changed -------------------------------------

HERS = {**ROW, "order_no": "2", "customer": "Bea", "quantity": "8", "price": "1.00", "notes": "hers"}


@pytest.mark.parametrize("when", ["a moment ago", "before the writer began anew"])
def test_a_write_that_finds_the_contents_of_a_row_whose_key_has_changed_beside_another_id_takes_itself_back(
    desk: Desk, when: str
) -> None:
    tab, table = desk.sheet.tabs["orders"], desk.state.table(LINKS["orders"])
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_2", **HERS)])
    tab.rows[0].cells = shown_cells(HERS)
    tab.rows.append(FakeRow(None, shown_cells(ROW)))  # sorted past their ids, and hers is lost
    table.rows[("9",)] = {**HERS, "order_no": "9"}
    renamed = {"kind": "rows", "keys": [], "renamed": [[["2"], ["9"]]], "position": PLACE}
    if when == "a moment ago":
        desk.log.append(TABLE_CHANGED, "orders", renamed)
    else:
        with desk.store.begin() as tx:
            tx.save_bases("orders", [replace(make_base("r_2", **HERS), key=("9",))])
        desk.writer.compare(LINKS)
        desk.goes_on(1)
    desk.changes("orders", "ours")
    desk.goes_on(10)
    assert desk.sheet.calls.count("swap") > 1, "the write, and what takes it back"
    assert desk.state.bases["orders"]["r_2"].key == ("9",)
    assert tab.rows[0].cells == shown_cells(HERS)
    assert desk.state.bases["orders"]["r_1"].cells["notes"].value == "fragile"
    assert not desk.state.waiting.get("orders"), "nobody takes hers for an edit of his"


@pytest.mark.parametrize("transactions", range(1, 9))
def test_such_a_write_is_taken_back_whenever_the_writer_dies(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, transactions: int
) -> None:
    tab, table = desk.sheet.tabs["orders"], desk.state.table(LINKS["orders"])
    with desk.store.begin() as tx:
        tx.save_bases("orders", [replace(make_base("r_2", **HERS), key=("9",))])
    table.rows[("9",)] = {**HERS, "order_no": "9"}
    tab.rows[0].cells = shown_cells(HERS)
    tab.rows.append(FakeRow(None, shown_cells(ROW)))  # sorted past their ids, and hers is lost
    desk.changes("orders", "ours")
    dies_after(desk, monkeypatch, transactions)
    assert desk.sheet.calls.count("swap") > 1, "the write, and what takes it back"
    assert tab.rows[0].cells == shown_cells(HERS)
    assert desk.state.bases["orders"]["r_1"].cells["notes"].value == "fragile"
    assert not desk.state.waiting.get("orders"), "nobody takes hers for an edit of his"


def test_what_a_scan_tells_of_a_row_that_a_write_is_on_its_way_to_vouches_for_no_contents_beside_its_id(
    desk: Desk,
) -> None:
    """It may have seen the row with the key that our write has put beside the contents of another one."""
    tab, table = desk.sheet.tabs["orders"], desk.state.table(LINKS["orders"])
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_2", **HERS)])
    table.rows[("2",)] = dict(HERS)
    tab.rows[0].cells = shown_cells(HERS)
    tab.rows.append(FakeRow("r_2", shown_cells(ROW)))  # sorted past their ids

    def look_and_cut_off() -> None:
        cells = [{"row_id": "r_1", "row": 2, "column": "Notes", "value": "ours"}]
        scan = {"kind": "scan", "stamp": {"n": tab.stamp.n + 1, "q": 0, "epoch": 1}, "cells": cells}
        desk.log.append(SHEET_OBSERVED, "orders", scan)
        desk.sheet.lose_next_reply()

    desk.changes("orders", "ours")
    desk.goes_on(1)
    assert desk.sheet.calls.count("swap") == 1
    desk.goes_on(1)
    assert desk.sheet.calls.count("swap") == 2, "the write, and what takes it back"
    desk.sheet.before_swap = look_and_cut_off
    while "recall" not in desk.sheet.calls:
        desk.changes("orders", "ours again")
        desk.goes_on(1)
    desk.goes_on(1)
    assert tab.rows[0].cells == shown_cells(HERS)
    assert not desk.state.waiting.get("orders"), "nobody takes hers for an edit of his"


def test_ids_change_places_although_something_was_told_beside_them_since_the_scan(desk: Desk) -> None:
    tab = desk.sheet.tabs["orders"]
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base(age=9, cell_age=9), make_base("r_2", age=9, cell_age=9, **HERS)])
    tab.rows[0].cells = shown_cells(HERS)
    tab.rows.append(FakeRow("r_2", shown_cells(ROW)))
    names = [{"row": 2, "expected": "r_1", "row_id": "r_2"}, {"row": 3, "expected": "r_2", "row_id": "r_1"}]
    scan = scan_event(Stamp(q=3, scan=1), names=names)
    desk.log.append(SHEET_OBSERVED, "orders", scan)
    desk.goes_on(3)
    assert tab.row_ids() == ["r_2", "r_1"]


def test_a_row_beside_which_other_contents_stand_for_good_is_tried_more_and_more_seldom_however_often_it_changes(
    desk: Desk,
) -> None:
    tab = desk.sheet.tabs["orders"]
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_2", **HERS)])
    desk.state.table(LINKS["orders"]).rows[("2",)] = dict(HERS)
    tab.rows[0].cells = shown_cells(HERS)
    tab.rows.append(FakeRow("r_2", shown_cells({**HERS, "customer": "Eve", "notes": "eve's"})))
    for turn in range(60):
        desk.changes("orders", f"turn {turn}")
        desk.goes_on(1)
    assert desk.sheet.calls.count("swap") <= 12, "at 0, 2, 6, 14, 30 and 62 seconds, each with what takes it back"
    assert tab.rows[0].cells == shown_cells(HERS)


def test_whoever_goes_on_knows_since_which_event_the_change_feed_is_to_be_followed_anew() -> None:
    before, after = LinkNews("orders"), LinkNews("orders")
    before.feed_began(Anew(2, offset=7))
    after.go_on_from(before)
    assert after.heard == [Anew(2, offset=7)]
    assert after.oldest_offset() == 7


def test_only_so_many_changed_keys_are_kept_in_mind() -> None:
    news = LinkNews("orders")
    news.still_shown({(str(n),): (f"new {n}",) for n in range(SHOWN_MAX)})
    news.still_shown({("last",): ("new",)})
    assert len(news.shown) == SHOWN_MAX
    assert ("0",) not in news.shown
    assert news.shown["last",] == ("new",)
    news.forget()
    assert not news.shown


# --- marks ---------------------------------------------------------------------------


REASON = "quantity: many is not a whole number"


def refuse(desk: Desk, value: str, reason: str = REASON) -> None:
    """The table writer refuses what stands in the quantity of order 1."""
    desk.state.bases["orders"]["r_1"] = make_base()
    with desk.store.begin() as tx:
        tx.put_rejections("orders", [RejectionEntry("r_1", ("1",), "quantity", value, reason)])
    desk.publishes_outbox()


def test_a_rejection_is_told_beside_its_cell_until_it_is_mended(desk: Desk) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    row = desk.sheet.tabs["orders"].rows[0]
    assert row.notes == {"Quantity": "Twinsheet: quantity: many is not a whole number"}
    assert row.colours == {"Quantity": REJECTED}
    with desk.store.begin() as tx:
        tx.mend_rejections("orders", [("r_1", "quantity")])
    desk.publishes_outbox()
    desk.goes_on(3)
    assert (row.notes, row.colours) == ({}, {})
    assert not desk.state.marks


def test_a_persons_note_and_colour_outlive_ours(desk: Desk) -> None:
    row = desk.sheet.tabs["orders"].rows[0]
    row.notes["Quantity"], row.colours["Quantity"] = "ask Ann", "#ff0000"
    refuse(desk, "many")
    desk.goes_on(3)
    assert row.notes["Quantity"].startswith("Twinsheet: ")
    assert row.notes["Quantity"].endswith("\n\nask Ann")
    row.notes["Quantity"] += "\nor Ben"
    with desk.store.begin() as tx:
        tx.mend_rejections("orders", [("r_1", "quantity")])
    desk.publishes_outbox()
    desk.goes_on(3)
    assert row.notes == {"Quantity": "ask Ann\nor Ben"}
    assert row.colours == {"Quantity": "#ff0000"}


def test_a_note_written_in_the_instant_of_the_marking_is_kept(desk: Desk) -> None:
    row = desk.sheet.tabs["orders"].rows[0]
    desk.marks.before_mark = lambda: row.notes.update({"Quantity": "just now"})
    refuse(desk, "many")
    desk.goes_on(3)
    assert row.notes["Quantity"] == "Twinsheet: quantity: many is not a whole number\n\njust now"


def test_a_marking_that_hit_a_row_which_had_moved_is_taken_back(desk: Desk) -> None:
    tab = desk.sheet.tabs["orders"]
    tab.rows.append(FakeRow("r_2", {}, None, {"Quantity": "of row 2"}, {"Quantity": "#00ff00"}))
    desk.marks.before_mark = lambda: tab.move_row(3, before=2)
    refuse(desk, "many")
    desk.goes_on(8)
    assert [r.row_id for r in tab.rows] == ["r_2", "r_1"]
    assert tab.rows[0].notes == {"Quantity": "of row 2"}
    assert tab.rows[0].colours == {"Quantity": "#00ff00"}
    assert tab.rows[1].notes == {"Quantity": "Twinsheet: quantity: many is not a whole number"}


def test_a_row_that_a_mistaken_marking_hit_is_told_what_is_to_be_told_there(desk: Desk) -> None:
    tab = desk.sheet.tabs["orders"]
    tab.rows.append(FakeRow("r_2"))
    desk.marks.before_mark = lambda: tab.move_row(3, before=2)
    refuse(desk, "many")
    desk.goes_on(1)
    assert tab.rows[0].notes, "meant for the other row"
    with desk.store.begin() as tx:
        tx.put_rejections("orders", [RejectionEntry("r_2", None, "quantity", "many", REASON)])
    desk.publishes_outbox()
    desk.goes_on(8)
    assert [(row.row_id, bool(row.notes)) for row in tab.rows] == [("r_2", True), ("r_1", True)]


def dies_after(desk: Desk, monkeypatch: pytest.MonkeyPatch, transactions: int) -> None:
    """The writer gets so far, and another one goes on."""
    left, run = iter(range(transactions)), desk.store.run

    def dying(work: Callable[[FakeTransaction], Any]) -> Any:
        if next(left, None) is None:
            raise MysqlUnavailable("gone")
        return run(work)

    with monkeypatch.context() as patch, suppress(MysqlUnavailable):
        patch.setattr(desk.store, "run", dying)
        desk.goes_on(6)
    desk.starts()
    desk.writer.compare(LINKS)
    desk.goes_on(15)


@pytest.mark.parametrize("transactions", range(4, 20))
def test_a_note_that_a_mistaken_marking_left_beside_another_row_goes_whenever_the_writer_dies(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, transactions: int
) -> None:
    tab = desk.sheet.tabs["orders"]
    tab.rows.append(FakeRow("r_2"))

    def deletes_the_row() -> None:
        tab.delete_row(2)
        desk.log.append(SHEET_OBSERVED, "orders", {"kind": "structure"})
        with desk.store.begin() as tx:
            tx.mend_rejections("orders", [("r_1", "quantity")])

    desk.marks.before_mark = deletes_the_row
    refuse(desk, "many")
    dies_after(desk, monkeypatch, transactions)
    assert [(row.row_id, row.notes) for row in tab.rows] == [("r_2", {})]
    assert not desk.state.marks


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_marking_whose_reply_is_lost_stands_once(desk: Desk, took_effect: bool) -> None:
    refuse(desk, "many")
    desk.marks.before_mark = lambda: desk.sheet.fail_next(ReplyLost("cut off"), took_effect=took_effect)
    desk.goes_on(90)
    row = desk.sheet.tabs["orders"].rows[0]
    assert row.notes == {"Quantity": "Twinsheet: quantity: many is not a whole number"}
    assert [m.is_sure for m in desk.state.marks.values()] == [True]


def test_a_note_whose_removal_nobody_heard_of_is_shown_again_when_the_same_is_to_be_told(desk: Desk) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    with desk.store.begin() as tx:
        tx.mend_rejections("orders", [("r_1", "quantity")])
    desk.publishes_outbox()
    desk.marks.before_mark = lambda: desk.sheet.fail_next(ReplyLost("cut off"), took_effect=True)
    desk.goes_on(1)
    row = desk.sheet.tabs["orders"].rows[0]
    assert not row.notes
    refuse(desk, "many")
    desk.goes_on(90)
    assert row.notes == {"Quantity": "Twinsheet: quantity: many is not a whole number"}


def test_a_note_that_a_person_removed_stays_removed(desk: Desk) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    row = desk.sheet.tabs["orders"].rows[0]
    row.notes.clear()
    desk.writer.compare(LINKS)
    desk.goes_on(3)
    assert row.notes == {}
    desk.log.append(SHEET_OBSERVED, "orders", {"kind": "structure"})
    before = len(desk.sheet.calls)
    desk.goes_on(60)
    assert row.notes == {}
    assert [desk.sheet.calls[before:].count(call) for call in ("marked", "look", "mark")] == [1, 1, 0]


def test_a_note_comes_to_the_copy_that_a_person_leaves_in_place_of_the_marked_row(desk: Desk) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    tab = desk.sheet.tabs["orders"]
    tab.rows.append(FakeRow("r_1", dict(tab.rows[0].cells)))  # values alone were pasted, the hidden id among them
    tab.delete_row(2)
    desk.log.append(SHEET_OBSERVED, "orders", {"kind": "structure"})
    desk.goes_on(MOVED_LOOK_OVER_S + 3)
    assert [row.notes for row in tab.rows] == [{"Quantity": f"Twinsheet: {REASON}"}]


def test_a_note_comes_to_the_copy_once_nobody_takes_it_for_the_marked_row_any_more(desk: Desk) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    tab = desk.sheet.tabs["orders"]
    tab.rows.append(FakeRow("r_1", dict(tab.rows[0].cells)))
    desk.log.append(SHEET_OBSERVED, "orders", {"kind": "structure"})
    desk.goes_on(MOVED_LOOK_OVER_S + 3)
    assert [bool(row.notes) for row in tab.rows] == [True, False]
    tab.delete_row(2)  # and the trigger is lost
    desk.goes_on(90)
    assert [row.notes for row in tab.rows] == [{"Quantity": f"Twinsheet: {REASON}"}]


def test_a_note_that_stays_where_another_row_was_pasted_over_its_own_goes_once_that_is_told_of_elsewhere(
    desk: Desk,
) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    tab, told = desk.sheet.tabs["orders"], "quantity: many is too much"
    tab.rows[0].row_id = "r_9"
    desk.changes("orders", "from the table")
    desk.goes_on(3)  # a write to it has missed the row
    row = {**ROW, "notes": "from the table"}
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_1", gone=True)])
        tx.keep_ids("orders", {("1",): "r_1"})
    came = {"row_id": "r_1", "key": ["1"], "kind": "i", "print": print_of(row)}
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "replan", "rows": [came]})
    desk.goes_on(5)
    refuse(desk, "many", told)
    desk.goes_on(3)
    shown = [(row.row_id, row.notes) for row in tab.rows]
    assert shown == [("r_9", {}), ("r_1", {"Quantity": f"Twinsheet: {told}"})]


def test_what_is_told_of_a_row_replaces_what_was_told_of_the_one_over_which_it_was_pasted(desk: Desk) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    tab, theirs = desk.sheet.tabs["orders"], "Twinsheet: quantity: few is not a whole number"
    tab.rows.append(FakeRow("r_1", {}, None, {"Quantity": theirs}, {"Quantity": REJECTED}))
    tab.delete_row(2)
    desk.log.append(SHEET_OBSERVED, "orders", {"kind": "structure"})
    desk.goes_on(MOVED_LOOK_OVER_S + 3)
    assert [row.notes for row in tab.rows] == [{"Quantity": f"Twinsheet: {REASON}"}]


def test_a_note_that_was_put_beside_a_row_with_a_strange_id_goes_when_the_row_has_its_own_again(desk: Desk) -> None:
    row = desk.sheet.tabs["orders"].rows[0]
    row.row_id, row.cells = "r_stray", {"Order no.": SheetCell(1), "Customer": SheetCell("Ann")}
    with desk.store.begin() as tx:
        tx.put_rejections("orders", [RejectionEntry("r_stray", None, "order_no", "1", "another row has it")])
    desk.publishes_outbox()
    desk.goes_on(3)
    assert row.notes
    names = [{"row": 2, "expected": "r_stray", "row_id": "r_1"}]
    scan = scan_event(Stamp(scan=1), names=names)
    desk.log.append(SHEET_OBSERVED, "orders", scan)
    desk.goes_on(3)
    desk.publishes_outbox()
    desk.goes_on(3)
    assert (row.row_id, row.notes, row.colours) == ("r_1", {}, {})


def test_a_note_stays_with_its_row_when_a_copy_gets_a_name_of_its_own(desk: Desk) -> None:
    tab = desk.sheet.tabs["orders"]
    tab.rows[0].cells = {"Order no.": SheetCell(1), "Customer": SheetCell("Ann")}
    refuse(desk, "many")
    desk.goes_on(3)
    tab.rows.append(FakeRow("r_1", dict(tab.rows[0].cells)))
    names = [{"row": 3, "expected": "r_1", "row_id": None}]
    scan = scan_event(Stamp(scan=1), names=names)
    desk.log.append(SHEET_OBSERVED, "orders", scan)
    desk.goes_on(3)
    assert [row.row_id for row in tab.rows] == ["r_1", "r_new"]
    assert set(desk.state.marks) == {("orders", "r_1", "quantity")}


def test_a_note_comes_to_the_copy_where_the_marked_row_itself_was_taken_for_it_and_got_another_name(
    desk: Desk,
) -> None:
    tab = desk.sheet.tabs["orders"]
    tab.rows[0].cells = {"Order no.": SheetCell(1), "Customer": SheetCell("Ann")}
    refuse(desk, "many")
    desk.goes_on(3)
    tab.rows.insert(0, FakeRow("r_1", dict(tab.rows[0].cells)))
    names = [{"row": 3, "expected": "r_1", "row_id": None}]
    scan = scan_event(Stamp(scan=1), names=names)
    desk.log.append(SHEET_OBSERVED, "orders", scan)
    desk.goes_on(3)
    desk.publishes_outbox()
    desk.goes_on(3)
    assert [(row.row_id, bool(row.notes)) for row in tab.rows] == [("r_1", True), ("r_new", False)]


def test_a_refused_value_is_told_beside_its_cell_once_a_copy_above_it_has_a_name_of_its_own(desk: Desk) -> None:
    tab = desk.sheet.tabs["orders"]
    tab.rows[0].cells = {"Order no.": SheetCell(1), "Customer": SheetCell("Ann")}
    tab.rows.insert(0, FakeRow("r_1", dict(tab.rows[0].cells)))
    refuse(desk, "many")
    desk.goes_on(1)
    assert not any(row.notes for row in tab.rows), "nobody can tell the copy yet"
    names = [{"row": 2, "expected": "r_1", "row_id": None}]
    desk.log.append(SHEET_OBSERVED, "orders", scan_event(Stamp(scan=1), names=names))
    desk.goes_on(3)
    desk.publishes_outbox()
    desk.goes_on(3)
    assert [(row.row_id, bool(row.notes)) for row in tab.rows] == [("r_new", False), ("r_1", True)]


def test_a_row_whose_id_went_to_its_copy_while_it_was_marked_is_marked_where_it_stands(desk: Desk) -> None:
    tab = desk.sheet.tabs["orders"]
    desk.marks.before_mark = lambda: tab.rows.append(FakeRow("r_1", dict(tab.rows[0].cells)))
    refuse(desk, "many")
    desk.goes_on(3)
    tab.rows[0].row_id = "r_9"  # the script takes the upper one for the copy
    with desk.store.begin() as tx:
        tx.put_rejections("orders", [RejectionEntry("r_9", None, "quantity", "many", REASON)])
    desk.publishes_outbox()
    desk.goes_on(3)
    assert [row.notes for row in tab.rows] == [{"Quantity": f"Twinsheet: {REASON}"}] * 2


def test_a_note_comes_to_the_copy_where_a_write_of_ours_has_deleted_the_marked_row_itself(desk: Desk) -> None:
    tab = desk.sheet.tabs["orders"]
    desk.changes("orders", "so that the writer knows where the row stands")
    refuse(desk, "many")
    desk.goes_on(3)
    assert tab.rows[0].notes
    tab.rows.append(FakeRow("r_1", {**tab.rows[0].cells, "Customer": SheetCell("Ben")}))
    del desk.state.table(LINKS["orders"]).rows[("1",)]
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "rows", "keys": [["1"]], "kinds": "d"})
    desk.goes_on(1)
    assert [row.notes for row in tab.rows] == [{}], "the copy stands alone"
    with desk.store.begin() as tx:
        tx.put_rejections("orders", [RejectionEntry("r_1", None, "quantity", "many", REASON)])
    desk.publishes_outbox()
    desk.goes_on(5)
    assert [(row.row_id, row.notes) for row in tab.rows] == [("r_1", {"Quantity": f"Twinsheet: {REASON}"})]


def test_a_marked_row_is_marked_again_as_soon_as_a_write_of_ours_has_brought_it_back(desk: Desk) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    tab = desk.sheet.tabs["orders"]
    tab.delete_row(2)
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_1", gone=True)])
        tx.keep_ids("orders", {("1",): "r_1"})
    came = {"row_id": "r_1", "key": ["1"], "kind": "i", "print": print_of(ROW)}
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "replan", "rows": [came]})
    desk.log.append(SHEET_OBSERVED, "orders", {"kind": "structure"})
    desk.goes_on(MOVED_LOOK_OVER_S - 1)
    assert [(row.row_id, row.notes) for row in tab.rows] == [("r_1", {"Quantity": f"Twinsheet: {REASON}"})]


def test_an_id_is_not_moved_by_what_a_scan_told_before_somebody_edited_its_row(desk: Desk) -> None:
    tab = desk.sheet.tabs["orders"]
    tab.rows[0].row_id, tab.rows[0].cells = "r_9", {"Order no.": SheetCell(1), "Customer": SheetCell("Ann")}
    names = [{"row": 2, "expected": "r_9", "row_id": "r_1"}]
    scan = scan_event(Stamp(q=3, scan=1), names=names)
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base(age=8)])
    desk.log.append(SHEET_OBSERVED, "orders", scan)
    desk.goes_on(5)
    assert tab.rows[0].row_id == "r_9"
    desk.log.append(SHEET_OBSERVED, "orders", {**scan, "stamp": stamp_to_json(Stamp(q=4, scan=2))})
    desk.goes_on(5)
    assert tab.rows[0].row_id == "r_1"


def test_an_id_that_a_scan_had_moved_is_not_moved_once_more_when_that_is_told_again(desk: Desk) -> None:
    tab = desk.sheet.tabs["orders"]
    tab.rows[0].row_id, tab.rows[0].cells = "r_9", {"Order no.": SheetCell(1), "Customer": SheetCell("Ann")}
    scan = scan_event(Stamp(q=3, scan=1), names=[{"row": 2, "expected": "r_9", "row_id": "r_1"}])
    desk.log.append(SHEET_OBSERVED, "orders", scan)
    desk.goes_on(5)
    assert [row.row_id for row in tab.rows] == ["r_1"]
    tab.rows[0].row_id = "r_9"  # somebody has damaged it once more; what is to be done, a new scan tells
    desk.log.append(SHEET_OBSERVED, "orders", scan)
    desk.goes_on(5)
    assert [row.row_id for row in tab.rows] == ["r_9"]


def test_a_row_whose_id_was_lost_is_marked_once_it_has_it_back(desk: Desk) -> None:
    row = desk.sheet.tabs["orders"].rows[0]
    row.row_id, row.cells = None, {"Order no.": SheetCell(1), "Customer": SheetCell("Ann")}
    refuse(desk, "many")
    desk.goes_on(5)
    assert not row.notes
    names = [{"row": 2, "expected": None, "row_id": "r_1"}]
    scan = scan_event(Stamp(scan=1), names=names)
    desk.log.append(SHEET_OBSERVED, "orders", scan)
    desk.goes_on(5)
    assert row.row_id == "r_1"
    assert row.notes


def test_a_marking_that_nobody_waits_for_any_more_cannot_land_late(desk: Desk) -> None:
    refuse(desk, "many")
    look = desk.marks.look(SheetTarget.of(LINKS["orders"], desk.state.links["orders"]), [2])
    with desk.store.begin() as tx:
        tx.save_marks("orders", [ShownMark("r_1", "quantity", f"Twinsheet: {REASON}", is_sure=False)])
        tx.mend_rejections("orders", [("r_1", "quantity")])
    desk.publishes_outbox()
    desk.goes_on(3)
    late = [MarkWrite(2, "r_1", "Quantity", f"Twinsheet: {REASON}", REJECTED)]
    assert desk.marks.mark(SheetTarget.of(LINKS["orders"], desk.state.links["orders"]), look, late) is None
    assert not desk.state.marks


def test_a_marking_on_its_way_to_a_row_that_has_left_the_tab_cannot_land_beside_another_one(desk: Desk) -> None:
    refuse(desk, "many")
    look = desk.marks.look(SheetTarget.of(LINKS["orders"], desk.state.links["orders"]), [2])
    with desk.store.begin() as tx:
        tx.save_marks("orders", [ShownMark("r_1", "quantity", f"Twinsheet: {REASON}", is_sure=False)])
    desk.sheet.tabs["orders"].rows[0] = FakeRow("r_2", {"Customer": SheetCell("Bea")})
    desk.goes_on(5)
    late = [MarkWrite(2, "r_1", "Quantity", f"Twinsheet: {REASON}", REJECTED)]
    assert desk.marks.mark(SheetTarget.of(LINKS["orders"], desk.state.links["orders"]), look, late) is None
    assert not desk.state.marks


def test_what_puts_a_mistake_back_and_is_refused_because_it_has_landed_is_settled(desk: Desk) -> None:
    tab = desk.sheet.tabs["orders"]
    back = SwapWrite(1, 1, formula_restores=(FormulaRestore(0, 2, "Notes", SheetCell("ours")),))
    tab.scratch = [FakeRow("r_1", {"Notes": SheetCell("theirs")})]
    with desk.store.begin() as tx:
        tx.next_n("orders", 1)
        tx.open_intent(Intent("orders", 1, 1, planned_to_json(PlannedWrite(back))))
    desk.sheet.before_swap = lambda: tab.apply(back)  # sent long ago, it lands just before it is sent again
    desk.writer.compare(LINKS)
    desk.goes_on(5)
    assert desk.state.links["orders"].state == "live"
    assert not desk.state.intents


def test_a_note_of_ours_that_was_copied_to_another_row_is_cleared_away(desk: Desk) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    tab = desk.sheet.tabs["orders"]
    tab.rows.append(FakeRow("r_9", {}, None, dict(tab.rows[0].notes), dict(tab.rows[0].colours)))
    desk.watch.at += LOOK_OVER_S
    desk.goes_on(3)
    assert (tab.rows[1].notes, tab.rows[1].colours) == ({}, {})
    assert tab.rows[0].notes


def comes_back(desk: Desk) -> None:
    """The table writer tells that order 1 stands in the tab again, with whatever has been beside it."""
    with desk.store.begin() as tx:
        tx.save_marks("orders", [ShownMark("r_1", "order_no", CAME_BACK, is_sure=False)])
        tx.send(TABLE_CHANGED, "orders", marks_changed("orders", ["r_1"]))
    desk.publishes_outbox()


def test_notes_that_have_come_back_with_rows_go_although_the_link_shows_no_other(desk: Desk) -> None:
    tab = desk.sheet.tabs["orders"]
    tab.rows.append(FakeRow("r_2", dict(tab.rows[0].cells)))
    for row in tab.rows:
        row.notes, row.colours = {"Quantity": f"Twinsheet: {REASON}"}, {"Quantity": REJECTED}
    comes_back(desk)
    desk.goes_on(5)
    assert [(row.notes, row.colours) for row in tab.rows] == [({}, {}), ({}, {})]
    assert not desk.state.marks


def test_a_row_that_came_back_without_a_note_costs_two_looks_and_no_write(desk: Desk) -> None:
    desk.changes("orders", "from the table")
    desk.goes_on(3)  # where rows stand is known
    comes_back(desk)
    desk.goes_on(60)
    assert [desk.sheet.calls.count(call) for call in ("marked", "look", "mark")] == [1, 1, 0]
    assert not desk.state.marks


def test_a_note_that_has_come_back_stays_where_it_is_to_be_told_again(desk: Desk) -> None:
    row = desk.sheet.tabs["orders"].rows[0]
    row.notes, row.colours = {"Quantity": f"Twinsheet: {REASON}"}, {"Quantity": REJECTED}
    comes_back(desk)
    refuse(desk, "many")
    desk.goes_on(5)
    assert row.notes == {"Quantity": f"Twinsheet: {REASON}"}
    assert [(mark.column, mark.is_sure) for mark in desk.state.marks.values()] == [("quantity", True)]


@pytest.mark.parametrize("transactions", range(2, 12))
def test_a_note_that_has_come_back_with_its_row_goes_whenever_the_writer_dies(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, transactions: int
) -> None:
    row = desk.sheet.tabs["orders"].rows[0]
    row.notes, row.colours = {"Quantity": f"Twinsheet: {REASON}"}, {"Quantity": REJECTED}
    comes_back(desk)
    dies_after(desk, monkeypatch, transactions)
    assert not row.notes
    assert not desk.state.marks


def test_a_note_is_known_as_long_as_it_stands_beside_its_row_whatever_was_read_of_places_before(desk: Desk) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    link, tab = LINKS["orders"], desk.sheet.tabs["orders"]
    target = SheetTarget.of(link, desk.state.links["orders"])
    row = tab.rows.pop(0)
    places = desk.sheet.read_positions(target)
    tab.rows.insert(0, row)  # somebody has undone the delete, while we stood still
    writer = MarkWriter(link, desk.store, desk.marks, desk.watch, lambda _: True, lambda _: None)
    writer.wake_all()
    for _ in range(3):
        writer.work(target, places, fresh=True)
    assert row.notes == {"Quantity": f"Twinsheet: {REASON}"}
    assert set(desk.state.marks) == {("orders", "r_1", "quantity")}


def test_a_note_that_stands_beside_another_id_when_it_is_to_go_is_looked_for(desk: Desk) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    tab = desk.sheet.tabs["orders"]
    tab.rows[0].row_id = "r_2"
    tab.rows.insert(0, FakeRow("r_1"))  # contents, and what is beside them, were sorted past their ids
    with desk.store.begin() as tx:
        tx.mend_rejections("orders", [("r_1", "quantity")])
    desk.publishes_outbox()
    desk.goes_on(10)
    assert not tab.rows[1].notes


def sort_past_ids(tab: FakeTab) -> None:
    """What is beside the contents goes with them."""
    ids = [row.row_id for row in tab.rows]
    tab.rows.reverse()
    for row, row_id in zip(tab.rows, ids, strict=True):
        row.row_id = row_id


def test_a_note_that_goes_with_its_contents_in_the_instant_in_which_it_is_to_go_is_looked_for(desk: Desk) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    tab = desk.sheet.tabs["orders"]
    tab.rows.append(FakeRow("r_2"))
    with desk.store.begin() as tx:
        tx.mend_rejections("orders", [("r_1", "quantity")])
    desk.publishes_outbox()
    desk.marks.before_mark = lambda: sort_past_ids(tab)
    desk.goes_on(10)
    assert [row.notes for row in tab.rows] == [{}, {}]
    assert not desk.state.marks


def test_a_note_that_goes_with_its_contents_between_search_and_look_is_searched_for_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    tab, search = desk.sheet.tabs["orders"], desk.marks.marked
    tab.rows += [FakeRow("r_8", {}, None, dict(tab.rows[0].notes)), FakeRow("r_9")]

    def sorts_past_ids_after_the_search(target: SheetTarget) -> list[int]:
        found = search(target)
        monkeypatch.setattr(desk.marks, "marked", search)
        tab.rows[1].notes, tab.rows[2].notes = tab.rows[2].notes, tab.rows[1].notes
        return found

    monkeypatch.setattr(desk.marks, "marked", sorts_past_ids_after_the_search)
    desk.watch.at += LOOK_OVER_S
    desk.goes_on(10)
    assert [set(row.notes) for row in tab.rows] == [{"Quantity"}, set(), set()]


def test_a_note_beside_a_cell_that_is_not_linked_is_a_persons_copy_and_is_not_searched_for_again_and_again(
    desk: Desk,
) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    tab = desk.sheet.tabs["orders"]
    tab.rows.append(FakeRow("r_9", {}, None, {"Own": tab.rows[0].notes["Quantity"]}))
    desk.watch.at += LOOK_OVER_S
    before = len(desk.sheet.calls)
    desk.goes_on(60)
    assert tab.rows[1].notes
    assert desk.sheet.calls[before:].count("marked") == 2


@pytest.mark.parametrize("transactions", range(4, 20))
def test_a_note_beside_another_id_is_looked_for_although_the_writer_dies_when_it_has_found_none_to_remove(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, transactions: int
) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    tab = desk.sheet.tabs["orders"]
    tab.rows[0].row_id = "r_2"
    tab.rows.insert(0, FakeRow("r_1"))  # contents, and what is beside them, were sorted past their ids
    with desk.store.begin() as tx:
        tx.mend_rejections("orders", [("r_1", "quantity")])
    desk.publishes_outbox()
    dies_after(desk, monkeypatch, transactions)
    assert not tab.rows[1].notes
    assert not desk.state.marks


def test_a_note_that_a_person_removed_is_searched_for_once_also_in_a_row_that_shows_another(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.put_rejections("orders", [RejectionEntry("r_1", ("1",), "notes", "long", "too long")])
    refuse(desk, "many")
    desk.goes_on(3)
    row = desk.sheet.tabs["orders"].rows[0]
    del row.notes["Quantity"]
    with desk.store.begin() as tx:
        tx.mend_rejections("orders", [("r_1", "quantity")])
    desk.publishes_outbox()
    before = len(desk.sheet.calls)
    desk.goes_on(60)
    assert set(row.notes) == {"Notes"}
    assert set(desk.state.marks) == {("orders", "r_1", "notes")}
    assert desk.sheet.calls[before:].count("marked") == 1


def test_nothing_is_marked_while_the_link_is_paused(desk: Desk) -> None:
    with desk.store.begin() as tx:
        tx.set_link_state("orders", "paused", None)
    refuse(desk, "many")
    desk.goes_on(5)
    assert not desk.sheet.tabs["orders"].rows[0].notes
    with desk.store.begin() as tx:
        tx.set_link_state("orders", "live", None)
    desk.log.append(TABLE_CHANGED, "orders", {"kind": "link", "link": "orders"})
    desk.goes_on(5)
    assert desk.sheet.tabs["orders"].rows[0].notes


def test_what_google_refuses_to_mark_never_holds_the_link(desk: Desk) -> None:
    refuse(desk, "many")
    desk.marks.before_mark = lambda: desk.sheet.fail_next(SheetsRefused("the range is protected"))
    desk.goes_on(5)
    desk.changes("orders", "from the table")
    desk.goes_on(5)
    assert desk.state.links["orders"].state == "live"
    assert desk.shown("orders") == "from the table"


def test_a_sign_in_that_google_refuses_holds_no_link_and_all_goes_on_when_it_is_mended(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise SignInRefused("Google does not let us sign in: invalid_grant.")

    with monkeypatch.context() as revoked:
        revoked.setattr(desk.sheet, "_call", refused)
        desk.changes("orders", "from the table")
        desk.goes_on(600)
        assert desk.shown("orders") == "fragile"
    desk.goes_on(120)
    assert desk.state.links["orders"].state == "live"
    assert desk.shown("orders") == "from the table"


def test_a_settled_conflict_is_told_until_its_cell_changes(desk: Desk) -> None:
    entry = ConflictEntry("r_1", ("1",), "notes", None, "mine", "theirs", "table", "last_write_wins")
    desk.sheet.tabs["orders"].type(2, "Notes", ROW["notes"])
    desk.changes("orders", "theirs")
    desk.goes_on(3)
    with desk.store.begin() as tx:
        tx.add_conflicts("orders", [entry])
    desk.publishes_outbox()
    desk.goes_on(3)
    row = desk.sheet.tabs["orders"].rows[0]
    assert row.notes["Notes"].startswith('Twinsheet: conflict 1: "theirs" in the table replaced "mine" in the sheet')
    desk.changes("orders", "later")
    desk.goes_on(3)
    assert (row.notes, row.colours) == ({}, {})


def test_a_note_whose_row_got_another_id_is_cleared_away_with_the_row_that_it_was_for(desk: Desk) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    row = desk.sheet.tabs["orders"].rows[0]
    assert row.notes
    row.row_id = "r_7"  # somebody has pasted another row over it
    with desk.store.begin() as tx:
        tx.mend_rejections("orders", [("r_1", "quantity")])
    desk.publishes_outbox()
    desk.goes_on(10)
    assert (row.notes, row.colours) == ({}, {})
    assert not desk.state.marks


def test_rows_that_moved_are_looked_over_soon_where_the_link_shows_marks(desk: Desk) -> None:
    refuse(desk, "many")
    desk.goes_on(3)
    tab = desk.sheet.tabs["orders"]
    tab.rows.append(FakeRow("r_9", {}, None, dict(tab.rows[0].notes), dict(tab.rows[0].colours)))
    desk.log.append(SHEET_OBSERVED, "orders", {"kind": "structure"})
    desk.goes_on(MOVED_LOOK_OVER_S + 3)
    assert (tab.rows[1].notes, tab.rows[1].colours) == ({}, {})


def test_what_is_to_be_told_of_a_row_that_has_just_come_is_told_also_where_google_fails_as_it_is_looked_for(
    desk: Desk,
) -> None:
    desk.changes("orders", "changed in the table")
    desk.goes_on(5)  # the writer knows where the rows stand
    desk.sheet.tabs["orders"].rows.append(FakeRow("r_2", {"Order no.": SheetCell(2), "Quantity": SheetCell("many")}))
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_2", order_no="2")])
        tx.put_rejections("orders", [RejectionEntry("r_2", ("2",), "quantity", "many", REASON)])
    desk.publishes_outbox()
    desk.sheet.fail_next(SheetsUnavailable("503"))
    desk.goes_on(30)
    assert "not a whole number" in desk.sheet.tabs["orders"].rows[1].notes["Quantity"]


def test_what_is_to_be_told_of_a_row_that_the_tab_does_not_hold_costs_no_more_than_a_look(desk: Desk) -> None:
    refuse(desk, "many")
    desk.sheet.tabs["orders"].rows[0].row_id = "r_7"
    desk.goes_on(30)
    assert len(desk.sheet.calls) < 10


@pytest.mark.parametrize("refusal", [SheetsUnavailable("503"), ReplyLost("cut off")])
def test_what_a_marking_replaced_by_mistake_is_given_back_however_often_google_refuses(
    desk: Desk, refusal: TwinsheetError
) -> None:
    tab = desk.sheet.tabs["orders"]
    tab.rows.append(FakeRow("r_2", {}, None, {"Quantity": "of row 2"}, {"Quantity": "#00ff00"}))

    def mistaken() -> None:
        tab.move_row(3, before=2)
        desk.marks.before_mark = lambda: desk.sheet.fail_next(refusal)

    desk.marks.before_mark = mistaken
    refuse(desk, "many")
    desk.goes_on(90)
    assert tab.rows[0].notes == {"Quantity": "of row 2"}
    assert tab.rows[0].colours == {"Quantity": "#00ff00"}
    assert tab.rows[1].notes == {"Quantity": "Twinsheet: quantity: many is not a whole number"}


def test_a_backlog_is_not_planned_for_before_there_is_a_token_to_write_it_with(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders, tab = LINKS["orders"], desk.sheet.tabs["orders"]
    numbers = [str(i) for i in range(2, 302)]
    for number in numbers:
        desk.state.table(orders).rows[number,] = {**ROW, "order_no": number}
    planned: list[int] = []
    plan_write = sheet_tx.plan_write

    def counted(tx: Any, request: sheet_tx.PlanRequest, *rest: Any) -> sheet_tx.PlanOutcome:
        planned.append(len(request.keys))
        return plan_write(tx, request, *rest)

    monkeypatch.setattr(sheet_tx, "plan_write", counted)
    monkeypatch.setattr(desk.watch, "wait_s", lambda *_asked, **_how: 2.0, raising=False)
    keys = [[number] for number in numbers]
    with desk.store.begin() as tx:
        prints = [[list(key), print_of(row)] for key, row in tx.rows(orders, [(n,) for n in numbers]).items()]
    body = {"kind": "rows", "keys": keys, "kinds": "i" * len(keys), "prints": prints}
    desk.log.append(TABLE_CHANGED, "orders", body)
    desk.goes_on(20)
    assert planned == []
    assert len(tab.rows) == 1
    monkeypatch.undo()
    desk.goes_on(20)
    assert len(tab.rows) == 301


def test_a_quiet_links_change_waits_for_no_more_than_one_write_of_a_busy_link(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    swap = desk.sheet.swap

    def watched(target: SheetTarget, write: SwapWrite) -> SwapAnswer:
        sent.append(target.link)
        desk.changes("orders", f"busy {len(sent)}")
        if len(sent) == 3:
            desk.changes("altered", "quiet")
        return swap(target, write)

    for tab in desk.sheet.tabs.values():
        tab.rows[0].cells["Notes"] = SheetCell("fragile")
    monkeypatch.setattr(desk.sheet, "swap", watched)
    desk.changes("orders", "busy")
    desk.goes_on(12)
    assert sent[:6] == ["orders", "orders", "orders", "altered", "orders", "orders"]
    assert desk.shown("altered") == "quiet"


def test_a_quiet_links_change_behind_a_flood_of_events_is_seen_before_the_flood_is_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    swap = desk.sheet.swap

    def watched(target: SheetTarget, write: SwapWrite) -> SwapAnswer:
        sent.append(target.link)
        return swap(target, write)

    for tab in desk.sheet.tabs.values():
        tab.rows[0].cells["Notes"] = SheetCell("fragile")
    monkeypatch.setattr(desk.sheet, "swap", watched)
    for change in range(2000):
        desk.changes("orders", f"busy {change}")
    desk.changes("altered", "quiet")
    desk.goes_on(2)
    assert sent == ["orders", "altered"]
    assert (desk.shown("orders"), desk.shown("altered")) == ("busy 1999", "quiet")


def test_rows_that_come_next_are_asked_about_while_a_write_is_on_its_way(desk: Desk) -> None:
    rows = KNOWN_ROWS_MAX + 700
    for number in range(2, rows + 1):
        desk.state.table(LINKS["orders"]).rows[str(number),] = {**ROW, "order_no": str(number)}
    desk.changes("orders", "new")
    desk.writer.compare(["orders"])
    desk.goes_on(1)
    assert desk.shown("orders") == "new"
    assert len(desk.questions()) == rows - 1
    desk.publishes_outbox()
    desk.goes_on(3)
    assert len(desk.sheet.tabs["orders"].rows) == rows
    assert len(desk.questions()) == rows - 1, "once each"


def test_rows_are_asked_about_ahead_in_the_order_in_which_they_will_stand(desk: Desk) -> None:
    keys: list[Key] = [("9",), ("10",), ("8",)]
    for key in sorted(keys):
        desk.state.table(LINKS["orders"]).rows[key] = {**ROW, "order_no": key[0]}
    desk.store.run(lambda tx: sheet_asking.ask_ahead(tx, LINKS["orders"], keys))
    asked = [tuple(row["key"]) for _, _, body in desk.state.outbox for row in body["rows"]]
    assert asked == keys


@pytest.mark.parametrize("known", [True, False])
def test_rows_that_hold_much_go_out_in_requests_of_two_megabytes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    orders, keys, long = LINKS["orders"], [(str(number),) for number in range(101, 251)], "ä" * 25_000
    rows = {key: {**ROW, "order_no": key[0]} for key in keys}
    if known:
        with desk.store.begin() as tx:
            tx.save_bases("orders", [make_base(f"r_{key[0]}", key=key, **row) for key, row in rows.items()])
        desk.sheet.tabs["orders"].rows += [FakeRow(f"r_{key[0]}", shown_cells(row)) for key, row in rows.items()]
    rows = {key: {**row, "notes": long} for key, row in rows.items()}
    desk.state.table(orders).rows.update(rows)
    sent: list[int] = []
    swap = desk.sheet.swap

    def weighed(target: SheetTarget, write: SwapWrite) -> SwapAnswer:
        values = [c.value for c in write.cells] + [v for row in write.inserts for v in row.cells.values()]
        sent.append(len("".join(str(value) for value in values).encode()))
        return swap(target, write)

    monkeypatch.setattr(desk.sheet, "swap", weighed)
    prints = [[list(key), print_of(row)] for key, row in rows.items()]
    body = {"kind": "rows", "keys": [list(key) for key in keys], "kinds": ("u" if known else "i") * len(keys)}
    desk.log.append(TABLE_CHANGED, "orders", body | {"prints": prints})
    desk.goes_on(30)
    shown = [row.cells["Notes"].value for row in desk.sheet.tabs["orders"].rows if "Notes" in row.cells]
    assert shown.count(long) == len(keys)
    assert max(sent) < 2_000_000


def test_rows_of_a_comparison_wait_a_moment_for_those_that_the_feed_is_about_to_tell_of(desk: Desk) -> None:
    rows = KNOWN_ROWS_MAX + 700
    for number in range(2, rows + 1):
        desk.state.table(LINKS["orders"]).rows[str(number),] = {**ROW, "order_no": str(number)}
    desk.writer.compare(["orders"])
    for _ in range(5):
        desk.writer.step(0)
    assert len(desk.questions()) == rows - 1, "all are asked about before any is written"
    first = desk.state.outbox[0]
    desk.log.append(first[0], first[1], {**first[2], "rows": first[2]["rows"][:3]})
    for _ in range(5):
        desk.watch.at += FILL_PAUSE_S
        desk.writer.step(0)
    assert len(desk.sheet.tabs["orders"].rows) == 1, "three rows would go out alone"
    desk.watch.at += FILL_WAIT_S
    desk.writer.step(0)
    assert len(desk.sheet.tabs["orders"].rows) == 4, "nobody waits for ever"


def test_a_change_waits_for_no_rows_of_a_comparison(desk: Desk) -> None:
    for number in range(2, 50):
        desk.state.table(LINKS["orders"]).rows[str(number),] = {**ROW, "order_no": str(number)}
    desk.writer.compare(["orders"])
    desk.writer.step(0)
    desk.changes("orders", "new")
    desk.writer.step(0)
    assert desk.shown("orders") == "new"


@pytest.mark.parametrize(("state", "asked"), [("live", {("2",)}), ("paused", set()), ("held", set())])
def test_only_rows_that_no_base_knows_are_asked_about_ahead_and_of_a_live_link(
    desk: Desk, state: str, asked: set[Key]
) -> None:
    desk.state.table(LINKS["orders"]).rows["2",] = {**ROW, "order_no": "2"}
    with desk.store.begin() as tx:
        tx.set_link_state("orders", state, None)
    keys = [("1",), ("2",), ("3",)]
    assert desk.store.run(lambda tx: sheet_asking.ask_ahead(tx, LINKS["orders"], keys)) == asked
    assert len(desk.questions()) == len(asked)
