"""One tab: its grid, and what is done to whole rows, columns and ranges."""

from dataclasses import replace
from typing import Any

from sandbox.google import paste
from sandbox.google.area import Area
from sandbox.google.cells import Cell, Column, Metadata, Row
from sandbox.google.grid import Grid, GridError, check_room
from sandbox.google.rank import ranks_between
from sandbox.google.shift import Deleted, Dimension, Inserted, Moved, Shift, shifted_grid_range


class Sheet(Grid):
    """One tab. Rows and columns count from 0. Writing needs an open ``document.change``."""

    # -- rows and columns ------------------------------------------------------------------

    def insert_rows(self, at: int, count: int, inherit_from_before: bool = True) -> None:
        """Insert rows before row ``at``; they take the formats of a neighbour."""
        self._room(self.row_count + count, self.column_count)
        if not 0 <= at <= self.row_count or count < 1:
            raise GridError(f"cannot insert {count} rows before row {at + 1} of {self.row_count}")
        model = self._neighbour(at, inherit_from_before, self.row_count)
        cells = {} if model is None else _formats_of(self.rows[model])
        before = self.rows[at - 1].rank if at else None
        after = self.rows[at].rank if at < self.row_count else None
        uids = self.document.take_ids(count)
        ranks = ranks_between(before, after, count)
        self.splice_rows(at, 0, [Row(uid, rank, cells) for uid, rank in zip(uids, ranks, strict=True)])
        self._shift("ROWS", Inserted(at, count))

    def append_rows(self, count: int) -> None:
        """Add rows at the end; they take the formats of the last row."""
        self.insert_rows(self.row_count, count)

    def delete_rows(self, at: int, count: int) -> None:
        """Delete rows; one below the frozen ones stays."""
        self._inside(at, count, self.row_count, "rows")
        self._keeps_one(at, count, self.row_count, self.props.frozen_rows, "rows")
        self.splice_rows(at, count, [])
        self._shift("ROWS", Deleted(at, count))

    def move_rows(self, at: int, count: int, to: int) -> None:
        """Move rows to before row ``to``, counted as before the move."""
        self._inside(at, count, self.row_count, "rows")
        if at <= to <= at + count:
            return
        before = self.rows[to - 1].rank if to else None
        after = self.rows[to].rank if to < self.row_count else None
        ranks = ranks_between(before, after, count)
        moved = self.rows[at : at + count]
        self.put_rows({row.uid: replace(row, rank=rank) for row, rank in zip(moved, ranks, strict=True)})
        self._shift("ROWS", Moved(at, count, to))

    def insert_columns(self, at: int, count: int, inherit_from_before: bool = True) -> None:
        """Insert columns before column ``at``; they take the formats of a neighbour."""
        self._room(self.row_count, self.column_count + count)
        if not 0 <= at <= self.column_count or count < 1:
            raise GridError(f"cannot insert {count} columns before column {at + 1} of {self.column_count}")
        model = self._neighbour(at, inherit_from_before, self.column_count)
        old = self.columns
        size = 100 if model is None else old[model].pixel_size
        new = tuple(Column(uid, pixel_size=size) for uid in self.document.take_ids(count))
        self.set_props(columns=old[:at] + new + old[at:])
        if model is not None:
            self._inherit_column(old[model].uid, [c.uid for c in new])
        self._shift("COLUMNS", Inserted(at, count))

    def append_columns(self, count: int) -> None:
        """Add columns at the end."""
        self.insert_columns(self.column_count, count)

    def delete_columns(self, at: int, count: int) -> None:
        """Delete columns; their developer metadata dies with them, and one beside the frozen ones stays."""
        self._inside(at, count, self.column_count, "columns")
        self._keeps_one(at, count, self.column_count, self.props.frozen_columns, "columns")
        self.set_props(columns=self.columns[:at] + self.columns[at + count :])
        self._shift("COLUMNS", Deleted(at, count))

    def move_columns(self, at: int, count: int, to: int) -> None:
        """Move columns to before column ``to``, counted as before the move."""
        self._inside(at, count, self.column_count, "columns")
        if at <= to <= at + count:
            return
        moved = self.columns[at : at + count]
        rest = self.columns[:at] + self.columns[at + count :]
        landing = to if to <= at else to - count
        self.set_props(columns=rest[:landing] + moved + rest[landing:])
        self._shift("COLUMNS", Moved(at, count, to))

    def change_columns(self, at: int, count: int, **changes: Any) -> None:
        """Change properties of columns (fields of Column)."""
        self._inside(at, count, self.column_count, "columns")
        new = [replace(c, **changes) if at <= i < at + count else c for i, c in enumerate(self.columns)]
        self.set_props(columns=tuple(new))

    def change_rows(self, at: int, count: int, **changes: Any) -> None:
        """Change properties of rows (``hidden``, ``pixel_size``, ``metadata``)."""
        self._inside(at, count, self.row_count, "rows")
        for place in range(at, at + count):
            self.replace_row(place, replace(self.rows[place], **changes))

    def hide_columns(self, at: int, count: int, hidden: bool = True) -> None:
        """Hide or show columns."""
        self.change_columns(at, count, hidden=hidden)

    def hide_rows(self, at: int, count: int, hidden: bool = True) -> None:
        """Hide or show rows."""
        self.change_rows(at, count, hidden=hidden)

    # -- ranges ----------------------------------------------------------------------------

    def copy(
        self, source: Area, target: Area, paste_type: str = "PASTE_NORMAL", *, to: "Sheet | None" = None
    ) -> None:
        """Copy cells, repeated as often as they fit into the target; formulas shift along.

        Args:
            source: the cells to copy.
            target: where to; at least the source's size is written.
            paste_type: Google's PasteType.
            to: the tab to paste into; this one if None.
        """
        paste.copy(self, source, to or self, target, paste_type)

    def cut(
        self, source: Area, row: int, column: int, paste_type: str = "PASTE_NORMAL", *, to: "Sheet | None" = None
    ) -> None:
        """Move cells; formulas keep their text."""
        paste.cut(self, source, to or self, (row, column), paste_type)

    def sort(self, area: Area, keys: list[tuple[int, bool]]) -> None:
        """Sort the rows of an area by (column, descending) pairs; columns outside stay."""
        paste.sort(self, area, keys)

    def shift_cells(self, area: Area, dimension: Dimension, *, insert: bool) -> None:
        """Insert or delete cells, moving the ones below (ROWS) or to the right (COLUMNS)."""
        paste.shift_cells(self, area, dimension, insert=insert)

    # -- the tab itself --------------------------------------------------------------------

    def rename(self, title: str) -> None:
        """Give the tab another title; formulas follow."""
        self.document.rename_sheet(self.sheet_id, title)

    def set_hidden(self, hidden: bool) -> None:
        """Hide or show the tab."""
        self.set_props(hidden=hidden)

    def set_frozen(self, rows: int | None = None, columns: int | None = None) -> None:
        """Freeze rows at the top, columns at the left; None leaves as is. Raises GridError for all of them."""
        rows = self.props.frozen_rows if rows is None else rows
        columns = self.props.frozen_columns if columns is None else columns
        for count, limit, what in ((rows, self.row_count, "rows"), (columns, self.column_count, "columns")):
            if count < 0:
                raise GridError(f"frozen{what[:-1].title()}Count cannot be negative: {count}")
            if count >= limit:
                raise GridError(f"You can't freeze all visible {what} on the sheet.")
        self.set_props(frozen_rows=rows, frozen_columns=columns)

    def protect(self, area: Area | None, description: str = "", warning_only: bool = False) -> int:
        """Protect an area (None: the whole tab).

        Returns:
            The protectedRangeId.
        """
        (number,) = self.document.take_ids(1)
        protected: dict[str, Any] = {"protectedRangeId": number, "range": self.grid_range(area)}
        if description:
            protected["description"] = description
        if warning_only:
            protected["warningOnly"] = True
        self.set_props(protected=(*self.props.protected, protected))
        return number

    def grid_range(self, area: Area | None) -> dict[str, int]:
        """The GridRange of an area; unbounded where it spans the whole grid."""
        found = {"sheetId": self.sheet_id}
        if area is None:
            return found
        if area.row or area.row_end < self.row_count or area.rows == 0:
            found |= {"startRowIndex": area.row, "endRowIndex": area.row_end}
        if area.column or area.column_end < self.column_count or area.columns == 0:
            found |= {"startColumnIndex": area.column, "endColumnIndex": area.column_end}
        return found

    # -- developer metadata ----------------------------------------------------------------

    def add_column_metadata(self, column: int, key: str, value: str | None, visibility: str = "DOCUMENT") -> Metadata:
        """Hang developer metadata on a column: it moves with the column and dies with it."""
        (number,) = self.document.take_ids(1)
        added = Metadata(number, key, value, visibility)
        self.change_columns(column, 1, metadata=(*self.columns[column].metadata, added))
        return added

    def add_row_metadata(self, row: int, key: str, value: str | None, visibility: str = "DOCUMENT") -> Metadata:
        """Hang developer metadata on a row."""
        (number,) = self.document.take_ids(1)
        added = Metadata(number, key, value, visibility)
        self.change_rows(row, 1, metadata=(*self.rows[row].metadata, added))
        return added

    def add_metadata(self, key: str, value: str | None, visibility: str = "DOCUMENT") -> Metadata:
        """Hang developer metadata on the tab."""
        (number,) = self.document.take_ids(1)
        added = Metadata(number, key, value, visibility)
        self.set_props(metadata=(*self.props.metadata, added))
        return added

    # -- inside ----------------------------------------------------------------------------

    def _shift(self, dimension: Dimension, shift: Shift) -> None:
        ranges = {
            "protected": _shifted_all(self.props.protected, dimension, shift),
            "merges": tuple(
                m for m in (shifted_grid_range(m, dimension, shift) for m in self.props.merges) if m is not None
            ),
            "rules": _shifted_rules(self.props.rules, dimension, shift),
            "basic_filter": next(iter(_shifted_all((self.props.basic_filter or {},), dimension, shift)), None)
            or None,
        }
        changed = {name: value for name, value in ranges.items() if value != getattr(self.props, name)}
        if changed:
            self.set_props(**changed)
        self.document.shift_references(self, dimension, shift)

    def _inherit_column(self, model: int, uids: list[int]) -> None:
        for place, row in enumerate(self.rows):
            look = _formats_of(row).get(model)
            if look is not None:
                self.replace_row(place, replace(row, cells=row.cells | dict.fromkeys(uids, look)))

    @staticmethod
    def _neighbour(at: int, before: bool, count: int) -> int | None:
        if before:
            return at - 1 if at else None
        return at if at < count else None

    @staticmethod
    def _inside(at: int, count: int, limit: int, what: str) -> None:
        if at < 0 or count < 1 or at + count > limit:
            raise GridError(f"{what} {at + 1} to {at + count} are not in the grid, which has {limit} {what}")

    @staticmethod
    def _keeps_one(at: int, count: int, limit: int, frozen: int, what: str) -> None:
        doomed = max(at + count - max(at, frozen), 0)
        if frozen and doomed >= limit - frozen:
            raise GridError(f"Sorry, it is not possible to delete all non-frozen {what}.")

    def _room(self, rows: int, columns: int) -> None:
        check_room(self.document, rows, columns, self)


def _formats_of(row: Row) -> dict[int, Cell]:
    return {
        uid: Cell(format=cell.format, validation=cell.validation)
        for uid, cell in row.cells.items()
        if cell.format is not None or cell.validation is not None
    }


def _shifted_all(
    holders: tuple[dict[str, Any], ...], dimension: Dimension, shift: Shift
) -> tuple[dict[str, Any], ...]:
    kept = []
    for holder in holders:
        if "range" not in holder:
            kept.append(holder)
        elif (moved := shifted_grid_range(holder["range"], dimension, shift)) is not None:
            kept.append({**holder, "range": moved})
    return tuple(kept)


def _shifted_rules(
    rules: tuple[dict[str, Any], ...], dimension: Dimension, shift: Shift
) -> tuple[dict[str, Any], ...]:
    kept = []
    for rule in rules:
        moved = [shifted_grid_range(r, dimension, shift) for r in rule.get("ranges", [])]
        if left := [r for r in moved if r is not None]:
            kept.append({**rule, "ranges": left})
    return tuple(kept)
