"""Reads both sides of a link now and compares them: at once where the tab is small, else piece by piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from adapters.sheets_whole import PIECE_CELLS_MAX, read_again_while_moved, rows_at_once
from app.piecewise import Piecewise, WholeTableReader
from core.compare import DIFFERENCES_MAX, Comparison, compare, first_missing
from core.errors import RowsMoved, SheetsRefused
from core.model import Link, RowBase
from core.ports import IN_FLIGHT, LinkState, Sheet, Store
from core.sheet import SheetTarget, Span, TabImage
from core.sweep import Sweep

Json = dict[str, Any]

Place = tuple[str, str]
"""Row id and column of a cell."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a link's cells."""

    pending: list[Json]
    """What waits for a person."""
    cells: frozenset[Place]
    """Those of them that are not expected to be equal."""
    is_settled: bool
    """Nothing waits that the next moments decide."""

    @property
    def row_ids(self) -> frozenset[str]:
        """Of the rows in which anything waits."""
        return frozenset(str(item["row_id"]) for item in self.pending)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look has found."""

    as_of: datetime
    comparison: Comparison
    excused: frozenset[Place]
    """Cells that were not compared, because they were known to differ."""
    missing: Mapping[str, str]
    """By row id what an incomplete row waits for."""
    rows: Mapping[str, int]
    """By row id where the rows stand in the tab in which anything is known to differ."""


class TableStore(Store, WholeTableReader, Protocol):
    """The schema and the tables."""


class Pending(Protocol):
    """Tells what waits."""

    def pending(self, link: str) -> list[Json]:
        """Cells of the link whose sides are known to differ, with the reason."""


class BothSides:
    """Looks at links.

    Args:
        sheet: the tabs.
        store: the schema and the tables.
        reports: what waits.
        cells_at_once: of one read of a tab; a larger one is compared piece by piece.
    """

    def __init__(
        self, sheet: Sheet, store: TableStore, reports: Pending, *, cells_at_once: int = PIECE_CELLS_MAX
    ) -> None:
        self._sheet = sheet
        self._store = store
        self._reports = reports
        self._cells_at_once = cells_at_once

    def look(self, link: Link, state: LinkState) -> Seen:
        """Compare one link as it stands now.

        Raises:
            RowsMoved: people move rows of a large tab faster than it can be read.
        """
        count = self._store.run(lambda tx: tx.count_bases(link.name))
        is_large = count > rows_at_once(len(link.columns) + 1, self._cells_at_once)
        return read_again_while_moved()(self._look_by_pieces if is_large else self._look_at_once, link, state)

    def _look_at_once(self, link: Link, state: LinkState) -> Seen:
        image = self._sheet.read_tab(SheetTarget.of(link, state))
        known = self.known(link, state)
        comparison = compare(link, image, self._store.read_rows(link), known.cells, self.bases(link, known))
        return Seen(image.read_at, comparison, known.cells, _missing(link, image, known), _rows(image, known))

    def _look_by_pieces(self, link: Link, state: LinkState) -> Seen:
        target, both = SheetTarget.of(link, state), Piecewise(link, self._store, DIFFERENCES_MAX)
        sweep = Sweep(rows_at_once(len(link.columns) + 1, self._cells_at_once))
        excused: set[Place] = set()
        missing: dict[str, str] = {}
        rows: dict[str, int] = {}
        first = image = self._sheet.read_spans(target, [sweep.span])
        while True:
            known = self.known(link, state)
            both.add(image, known.cells, self.bases(link, known))
            excused |= known.cells
            missing |= _missing(link, image, known)
            rows |= _rows(image, known)
            if not sweep.goes_on(image):
                break
            image = self._piece(target, sweep.span, first)
        if not both.finish():
            raise RowsMoved
        count = sum(1 for _ in self._store.read_keys(link))
        return Seen(first.read_at, Comparison(count, tuple(both.found)), frozenset(excused), missing, rows)

    def _piece(self, target: SheetTarget, span: Span, first: TabImage) -> TabImage:
        try:
            image = self._sheet.read_spans(target, [span])
        except SheetsRefused as error:  # the tab has fewer rows by now
            raise RowsMoved from error
        if _frame(image) != _frame(first):
            raise RowsMoved
        return image

    def known(self, link: Link, state: LinkState) -> Known:
        """What is known of the link's cells now."""
        waiting = self._reports.pending(link.name)
        soon = (*IN_FLIGHT, "paused") if state.state == "live" else IN_FLIGHT  # resumed: what waited is decided now
        pending = [p for p in waiting if p["reason"] not in soon]
        # What waits for the end of a pause is told apart, and differs all the same.
        cells = frozenset((p["row_id"], p["column"]) for p in pending if p["reason"] != "paused")
        return Known(pending, cells, is_settled=len(pending) == len(waiting))

    def bases(self, link: Link, known: Known) -> Mapping[str, RowBase]:
        """Of the rows in which anything is known to differ, by row id."""
        return self._store.run(lambda tx: tx.all_bases(link.name, known.row_ids))


def _frame(image: TabImage) -> tuple[object, ...]:
    """What changes as rows come or go, or columns move."""
    return image.columns, image.header_row, image.grid_rows


def _rows(image: TabImage, known: Known) -> dict[str, int]:
    """By row id where those rows of the image stand in which anything is known to differ."""
    ids = known.row_ids
    return {row.row_id: row.row for row in image.rows if row.row_id in ids and row.row_id} if ids else {}


def _missing(link: Link, image: TabImage, known: Known) -> dict[str, str]:
    """Of the incomplete rows in the image, by row id, the column that each waits for."""
    waiting = {item["row_id"] for item in known.pending if item["reason"] == "incomplete"}
    rows = (row for row in image.rows if row.row_id in waiting) if waiting else ()
    return {row.row_id: name for row in rows if row.row_id and (name := first_missing(link, row)) is not None}
