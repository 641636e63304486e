"""One spreadsheet and its tabs: what the REST side, the person and the scripts share.

Reading needs ``document.lock``; writing goes through ``with document.change(user):``, which
takes the lock, is all or nothing, and is durable when the block ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Protocol

from sandbox.google.area import Area
from sandbox.google.cells import Cell, Column, Metadata, Value


class Sheet:
    """One tab. Rows and columns count from 0.

    Attributes: ``sheet_id``, ``title``, ``hidden``, ``frozen_rows``, ``row_count``,
    ``column_count``, ``columns`` (tuple of Column: hidden, metadata, …).
    """

    sheet_id: int
    title: str
    hidden: bool
    row_count: int
    column_count: int
    columns: tuple[Column, ...]

    # -- reading -------------------------------------------------------------------------
    def cell(self, row: int, column: int) -> Cell: ...
    def cells(self, area: Area) -> list[list[Cell]]: ...
    def shown(self, row: int, column: int) -> str:
        """The formatted text of a cell."""

    def last_row(self) -> int:
        """How many rows up to the last that holds a value (0 for an empty tab)."""

    def last_column(self) -> int:
        """How many columns up to the last that holds a value."""

    # -- writing; inside ``with document.change(user):`` only --------------------------------
    def set_cell(self, row: int, column: int, cell: Cell) -> None: ...
    def set_value(self, row: int, column: int, value: Value) -> None:
        """Put a typed value (RAW): never parsed; format and note stay."""

    def type_in(self, row: int, column: int, text: str) -> None:
        """Put what a person types (USER_ENTERED): parsed by locale, formulas computed."""

    def set_formula(self, row: int, column: int, formula: str) -> None: ...
    def set_note(self, row: int, column: int, note: str | None) -> None: ...
    def set_number_format(self, area: Area, type_: str, pattern: str) -> None: ...
    def clear(self, area: Area) -> None:
        """Empty the values; formats and notes stay."""

    def insert_rows(self, at: int, count: int, inherit_from_before: bool = True) -> None: ...
    def insert_columns(self, at: int, count: int, inherit_from_before: bool = True) -> None: ...
    def delete_rows(self, at: int, count: int) -> None: ...
    def delete_columns(self, at: int, count: int) -> None: ...
    def move_rows(self, at: int, count: int, to: int) -> None:
        """Move rows to before row ``to``, counted as before the move."""

    def move_columns(self, at: int, count: int, to: int) -> None: ...
    def append_rows(self, count: int) -> None: ...
    def append_columns(self, count: int) -> None: ...
    def copy(self, source: Area, target: Area, paste_type: str = "PASTE_NORMAL") -> None: ...
    def sort(self, area: Area, keys: list[tuple[int, bool]]) -> None:
        """Sort the rows of the area by (column, descending) pairs."""

    def hide_columns(self, at: int, count: int, hidden: bool = True) -> None: ...
    def hide_rows(self, at: int, count: int, hidden: bool = True) -> None: ...
    def rename(self, title: str) -> None: ...
    def set_hidden(self, hidden: bool) -> None: ...
    def protect(self, area: Area | None, description: str, warning_only: bool) -> int:
        """Protect an area (None: the whole tab); returns the protectedRangeId."""

    # -- developer metadata; dies and moves with its row or column ---------------------------
    def add_column_metadata(self, column: int, key: str, value: str | None, visibility: str) -> Metadata: ...


class Document:
    """One spreadsheet."""

    id: str
    title: str
    locale: str
    time_zone: str
    lock: RLock

    @property
    def sheets(self) -> list[Sheet]:
        """The tabs in their order."""

    def sheet(self, sheet_id: int) -> Sheet:
        """A tab by its number. Raises KeyError."""

    def sheet_titled(self, title: str) -> Sheet | None:
        """A tab by its title."""

    def add_sheet(self, title: str, rows: int = 1000, columns: int = 26, index: int | None = None) -> Sheet: ...
    def delete_sheet(self, sheet_id: int) -> None: ...

    @contextmanager
    def change(self, user: str, *, undoable: bool = False) -> Iterator[None]:
        """Change the spreadsheet: all or nothing, saved when the block ends.

        Args:
            user: who does it.
            undoable: whether it is a person's action that ``undo`` takes back.
        """
        yield


class Workbooks(Protocol):
    """The store of spreadsheets (see store.py)."""

    def open(self, spreadsheet_id: str) -> Document:
        """Raises KeyError."""

    def create(self, title: str, locale: str = "en_US", time_zone: str = "Etc/GMT") -> Document: ...
    def ids(self) -> list[str]: ...
