"""What triggers are told of a person's actions, and that they are told of nobody else's."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.google.area import Area
from sandbox.google.cells import Cell
from sandbox.google.document import Document
from sandbox.google.events import Changed, ChangeType, Edited, Event
from sandbox.google.person import (
    AtColumn,
    Clear,
    Copy,
    Edit,
    InTab,
    MoveColumn,
    MoveRows,
    Person,
    RenameHeader,
    RenameTab,
    Restore,
    Rows,
    Sort,
)
from sandbox.google.rest.errors import ApiError
from sandbox.google.store import Store

ANN = "ann@example.com"


class Recorder:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def notify(self, event: Event) -> None:
        self.events.append(event)


class Desk:
    """A person at a spreadsheet of three columns."""

    def __init__(self) -> None:
        self.store, self.recorder = Store(None), Recorder()
        self.person = Person(self.store, self.recorder)
        self.document: Document = self.store.create("T", empty=True)
        with self.document.change("robot"):
            sheet = self.document.add_sheet("Orders", 6, 3, sheet_id=7)
            for row, line in enumerate([["id", "n", "x"], ["r1", "3", ""], ["r2", "1", ""]]):
                for column, text in enumerate(line):
                    sheet.type_in(row, column, text)

    def told(self, action: Callable[[Document, Any], None], model: Any) -> list[Event]:
        self.recorder.events.clear()
        action(self.document, model)
        return self.recorder.events

    def edited(self, area: Area, value: Any = None, old_value: Any = None) -> list[Event]:
        return [
            Edited(self.document.id, 7, area, ANN, value, old_value),
            Changed(self.document.id, ChangeType.EDIT, ANN, 7),
        ]

    def changed(self, change: ChangeType, sheet_id: int | None = 7) -> list[Event]:
        return [Changed(self.document.id, change, ANN, sheet_id)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_script_or_the_api_tells_nobody(desk: Desk) -> None:
    assert desk.recorder.events == []


def test_a_single_cell_tells_its_new_and_old_value(desk: Desk) -> None:
    edit = desk.person.edit
    cell = Area(1, 1, 1, 1)
    assert desk.told(edit, Edit(tab="Orders", range="B2", values=[["7"]])) == desk.edited(cell, 7.0, 3.0)
    assert desk.told(desk.person.clear, Clear(tab="Orders", range="B2")) == desk.edited(cell, None, 7.0)
    assert desk.told(edit, Edit(tab="Orders", range="B2", values=[["a"]])) == desk.edited(cell, "a", None)


def test_several_cells_tell_only_their_range(desk: Desk) -> None:
    paste = Edit(tab="Orders", range="A2", values=[["a", "b"], ["c", None]])
    assert desk.told(desk.person.edit, paste) == desk.edited(Area(1, 0, 2, 2))
    copy = Copy.model_validate({"tab": "Orders", "from": "2:2", "to": "A5"})
    assert desk.told(desk.person.copy, copy) == desk.edited(Area(4, 0, 1, 3))
    header = RenameHeader(tab="Orders", column="C", to="note")
    assert desk.told(desk.person.rename_header, header) == desk.edited(Area(0, 2, 1, 1), "note", "x")


def test_the_structure_tells_what_changed_but_not_where(desk: Desk) -> None:
    person = desk.person
    rows, column = Rows(tab="Orders", at=2), AtColumn(tab="Orders", at="B")
    assert desk.told(person.insert_rows, rows) == desk.changed(ChangeType.INSERT_ROW)
    assert desk.told(person.delete_rows, rows) == desk.changed(ChangeType.REMOVE_ROW)
    assert desk.told(person.insert_column, column) == desk.changed(ChangeType.INSERT_COLUMN)
    assert desk.told(person.delete_column, column) == desk.changed(ChangeType.REMOVE_COLUMN)
    sort = Sort(tab="Orders", range="A2:C3", column="B")
    assert desk.told(person.sort, sort) == desk.changed(ChangeType.OTHER)
    assert desk.told(person.rename_tab, RenameTab(tab="Orders", to="O")) == desk.changed(ChangeType.OTHER)
    with desk.document.change("robot"):
        desk.document.add_sheet("Second")
    assert desk.told(person.delete_tab, InTab(tab="O")) == desk.changed(ChangeType.REMOVE_GRID)


def test_moved_rows_and_columns_tell_both_where_they_hold_data(desk: Desk) -> None:
    def moved(area: Area) -> list[Event]:
        return [Edited(desk.document.id, 7, area, ANN), *desk.changed(ChangeType.OTHER)]

    rows = MoveRows(tab="Orders", at=2, to=4)
    assert desk.told(desk.person.move_rows, rows) == moved(Area(2, 0, 1, 3))
    column = MoveColumn(tab="Orders", at="C", to="A")
    assert desk.told(desk.person.move_column, column) == moved(Area(0, 0, 6, 1))
    empty = MoveRows(tab="Orders", at=6, to=5)
    assert desk.told(desk.person.move_rows, empty) == desk.changed(ChangeType.OTHER)


def test_going_back_tells_that_something_changed(desk: Desk) -> None:
    desk.person.delete_rows(desk.document, Rows(tab="Orders", at=2))
    undo = desk.told(desk.person.undo, Rows(tab="Orders", at=1))
    assert undo == desk.changed(ChangeType.OTHER, None)
    assert desk.told(desk.person.restore_version, Restore(version=1)) == desk.changed(ChangeType.OTHER, None)


def test_what_fails_tells_nothing(desk: Desk) -> None:
    with pytest.raises(ApiError):
        desk.told(desk.person.edit, Edit(tab="Orders", range="nowhere", values=[["x"]]))
    assert desk.recorder.events == []


def test_a_strict_drop_down_list_refuses_what_is_typed_but_not_what_is_pasted(desk: Desk) -> None:
    sheet = desk.document.sheets[0]
    listed = {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "new"}, {"userEnteredValue": "paid"}]}
    with desk.document.change("robot"):
        for row in (1, 2):
            sheet.set_cell(row, 2, Cell(validation={"condition": listed, "strict": True}))
    with pytest.raises(ApiError, match="violates the data validation rules"):
        desk.told(desk.person.edit, Edit(tab="Orders", range="C2", values=[["odd"]]))
    assert sheet.cell(1, 2).value is None
    desk.told(desk.person.edit, Edit(tab="Orders", range="C2", values=[["paid"]]))
    desk.told(desk.person.edit, Edit(tab="Orders", range="C2", values=[["odd"], ["odder"]]))
    assert [sheet.cell(row, 2).value for row in (1, 2)] == ["odd", "odder"]
