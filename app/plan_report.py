"""What a plan tells, for programs and people: of links that exist and of those that are about to be made."""

from __future__ import annotations

from typing import Any

from core.care import columns_with_care
from core.compare import DIFFERENCES_MAX
from core.cost import cost_of
from core.key_faults import key_faults
from core.model import Link
from core.preview_tally import FIRST_SHOWN, SHEET, Change, Tally
from core.sheet import TabImage

Json = dict[str, Any]


def plan_to_json(
    link: Link, image: TabImage, tally: Tally, *, time_zone: str, writes_per_minute: int, before: int = 0
) -> Json:
    """The ``plan`` of a report.

    Args:
        link: with its columns.
        image: the tab as it is.
        tally: what would be written.
        time_zone: of the spreadsheet.
        writes_per_minute: Google's quota.
        before: requests that prepare the tab.
    """
    ids = {row.row_id for row in image.rows}
    keys = key_faults(link, image)
    known, new = tally.count(SHEET, "cell", "delete", "id", "key"), tally.count(SHEET, "insert")
    cost = cost_of(known, new, tally.sheet_bytes, writes_per_minute, before)
    repeated = [{"key": list(key), "rows": rows[:FIRST_SHOWN]} for key, rows in keys.repeated.items()]
    return {
        "sheet_writes": tally.sheet_writes,
        "table_writes": tally.table_writes,
        "differences": [_difference(one, ids) for one in tally.differences],
        "more_differences": len(tally.differences) == DIFFERENCES_MAX,
        "unfit": [_unfit(one, ids) for one in tally.unfit],
        "guard": None if tally.guard is None else dict(zip(("name", "reason"), tally.guard, strict=True)),
        "kinds": [
            {"side": side, "kind": kind, "count": some.count, "first": [_change(one, ids) for one in some.first]}
            for (side, kind), some in tally.kinds.items()
        ],
        "columns": [
            {"column": c.name, "header": c.header, "type": c.column.column_type, **tally.columns[c.name]}
            for c in link.columns
            if c.name in tally.columns
        ],
        "repeated_keys": {"count": len(repeated), "first": repeated[:FIRST_SHOWN]},
        "blank_keys": {"count": len(keys.blank), "rows": keys.blank[:FIRST_SHOWN]},
        "care": [
            {"column": c.column, "type": c.column_type, "what": c.what} for c in columns_with_care(link, time_zone)
        ],
        "cost": {
            "requests": cost.requests,
            "bytes": cost.size_bytes,
            "seconds": cost.time_s,
            "writes_per_minute": writes_per_minute,
        },
    }


def _difference(one: Change, ids: set[str | None]) -> Json:
    return {
        "row_id": _known(one, ids),
        "row": one.row,
        "key": list(one.key or ()),
        "column": one.column,
        "sheet": one.sheet,
        "table": one.table,
    }


def _unfit(one: Change, ids: set[str | None]) -> Json:
    value = one.sheet if one.sheet is not None else one.table
    return {
        "row_id": _known(one, ids),
        "row": one.row,
        "key": list(one.key) if one.key else None,
        "column": one.column,
        "value": value,
        "reason": one.reason,
    }


def _change(one: Change, ids: set[str | None]) -> Json:
    """What is known of a change; what says nothing is left out."""
    told: Json = {"row_id": _known(one, ids), "row": one.row, "key": list(one.key) if one.key else None}
    told = {name: value for name, value in told.items() if value is not None}
    if one.column is not None:
        told |= {"column": one.column}
    if one.column is not None and one.kind not in ("key", "incomplete"):
        told |= {"sheet": one.sheet, "table": one.table}
    if one.values is not None:
        told |= {"values": {name: value for name, value in one.values.items() if value is not None}}
    return told | ({"reason": one.reason} if one.reason else {})


def _known(one: Change, ids: set[str | None]) -> str | None:
    """The id of a row that has one; those of a preview are made up."""
    return one.row_id if one.row_id in ids else None
