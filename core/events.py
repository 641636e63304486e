"""The JSON that travels through Kafka, and its way to and from the nouns of core.model.

``sheet.observed``, keyed by link:
    edit, structure  the webhook's body as it was received, with ``event`` and ``received_at``
    scan             the same shape from the scanner, with ``missing`` and ``names``; ``settled_n``: the last of our
                     writes that base knew of as the tab was held against it; ``known_ages``: of missing rows the last
                     look that it knew of
    replan           ``rows``: [{row_id, key, times: {column: commit time}}]; look at their waiting cells again;
                     ``times_exact``: whether the server tells more than seconds
    rescan           read the tab again
    take             a person has chosen how a conflict ends: ``take``: {row_id}, and where it comes from the sheet's
                     menu {row_id, column (the header), take (sheet, table or value), value}
    undo             ``rows``: row ids of which somebody takes something back; what, stands in the record
``table.changed``, keyed by link:
    rows             ``keys`` that one transaction touched, ``kinds`` (one letter a key: i came, d went, u else),
                     ``renamed`` keys, ``committed_at``, ``position`` in the feed (:class:`core.renames.FeedPlace`)
    ddl              ``what``: truncate, drop, alter; ``renamed_to`` where it is gone under that name alone
    replan           ``rows``: [{row_id, key, kind}]; compare base and table again; kind ``left``: the row of that id
                     had left the table on its way back into the tab
    marks            ``rows``: row ids; what is to be told beside their cells may have changed (``after_s``: look
                     that much later)
    link             the link's state changed (approved, resumed, linked, restored): compare everything
    hold             the link is held: its note is to be put into the tab
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.model import SheetCell, Stamp
from core.values import CellError, Serial, SheetValue

SHEET_OBSERVED = "sheet.observed"
TABLE_CHANGED = "table.changed"
ROWS_PER_MESSAGE = 500
"""A key takes three kilobytes at the most, a message four megabytes."""

Json = dict[str, Any]


def marks_changed(link: str, row_ids: Sequence[str], after_s: float = 0) -> Json:
    """The message of kind ``marks``."""
    return {"kind": "marks", "link": link, "rows": list(row_ids), "after_s": after_s}


def replans(link: str, rows: Sequence[Json]) -> Iterator[Json]:
    """The messages of kind ``replan`` that tell of these rows; each of a size that Kafka takes, however long the keys
    are."""
    for start in range(0, len(rows), ROWS_PER_MESSAGE):
        yield {"kind": "replan", "link": link, "rows": rows[start : start + ROWS_PER_MESSAGE]}


def held(link: str) -> Json:
    """The message of kind ``hold``."""
    return {"kind": "hold", "link": link}


def value_to_json(value: SheetValue) -> Any:
    """A cell's value as the webhook's body spells it."""
    if isinstance(value, Serial):
        return {"serial": value.days}
    if isinstance(value, CellError):
        return {"error": value.text}
    return value


def value_from_json(raw: Any) -> SheetValue:
    """The inverse of :func:`value_to_json`.

    Raises:
        ValueError: a shape that no cell has.
    """
    if raw is None or isinstance(raw, str | bool | int | float):
        return raw
    if isinstance(raw, dict) and isinstance(raw.get("serial"), int | float):
        return Serial(float(raw["serial"]))
    if isinstance(raw, dict) and isinstance(raw.get("error"), str):
        return CellError(raw["error"])
    raise ValueError(f"no cell holds {raw!r}")


def cell_to_json(cell: SheetCell) -> Json:
    """A cell with its formula, for events, intents and waiting cells."""
    body: Json = {"value": value_to_json(cell.value)}
    if cell.formula is not None:
        body["formula"] = cell.formula
    return body


def cell_from_json(raw: Json) -> SheetCell:
    """The inverse of :func:`cell_to_json`."""
    return SheetCell(value_from_json(raw.get("value")), raw.get("formula") or None)


def stamp_to_json(stamp: Stamp) -> Json:
    """A stamp as the webhook's body spells it; a scan's has its number besides."""
    return {"n": stamp.n, "q": stamp.q, "epoch": stamp.epoch} | ({"scan": stamp.scan} if stamp.scan else {})


def stamp_from_json(raw: Json) -> Stamp:
    """The inverse of :func:`stamp_to_json`."""
    return Stamp(n=int(raw["n"]), q=int(raw["q"]), epoch=int(raw["epoch"]), scan=int(raw.get("scan", 0)))


def stamp_as_known(scan: Mapping[str, Any]) -> Stamp:
    """A scan's stamp, up to the last of our writes that base knew of: no row that a later one has changed was looked
    for as what it had become."""
    stamp = stamp_from_json(scan["stamp"])
    return replace(stamp, n=min(stamp.n, scan["settled_n"]))
