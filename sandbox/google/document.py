"""One spreadsheet and its tabs: what the REST side, the person and the scripts share.

Reading needs ``document.lock``; writing goes through ``with document.change(user):``, which
takes the lock, is all or nothing, and is durable when the block ends.
"""

import secrets
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from sandbox.google.cells import Cell, Column, Metadata, Row
from sandbox.google.change import (
    Change,
    DocumentProps,
    RowKey,
    SheetProps,
    document_undone,
    row_undone,
    sheet_undone,
)
from sandbox.google.engine import Engine
from sandbox.google.grid import GridError, check_room
from sandbox.google.rank import ranks_between
from sandbox.google.references import shifted, tab_renamed
from sandbox.google.sheet import Sheet
from sandbox.google.shift import Dimension, Shift, shifted_grid_range

UNDO_ACTIONS_MAX = 50


class DocumentError(ValueError):
    """The spreadsheet does not allow it; the message is what Google's user would read."""


Saver = Callable[["Document", Change], None]


class Document:
    """One spreadsheet."""

    def __init__(
        self,
        document_id: str,
        props: DocumentProps,
        sheets: Iterable[tuple[SheetProps, Iterable[Row]]] = (),
        *,
        save: Saver,
        version: int = 0,
        created: str = "",
        modified: str = "",
    ) -> None:
        self.id = document_id
        self.props = props
        self.lock = RLock()
        self.version = version
        self.created = created or now()
        self.modified = modified or self.created
        self._save = save
        self._open: Change | None = None
        self._undo: dict[str, deque[Change]] = defaultdict(lambda: deque(maxlen=UNDO_ACTIONS_MAX))
        self.by_id: dict[int, Sheet] = {p.sheet_id: Sheet(self, p, rows) for p, rows in sheets}
        self._engine = Engine(self)

    # -- reading ---------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """The spreadsheet's title."""
        return self.props.title

    @property
    def locale(self) -> str:
        """Its locale, such as ``en_US``."""
        return self.props.locale

    @property
    def time_zone(self) -> str:
        """Its time zone, such as ``Europe/Berlin``."""
        return self.props.time_zone

    @property
    def sheets(self) -> list[Sheet]:
        """The tabs in their order."""
        return [self.by_id[sheet_id] for sheet_id in self.props.order]

    def sheet(self, sheet_id: int) -> Sheet:
        """A tab by its number. Raises KeyError."""
        return self.by_id[sheet_id]

    def sheet_titled(self, title: str) -> Sheet | None:
        """A tab by its title; like Google, the case does not matter unless two differ by it."""
        exact = [s for s in self.sheets if s.title == title]
        return next(iter(exact or [s for s in self.sheets if s.title.lower() == title.lower()]), None)

    # -- tabs ------------------------------------------------------------------------------

    def add_sheet(
        self,
        title: str = "",
        rows: int = 1000,
        columns: int = 26,
        index: int | None = None,
        sheet_id: int | None = None,
    ) -> Sheet:
        """Add a tab. Raises DocumentError when its title or number is taken."""
        title = title or self._free_title()
        self._title_free(title)
        sheet_id = self._free_sheet_id() if sheet_id is None else sheet_id
        if rows < 1 or columns < 1:
            raise DocumentError("A sheet needs at least one row and one column")
        check_room(self, rows, columns)
        made = tuple(Column(uid) for uid in self.take_ids(columns))
        return self.put_sheet(SheetProps(sheet_id, title, made), self._empty_rows(rows), index)

    def put_sheet(self, props: SheetProps, rows: list[Row], index: int | None = None) -> Sheet:
        """Add a tab as given. Raises DocumentError when its number is taken or its place is none."""
        if props.sheet_id in self.by_id:
            raise DocumentError(f"Invalid sheetId: a sheet with id {props.sheet_id} already exists")
        if index is not None and not 0 <= index <= len(self.props.order):
            raise DocumentError(f"Invalid index {index}: there are {len(self.props.order)} sheets")
        sheet = Sheet(self, props, rows)
        self.by_id[props.sheet_id] = sheet
        self.noting().sheet(props.sheet_id, None, props)
        for row in rows:
            self.noting().row(props.sheet_id, None, row)
        order = list(self.props.order)
        order.insert(len(order) if index is None else index, props.sheet_id)
        self.set_props(order=tuple(order))
        return sheet

    def delete_sheet(self, sheet_id: int) -> None:
        """Delete a tab. Raises DocumentError for the last visible one."""
        if not any(not s.hidden for s in self.sheets if s.sheet_id != sheet_id):
            raise DocumentError("You can't remove all the visible sheets in a document.")
        self._drop_sheet(sheet_id)

    def duplicate_sheet(
        self,
        sheet_id: int,
        title: str = "",
        index: int | None = None,
        new_id: int | None = None,
        source: "Document | None" = None,
    ) -> Sheet:
        """Add a copy of a tab, of this spreadsheet or another."""
        origin = (source or self).sheet(sheet_id)
        title = title or self._copy_title(origin.title)
        self._title_free(title)
        check_room(self, origin.row_count, origin.column_count)
        number = self._free_sheet_id() if new_id is None else new_id
        columns = tuple(
            replace(c, uid=uid, metadata=self._renumbered(c.metadata))
            for c, uid in zip(origin.columns, self.take_ids(origin.column_count), strict=True)
        )
        uids = {old.uid: new.uid for old, new in zip(origin.columns, columns, strict=True)}
        rows = [
            replace(
                row,
                uid=uid,
                cells={uids[u]: c for u, c in row.cells.items() if u in uids},
                metadata=self._renumbered(row.metadata),
            )
            for row, uid in zip(origin.rows, self.take_ids(origin.row_count), strict=True)
        ]
        props = replace(
            _at_home(origin.props, number), sheet_id=number, title=title, columns=columns, hidden=False,
            metadata=self._renumbered(origin.props.metadata),
        )  # fmt: skip
        return self.put_sheet(props, rows, index)

    def rename_sheet(self, sheet_id: int, title: str) -> None:
        """Give a tab another title; formulas follow."""
        sheet = self.sheet(sheet_id)
        if sheet.title == title:
            return
        self._title_free(title, except_id=sheet_id)
        old = sheet.title
        sheet.set_props(title=title)
        self._rewrite_formulas(lambda _tab, formula: tab_renamed(formula, old, title))

    def move_sheet(self, sheet_id: int, index: int) -> None:
        """Put a tab at another place, counted from 0."""
        order = [s for s in self.props.order if s != sheet_id]
        order.insert(index, sheet_id)
        self.set_props(order=tuple(order))

    # -- changing --------------------------------------------------------------------------

    @contextmanager
    def change(self, user: str, *, undoable: bool = False) -> Iterator[Change]:
        """Change the spreadsheet: all or nothing, saved when the outermost block ends.

        Args:
            user: who does it.
            undoable: whether it is a person's action, which ``undo`` takes back.
        """
        with self.lock:
            if self._open is not None:
                yield self._open
                return
            self._open = change = Change(user, undoable)
            try:
                yield change
                self._commit(change)
            except BaseException:
                self._roll_back(change)
                raise
            finally:
                self._open = None

    def noting(self) -> Change:
        """The open change. Raises RuntimeError when there is none."""
        if self._open is None:
            raise RuntimeError("a spreadsheet is only written inside `with document.change(user):`")
        return self._open

    def undo(self, user: str) -> bool:
        """Take back the last action of a person; what others did to the same cells since stays.

        Returns:
            Whether there was one.

        Raises:
            DocumentError: a tab would come back with a title that another one has by now.
        """
        with self.lock:
            if not self._undo[user]:
                return False
            action = self._undo[user].pop()
            with self.change(user):
                self._take_back(action)
                for sheet in self.sheets:
                    self._title_free(sheet.title, except_id=sheet.sheet_id)
        return True

    def restore(
        self,
        user: str,
        rows: dict[RowKey, Row | None],
        sheets: dict[int, SheetProps | None],
        document: DocumentProps | None,
    ) -> None:
        """Go back to an old version, given as what everything touched since was then."""
        with self.change(user):
            if document is not None:
                document = replace(document, title=self.title, next_id=self.props.next_id)
            self._apply(rows, sheets, document)

    def set_props(self, **changes: Any) -> None:
        """Replace properties of the spreadsheet (fields of DocumentProps)."""
        new = replace(self.props, **changes)
        self.noting().document(self.props, new)
        self.props = new

    def take_ids(self, count: int) -> range:
        """Numbers never used before in this spreadsheet."""
        first = self.props.next_id
        self.set_props(next_id=first + count)
        return range(first, first + count)

    def take_id_outside(self, used: set[int]) -> int:
        """A number never taken before, nor chosen by a caller."""
        return next(number for number in iter(lambda: self.take_ids(1)[0], None) if number not in used)

    def add_metadata(self, key: str, value: str | None, visibility: str = "DOCUMENT") -> Metadata:
        """Hang developer metadata on the spreadsheet."""
        (number,) = self.take_ids(1)
        added = Metadata(number, key, value, visibility)
        self.set_props(metadata=(*self.props.metadata, added))
        return added

    def shift_references(self, sheet: Sheet, dimension: Dimension, shift: Shift) -> None:
        """Let formulas and named ranges follow a shift of rows or columns in a tab."""
        title = sheet.title
        self._rewrite_formulas(lambda tab, formula: shifted(formula, tab, title, dimension, shift))
        named = []
        for entry in self.props.named:
            if entry["range"].get("sheetId", 0) == sheet.sheet_id:
                moved = shifted_grid_range(entry["range"], dimension, shift)
                if moved is None:
                    continue
                entry = {**entry, "range": moved}  # noqa: PLW2901  # the moved one stands in for the old one
            named.append(entry)
        if tuple(named) != self.props.named:
            self.set_props(named=tuple(named))

    # -- inside ----------------------------------------------------------------------------

    def _commit(self, change: Change) -> None:
        if change.nothing:
            return
        self._engine.recalculate(change)
        self.version += 1
        self.modified = now()
        try:
            self._save(self, change)
        except BaseException:
            self.version -= 1
            raise
        if change.undoable:
            self._undo[change.user].append(change)

    def _roll_back(self, change: Change) -> None:
        self._open = Change(change.user)  # written down nowhere: the spreadsheet is as it was before
        self._apply(change.rows_before, change.sheets_before, change.document_before)
        self._engine.forget()

    def _take_back(self, action: Change) -> None:
        sheets = {
            i: sheet_undone(before, action.sheets_after[i], self.by_id[i].props if i in self.by_id else None)
            for i, before in action.sheets_before.items()
        }
        rows = {
            key: row_undone(before, action.rows_after[key], self._row(key))
            for key, before in action.rows_before.items()
        }
        document = None
        if action.document_before is not None and action.document_after is not None:
            document = document_undone(action.document_before, action.document_after, self.props)
        self._apply(rows, sheets, document)

    def _apply(
        self, rows: dict[RowKey, Row | None], sheets: dict[int, SheetProps | None], document: DocumentProps | None
    ) -> None:
        by_sheet: dict[int, dict[int, Row | None]] = defaultdict(dict)
        for (sheet_id, uid), row in rows.items():
            by_sheet[sheet_id][uid] = row
        for sheet_id, props in sheets.items():
            if props is None:
                by_sheet.pop(sheet_id, None)
                if sheet_id in self.by_id:
                    self._drop_sheet(sheet_id)
            elif sheet_id in self.by_id:
                self.by_id[sheet_id].set_props(**{n: getattr(props, n) for n in props.__dataclass_fields__})
            else:
                self.put_sheet(props, [])
        for sheet_id, images in by_sheet.items():
            if sheet_id in self.by_id:
                self.by_id[sheet_id].put_rows(images)
        if document is not None:
            order = [i for i in document.order if i in self.by_id]
            order += [i for i in self.props.order if i not in order and i in self.by_id]
            self.set_props(
                **{n: getattr(document, n) for n in document.__dataclass_fields__} | {"order": tuple(order)}
            )

    def _row(self, key: RowKey) -> Row | None:
        sheet = self.by_id.get(key[0])
        place = None if sheet is None else sheet.row_place(key[1])
        return None if sheet is None or place is None else sheet.rows[place]

    def _drop_sheet(self, sheet_id: int) -> None:
        sheet = self.by_id[sheet_id]
        sheet.splice_rows(0, sheet.row_count, [])
        self.noting().sheet(sheet_id, sheet.props, None)
        del self.by_id[sheet_id]
        named = tuple(n for n in self.props.named if n["range"].get("sheetId", 0) != sheet_id)
        self.set_props(order=tuple(i for i in self.props.order if i != sheet_id), named=named)

    def _rewrite_formulas(self, rewrite: Callable[[str, str], str]) -> None:
        for sheet in self.sheets:
            for uid, columns in list(sheet.formulas.items()):
                place = sheet.row_place(uid)
                if place is not None:
                    _rewrite_row(sheet, place, columns, rewrite)

    def _empty_rows(self, count: int) -> list[Row]:
        uids, ranks = self.take_ids(count), ranks_between(None, None, count)
        return [Row(uid, rank) for uid, rank in zip(uids, ranks, strict=True)]

    def _renumbered(self, metadata: tuple[Metadata, ...]) -> tuple[Metadata, ...]:
        return (
            tuple(replace(m, id=i) for m, i in zip(metadata, self.take_ids(len(metadata)), strict=True))
            if metadata
            else ()
        )

    def _title_free(self, title: str, except_id: int | None = None) -> None:
        if any(s.title.lower() == title.lower() for s in self.sheets if s.sheet_id != except_id):
            raise DocumentError(f'A sheet with the name "{title}" already exists. Please enter another name.')

    def _free_title(self) -> str:
        number = len(self.by_id) + 1
        while self.sheet_titled(f"Sheet{number}"):
            number += 1
        return f"Sheet{number}"

    def _copy_title(self, title: str) -> str:
        candidate, number = f"Copy of {title}", 1
        while self.sheet_titled(candidate):
            number += 1
            candidate = f"Copy of {title} {number}"
        return candidate

    def _free_sheet_id(self) -> int:
        if not self.by_id:
            return 0
        number = secrets.randbelow(2_000_000_000) + 1
        return self._free_sheet_id() if number in self.by_id else number


def now() -> str:
    """The time as Google writes it: RFC 3339 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _rewrite_row(sheet: Sheet, place: int, columns: tuple[int, ...], rewrite: Callable[[str, str], str]) -> None:
    row = sheet.rows[place]
    new: dict[int, Cell] = {}
    for uid in columns:
        cell = row.cells[uid]
        formula = rewrite(sheet.title, cell.formula or "")
        if formula != cell.formula:
            new[uid] = replace(cell, formula=formula)
    if new:
        sheet.replace_row(place, replace(row, cells=row.cells | new))


def _at_home(props: SheetProps, sheet_id: int) -> SheetProps:
    """The properties with every range in them pointing at the tab of that number."""

    def home(grid_range: dict[str, int]) -> dict[str, int]:
        return {**grid_range, "sheetId": sheet_id}

    return replace(
        props,
        protected=tuple({**p, "range": home(p["range"])} for p in props.protected if "range" in p),
        merges=tuple(home(m) for m in props.merges),
        rules=tuple({**r, "ranges": [home(g) for g in r.get("ranges", [])]} for r in props.rules),
        basic_filter=None
        if props.basic_filter is None
        else {**props.basic_filter, "range": home(props.basic_filter["range"])},
    )


__all__ = ["Document", "DocumentError", "GridError", "Sheet", "now"]
