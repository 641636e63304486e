"""``where`` of a link in links.yaml: which rows of the table it shows, by column.

A value, a list of values, ``null`` for empty, or ``not:`` with one of these; all columns together have to hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import Unfit
from core.model import LinkedColumn
from core.values import Canonical
from core.where import Condition

NOT = "not"


def check_condition(raw: Any) -> Any:
    """Return what links.yaml says of a column, or raise ValueError when it is no condition."""
    if isinstance(raw, Mapping) and list(raw) == [NOT] and not isinstance(raw[NOT], Mapping):
        check_condition(raw[NOT])
        return raw
    if isinstance(raw, Mapping) or raw == [] or (isinstance(raw, list) and any(map(_is_nested, raw))):
        raise ValueError("has to be a value, a list of values, null for empty, or {not: …} with one of these")
    return raw


def conditions(where: Mapping[str, Any], columns: Sequence[LinkedColumn]) -> tuple[dict[str, Condition], list[str]]:
    """The conditions by column name, and what is wrong with them.

    Args:
        where: as links.yaml has it.
        columns: the link's.
    """
    linked, found, faults = {c.name: c for c in columns}, {}, []
    for name, raw in where.items():
        column = linked.get(name)
        if column is None:
            faults.append(f"where names {name}, which is not linked")
        elif column.column.generated or column.codec.read_only:
            faults.append(f"where cannot go by {name}: it is read-only in the sheet")
        else:
            try:
                found[name] = _condition(column, raw)
            except Unfit as reason:
                faults.append(f"where: {reason.message}")
    return found, faults


def _is_nested(raw: Any) -> bool:
    return isinstance(raw, list | Mapping)


def _condition(column: LinkedColumn, raw: Any) -> Condition:
    negated = isinstance(raw, Mapping)
    plain = raw[NOT] if isinstance(raw, Mapping) else raw
    values = plain if isinstance(plain, list) else [plain]
    return Condition(tuple(_canonical(column, value) for value in values), negated)


def _canonical(column: LinkedColumn, value: Any) -> Canonical:
    """YAML reads dates and decimals as it likes; the column has the last word."""
    return column.codec.from_sheet(value if value is None or isinstance(value, bool | int) else str(value))
