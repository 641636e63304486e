"""One cell: what is decided from what sheet, base and table hold. The page docs/planner.md says the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from core_makers import EARLIER, LATER, LINK, NOON, ROW, make_base, order_row, plan, saw, typed_row

from core.intent import PlannedWrite
from core.model import Observed, Stamp
from core.planner import POLICIES, Resolution, Times, Verdict, compare, resolve
from core.ports import TableRow
from core.row_index import RowIndex
from core.settle import settle
from core.sheet import HitRow, Positions, SwapAnswer, SwapWrite
from core.sheet_plan import SheetView, plan_sheet
from core.values import Canonical

_PAGE = Path(__file__).parents[3] / "docs" / "planner.md"


def _same(one: Canonical, other: Canonical) -> bool:
    return one == other


def _lines(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading of the page, without its first two lines."""
    section = _PAGE.read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip().strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row] for row in rows[2:]]


_CELLS = _lines("One cell")
_POLICIES = _lines("A conflict")
_TIMES = {
    "the edit came after the commit": Times(LATER, NOON),
    "the commit came after the edit": Times(EARLIER, NOON),
    "both at the same instant": Times(NOON, NOON),
    "a time is not known": Times(NOON, None),
    "our own write found the edit": Times(None, LATER, newest_is_sheet=True),
    "anything": Times(EARLIER, NOON),
}


@pytest.mark.parametrize("line", _CELLS, ids=lambda line: "".join(line[:3]))
def test_a_cell_is_decided_as_the_page_says(line: list[str]) -> None:
    sheet, base, table, verdict = line[:4]
    assert compare(sheet, base, table, _same) is Verdict(verdict)


def test_the_page_names_every_way_in_which_three_values_can_be_equal_or_not() -> None:
    ways = {tuple(line[:3].index(value) for value in line[:3]) for line in _CELLS}
    assert ways == {(0, 0, 0), (0, 0, 2), (0, 1, 0), (0, 1, 1), (0, 1, 2)}
    assert {line[3] for line in _CELLS} == {v.value for v in Verdict}


@pytest.mark.parametrize("line", _POLICIES, ids=lambda line: f"{line[0]}: {line[1]}")
def test_a_conflict_ends_as_the_page_says(line: list[str]) -> None:
    policy, known, winner, value = line
    decided = resolve(policy, "B", "C", _TIMES[known], lambda: "computed")
    assert (decided.winner, decided.value or "") == (winner, value)


def test_the_page_names_every_policy_and_a_rule() -> None:
    named = {line[0] for line in _POLICIES}
    assert named >= set(POLICIES)
    assert {line[2] for line in _POLICIES} == {"sheet", "table", "none", "rule"}


def _deleted_in_the_sheet(table: TableRow | None) -> str:
    done = plan(base=make_base(), table=table, vanished=True, age=11)
    if done.wake_sheet and done.conflicts:
        return "comes back into the sheet, as a conflict"
    return "deleted in the table" if done.delete else "nothing"


def _deleted_in_the_table(**in_the_sheet: str) -> str:
    places = Positions(Stamp(), {}, RowIndex({"r_1": 5}), 5)
    view = SheetView(LINK, [("1",)], {("1",): make_base()}, {}, places)
    deletes = plan_sheet(view, lambda: "r_new").deletes
    row = order_row(5, "r_1", **in_the_sheet)
    answer = SwapAnswer(Stamp(), (HitRow(0, 5, "r_1", row.cells),))
    found = settle(LINK, PlannedWrite(SwapWrite(1, 1, deletes=tuple(deletes))), answer, {"r_1": make_base()})
    if found.conflicts and plan(*found.unseen, *found.rest, base=found.bases["r_1"]).insert is not None:
        return "comes back into the table, as a conflict"
    return "deleted in the sheet" if found.bases["r_1"].gone else "nothing"


def _new_in_the_sheet(*seen: Observed) -> str:
    done = plan(*seen)
    if done.insert is not None:
        assert "order_no" not in done.insert
        return "inserted into the table; its generated key is written back"
    return "waits, and tells what is missing" if {why for _, why in done.wait} == {"incomplete"} else "nothing"


def _new_in_the_table() -> str:
    view = SheetView(LINK, [("1",)], {}, {("1",): ROW}, Positions(Stamp(), {}, RowIndex(), 1))
    return "inserted into the sheet" if plan_sheet(view, lambda: "r_new").inserts else "nothing"


_ROWS: dict[tuple[str, str], Callable[[], str]] = {
    ("deleted", "unchanged"): lambda: _deleted_in_the_sheet(ROW),
    ("deleted", "changed"): lambda: _deleted_in_the_sheet({**ROW, "notes": "changed"}),
    ("deleted", "deleted"): lambda: _deleted_in_the_sheet(None),
    ("unchanged", "deleted"): _deleted_in_the_table,
    ("edited, unseen", "deleted"): lambda: _deleted_in_the_table(notes="typed"),
    ("new, complete", ""): lambda: _new_in_the_sheet(*typed_row(customer="Bea", quantity=2)),
    ("new, incomplete", ""): lambda: _new_in_the_sheet(*typed_row(customer="Bea")),
    ("", "new"): _new_in_the_table,
}


def test_a_row_is_decided_as_the_page_says() -> None:
    told = {(sheet, table): follows for sheet, table, follows in _lines("A row")}
    assert told == {case: decide() for case, decide in _ROWS.items()}


@pytest.mark.parametrize(
    ("sheet_at", "table_at", "guessed"), [(NOON, LATER, False), (None, LATER, True), (NOON, None, True)]
)
def test_a_time_that_nobody_knows_is_recorded_as_guessed(
    sheet_at: datetime | None, table_at: datetime | None, guessed: bool
) -> None:
    assert resolve("last_write_wins", "B", "C", Times(sheet_at, table_at), lambda: None).time_guessed is guessed


def test_an_edit_that_our_own_write_found_is_the_newest_without_a_guess() -> None:
    times = Times(None, LATER, newest_is_sheet=True)
    assert resolve("last_write_wins", "B", "C", times, lambda: None) == Resolution("sheet", "last_write_wins", "B")


def test_cells_are_compared_as_values_of_their_column_not_as_what_was_typed() -> None:
    for shown in (9.5, "9.50", "9.5"):
        done = plan(saw("price", shown), base=make_base(price="1.00"), table={"price": "9.50"})
        assert not (done.update or done.conflicts)
        assert [(h.old, h.new, h.what) for h in done.history] == [("1.00", "9.50", "agreed")], "nothing was written"
