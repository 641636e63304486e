"""What a scanner tells the others of."""

from __future__ import annotations

from dataclasses import replace
from itertools import count, pairwise
from typing import Any

import pytest
from core_makers import LINK, saw
from scan_desk import ROWS, Desk

from core.errors import SheetsRefused, SheetsUnavailable, SignInRefused
from core.events import SHEET_OBSERVED
from core.model import SheetCell, Stamp
from core.sheet import OPEN_END
from producers.scan_judging import COPIED_ROWS
from producers.scan_tab import ANEW_MAX
from tests.fakes.sheet import FakeRow, held


@pytest.fixture(params=[0, 7], ids=["in one read", "in pieces"])
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def wait(desk: Desk, row_id: str, reason: str) -> None:
    """An edit event has told of a cell of that row, and it waits."""
    with desk.store.begin() as tx:
        tx.put_waiting("orders", [(saw("customer", "Bea", row_id=row_id), reason)])


def missing(desk: Desk) -> set[str]:
    """What the scans of the next minutes miss."""
    desk.scans()
    return {row_id for body in desk.published for row_id in body.get("missing", ())}


@pytest.mark.parametrize("reason", ["incomplete", "intent"])
def test_a_row_that_waits_and_was_deleted_before_a_scan_saw_it_is_missed(desk: Desk, reason: str) -> None:
    wait(desk, "r_new", reason)
    assert missing(desk) == {"r_new"}


def test_a_row_that_waits_and_stands_in_the_tab_is_told_whole_and_not_missed(desk: Desk) -> None:
    wait(desk, "r_new", "intent")
    cells = {header: cell for header, value in {"Customer": "Bea", "Quantity": 2}.items() if (cell := held(value))}
    desk.tab.rows.append(FakeRow("r_new", cells))
    assert not missing(desk)
    told = {cell["column"]: cell["value"] for body in desk.published for cell in body["cells"]}
    assert told == {"Customer": "Bea", "Quantity": 2}


def test_a_missing_row_is_told_with_the_last_write_that_base_knew_of_when_the_tab_was_held_against_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = desk.sheet.read_spans

    def settled_meanwhile(*args: Any, **asked: Any) -> Any:
        desk.tab.stamp = Stamp(n=desk.tab.stamp.n + 1)
        with desk.store.begin() as tx:
            tx.note_settled("orders", desk.tab.stamp.n)
        return read(*args, **asked)

    monkeypatch.setattr(desk.sheet, "read_spans", settled_meanwhile)
    desk.tab.rows.pop()
    assert missing(desk) == {f"r_{ROWS}"}
    told = [body for body in desk.published if body.get("missing")]
    assert all(body["settled_n"] == body["stamp"]["n"] - 1 for body in told)


def test_rows_that_stay_unclear_are_looked_at_twice_soon_and_then_as_seldom_as_any_others() -> None:
    desk = Desk()
    wait(desk, "r_new", "incomplete")
    desk.tab.rows.append(FakeRow("r_new", {"Quantity": SheetCell(2)}))
    desk.tab.stamp = Stamp(n=1)  # a write that base does not know of
    desk.scans()
    assert desk.sheet.calls.count("read_spans") <= 7, "in five minutes"


@pytest.mark.parametrize(("rows", "looks"), [(COPIED_ROWS, 2), (COPIED_ROWS + 1, 1)])
def test_rows_that_a_copy_of_ours_has_just_brought_by_the_hundreds_are_not_looked_at_again_soon(
    rows: int, looks: int
) -> None:
    desk = Desk()
    desk.tab.grid_rows += rows
    desk.tab.rows += [FakeRow(f"r_new{i}", {"Quantity": SheetCell(2)}) for i in range(rows)]
    desk.tab.stamp = Stamp(n=1)  # a write that base does not know of
    assert steps(desk, 50).count("read_spans") == looks, "in five seconds"


def test_a_known_row_whose_cell_waits_is_not_missed_while_it_stands_in_the_tab(desk: Desk) -> None:
    wait(desk, "r_1", "intent")
    assert not missing(desk)


def test_a_sign_in_that_google_refuses_holds_no_link_and_is_told_as_trouble(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise SignInRefused("Google does not let us sign in: invalid_grant.", "Sign in again.")

    with monkeypatch.context() as revoked:
        revoked.setattr(desk.sheet, "_call", refused)
        desk.scans()
        assert "Sign in again." in desk.scanner.trouble
    assert desk.state.links["orders"].state == "live"
    wait(desk, "r_new", "intent")
    assert missing(desk) == {"r_new"}
    assert not desk.scanner.trouble


# --- a tab that one read does not take ---------------------------------------------------------


def steps(desk: Desk, count: int) -> list[str]:
    """What is called in so many steps, each some moments after the one before."""
    before = len(desk.sheet.calls)
    for _ in range(count):
        desk.watch.at += 0.1
        desk.scanner.step(0)
    return desk.sheet.calls[before:]


def spans(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Rows that will have been read, with whether all ids were."""
    asked: list[Any] = []
    read = desk.sheet.read_spans

    def noted(target: Any, spans: Any, *, with_ids: bool = False) -> Any:
        asked.append((list(spans), with_ids))
        return read(target, spans, with_ids=with_ids)

    monkeypatch.setattr(desk.sheet, "read_spans", noted)
    return asked


def test_a_tab_that_one_read_takes_is_read_once_a_minute_and_a_larger_one_piece_by_piece_and_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small, large = Desk(), Desk(rows_at_once=10)
    small_asked, large_asked = spans(small, monkeypatch), spans(large, monkeypatch)
    large.tab.grid_rows = 40
    for desk in (small, large):
        steps(desk, 300)
    assert len(small_asked) == 1
    pieces = [([(first, first + 9)], first == 1) for first in (1, 11, 21, 31)]
    assert large_asked == [*pieces, ([(32, OPEN_END)], True)]
    assert "orders" in large.state.scanned


def test_below_a_blank_piece_the_pieces_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(rows_at_once=40)
    asked = spans(desk, monkeypatch)
    desk.tab.grid_rows = 3000
    steps(desk, 30)
    assert [rows for rows, _ in asked[:8]] == [
        [(1, 40)], [(1, 40)], [(41, 80)], [(81, 160)], [(161, 320)], [(321, 640)], [(641, 1280)], [(1281, 1920)],
    ]  # fmt: skip
    assert [with_ids for _, with_ids in asked[:3]] == [False, True, False], "nobody knew that one read is too little"


def test_a_tab_that_has_shrunk_is_read_whole_again(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(rows_at_once=40)
    asked = spans(desk, monkeypatch)
    desk.tab.grid_rows = 3000
    while "orders" not in desk.state.scanned:
        steps(desk, 1)
    desk.tab.grid_rows = 20
    steps(desk, 3000)
    assert asked[-2:] == [([(1, 40)], False)] * 2


def test_a_piece_that_google_does_not_answer_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(rows_at_once=10)
    asked = spans(desk, monkeypatch)
    steps(desk, 2)
    desk.sheet.fail_next(SheetsUnavailable("503"))
    steps(desk, 300)
    assert [rows for rows, _ in asked[:4]] == [[(1, 10)], [(11, 20)], [(21, 30)], [(21, 30)]]
    assert "orders" in desk.state.scanned


def test_rows_that_are_moved_begin_a_scan_in_pieces_anew_though_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(rows_at_once=2)
    asked = spans(desk, monkeypatch)
    while "orders" not in desk.state.scanned:
        steps(desk, 8)
        desk.log.append(SHEET_OBSERVED, "orders", {"kind": "structure"})
    assert len([rows for rows, _ in asked if rows == [(1, 2)]]) == 1 + ANEW_MAX


def test_a_row_that_is_deleted_while_the_tab_is_swept_is_told_by_the_scan_that_follows_at_once() -> None:
    desk = Desk(rows_at_once=10)
    steps(desk, 2)
    desk.tab.delete_row(2)
    while "orders" not in desk.state.scanned:
        steps(desk, 1)
    assert not any(body["missing"] for body in desk.published)
    steps(desk, 40)
    assert [body["missing"] for body in desk.published] == [["r_1"]]


def test_rows_that_left_the_grid_during_a_scan_in_pieces_hold_no_link() -> None:
    desk = Desk(rows_at_once=10)
    desk.tab.grid_rows = 1
    steps(desk, 2)
    for _ in range(12):
        desk.tab.delete_row(20)
    desk.scans()
    assert desk.state.links["orders"].state == "live"
    assert "orders" in desk.state.scanned
    assert {row_id for body in desk.published for row_id in body["missing"]} == {f"r_{i}" for i in range(19, 29)}


def test_a_large_tab_is_scanned_a_tenth_of_the_time_unless_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(rows_at_once=10)
    read = desk.sheet.read_spans

    def slowly(*args: Any, **asked: Any) -> Any:
        desk.watch.at += 10.0
        return read(*args, **asked)

    monkeypatch.setattr(desk.sheet, "read_spans", slowly)
    while desk.watch.at < 10_000.0:
        desk.watch.at += 1.0
        desk.scanner.step(0)
    assert len(desk.sheet.calls) * 10.0 == pytest.approx(1000.0, rel=0.2)
    desk.log.append(SHEET_OBSERVED, "orders", {"kind": "rescan"})
    assert steps(desk, 2)


def test_beside_our_own_writes_each_piece_of_a_scan_waits_for_its_share_of_the_time_unless_somebody_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(rows_at_once=10)
    read, began = desk.sheet.read_spans, list[float]()

    def slowly_beside_a_writer(*args: Any, **asked: Any) -> Any:
        began.append(desk.watch.at)
        desk.watch.at += 10.0
        image, n = read(*args, **asked), desk.tab.stamp.n + 1
        desk.tab.stamp = replace(desk.tab.stamp, n=n)
        with desk.store.begin() as tx:
            tx.note_settled("orders", n)
        return image

    monkeypatch.setattr(desk.sheet, "read_spans", slowly_beside_a_writer)
    while desk.watch.at < 2_000.0:
        desk.watch.at += 1.0
        desk.scanner.step(0)
    assert len(began) * 10.0 == pytest.approx(200.0, rel=0.2)
    assert max(later - one for one, later in pairwise(began)) < 200.0, "no rest is taken twice"
    desk.log.append(SHEET_OBSERVED, "orders", {"kind": "rescan"})
    before = len(began)
    steps(desk, 100)
    assert len(began) > before + 5


def test_a_full_tab_of_rows_that_nobody_knows_is_told_lot_by_lot_as_it_is_taken_in() -> None:
    desk = Desk(rows_at_once=7)
    desk.state.bases["orders"].clear()
    for _ in range(60):
        desk.watch.at += 3.0
        desk.scanner.step(0)
        desk.applies()
    told = {cell["row_id"] for body in desk.published for cell in body["cells"]}
    assert told == {f"r_{i}" for i in range(1, 31)}
    assert max(len({cell["row_id"] for cell in body["cells"]}) for body in desk.published) <= 7
    assert not any(body.get("missing") for body in desk.published)


def test_a_write_that_settles_while_a_piece_is_read_is_not_taken_for_an_older_version_of_the_spreadsheet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(rows_at_once=10)
    read, writes = desk.sheet.read_spans, count(1)

    def beside_a_writer(*args: Any, **asked: Any) -> Any:
        image, n = read(*args, **asked), next(writes)
        desk.tab.stamp = replace(desk.tab.stamp, n=n)
        with desk.store.begin() as tx:
            tx.note_settled("orders", n)
        return image

    monkeypatch.setattr(desk.sheet, "read_spans", beside_a_writer)
    assert desk.scans() == "live"
    assert desk.state.checks["orders"] == (desk.state.scanned["orders"], 0)


def test_rows_that_are_deleted_below_a_scan_again_and_again_hold_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(rows_at_once=10)
    read, deleted = desk.sheet.read_spans, count()

    def below(target: Any, spans: Any, *, with_ids: bool = False) -> Any:
        if spans[0][0] > 1 and next(deleted) < 3:
            desk.log.append(SHEET_OBSERVED, "orders", {"kind": "structure", "stamp": {"n": 0, "q": 1, "epoch": 1}})
            raise SheetsRefused("A range exceeds grid limits.")
        return read(target, spans, with_ids=with_ids)

    monkeypatch.setattr(desk.sheet, "read_spans", below)
    assert desk.scans() == "live"
    assert desk.state.checks["orders"] == (desk.state.scanned["orders"], 0)


def test_rows_that_google_never_lets_us_read_hold_the_link_and_are_not_asked_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(rows_at_once=10)
    read = desk.sheet.read_spans

    def refused(target: Any, spans: Any, *, with_ids: bool = False) -> Any:
        if with_ids:
            raise SheetsRefused("Too much.")
        return read(target, spans)

    monkeypatch.setattr(desk.sheet, "read_spans", refused)
    assert desk.scans() == "held"
    assert desk.state.holds["orders"][0] == "sheet_refused"


def test_a_tab_of_which_every_row_was_cleared_holds_the_link_also_where_only_the_last_look_tells() -> None:
    desk = Desk(rows_at_once=6)
    del desk.tab.rows[12:]
    for order in range(13, ROWS + 1):
        del desk.state.bases["orders"][f"r_{order}"], desk.state.table(LINK).rows[(str(order),)]
    for row in desk.tab.rows:
        row.cells.clear()
    assert desk.scans() == "held"
    assert "emptied" in str(desk.state.links["orders"].reason)
