"""How far sheet and table are from each other, which cells differ, and how long each change took to cross.

Pure: told what changed on either side and when, with values as canonical texts.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from core.model import Key, Link
from core.values import Canonical

Cells = Mapping[str, Canonical]
"""Canonical texts by the table's column names."""

SHEET, TABLE = "sheet", "table"
WHOLE_ROW = ""
MISFIT = "\0misfit"
"""Stands for a value of the sheet that its column cannot hold; equal to nothing."""
_KEYLESS = "\0uid"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of the tab: what its linked cells hold.

    Args:
        key: its key; None while it has none, or shows one that cannot be.
        cells: by column; MISFIT where the value does not fit.
        row_id: its Twinsheet id.
    """

    key: Key | None
    cells: Cells
    row_id: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """A difference: which side moved first, and when."""

    side: str
    since_s: float


@dataclass(frozen=True, slots=True)
class Landed:
    """A change that has reached the other side."""

    side: str
    key: Key | None
    column: str
    took_s: float
    value: Canonical


class Agreement:
    """Compares a tab with its table, each time only what changed.

    Args:
        link: tells the columns and when two values are the same.
    """

    def __init__(self, link: Link) -> None:
        self._same: dict[str, Callable[[Canonical, Canonical], bool]] = {
            c.name: c.codec.same for c in link.columns if c.follows_table
        }
        self._rows: dict[int, SheetRow] = {}
        self._uids: dict[Key, list[int]] = {}
        self._table: dict[Key, Cells] = {}
        self._open: dict[Key, dict[str, Open]] = {}
        self._landed: list[Landed] = []
        self.table_is_cut = False
        """Whether only the table's first rows are known: a row that stands in the sheet alone may be one more."""

    @property
    def open(self) -> Mapping[Key, Mapping[str, Open]]:
        """The differences by key and column; WHOLE_ROW where only one side has the row."""
        return self._open

    def row_id(self, key: Key) -> str:
        """The id of the tab's row with that key; empty where there is none."""
        uid = int(key[1]) if key[:1] == (_KEYLESS,) else next(iter(self._uids.get(key, ())), None)
        return self._rows[uid].row_id if uid in self._rows else ""

    def take_landed(self) -> list[Landed]:
        """What has landed since the last call."""
        landed, self._landed = self._landed, []
        return landed

    def sheet_changed(
        self, rows: Iterable[tuple[int, SheetRow | None]], at_s: float, *, by_twinsheet: bool = False
    ) -> None:
        """Take what changed in the tab.

        Args:
            rows: by uid; None for one that is gone.
            at_s: when it changed.
            by_twinsheet: whether it came from the table; whoever reads the table a moment later sees it
                only then, and would take the sheet for the first.
        """
        touched: dict[Key, set[str]] = {}
        for uid, row in rows:
            before = self._rows.pop(uid, None)
            renewed: set[str] = set()
            if before is not None and row is not None and not by_twinsheet:
                renewed = self._renewed(before.cells, row.cells)
            if before is not None:
                touched.setdefault(self._forget(uid, before), set()).update(renewed)
            if row is not None:
                self._rows[uid] = row
                touched.setdefault(self._place(uid, row), set()).update(renewed)
        for key, moved in touched.items():
            self._weigh(key, TABLE if by_twinsheet else SHEET, at_s, moved, at_s)

    def table_changed(self, rows: Iterable[tuple[Key, Cells | None]], earliest_s: float, at_s: float) -> None:
        """Take what changed in the table.

        Args:
            rows: by key; None for one that is gone.
            earliest_s: when it was last seen as it had been; the change came after that, so that what it took
                is never told too short.
            at_s: when it was seen.
        """
        for key, row in rows:
            before = self._table.pop(key, None)
            if row is not None:
                self._table[key] = row
            renewed = set() if before is None or row is None else self._renewed(before, row)
            self._weigh(key, TABLE, at_s, renewed, earliest_s)

    # -- inside ----------------------------------------------------------------------------

    def _forget(self, uid: int, row: SheetRow) -> Key:
        key = _place_of(uid, row)
        left = [u for u in self._uids.get(key, ()) if u != uid]
        if left:
            self._uids[key] = left
        else:
            self._uids.pop(key, None)
        return key

    def _place(self, uid: int, row: SheetRow) -> Key:
        key = _place_of(uid, row)
        self._uids.setdefault(key, []).append(uid)
        waited = self._open.pop((_KEYLESS, str(uid)), None) if row.key is not None else None
        if waited:  # a new row got its key: it crosses since it was typed
            self._open.setdefault(key, {})[WHOLE_ROW] = waited[WHOLE_ROW]
        return key

    def _renewed(self, before: Cells, after: Cells) -> set[str]:
        """Where a side moved again: what differs there does so since now."""
        changed = {name for name in self._same if before.get(name) != after.get(name)}
        return changed | {WHOLE_ROW} if changed else changed

    def _weigh(self, key: Key, side: str, at_s: float, renewed: set[str], earliest_s: float) -> None:
        differing = self._differing(key)
        before = self._open.pop(key, {})
        for column, opened in before.items():
            if column not in differing and not (column == WHOLE_ROW and differing):
                self._land(key, column, opened, max(at_s - opened.since_s, opened.since_s - earliest_s))
        if differing:
            fresh = Open(side, earliest_s)
            whole = before.get(WHOLE_ROW, fresh)
            self._open[key] = {c: fresh if c in renewed else before.get(c, whole) for c in differing}

    def _land(self, key: Key, column: str, opened: Open, took_s: float) -> None:
        if key[:1] == (_KEYLESS,):
            return
        value = self._table.get(key, {}).get(column)
        self._landed.append(Landed(opened.side, key, column, took_s, value))

    def _differing(self, key: Key) -> list[str]:
        uids, row = self._uids.get(key, ()), self._table.get(key)
        if row is None and (not uids or (self.table_is_cut and key[:1] != (_KEYLESS,))):
            return []
        if len(uids) != 1 or row is None:
            return [WHOLE_ROW]
        own = self._rows[uids[0]].cells
        return [n for n, same in self._same.items() if own.get(n) == MISFIT or not same(own.get(n), row.get(n))]


def _place_of(uid: int, row: SheetRow) -> Key:
    return row.key if row.key is not None else (_KEYLESS, str(uid))
