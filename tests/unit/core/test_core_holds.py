"""The sheet writer about a held link: the note that tells why, what too many deletes are, rows that come back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from core_makers import LINK, ROW, Watch, make_base

from app.operate import approve_held
from consumers.sheet_link import Tools
from consumers.sheet_work import GROUP, SheetWork
from core.errors import ReplyLost, SheetsRefused, SheetsUnavailable
from core.events import SHEET_OBSERVED, TABLE_CHANGED
from core.model import Key, SheetCell
from core.ports import HistoryEntry, LinkState
from core.renames import print_of
from core.values import Canonical
from tests.fakes.event_log import FakeEventLog, FakeEventSource
from tests.fakes.meanwhile import all_meanwhile
from tests.fakes.sheet import FakeMarks, FakeRow, FakeSheet, FakeTab, held
from tests.fakes.store import FakeState, FakeStore

FIRST = LINK.headers[0]
ROWS = 60


class Desk:
    """A link with sixty orders on both sides, and a sheet writer at work on it."""

    def __init__(self) -> None:
        self.state, self.log, self.watch, self.sheet = FakeState(), FakeEventLog(1), Watch(), FakeSheet()
        self._published = 0
        self.store = FakeStore(self.state)
        known = [make_base(f"r_{i}", order_no=str(i)) for i in range(1, ROWS + 1)]
        with self.store.begin() as tx:
            tx.put_link(LinkState("orders", "1Ab", 7, "Orders", "shop", "orders", "live", None, 1, 0))
            tx.save_bases("orders", known)
        self.tab = self.sheet.tabs["orders"] = FakeTab(LINK.headers)
        for i in range(1, ROWS + 1):
            self.rows[str(i),] = {**ROW, "order_no": str(i)}
            cell = held(i)
            self.tab.rows.append(FakeRow(f"r_{i}", {FIRST: cell} if cell else {}))
        self.marks = FakeMarks(self.sheet)
        self.writer = self.begin_anew()

    def begin_anew(self) -> SheetWork:
        """A writer that remembers nothing."""
        source = FakeEventSource(
            self.log,
            GROUP,
            [TABLE_CHANGED, SHEET_OBSERVED],
            claim=lambda places: self.store.run(lambda tx: tx.claim_offsets(GROUP, "writer", places)),
        )
        tools = Tools(self.store, self.sheet, self.marks, self.watch, lambda: "r_new", self.watch, all_meanwhile)
        self.writer = SheetWork(source, tools, {"orders": LINK}.get, "writer")
        return self.writer

    def tells(self, body: dict[str, Any]) -> None:
        self.log.append(TABLE_CHANGED, "orders", body)

    def hold(self, reason: str = "The tab is empty.") -> None:
        self.store.run(lambda tx: tx.hold("orders", "tab_emptied", reason))

    def approve(self) -> None:
        self.store.run(lambda tx: approve_held(tx, self.state.links["orders"]))

    def goes_on(self, seconds: int = 10) -> None:
        """Time goes by, and the change feed passes on what processes tell each other."""
        for _ in range(seconds):
            for topic, link, body in self.state.outbox[self._published :]:
                self.log.append(topic, link, body)
            self._published = len(self.state.outbox)
            self.watch.at += 1.0
            self.writer.step(0)

    @property
    def rows(self) -> dict[Key, dict[str, Canonical]]:
        return self.state.table(LINK).rows

    @property
    def notes(self) -> dict[str, str]:
        return self.tab.header_row.notes

    @property
    def guard(self) -> str | None:
        return self.state.holds["orders"][0] if "orders" in self.state.holds else None


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- the note ---------------------------------------------------------------------------------


def test_a_hold_is_told_in_the_header_row_until_the_link_goes_on(desk: Desk) -> None:
    desk.hold()
    desk.goes_on()
    assert desk.notes == {FIRST: "Twinsheet: The tab is empty."}
    calls = len(desk.sheet.calls)
    desk.goes_on(60)
    assert len(desk.sheet.calls) == calls, "it is written once"
    desk.approve()
    desk.goes_on()
    assert desk.notes == {}
    assert desk.store.run(lambda tx: tx.holds("orders")) == []


def test_a_persons_note_on_the_header_stays_below_ours_and_outlives_it(desk: Desk) -> None:
    desk.notes[FIRST] = "ask Ann"
    desk.tab.header_row.colours[FIRST] = "#00ff00"
    desk.hold()
    desk.goes_on()
    assert desk.notes == {FIRST: "Twinsheet: The tab is empty.\n\nask Ann"}
    desk.approve()
    desk.goes_on()
    assert (desk.notes, desk.tab.header_row.colours) == ({FIRST: "ask Ann"}, {FIRST: "#00ff00"})


def test_where_the_tab_has_lost_its_columns_the_note_stands_on_a1_and_else_on_the_first_that_is_left(
    desk: Desk,
) -> None:
    desk.tab.delete_column(FIRST)
    desk.hold()
    desk.goes_on()
    assert desk.notes.keys() == {LINK.headers[1]}
    for header in LINK.headers[1:]:
        desk.tab.delete_column(header)
    desk.approve()
    desk.hold("Something else.")
    desk.goes_on()
    assert desk.notes[""] == "Twinsheet: Something else."


@pytest.mark.parametrize("fault", [ReplyLost("cut off"), SheetsUnavailable("503")])
def test_a_note_whose_writing_failed_is_written_again(desk: Desk, fault: SheetsUnavailable) -> None:
    desk.marks.before_mark = lambda: desk.sheet.fail_next(fault, took_effect=isinstance(fault, ReplyLost))
    desk.hold()
    desk.goes_on(40)
    assert desk.notes == {FIRST: "Twinsheet: The tab is empty."}


def test_a_note_goes_though_the_writer_was_begun_anew_meanwhile(desk: Desk) -> None:
    desk.hold()
    desk.goes_on()
    desk.approve()
    desk.begin_anew().compare(["orders"])
    desk.goes_on()
    assert desk.notes == {}


def test_a_note_that_the_header_row_has_left_behind_is_searched_for(desk: Desk) -> None:
    desk.hold()
    desk.goes_on()
    desk.tab.rows[0].notes[FIRST] = desk.notes.pop(FIRST)  # a header row was put above it
    desk.approve()
    desk.goes_on()
    assert desk.tab.rows[0].notes == {}


def test_a_tab_that_cannot_be_written_to_leaves_the_hold_without_a_note(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise SheetsRefused("The hidden tab is gone.")

    monkeypatch.setattr(desk.marks, "look", refuse)
    desk.hold()
    desk.goes_on()
    assert desk.state.links["orders"].state == "held"
    assert desk.notes == {}


# --- deletes ---------------------------------------------------------------------------------------


def delete(desk: Desk, last: int) -> None:
    """One transaction, told in pieces."""
    keys = [[str(i)] for i in range(1, last + 1)]
    for key in keys:
        del desk.rows[tuple(key)]
    for start in range(0, last, 25):
        some = keys[start : start + 25]
        desk.tells({"kind": "rows", "keys": some, "kinds": "d" * len(some)})


def test_most_rows_of_a_table_gone_hold_the_link_also_where_one_write_shows_a_part_of_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.write_size.KNOWN_ROWS_MAX", 25)
    delete(desk, 40)
    desk.goes_on()
    assert desk.guard == "deleted_in_table"
    assert "40 of 60 rows" in desk.state.holds["orders"][1]
    assert len(desk.tab.rows) == ROWS
    desk.approve()
    desk.goes_on()
    assert len(desk.tab.rows) == 20
    assert desk.state.links["orders"].reason is None


def test_the_approval_of_another_damage_does_not_let_deletes_pass(desk: Desk) -> None:
    desk.hold()
    desk.approve()
    delete(desk, 40)
    desk.goes_on()
    assert desk.guard == "deleted_in_table"


def test_half_of_the_rows_may_go(desk: Desk) -> None:
    delete(desk, 30)
    desk.goes_on()
    assert desk.guard is None
    assert len(desk.tab.rows) == 30


@pytest.mark.parametrize("what", ["truncate", "drop"])
def test_a_table_that_was_emptied_holds_its_link_once_and_not_when_it_is_told_again_later(
    desk: Desk, what: str
) -> None:
    rows = dict(desk.rows)
    desk.rows.clear()
    desk.tells({"kind": "ddl", "what": what})
    desk.goes_on(3)
    assert desk.guard == f"table_{what}"
    (hold,) = desk.store.run(lambda tx: tx.holds("orders"))
    assert (hold.mend or "").startswith("CREATE TABLE")
    desk.rows.update(rows)
    desk.approve()
    desk.tells({"kind": "ddl", "what": what})
    desk.goes_on()
    assert desk.guard is None
    assert len(desk.tab.rows) == ROWS


# --- rows that come back -----------------------------------------------------------------------------


def test_rows_that_are_placed_again_have_the_ids_that_they_had(desk: Desk) -> None:
    del desk.tab.rows[:2]
    with desk.store.begin() as tx:
        tx.save_bases("orders", [replace(make_base(f"r_{i}", gone=True), n=1) for i in (1, 2)])
        rows = [
            {"row_id": f"r_{i}", "key": [str(i)], "kind": "i", "print": print_of(desk.rows[str(i),])} for i in (1, 2)
        ]
        tx.keep_ids("orders", {("1",): "r_1", ("2",): "r_2"})
        tx.send(TABLE_CHANGED, "orders", {"kind": "replan", "link": "orders", "rows": rows})
    desk.goes_on()
    assert desk.tab.row_ids()[-2:] == ["r_1", "r_2"]
    assert desk.state.bases["orders"]["r_1"].key == ("1",)
    assert not desk.state.kept_ids["orders"]


def test_an_id_that_a_live_row_has_is_given_to_no_other(desk: Desk) -> None:
    desk.rows["99",] = {**ROW, "order_no": "99"}
    row = {"row_id": "r_1", "key": ["99"], "kind": "i", "print": print_of(desk.rows["99",])}
    with desk.store.begin() as tx:
        tx.keep_ids("orders", {("99",): "r_1"})
    desk.tells({"kind": "replan", "rows": [row]})
    desk.goes_on()
    assert desk.tab.row_ids()[-1] == "r_new"


def comes_back(desk: Desk, keys: dict[Key, str]) -> None:
    """Rows stand in the table again, under these keys, and are to have the ids in the sheet that they had."""
    desk.rows.update({key: {**ROW, "order_no": key[0], "customer": row_id} for key, row_id in keys.items()})
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base(row_id, gone=True) for row_id in keys.values()])
        tx.keep_ids("orders", keys)


def renames(desk: Desk, pairs: list[tuple[str, str]]) -> None:
    """A program changes keys one after the other in one transaction, and the change feed tells of it."""
    for old, new in pairs:
        desk.rows[new,] = {**desk.rows.pop((old,)), "order_no": new}
    place = {"beginning": 1, "file": "binlog.000001", "pos": 4711, "part": 1}
    renamed = [[[old], [new]] for old, new in pairs]
    keys = sorted({key for pair in pairs for key in pair})
    prints = [[[key], print_of(desk.rows[key,])] for key in keys if (key,) in desk.rows]
    body = {"keys": [[key] for key in keys], "kinds": "u" * len(keys), "renamed": renamed, "prints": prints}
    desk.tells({"kind": "rows", "position": place, **body})


def test_a_row_that_gets_another_key_on_its_way_back_has_its_id_again_all_the_same(desk: Desk) -> None:
    comes_back(desk, {("98",): "r_98"})
    renames(desk, [("98", "0"), ("1", "98"), ("0", "1")])
    desk.goes_on()
    bases = desk.state.bases["orders"]
    assert (bases["r_1"].key, bases["r_98"].key) == (("98",), ("1",))
    assert not desk.state.kept_ids["orders"]


@pytest.mark.parametrize("told", ["i", "d"])
def test_a_row_that_gets_another_key_before_the_feed_has_told_that_it_came_has_its_id_again(
    desk: Desk, told: str
) -> None:
    """The feed may tell as yet of how the row went before."""
    comes_back(desk, {("98",): "r_98"})
    desk.rows["99",] = {**desk.rows.pop(("98",)), "order_no": "99"}
    desk.tells({"kind": "rows", "keys": [["98"]], "kinds": told})
    desk.goes_on(1)
    desk.rows["98",] = desk.rows.pop(("99",))
    renames(desk, [("98", "99")])
    desk.goes_on()
    assert desk.state.bases["orders"]["r_98"].key == ("99",)
    assert desk.tab.row_ids()[-1] == "r_98"
    assert not desk.state.kept_ids["orders"]


def test_of_a_row_that_seems_to_have_left_the_table_on_its_way_back_the_feed_is_asked(desk: Desk) -> None:
    comes_back(desk, {("98",): "r_98"})
    with desk.store.begin() as tx:
        came = HistoryEntry("r_98", ("98",), "order_no", None, "98", "undo", "inserted", event="undo_1")
        tx.add_history("orders", [came])
    del desk.rows["98",]
    desk.tells({"kind": "rows", "keys": [["98"]], "kinds": "i"})
    desk.goes_on()
    assert not desk.state.kept_ids["orders"], "what is asked of that row would wait for ever"
    assert [(h.row_id, h.key, h.old, h.side) for _, h in desk.state.history if h.what == "deleted"] == [
        ("r_98", ("98",), "98", "table")
    ]


def test_what_a_row_held_that_leaves_the_table_on_its_way_back_into_the_tab_is_told(desk: Desk) -> None:
    comes_back(desk, {("98",): "r_98", ("99",): "r_99"})
    with desk.store.begin() as tx:
        first = [HistoryEntry("r_98", ("98",), "notes", "older", None, "table", "deleted", event="write 1")]
        came = {"order_no": "98", "customer": "r_98", "notes": "edited"}
        back = [
            HistoryEntry("r_98", ("98",), c, None, v, "sheet", "inserted", event="msg_1") for c, v in came.items()
        ]
        late = [HistoryEntry("r_98", ("98",), "notes", None, "late", "sheet", "overtaken", event="msg_2")]
        tx.add_history("orders", [*first, *back, *late])
    for key in ("98", "99"):
        del desk.rows[key,]
    told = {"keys": [["98"], ["99"]], "kinds": "dd", "transaction": "t9", "actor": "importer"}
    desk.tells({"kind": "rows", **told})
    desk.goes_on()
    assert not desk.state.kept_ids["orders"]
    went = [h for _, h in desk.state.history if h.what == "deleted"][1:]
    assert {h.column: h.old for h in went if h.row_id == "r_98"} == came
    shared = {c: cell.value for c, cell in make_base("r_99").cells.items()}
    assert {h.column: h.old for h in went if h.row_id == "r_99"} == shared, "nobody tells how it came"
    assert {(h.row_id, h.key, h.new, h.side, h.actor, h.event) for h in went} == {
        (f"r_{key}", (key,), None, "table", "importer", "t9") for key in ("98", "99")
    }


def test_an_id_kept_for_a_key_that_we_took_from_another_row_before_is_not_that_ones(desk: Desk) -> None:
    renamed = [("1", "98")]  # told by the feed once another row stands under the former key
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_1", order_no="1").under(("98",))])
    renames(desk, renamed)
    comes_back(desk, {("1",): "r_99"})
    desk.tells({"kind": "rows", "keys": [["1"]], "kinds": "i"})
    desk.goes_on()
    bases = desk.state.bases["orders"]
    assert (bases["r_1"].key, bases["r_99"].key) == (("98",), ("1",))


def inserts(desk: Desk, row_id: str, key: Key) -> None:
    """The table writer takes a row of the sheet in; the change feed is yet to tell of it."""
    desk.rows[key] = {**ROW, "order_no": key[0]}
    with desk.store.begin() as tx:
        tx.save_bases("orders", [replace(make_base(row_id, order_no=key[0]), former_key=())])
    cells = {c.header: SheetCell(c.codec.to_sheet(desk.rows[key][c.name])) for c in LINK.columns}
    desk.tab.rows.append(FakeRow(row_id, cells))


def test_an_id_goes_along_with_its_key_although_we_have_given_that_key_to_another_row_since(desk: Desk) -> None:
    comes_back(desk, {("98",): "r_98"})
    renames(desk, [("98", "99")])
    inserts(desk, "r_new", ("98",))
    desk.tells({"kind": "rows", "keys": [["98"]], "kinds": "i"})
    desk.goes_on()
    bases = desk.state.bases["orders"]
    assert (bases["r_98"].key, bases["r_new"].key) == (("99",), ("98",))
    assert not desk.state.kept_ids["orders"]


@pytest.mark.parametrize("state", ["live", "paused"])
def test_no_id_is_kept_under_a_key_that_we_have_given_to_another_row_after_the_first_had_left_the_table(
    desk: Desk, state: str
) -> None:
    comes_back(desk, {("98",): "r_98"})
    came_by_an_undo(desk, "r_98", ("98",))
    desk.tells({"kind": "rows", "keys": [["98"]], "kinds": "d"})
    inserts(desk, "r_new", ("98",))
    desk.goes_on()
    assert desk.state.kept_ids["orders"], "the feed is yet to tell of the row that we have inserted"
    desk.state.links["orders"] = replace(desk.state.links["orders"], state=state)
    desk.tells({"kind": "rows", "keys": [["98"]], "kinds": "i"})
    desk.goes_on()
    assert not desk.state.kept_ids["orders"]
    assert deleted(desk) == [("r_98", ("98",), "order_no", "98", "table")]


def test_no_id_is_kept_under_a_key_that_we_have_given_to_another_row_where_the_feed_is_lost_before_it_told_of_that(
    desk: Desk,
) -> None:
    comes_back(desk, {("98",): "r_98", ("99",): "r_99"})
    came_by_an_undo(desk, "r_98", ("98",))
    inserts(desk, "r_new", ("98",))
    desk.tells({"kind": "link", "beginning": 2})
    desk.goes_on()
    assert desk.state.bases["orders"]["r_99"].key == ("99",)
    assert not desk.state.kept_ids["orders"]
    assert deleted(desk) == [("r_98", ("98",), "order_no", "98", "table")]


def test_no_id_is_kept_under_a_key_that_we_have_changed_another_rows_to(desk: Desk) -> None:
    comes_back(desk, {("98",): "r_98"})
    came_by_an_undo(desk, "r_98", ("98",))
    del desk.rows["98",]
    with desk.store.begin() as tx:
        tx.save_bases("orders", [make_base("r_1", order_no="1").under(("98",))])
    renames(desk, [("1", "98")])
    desk.goes_on()
    assert not desk.state.kept_ids["orders"]
    assert deleted(desk) == [("r_98", ("98",), "order_no", "98", "table")]


def test_no_id_is_kept_under_a_key_beside_which_a_live_row_stands(desk: Desk) -> None:
    comes_back(desk, {("98",): "r_98"})
    del desk.rows["1",]  # and nobody has told of it
    renames(desk, [("98", "1")])
    desk.goes_on()
    assert not desk.state.kept_ids["orders"]


def deleted(desk: Desk) -> list[tuple[str, Key | None, str, Canonical, str]]:
    """What the history tells of rows that went."""
    told = [h for _, h in desk.state.history if h.what == "deleted"]
    return [(h.row_id, h.key, h.column or "", h.old, h.side) for h in told]


def came_by_an_undo(desk: Desk, row_id: str, key: Key) -> None:
    with desk.store.begin() as tx:
        came = HistoryEntry(row_id, key, "order_no", None, key[0], "undo", "inserted", event="undo_1")
        tx.add_history("orders", [came])


def test_where_the_feed_is_lost_rows_on_their_way_back_keep_their_ids_or_are_told_to_have_left(
    desk: Desk,
) -> None:
    comes_back(desk, {("98",): "r_98", ("99",): "r_99"})
    came_by_an_undo(desk, "r_98", ("98",))
    desk.rows["97",] = {**desk.rows.pop(("98",)), "order_no": "97"}
    desk.tells({"kind": "link", "beginning": 2})
    desk.goes_on()
    assert desk.state.bases["orders"]["r_99"].key == ("99",)
    assert not desk.state.kept_ids["orders"], "what is asked of that row would wait for ever"
    assert deleted(desk) == [("r_98", ("98",), "order_no", "98", "table")]


def test_a_row_that_leaves_the_table_on_its_way_back_while_the_link_is_paused_is_told_when_it_goes_on(
    desk: Desk,
) -> None:
    comes_back(desk, {("98",): "r_98"})
    came_by_an_undo(desk, "r_98", ("98",))
    desk.state.links["orders"] = replace(desk.state.links["orders"], state="paused")
    del desk.rows["98",]
    desk.tells({"kind": "rows", "keys": [["98"]], "kinds": "d"})
    desk.goes_on()
    desk.state.links["orders"] = replace(desk.state.links["orders"], state="live")
    desk.tells({"kind": "link"})
    desk.goes_on()
    assert not desk.state.kept_ids["orders"], "what is asked of that row would wait for ever"
    assert deleted(desk) == [("r_98", ("98",), "order_no", "98", "table")]
