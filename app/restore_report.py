"""What ``twinsheet restore`` tells before it asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.said import key_shown
from core import guards
from core.model import Link
from core.ports import Hold
from core.restore_view import RestorePlan
from core.row_view import value_text

Json = dict[str, Any]
FIRST_SHOWN = 5
_SAID = {
    ("sheet", "header"): "The header row is written again",
    ("sheet", "column"): "Columns made again in the tab",
    ("sheet", "row_back"): "Rows that come back into the tab, from the table",
    ("sheet", "cell_back"): "Cells of the tab that get the table's value",
    ("sheet", "row_removed"): "Rows of the older version that leave the tab",
    ("table", "row_back"): "Rows that come back into the table, from what both sides shared",
}


def report_of(link: Link, hold: Hold, plan: RestorePlan) -> Json:
    """The report; nothing of it is carried out yet.

    Returns:
        ``plan`` counts what would be written by side and kind, with the first of each, and says what ``cannot`` be
        brought back.
    """
    kinds = _kinds(link, plan)
    return {
        "link": link.name,
        "guard": hold.guard,
        "reason": hold.reason,
        "plan": {
            "damaged": plan.side,
            "sheet_writes": sum(kind["count"] for kind in kinds if kind["side"] == guards.SHEET),
            "table_writes": sum(kind["count"] for kind in kinds if kind["side"] == guards.TABLE),
            "kinds": kinds,
            "cannot": plan.cannot,
        },
        "restored": False,
    }


def _kinds(link: Link, plan: RestorePlan) -> list[Json]:
    """What is written where; kinds of which there is nothing are left out."""
    titles: list[Json] = [{"columns": list(link.headers)}] if plan.header else []
    columns: list[Json] = [{"column": header} for header in plan.columns]
    placed = [{"row_id": b.row_id, "key": list(b.key or ())} for b in plan.place]
    cells = [
        {
            "row_id": one.row_id,
            "key": list(one.key or ()),
            "column": one.column,
            "sheet": value_text(one.holds.value),
            "table": one.value,
        }
        for one in plan.cells
    ]
    removed = [{"row_id": row.row_id, "row": row.row} for row in plan.remove]
    inserted = [{"row_id": b.row_id, "key": list(b.key or ()), "values": dict(v)} for b, v in plan.insert]
    every: list[tuple[str, str, list[Json]]] = [
        (guards.SHEET, "header", titles),
        (guards.SHEET, "column", columns),
        (guards.SHEET, "row_back", placed),
        (guards.SHEET, "cell_back", cells),
        (guards.SHEET, "row_removed", removed),
        (guards.TABLE, "row_back", inserted),
    ]
    return [
        {"side": side, "kind": kind, "count": len(found), "first": found[:FIRST_SHOWN]}
        for side, kind, found in every
        if found
    ]


def plan_lines(plan: Mapping[str, Any]) -> list[str]:
    """A plan for people: what would be written where, and the first of each kind, two blanks further in."""
    if not plan["kinds"]:
        return ["Nothing is missing any more; the link only has to go on."]
    lines: list[str] = []
    for kind in plan["kinds"]:
        lines.append(f"{_SAID[kind['side'], kind['kind']]}: {kind['count']}")
        lines += [f"  {_line(one)}" for one in kind["first"]]
        if kind["count"] > len(kind["first"]):
            lines.append(f"  and {kind['count'] - len(kind['first'])} more")
    return lines


def _line(one: Mapping[str, Any]) -> str:
    if "columns" in one:
        return ", ".join(one["columns"])
    if "sheet" in one:
        return f"{key_shown(one['key'])} {one['column']}: {one['sheet']!r} → {one['table']!r}"
    if "values" in one:
        return ", ".join(f"{name}={value}" for name, value in one["values"].items() if value is not None)
    return key_shown(one["key"]) if "key" in one else str(one.get("column", f"row {one.get('row')}"))
