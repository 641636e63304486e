"""The events that tell of a scan, in pieces that Kafka takes (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.events import Json, cell_to_json, stamp_to_json
from core.findings import Findings
from core.model import Link, LinkedColumn, SheetCell
from core.sheet import TabImage, TabRow

IDS_MAX = 10_000
"""Of rows that are missing or are to be named, in one event."""
CHARS_MAX = 400_000
"""Of cells, in one event; a character may take six bytes of the four megabytes that Kafka takes."""
_BLANK = SheetCell(None)


def scan_events(
    link: Link,
    image: TabImage,
    found: Findings,
    strangers: Sequence[TabRow],
    settled_n: int,
    *,
    event: str,
    rows_max: int = 500,
) -> Iterator[Json]:
    """The events that tell of a scan, in pieces of whole rows that Kafka takes; none where nothing was found.

    Args:
        strangers: those that need an id now.
        settled_n: number of our last write that base knew of.
        event: id of the scan.
        rows_max: rows with cells in one event; fewer where their texts are long.
    """
    head: Json = {"kind": "scan", "link": link.name, "event": event, "stamp": stamp_to_json(image.stamp)}
    head["settled_n"] = settled_n
    names: list[Json] = [{"row": s.row, "expected": s.row_id, "row_id": None} for s in strangers]
    names += [{"row": m.row, "expected": m.expected, "row_id": m.row_id} for m in found.moved_ids]
    rests = _rests(found, names)
    last: list[Json] = []
    for cells in _pieces(found, rows_max):
        if last:
            yield {**head, "cells": last}
        last = cells
    if not (last or found.missing or names):
        return
    yield {**head, "cells": last, **next(rests)}
    yield from ({**head, "cells": [], **rest} for rest in rests)


def _rests(found: Findings, names: Sequence[Json]) -> Iterator[Json]:
    """What is told besides cells; an empty one where there is nothing."""
    for start in range(0, max(1, len(found.missing), len(names)), IDS_MAX):
        missing = found.missing[start : start + IDS_MAX]
        ages = {row_id: found.known_ages[row_id] for row_id in missing if row_id in found.known_ages}
        yield {"missing": missing, "known_ages": ages, "names": names[start : start + IDS_MAX]}


def _pieces(found: Findings, rows_max: int) -> Iterator[list[Json]]:
    cells: list[Json] = []
    rows = chars = 0
    for row, columns in found.rows:
        told = list(_told(row, columns))
        size = sum(len(str(cell["value"])) for cell in told)
        if cells and (rows == rows_max or chars + size > CHARS_MAX):
            yield cells
            cells, rows, chars = [], 0, 0
        cells += told
        rows, chars = rows + 1, chars + size
    if cells:
        yield cells


def _told(row: TabRow, columns: Sequence[LinkedColumn]) -> Iterator[Json]:
    for column in columns:
        cell = row.cells.get(column.header, _BLANK)
        yield {"row_id": row.row_id, "row": row.row, "column": column.header, **cell_to_json(cell)}
