"""What is told beside cells: which of several reasons, in which words, and what becomes of a person's own note."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from core_makers import LINK, make_base

from core.marks import (
    CONTESTED,
    INCOMPLETE,
    PREFIX,
    REJECTED,
    TEXT_CHARS_MAX,
    Mark,
    amends,
    compose,
    persons_part,
    plan_hold_note,
    plan_marks,
    wanted_marks,
)
from core.model import CellBase, Observed, SheetCell, Stamp
from core.ports import ConflictEntry, NumberedConflict, RejectionEntry, ShownMark, Waiting
from core.sheet import LookedRow, MarksLook, MarkWrite

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
BASES = {"r_1": make_base()}
OPEN = ConflictEntry(
    "r_1", ("1",), "notes", "x", "mine", None, "none", "manual", NOON, NOON, False, "ann@example.com", settled=False
)


def wanted(
    *conflicts: ConflictEntry, rejections: tuple[RejectionEntry, ...] = (), waiting: tuple[str, ...] = ()
) -> dict[str, Mark]:
    """By column, of row r_1."""
    numbered = [NumberedConflict(i, NOON, entry) for i, entry in enumerate(conflicts, start=1)]
    waits = [Waiting(Observed("r_1", c, SheetCell("v"), Stamp(), "edit"), "incomplete", NOON) for c in waiting]
    found = wanted_marks(LINK, rejections, numbered, {"r_1": waits}, BASES)
    assert {row_id for row_id, _ in found} <= {"r_1"}
    return {column: mark for (_, column), mark in found.items()}


def test_an_open_conflict_tells_both_values_who_and_when_in_one_line() -> None:
    mark = wanted(OPEN)["notes"]
    assert mark.colour == CONTESTED
    assert mark.text == (
        'Twinsheet: conflict 1: "mine" by ann@example.com at 2026-05-04 12:00:00 UTC in the sheet,'
        " nothing at 2026-05-04 12:00:00 UTC in the table. Choose in the menu Twinsheet. (manual)"
    )


def test_a_settled_conflict_is_told_only_while_the_cell_holds_what_won() -> None:
    settled = replace(OPEN, settled=True, winner="table", table=BASES["r_1"].cells["notes"].value)
    assert "replaced" in wanted(settled)["notes"].text
    assert wanted(replace(settled, table="since changed")) == {}


@pytest.mark.parametrize("winner", ["sheet", "table", "person"])
def test_a_conflict_that_a_person_has_settled_is_no_news_to_that_person(winner: str) -> None:
    held = BASES["r_1"].cells["notes"].value
    assert wanted(replace(OPEN, settled=True, winner=winner, rule="taken by ann", sheet=held, table=held)) == {}


def test_of_several_conflicts_of_a_cell_the_open_one_is_told() -> None:
    settled = replace(OPEN, settled=True, winner="sheet", sheet=BASES["r_1"].cells["notes"].value)
    assert wanted(OPEN, settled)["notes"].text.startswith("Twinsheet: conflict 1: ")


def test_a_rejection_is_told_rather_than_a_conflict() -> None:
    refused = RejectionEntry("r_1", ("1",), "notes", "v", "notes: too long; 200 characters fit")
    mark = wanted(OPEN, rejections=(refused,))["notes"]
    assert mark == Mark("Twinsheet: notes: too long; 200 characters fit", REJECTED)


def test_an_incomplete_row_tells_its_first_missing_cell() -> None:
    required = [c for c in LINK.columns if c.required]
    filled = tuple(c.name for c in LINK.columns if c.name != required[0].name)
    marks = wanted(waiting=filled)
    assert marks[required[0].name].colour == INCOMPLETE
    assert f"{required[0].header} is missing" in marks[required[0].name].text


def test_a_text_of_several_lines_or_of_any_length_becomes_one_short_line() -> None:
    refused = RejectionEntry("r_1", ("1",), "notes", "v", "a\n\nb " + "long " * 500)
    text = wanted(rejections=(refused,))["notes"].text
    assert text.startswith("Twinsheet: a b long")
    assert "\n" not in text
    assert len(text) == TEXT_CHARS_MAX


def test_columns_that_are_linked_no_longer_are_not_marked() -> None:
    assert wanted(replace(OPEN, column="gone"), rejections=(RejectionEntry("r_1", None, "gone", "v", "no"),)) == {}


@pytest.mark.parametrize("persons", [None, "ask Ann", "two\n\nparagraphs", "Twin sheets"])
def test_a_persons_note_comes_out_of_a_composed_one_as_it_went_in(persons: str | None) -> None:
    assert persons_part(compose(f"{PREFIX} no", persons)) == persons
    assert persons_part(persons) == persons
    assert compose(None, persons) == persons


def test_a_formula_that_won_is_told_with_the_tables_value() -> None:
    base = BASES["r_1"]
    computed = replace(base, cells={**base.cells, "notes": CellBase("mine", formula=True)})
    entry = replace(OPEN, settled=True, winner="sheet", rule="formula", table="theirs")
    found = wanted_marks(LINK, [], [NumberedConflict(7, NOON, entry)], {}, {"r_1": computed})
    assert '"theirs"' in found["r_1", "notes"].text
    assert "(formula)" in found["r_1", "notes"].text


def test_a_note_on_a_header_row_that_was_cleared_whole_owes_nobody_anything() -> None:
    note = plan_hold_note(["Notes"], MarksLook(1, ()), "Twinsheet: held")
    assert note is not None
    assert amends([note], (), MarksLook(1, ())) == []


def test_a_mark_of_a_column_that_is_linked_no_longer_is_forgotten_so_that_nobody_looks_for_it_for_ever() -> None:
    note = "Twinsheet: status: too long"
    row = LookedRow(2, "r_1", notes={"Status": note}, colours={})
    shown = {cell: ShownMark(*cell, note, None) for cell in (("r_1", "status"), ("r_2", "status"))}
    plan = plan_marks({"Status": "stage"}, MarksLook(1, (row,)), {2: "r_1"}, {}, shown)
    assert plan.forget == [("r_1", "status")]
    assert plan.writes == [MarkWrite(2, "r_1", "Status", None, None)]
