"""One cell: what is decided from what sheet, base and table hold. The page docs/planner.md says the same."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from core_makers import EARLIER, LATER, NOON, make_base, plan, saw

from core.model import Canonical
from core.planner import POLICIES, Resolution, Times, Verdict, compare, resolve

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
        assert not (done.update or done.conflicts or done.history)
