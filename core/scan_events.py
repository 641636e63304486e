"""The events that tell of a scan, in pieces that Kafka takes (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from core.events import Json, cell_to_json, stamp_to_json
from core.model import Link, LinkedColumn, SheetCell
from core.scan import Findings
from core.sheet import TabImage, TabRow

_BLANK = SheetCell(None)


def scan_events(
    link: Link, image: TabImage, found: Findings, strangers: Sequence[TabRow], *, event: str, rows_max: int = 500
) -> Iterator[Json]:
    """The events that tell of a scan, in pieces of whole rows that Kafka takes; none where nothing was found.

    Args:
        strangers: those that need an id now.
        event: id of the scan.
        rows_max: rows in one event.
    """
    head: Json = {"kind": "scan", "link": link.name, "event": event, "stamp": stamp_to_json(image.stamp)}
    names = [{"row": s.row, "expected": s.row_id, "row_id": None} for s in strangers]
    names += [{"row": m.row, "expected": m.expected, "row_id": m.row_id} for m in found.moved_ids]
    pieces = max(1, -(-len(found.rows) // rows_max))
    for piece in range(pieces):
        cells = list(
            chain.from_iterable(_told(*one) for one in found.rows[piece * rows_max : (piece + 1) * rows_max])
        )
        rest = {"missing": found.missing, "names": names} if piece == pieces - 1 else {}
        if cells or found.missing or names:
            yield {**head, "cells": cells, **rest}


def _told(row: TabRow, columns: Sequence[LinkedColumn]) -> Iterator[Json]:
    for column in columns:
        cell = row.cells.get(column.header, _BLANK)
        yield {"row_id": row.row_id, "row": row.row, "column": column.header, **cell_to_json(cell)}
