"""Rows of an undo as people and programs are told of them, planned and done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.model import Key
from core.undo import LeftAlone, RowOutcome
from core.undo_plan import RowUndo

Json = dict[str, Any]


def rows_told(rows: Iterable[RowUndo | RowOutcome]) -> list[Json]:
    """Those of which something is written: ``row_id``, ``key``, ``kind``, ``cells``, ``old_key``."""
    return [
        {
            "row_id": row.row_id,
            "key": list(row.key) if row.key is not None else None,
            "kind": row.kind,
            "cells": [{"column": name, "now": cell.now, "then": cell.then} for name, cell in row.cells.items()],
            "old_key": list(row.old_key) if row.old_key is not None else None,
        }
        for row in rows
        if row.kind != "none"
    ]


def left_told(row_id: str, key: Key | None, one: LeftAlone) -> Json:
    """What is left alone of a row, and why."""
    return {
        "row_id": row_id,
        "key": list(key) if key is not None else None,
        "column": one.column,
        "now": one.now,
        "then": one.then,
        "reason": one.reason,
    }


def left_of(outcomes: Iterable[RowOutcome]) -> list[Json]:
    """The same of all that was decided."""
    return [left_told(outcome.row_id, outcome.key, one) for outcome in outcomes for one in outcome.left]
