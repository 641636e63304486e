"""Writes to the sheet as data that survives a crash: recorded before the call, read again by whoever settles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import Unfit
from core.events import value_from_json, value_to_json
from core.freshness import OpenWrite
from core.model import Key, Link, SheetCell
from core.origin import Origin, origin_from_json, origin_to_json
from core.sheet import CellWrite, FormulaRestore, IdWrite, RowDelete, RowInsert, RowRestore, SwapWrite
from core.values import Canonical, SheetValue


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """A swap write with what settling needs besides: the keys of the rows that it inserts and deletes."""

    write: SwapWrite
    keys: Mapping[str, Key] = field(default_factory=dict)
    """Row id to key."""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Row id to the transaction of the table whose change is carried, where one was told; for people to follow."""


def planned_to_json(planned: PlannedWrite) -> dict[str, Any]:
    """The intent's ``plan`` column."""
    write = planned.write
    return {
        "cells": [[c.row_id, c.row, c.header, value_to_json(c.value)] for c in write.cells],
        "ids": [[i.row, i.row_id, i.expected] for i in write.ids],
        "inserts": [[i.row_id, {h: value_to_json(v) for h, v in i.cells.items()}] for i in write.inserts],
        "insert_after_row": write.insert_after_row,
        "deletes": [[d.row_id, d.row] for d in write.deletes],
        "formula_restores": [
            [r.scratch_line, r.row, r.header, None if r.written is None else [value_to_json(r.written.value)]]
            for r in write.formula_restores
        ],
        "row_restores": [[r.scratch_line, r.row] for r in write.row_restores],
        "keys": {row_id: list(key) for row_id, key in planned.keys.items()},
        "transactions": {row_id: origin.transaction for row_id, origin in planned.origins.items()},
        "origins": {origin.transaction: origin_to_json(origin) for origin in planned.origins.values()},
    }


def planned_from_json(n: int, epoch: int, raw: Mapping[str, Any]) -> PlannedWrite:
    """The inverse of :func:`planned_to_json`."""
    write = SwapWrite(
        n=n,
        epoch=epoch,
        cells=tuple(CellWrite(i, row, header, value_from_json(v)) for i, row, header, v in raw["cells"]),
        ids=tuple(IdWrite(*i) for i in raw["ids"]),
        inserts=tuple(
            RowInsert(row_id, {h: value_from_json(v) for h, v in cells.items()}) for row_id, cells in raw["inserts"]
        ),
        insert_after_row=raw["insert_after_row"],
        deletes=tuple(RowDelete(*d) for d in raw["deletes"]),
        formula_restores=tuple(_restore_from_json(*r) for r in raw["formula_restores"]),
        row_restores=tuple(RowRestore(*r) for r in raw["row_restores"]),
    )
    keys = {row_id: tuple(key) for row_id, key in raw["keys"].items()}
    told = {name: origin_from_json(name, one) for name, one in raw.get("origins", {}).items()}
    made = raw.get("transactions", {})
    origins = {row_id: told.get(name) or origin_from_json(name, None) for row_id, name in made.items()}
    return PlannedWrite(write, keys, origins)


def _restore_from_json(line: int, row: int, header: str, written: list[Any] | None = None) -> FormulaRestore:
    return FormulaRestore(line, row, header, SheetCell(value_from_json(written[0])) if written else None)


def open_write(link: Link, planned: PlannedWrite) -> OpenWrite:
    """What observations have to wait for while this write is not settled."""
    write = planned.write
    values: dict[str, set[Canonical]] = {}
    puts: list[tuple[str, SheetValue]] = [(c.header, c.value) for c in write.cells]
    puts += [(header, value) for insert in write.inserts for header, value in insert.cells.items()]
    for header, value in puts:
        column = link.by_header(header)
        if column is not None:
            values.setdefault(column.name, set()).add(_canonical(link, header, value))
    named = {(c.row_id, column.name) for c in write.cells if (column := link.by_header(c.header))}
    rows = {i.row_id for i in write.inserts} | {d.row_id for d in write.deletes}
    keys = {c.header for c in link.key_columns}
    rows |= {c.row_id for c in write.cells if c.header in keys}  # by its key a row's contents are known to be its own
    return OpenWrite(write.n, {k: frozenset(v) for k, v in values.items()}, frozenset(named), frozenset(rows))


def _canonical(link: Link, header: str, value: SheetValue) -> Canonical:
    column = link.by_header(header)
    if column is None:
        return None
    try:
        return column.codec.from_sheet(value)
    except Unfit:  # we wrote it, so it fits; a column that was re-typed since decides anew
        return None
