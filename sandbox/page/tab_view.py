"""One tab as the page gets it: whole once, then what changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.model import ROW_ID_HEADER, STATE_TAB
from sandbox.google.area import Area
from sandbox.google.cells import Column, Row
from sandbox.google.document import Document, Sheet
from sandbox.page.cells import Json, Options, cell_json

METADATA_PREFIX = "twinsheet."
LINKS_MAX = 99
"""In the hidden tab, one row each from the second on: name, number of the last write, …"""


@dataclass(frozen=True, slots=True)
class TabImage:
    """A tab at one moment; rows and columns are the sandbox's own immutable ones."""

    sheet_id: int
    title: str
    locale: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    frozen_rows: int


def image_of(sheet: Sheet) -> TabImage:
    """Take the tab as it is; the document's lock is held for that moment only."""
    with sheet.document.lock:
        return TabImage(
            sheet.sheet_id, sheet.title, sheet.document.locale, sheet.columns, tuple(sheet.rows), sheet.frozen_rows
        )


def tabs_of(document: Document) -> list[Json]:
    """The tabs in their order."""
    with document.lock:
        return [{"id": s.sheet_id, "title": s.title, "hidden": s.hidden} for s in document.sheets]


def linked_headers(columns: Sequence[Column]) -> dict[str, dict[int, str]]:
    """By link, which column uid stands for which header; read from the columns' metadata."""
    found: dict[str, dict[int, str]] = {}
    for column in columns:
        for entry in column.metadata:
            if entry.key.startswith(METADATA_PREFIX):
                found.setdefault(entry.key.removeprefix(METADATA_PREFIX), {})[column.uid] = entry.value or ""
    return found


def writes_of(document: Document, link: str) -> int | None:
    """Number of Twinsheet's last write of a link, from the hidden tab; None where there is none."""
    with document.lock:
        state = document.sheet_titled(STATE_TAB)
        lines = [] if state is None else state.cells(Area(1, 0, LINKS_MAX, 2))
    return next((int(n.value) for name, n in lines if name.value == link and isinstance(n.value, float)), None)


class TabView:
    """What the page was told of a tab, and so what it still has to be told.

    Args:
        image: the tab when the page first asks.
    """

    def __init__(self, image: TabImage) -> None:
        self.image = image
        self._options = Options()

    def whole(self) -> Json:
        """Everything."""
        image = self.image
        rows = self._rows(image.rows)
        return {
            "id": image.sheet_id,
            "title": image.title,
            "frozenRows": image.frozen_rows,
            "columns": [_column(c) for c in image.columns],
            "rows": rows,
            "options": self._options.lists,
        }

    def patch(self, image: TabImage) -> Json | None:
        """What leads from what the page knows to ``image``; None where only everything will do.

        ``at``, ``removed`` and ``rows`` replace a run of rows; ``changed`` replaces single ones.
        """
        old, self.image = self.image, image
        if (old.columns, old.frozen_rows, old.title) != (image.columns, image.frozen_rows, image.title):
            return None
        head, tail = common_ends(old.rows, image.rows)
        moved = old.rows[head : len(old.rows) - tail], image.rows[head : len(image.rows) - tail]
        same_places = [r.uid for r in moved[0]] == [r.uid for r in moved[1]]
        if same_places:
            changed = [
                [head + i, self._row(new)] for i, (was, new) in enumerate(zip(*moved, strict=True)) if was is not new
            ]
            told: Json = {"changed": changed}
        else:
            told = {"at": head, "removed": len(moved[0]), "rows": self._rows(moved[1])}
        return told | {"options": self._options.lists}

    def _rows(self, rows: Sequence[Row]) -> list[Any]:
        return [self._row(row) for row in rows]

    def _row(self, row: Row) -> list[Any]:
        locale, columns = self.image.locale, self.image.columns
        cells = [cell_json(row.cells.get(c.uid), locale, self._options) for c in columns] if row.cells else []
        while cells and cells[-1] is None:
            cells.pop()
        return cells


def _column(column: Column) -> Json:
    told: Json = {"uid": column.uid, "width": column.pixel_size}
    told |= {"hidden": True} if column.hidden else {}
    for entry in column.metadata:
        if entry.key.startswith(METADATA_PREFIX):
            told |= {"id": True} if entry.value == ROW_ID_HEADER else {"linked": entry.value}
    return told


def common_ends(old: Sequence[object], new: Sequence[object]) -> tuple[int, int]:
    """How many rows at the start and at the end are the very same objects."""
    limit = min(len(old), len(new))
    head = 0
    while head < limit and old[head] is new[head]:
        head += 1
    tail = 0
    while tail < limit - head and old[-1 - tail] is new[-1 - tail]:
        tail += 1
    return head, tail
