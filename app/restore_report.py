"""What ``twinsheet restore`` tells before it asks."""

from __future__ import annotations

from typing import Any

from core import guards
from core.model import Link
from core.ports import Hold
from core.restore_plan import RestorePlan
from core.row_view import value_text

Json = dict[str, Any]
FIRST_SHOWN = 5


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
