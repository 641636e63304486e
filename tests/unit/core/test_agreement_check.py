"""After each scan both sides are compared: identical as of when, and what differs that no event explains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from core_makers import LINK, make_base
from scan_desk import ROWS, TARGET, Desk

from core.agreement import LASTS_S, SEEN_MAX, TOLD_MAX, judge, told
from core.compare import Difference
from core.errors import MysqlRefused, TwinsheetError, Unfit
from core.events import TABLE_CHANGED
from core.model import Key, Link, SheetCell
from core.ports import RejectionEntry, TableRow
from core.sheet import SheetTarget, Span, TabImage
from producers import agreement_check
from tests.fakes.sheet import FakeRow
from tests.fakes.store import FakeStore

FIVE = Difference("r_1", ("1",), "quantity", "5", "6")
SIX = Difference("r_1", ("1",), "quantity", "6", "7")


@pytest.fixture(params=[0, 7], ids=["in one read", "in pieces"])
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def wander_off(desk: Desk, quantity: str = "7") -> None:
    """The table changes, and nobody is ever told."""
    desk.state.table(LINK).rows["1",]["quantity"] = quantity


def handed_on(desk: Desk) -> list[str]:
    """Kinds of the messages to the sheet writer."""
    return [body["kind"] for topic, _, body in desk.state.outbox if topic == TABLE_CHANGED]


def test_two_equal_sides_are_identical_as_of_the_last_scan(desk: Desk) -> None:
    desk.scans()
    assert desk.state.checks["orders"] == (desk.state.scanned["orders"], 0)


def test_a_difference_that_outlasts_all_events_is_counted_and_handed_to_the_planner(desk: Desk) -> None:
    wander_off(desk)
    desk.scans()
    assert desk.state.checks["orders"] == (None, 1)
    assert set(handed_on(desk)) == {"link"}


def test_it_is_no_longer_counted_once_it_is_mended_and_identical_moves_on(desk: Desk) -> None:
    wander_off(desk)
    desk.scans()
    wander_off(desk, "3")
    desk.scans()
    assert desk.state.checks["orders"] == (desk.state.scanned["orders"], 0)


def test_a_row_that_only_the_table_or_only_the_sheet_has_is_a_difference(desk: Desk) -> None:
    desk.state.table(LINK).rows["77",] = {**desk.state.table(LINK).rows["1",], "order_no": "77"}
    desk.scans()
    assert desk.state.checks["orders"] == (None, len(LINK.columns))
    del desk.state.table(LINK).rows["77",], desk.state.table(LINK).rows["30",]
    desk.scans()
    assert desk.state.checks["orders"] == (None, 6), "the cells that are filled"


def test_while_events_are_on_their_way_a_difference_is_nobodys_fault(desk: Desk) -> None:
    desk.queues.rests = False
    wander_off(desk)
    desk.scans()
    assert desk.state.checks["orders"] == (None, 0)
    assert handed_on(desk) == []


@pytest.mark.parametrize("is_followed", [False, True])
def test_a_difference_that_a_change_has_brought_back_while_both_were_read_is_nobodys_fault(
    desk: Desk, *, is_followed: bool
) -> None:
    desk.queues.follows, desk.queues.changes = is_followed, 1
    wander_off(desk)
    desk.scans()
    assert desk.state.checks["orders"] == (None, 0)
    assert handed_on(desk) == []


def test_a_row_that_both_sides_get_while_the_tab_is_swept_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(7)
    read, row = desk.sheet.read_spans, FakeRow("r_77", desk.tab.row(2).cells | {"Order no.": SheetCell(77)})

    def come(*, there: bool) -> None:
        table = desk.state.table(LINK).rows
        desk.tab.rows[ROWS:] = [row] if there else []
        table |= {("77",): table["1",] | {"order_no": "77"}}
        if not there:
            del table["77",]
        with desk.store.begin() as tx:
            tx.save_bases("orders", [make_base("r_77", order_no="77", gone=not there)])

    def read_spans(target: SheetTarget, spans: Sequence[Span], *, with_ids: bool = False) -> TabImage:
        if spans[0][0] == 1:
            come(there=False)
        image = read(target, spans, with_ids=with_ids)
        if spans[0][1] > ROWS:  # the last piece
            come(there=True)
        return image

    monkeypatch.setattr(desk.sheet, "read_spans", read_spans)
    desk.scans()
    assert handed_on(desk) == []
    monkeypatch.undo()
    desk.scans()
    assert desk.state.checks["orders"] == (desk.state.scanned["orders"], 0)


def test_what_the_table_refused_is_known_and_no_difference(desk: Desk) -> None:
    desk.tab.type(2, "Quantity", "many")
    with desk.store.begin() as tx:
        tx.put_rejections("orders", [RejectionEntry("r_1", None, "quantity", "many", "no number")])
    desk.scans()
    assert desk.state.checks["orders"] == (desk.state.scanned["orders"], 0)


def test_the_first_difference_is_looked_at_again_at_once_and_a_lasting_one_only_when_a_scan_is_due() -> None:
    desk = Desk()
    desk.queues.rests = False
    wander_off(desk)
    read_at = []
    for _ in range(200):
        before = len(desk.sheet.calls)
        desk.watch.at += 1.0
        desk.scanner.step(0)
        read_at += [desk.watch.at] * (len(desk.sheet.calls) - before)
    assert [later - earlier for earlier, later in pairwise(read_at)] == [10.0, 60.0, 60.0, 60.0]


def test_a_table_that_takes_long_to_read_is_compared_the_more_rarely(desk: Desk) -> None:
    reads: list[float] = []

    class Slow(FakeStore):
        def read_rows(self, _link: Link) -> Iterator[tuple[Key, TableRow]]:
            reads.append(desk.watch.at)
            desk.watch.at += 10.0
            return iter(())

    check = agreement_check.AgreementCheck(Slow(desk.state), desk.queues, desk.watch)
    image = desk.sheet.read_tab(TARGET)
    while desk.watch.at < 1000.0:
        check.look(LINK, image, (), (), rested=False)
        desk.watch.at += 1.0
    assert len(reads) == pytest.approx(1000.0 * agreement_check.SHARE_MAX / 10.0, abs=1)


@pytest.mark.parametrize("fault", [MysqlRefused("no such table"), Unfit("price: the table returned 1.0")])
def test_a_table_that_cannot_be_read_stops_no_scan(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: TwinsheetError
) -> None:
    def gone(*_: object) -> None:
        raise fault

    for asked in ("read_rows", "read_keys", "look_at_rows"):
        monkeypatch.setattr(desk.store, asked, gone)
    assert desk.scans() == "live"
    assert "orders" not in desk.state.checks
    assert "orders" in desk.state.scanned


def test_only_the_very_same_difference_counts_and_only_when_it_lasts_while_everything_rests() -> None:
    first = judge([FIVE], {}, 100.0, rested=True)
    assert (first.unexplained, first.look_soon, first.identical) == ((), True, False)
    later = 100.0 + LASTS_S
    assert judge([FIVE], first.seen, later, rested=True).unexplained == (FIVE,)
    assert judge([FIVE], first.seen, later, rested=False).unexplained == ()
    assert judge([FIVE], first.seen, later - 1.0, rested=True).unexplained == ()
    assert judge([SIX], first.seen, later, rested=True).unexplained == ()
    assert judge([], first.seen, later, rested=True).identical


def test_while_rows_are_copied_by_the_thousands_the_tab_is_not_looked_at_again_soon() -> None:
    many = [replace(FIVE, row_id=f"r_{i}") for i in range(SEEN_MAX)]
    assert judge(many[1:], {}, 100.0, rested=False).look_soon
    assert not judge(many, {}, 100.0, rested=False).look_soon


def test_a_difference_that_comes_again_after_it_was_gone_is_a_new_one() -> None:
    gone = judge([], judge([FIVE], {}, 100.0, rested=True).seen, 200.0, rested=True)
    assert judge([FIVE], gone.seen, 300.0, rested=True).unexplained == ()


def test_the_log_names_the_first_cells_and_how_many_more_there_are() -> None:
    assert told([FIVE]) == "row 1, quantity: sheet '5', table '6'"
    assert told([FIVE] * TOLD_MAX + [SIX]).endswith("; and 1 more")
