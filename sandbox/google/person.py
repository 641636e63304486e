"""A person at the keyboard: does what Google's editor does, and causes what it causes.

Cell edits tell onEdit and onChange triggers, changes of the structure only onChange ones; moved
rows and columns that hold data tell both (https://theappsscriptlab.com/category/apps-script).
Where Google documents no change type (sort, moves, renames, undo, an old version), it is ``OTHER``.
"""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sandbox.google.area import Area, OpenArea, column_index, parse_a1
from sandbox.google.cells import Cell, ErrorValue
from sandbox.google.document import Document, Sheet
from sandbox.google.events import Changed, ChangeType, Edited, Selection, Triggers
from sandbox.google.formats import shown
from sandbox.google.rest.errors import bad_request
from sandbox.google.store import Store

Column = Field(pattern=r"^[A-Za-z]{1,3}$")


class Action(BaseModel):
    """What every action says: who does it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str = "ann@example.com"


class InTab(Action):
    """An action in one tab, which is named by its title."""

    tab: str


class Edit(InTab):
    """Typed or pasted texts."""

    range: str
    values: list[list[str | int | float | bool | None]]


class Clear(InTab):
    """Emptied cells."""

    range: str


class Copy(InTab):
    """Copy and paste."""

    source: str = Field(alias="from")
    to: str


class Rows(InTab):
    """Some rows, counted from 1."""

    at: int = Field(ge=1)
    count: int = Field(default=1, ge=1)


class MoveRows(Rows):
    """Rows dragged to before row ``to``."""

    to: int = Field(ge=1)


class AtColumn(InTab):
    """One column, by its letters."""

    at: str = Column


class MoveColumn(AtColumn):
    """A column dragged to before column ``to``."""

    to: str = Column


class Sort(InTab):
    """The rows of a range sorted by one column."""

    range: str
    column: str = Column
    descending: bool = False


class RenameHeader(InTab):
    """Another header, in row 1."""

    column: str = Column
    to: str


class RenameTab(InTab):
    """Another title of the tab."""

    to: str


class Restore(Action):
    """Back to an old version."""

    version: int


class Person:
    """Carries out what people do in one spreadsheet.

    Args:
        store: the spreadsheets.
        triggers: who is told.
    """

    def __init__(self, store: Store, triggers: Triggers) -> None:
        self._store, self._triggers = store, triggers

    # -- cells -----------------------------------------------------------------------------

    def edit(self, document: Document, action: Edit) -> None:
        """Type into a cell, or paste texts; one text pasted into a range fills it."""
        sheet = self._tab(document, action.tab)
        area = _area(sheet, action.range, clip=False)
        values = action.values
        if len(values) == 1 and len(values[0]) == 1 and not area.single:
            values = [values[0] * area.columns] * area.rows
        area = Area(area.row, area.column, len(values), max((len(line) for line in values), default=0))
        if not area.rows or not area.columns:
            raise bad_request("values must hold at least one cell")

        def typing() -> None:
            _make_room(sheet, area)
            for row, line in enumerate(values, area.row):
                for column, text in enumerate(line, area.column):
                    if text is not None:
                        sheet.type_in(row, column, _as_typed(text))
            if area.single:  # what is pasted gets past the rule of a cell, as at Google
                _check_allowed(sheet.cell(area.row, area.column), area)

        self._edited(document, sheet, area, action.user, typing)

    def clear(self, document: Document, action: Clear) -> None:
        """Select cells and press Delete."""
        sheet = self._tab(document, action.tab)
        area = _area(sheet, action.range)
        self._edited(document, sheet, area, action.user, lambda: sheet.clear(area))

    def copy(self, document: Document, action: Copy) -> None:
        """Copy and paste; pasting past the end of the grid makes it larger."""
        sheet = self._tab(document, action.tab)
        source, to = _area(sheet, action.source), _area(sheet, action.to, clip=False)
        target = Area(to.row, to.column, source.rows, source.columns)
        if not target.rows or not target.columns:
            raise bad_request("There is nothing to copy in that range")

        def pasting() -> None:
            _make_room(sheet, target)
            sheet.copy(source, target)

        self._edited(document, sheet, target, action.user, pasting)

    def rename_header(self, document: Document, action: RenameHeader) -> None:
        """Type another header into row 1."""
        sheet = self._tab(document, action.tab)
        cell = Area(0, _column(sheet, action.column), 1, 1)
        self._edited(document, sheet, cell, action.user, lambda: sheet.type_in(0, cell.column, action.to))

    # -- rows, columns, tabs ---------------------------------------------------------------

    def insert_rows(self, document: Document, action: Rows) -> None:
        """Insert rows above row ``at``; they look like that row."""
        sheet = self._tab(document, action.tab)
        at_end = action.at > sheet.row_count
        self._changed(
            document, sheet, ChangeType.INSERT_ROW, action.user,
            lambda: sheet.insert_rows(action.at - 1, action.count, inherit_from_before=at_end),
        )  # fmt: skip

    def delete_rows(self, document: Document, action: Rows) -> None:
        """Delete rows."""
        sheet = self._tab(document, action.tab)
        if action.count >= sheet.row_count:
            raise bad_request("You can't delete all the rows on the sheet.")
        self._changed(
            document, sheet, ChangeType.REMOVE_ROW, action.user,
            lambda: sheet.delete_rows(action.at - 1, action.count),
        )  # fmt: skip

    def move_rows(self, document: Document, action: MoveRows) -> None:
        """Drag rows."""
        sheet = self._tab(document, action.tab)
        at, count, to = action.at - 1, action.count, action.to - 1
        if to > sheet.row_count:
            raise bad_request(f"row {action.to} is not in the grid, which has {sheet.row_count} rows")
        landing = Area(to if to <= at else max(to - count, at), 0, count, sheet.column_count)
        self._moved(document, sheet, landing, action.user, lambda: sheet.move_rows(at, count, to))

    def insert_column(self, document: Document, action: AtColumn) -> None:
        """Insert a column left of column ``at``; it looks like that column."""
        sheet = self._tab(document, action.tab)
        at = column_index(action.at)
        self._changed(
            document, sheet, ChangeType.INSERT_COLUMN, action.user,
            lambda: sheet.insert_columns(at, 1, inherit_from_before=at >= sheet.column_count),
        )  # fmt: skip

    def delete_column(self, document: Document, action: AtColumn) -> None:
        """Delete a column."""
        sheet = self._tab(document, action.tab)
        at = _column(sheet, action.at)
        if sheet.column_count == 1:
            raise bad_request("You can't delete all the columns on the sheet.")
        self._changed(document, sheet, ChangeType.REMOVE_COLUMN, action.user, lambda: sheet.delete_columns(at, 1))

    def move_column(self, document: Document, action: MoveColumn) -> None:
        """Drag a column."""
        sheet = self._tab(document, action.tab)
        at, to = _column(sheet, action.at), column_index(action.to)
        if to > sheet.column_count:
            raise bad_request(f"column {action.to} is not in the grid")
        landing = Area(0, to if to <= at else to - 1, sheet.row_count, 1)
        self._moved(document, sheet, landing, action.user, lambda: sheet.move_columns(at, 1, to))

    def sort(self, document: Document, action: Sort) -> None:
        """Sort the rows of a range."""
        sheet = self._tab(document, action.tab)
        area, column = _area(sheet, action.range), _column(sheet, action.column)
        if not area.column <= column < area.column_end:
            raise bad_request(f"column {action.column} is not in the range {action.range}")
        self._changed(
            document, sheet, ChangeType.OTHER, action.user, lambda: sheet.sort(area, [(column, action.descending)])
        )

    def rename_tab(self, document: Document, action: RenameTab) -> None:
        """Give the tab another title."""
        sheet = self._tab(document, action.tab)
        if not action.to:
            raise bad_request("A tab needs a title")
        self._changed(document, sheet, ChangeType.OTHER, action.user, lambda: sheet.rename(action.to))

    def delete_tab(self, document: Document, action: InTab) -> None:
        """Delete the tab."""
        sheet = self._tab(document, action.tab)
        self._changed(
            document, sheet, ChangeType.REMOVE_GRID, action.user, lambda: document.delete_sheet(sheet.sheet_id)
        )

    # -- going back ------------------------------------------------------------------------

    def undo(self, document: Document, action: Action) -> None:
        """Take back this person's last action."""
        if not document.undo(action.user):
            raise bad_request(f"{action.user} has nothing to undo")
        self._triggers.notify(Changed(document.id, ChangeType.OTHER, action.user))

    def restore_version(self, document: Document, action: Restore) -> None:
        """Go back to an old version of tabs and values; script properties stay as they are."""
        try:
            self._store.restore(document.id, action.version, action.user)
        except KeyError:
            raise bad_request(f"There is no version {action.version} to go back to") from None
        self._triggers.notify(Changed(document.id, ChangeType.OTHER, action.user))

    # -- inside ----------------------------------------------------------------------------

    @staticmethod
    def _tab(document: Document, title: str) -> Sheet:
        sheet = document.sheet_titled(title)
        if sheet is None:
            raise bad_request(f"There is no tab {title!r}; there are: {', '.join(s.title for s in document.sheets)}")
        return sheet

    def _edited(self, document: Document, sheet: Sheet, area: Area, user: str, action: Callable[[], None]) -> None:
        with document.lock:
            before = _single(sheet, area)
            with document.change(user, undoable=True):
                action()
            after = _single(sheet, area)
        told = (_told(after), _told(before)) if area.single else (None, None)
        self._triggers.notify(Edited(document.id, sheet.sheet_id, area, user, *told))
        self._triggers.notify(Changed(document.id, ChangeType.EDIT, user, sheet.sheet_id))

    def _moved(self, document: Document, sheet: Sheet, landing: Area, user: str, action: Callable[[], None]) -> None:
        with document.lock:
            with document.change(user, undoable=True):
                action()
            filled = _holds_data(sheet, landing)
        if filled:
            self._triggers.notify(Edited(document.id, sheet.sheet_id, landing, user))
        self._triggers.notify(Changed(document.id, ChangeType.OTHER, user, sheet.sheet_id))

    def _changed(
        self, document: Document, sheet: Sheet, change: ChangeType, user: str, action: Callable[[], Any]
    ) -> None:
        with document.change(user, undoable=True):
            action()
        self._triggers.notify(Changed(document.id, change, user, sheet.sheet_id))


def selected(document: Document, tab: str, name: str) -> Selection:
    """A range of a tab as a person selects it; raises ApiError 400."""
    sheet = Person._tab(document, tab)
    return Selection(sheet.sheet_id, _area(sheet, name))


def _holds_data(sheet: Sheet, area: Area) -> bool:
    return any(not cell.empty for line in sheet.cells(area) for cell in line)


def _check_allowed(cell: Cell, area: Area) -> None:
    """Refuse what a strict drop-down list or checkbox does not allow. Raises ApiError 400."""
    rule = cell.validation or {}
    condition = rule.get("condition", {})
    if not rule.get("strict") or cell.empty or condition.get("type") not in ("ONE_OF_LIST", "BOOLEAN"):
        return
    listed = [value.get("userEnteredValue", "") for value in condition.get("values", [])] or ["TRUE", "FALSE"]
    if shown(cell, "en_US") not in listed:
        raise bad_request(
            f"The data you entered in cell {area.a1()} violates the data validation rules set on this cell. "
            f"Please enter one of the following values: {', '.join(listed)}."
        )


def _area(sheet: Sheet, name: str, *, clip: bool = True) -> Area:
    try:
        opened: OpenArea = parse_a1(name.rpartition("!")[2])
    except ValueError:
        raise bad_request(f"{name!r} is no range such as B2, A3:G3 or 3:3") from None
    area = opened.within(sheet.row_count, sheet.column_count)
    if not clip:
        return area
    rows = min(area.row_end, sheet.row_count) - area.row
    columns = min(area.column_end, sheet.column_count) - area.column
    if rows <= 0 or columns <= 0:
        raise bad_request(f"{name} is outside the grid of {sheet.row_count} rows and {sheet.column_count} columns")
    return Area(area.row, area.column, rows, columns)


def _column(sheet: Sheet, letters: str) -> int:
    column = column_index(letters)
    if column >= sheet.column_count:
        raise bad_request(f"column {letters} is outside the grid of {sheet.column_count} columns")
    return column


def _make_room(sheet: Sheet, area: Area) -> None:
    if area.row_end > sheet.row_count:
        sheet.append_rows(area.row_end - sheet.row_count)
    if area.column_end > sheet.column_count:
        sheet.append_columns(area.column_end - sheet.column_count)


def _as_typed(text: str | float | bool) -> str:
    if isinstance(text, bool):
        return "TRUE" if text else "FALSE"
    return text if isinstance(text, str) else repr(text)


def _single(sheet: Sheet, area: Area) -> Cell | None:
    if not area.single or area.row >= sheet.row_count or area.column >= sheet.column_count:
        return None
    return sheet.cell(area.row, area.column)


def _told(cell: Cell | None) -> str | float | bool | None:
    if cell is None or isinstance(cell.value, ErrorValue):
        return None
    return cell.value
