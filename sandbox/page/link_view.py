"""The linked table as the page gets it, and how far it agrees with the tab."""

import json
import time
from typing import Any

from adapters.sheets_header import header_among
from core.errors import Unfit
from core.model import ROW_ID_HEADER, Key, LinkedColumn
from core.values import Canonical, CellError, Serial, SheetValue
from sandbox.google.cells import EMPTY, Cell, ErrorValue, Row
from sandbox.page import statements
from sandbox.page.agreement import MISFIT, Agreement, Landed, SheetRow
from sandbox.page.cells import DATE_TYPES, Json
from sandbox.page.tab_view import TabImage, common_ends, linked_headers
from sandbox.page.table_feed import Cells, Health, TableFeed, TableImage

DIFFERENCES_MAX = 300
_EXACT_MAX = 2.0**53


class LinkView:
    """What the page was told of one link.

    Args:
        feed: the table; it is read until ``leave``.
    """

    def __init__(self, feed: TableFeed) -> None:
        self.feed = feed
        self._link = feed.link
        self._agreement = Agreement(feed.link)
        self._image: TableImage | None = None
        self._tab_rows: dict[int, Row] = {}
        self._keys: dict[int, str | None] = {}
        self._told_keys: list[str | None] | None = None
        self._headers: dict[int, str] | None = None
        self._columns: list[tuple[int, LinkedColumn]] = []
        self._id_column: int | None = None
        self._status: Json = {}
        self._health: Health | None = None
        self._moved = True
        self._writes: int | None = None
        feed.enter()

    def leave(self) -> None:
        """The page looks at something else."""
        self.feed.leave()

    # -- the tab's side --------------------------------------------------------------------

    def tab_changed(self, image: TabImage, writes: int | None, at_s: float) -> None:
        """Compare what changed in the tab.

        Args:
            image: the tab as it is.
            writes: number of Twinsheet's last write to it, as its hidden tab tells.
            at_s: when it changed.
        """
        by_twinsheet, self._writes = (writes or 0) > (self._writes or 0), writes
        before = self._tab_rows
        headers = linked_headers(image.columns).get(self._link.name, {})
        if headers != self._headers:
            self._headers, self._tab_rows, self._keys = headers, {}, {}
            pairs = [(uid, self._link.by_header(header)) for uid, header in headers.items()]
            self._columns = [(uid, column) for uid, column in pairs if column is not None]
            self._id_column = next((uid for uid, h in headers.items() if h == ROW_ID_HEADER), None)
        header_row = header_among(map(self._row_id, image.rows)) or self._link.header_row
        rows = {row.uid: row for row in image.rows[header_row:] if row.cells}
        changed: list[tuple[int, SheetRow | None]] = [(uid, None) for uid in before if uid not in rows]
        for uid, row in rows.items():
            if self._tab_rows.get(uid) is not row:
                own = self._sheet_row(row)
                changed.append((uid, own))
                self._keys[uid] = None if own is None or own.key is None else key_text(own.key)
        self._tab_rows = rows
        self._agreement.sheet_changed(changed, at_s, by_twinsheet=by_twinsheet)
        self._moved = True

    def keys_message(self, image: TabImage) -> Json | None:
        """The key that each row of the tab shows, as the page names rows of the table; None where none changed."""
        told = [self._keys.get(row.uid) if row.cells else None for row in image.rows]
        if told == self._told_keys:
            return None
        self._told_keys = told
        return {"keys": told}

    def _sheet_row(self, row: Row) -> SheetRow | None:
        if all(row.cells.get(uid, EMPTY).empty for uid, _ in self._columns):
            return None
        cells = {column.name: _canonical(column, row.cells.get(uid)) for uid, column in self._columns}
        parts = [cells.get(c.name) for c in self._link.key_columns]
        key = tuple(p for p in parts if p is not None and p != MISFIT)
        return SheetRow(key if len(key) == len(parts) else None, cells, self._row_id(row))

    def _row_id(self, row: Row) -> str:
        own_id = row.cells.get(self._id_column) if self._id_column is not None else None
        return str(own_id.value) if own_id is not None and own_id.value is not None else ""

    # -- the table's side ------------------------------------------------------------------

    def table_message(self) -> Json | None:
        """What the page has to be told of the table; None for nothing."""
        image, old = self.feed.image, self._image
        if image is None or image is old:
            return None
        self._image = image
        before = {} if old is None else old.rows
        gone: list[tuple[Key, Cells | None]] = [(k, None) for k in before if k not in image.rows]
        changed = [(k, v) for k, v in image.rows.items() if before.get(k) is not v]
        self._moved, self._agreement.table_is_cut = True, image.cut
        self._agreement.table_changed([*gone, *changed], image.earliest_s, image.at_s)
        if old is None:
            self._agreement.take_landed()  # what was equal before anybody looked has not crossed just now
        return {"table": self._whole(image)} if old is None else {"rows": self._patch(old, image)}

    def _whole(self, image: TableImage) -> Json:
        link, rows = self._link, list(image.rows.values())
        return {
            "link": link.name,
            "name": f"{link.schema}.{link.table}",
            "columns": [_column_json(c) for c in link.columns],
            "rows": [self._row(k, v) for k, v in image.rows.items()],
            "cut": image.cut,
            "try": statements.suggestions(link, [*rows[:1], *rows[-1:]]),
        }

    def _patch(self, old: TableImage, new: TableImage) -> Json:
        """As the patch of a tab: a run of rows replaced, or single rows."""
        was, now = list(old.rows.items()), list(new.rows.items())
        if list(old.rows) == list(new.rows):
            pairs = enumerate(zip(was, now, strict=True))
            return {
                "changed": [[place, self._row(*row)] for place, (before, row) in pairs if before[1] is not row[1]]
            }
        head, tail = common_ends([v for _, v in was], [v for _, v in now])
        run = now[head : len(now) - tail]
        return {"at": head, "removed": len(was) - head - tail, "rows": [self._row(*row) for row in run]}

    def _row(self, key: Key, cells: Cells) -> list[Any]:
        return [key_text(key), [cells.get(c.name) for c in self._link.columns]]

    # -- both ------------------------------------------------------------------------------

    def status_message(self) -> Json | None:
        """How far both sides are from each other; None where nothing changed."""
        if not self._moved and self.feed.health is self._health:
            return None
        self._moved, self._health = False, self.feed.health
        told = self._status_now(self._health)
        landed = [self._landed(one) for one in self._agreement.take_landed()]
        if told == self._status and not landed:
            return None
        self._status = told
        return {"status": told | {"landed": landed[-50:], "landedCount": len(landed)}}

    def _status_now(self, health: Health) -> Json:
        pending = {(r, c): reason for r, c, reason in health.pending if reason not in _PASSING}
        pending_rows = {row_id for row_id, _ in pending}
        differences: list[list[Any]] = []
        for key, columns in self._agreement.open.items():
            row_id = self._agreement.row_id(key)
            for column, opened in columns.items():
                if (row_id, column) not in pending and (column or row_id not in pending_rows):
                    differences.append([key_text(key), column, opened.side, round(opened.since_s * 1000)])
        told: Json = {
            "differences": len(differences),
            "cells": differences[:DIFFERENCES_MAX],
            "waiting": [[row_id, column, _WORDS.get(why, why)] for (row_id, column), why in pending.items()][:50],
            "state": health.state,
            "reason": health.reason,
            "conflicts": health.conflicts,
            "rejections": health.rejections,
        }
        return told | ({"fault": health.fault, "hint": health.hint} if health.fault else {})

    def _landed(self, one: Landed) -> Json:
        key = None if one.key is None else " · ".join(one.key)
        return {
            "side": one.side,
            "key": key,
            "column": one.column,
            "ms": round(one.took_s * 1000),
            "value": one.value,
            "at": round(time.time() * 1000),
        }


_PASSING = frozenset({"intent", "commit_time", "unseen"})
"""Reasons that the next moments decide; nobody has to do anything."""
_WORDS = {
    "incomplete": "This row waits until its required cells are filled.",
    "parent": "It waits for the row of another table that it refers to.",
    "manual": "Both sides changed this cell. See: twinsheet conflicts",
    "paused": "The link is paused. Go on with: twinsheet resume",
}


def key_text(key: Key) -> str:
    """A key as the page names it."""
    return json.dumps(key, ensure_ascii=False)


def key_of_text(text: str) -> Key:
    """The key that a name of the page's stands for. Raises ValueError."""
    parts = json.loads(text)
    if not isinstance(parts, list) or not all(isinstance(p, str) for p in parts):
        raise ValueError("a key is a list of texts")
    return tuple(parts)


def _column_json(column: LinkedColumn) -> Json:
    told: Json = {"name": column.name, "header": column.header, "type": column.column.column_type}
    told |= {"key": True} if column.key else {}
    told |= {"number": True} if column.column.data_type in statements.NUMERIC else {}
    told |= {"required": True} if column.required else {}
    told |= {"auto": True} if column.column.auto_increment else {}
    told |= {"readonly": True} if column.read_only else {}
    return told | ({"options": list(column.column.options)} if column.column.options else {})


def _canonical(column: LinkedColumn, cell: Cell | None) -> Canonical:
    try:
        return column.codec.from_sheet(_sheet_value(cell))
    except Unfit:
        return MISFIT


def _sheet_value(cell: Cell | None) -> SheetValue:
    """What the product would read out of that cell."""
    value = None if cell is None else cell.value
    if isinstance(value, ErrorValue):
        return CellError(value.text)
    if cell is None or not isinstance(value, float):
        return value
    if cell.number_format[0] in DATE_TYPES:
        return Serial(value)
    return int(value) if value.is_integer() and abs(value) <= _EXACT_MAX else value
