"""What the link itself says of a column's values: that the table alone gives them, or which rows are shown (pure).

What is typed where the table alone speaks gives way to its value, and is told.
"""

from __future__ import annotations

from core.errors import Unfit
from core.model import TO_SHEET, Link, LinkedColumn, Observed
from core.ports import ConflictEntry
from core.row_view import value_text
from core.rules import sample_values
from core.values import Canonical

READ_ONLY = "read_only"
"""The rule of conflicts in columns that the sheet only shows: the table's value is put back."""


def fitting(column: LinkedColumn, seen: Observed, before: Canonical) -> Canonical:
    """Canonical text of what was seen; raises Unfit also for an emptied cell that must not be empty: a key least of
    all, unless the table itself holds an empty one (``before``)."""
    value = column.codec.from_sheet(seen.cell.value)
    if value is None and not column.column.nullable and not column.read_only:
        raise Unfit(f"{column.header} cannot be empty")
    if column.key and not value and not column.read_only and not column.codec.same(value, before):
        raise Unfit(f"{column.header} is the row's key and cannot be empty")
    check_shown(column, value)
    return value


def others_than(column: LinkedColumn, seen: Observed, table: Canonical) -> list[Canonical]:
    """What base may say that the sheet holds, where that is no value of the column: anything that the table does not
    hold, so that its value is put back. Nothing for other columns, and for what the sheet holds no longer."""
    if column.direction != TO_SHEET or seen.source == "swap" or seen.cell.formula is not None:
        return []
    return [value for value in (None, *sample_values(column)) if not column.codec.same(value, table)]


def is_formula_instead(column: LinkedColumn, seen: Observed, sheet: Canonical, table: Canonical) -> bool:
    """Whether a formula, which is never overwritten, shows something else than the table where that alone speaks."""
    is_there = seen.source != "swap" and seen.cell.formula is not None
    return column.read_only and is_there and not column.codec.same(sheet, table)


def check_shown(column: LinkedColumn, value: Canonical) -> None:
    """Raise Unfit for a value by which the row would not be one that the link shows."""
    if column.where is not None and not column.admits(value):
        raise Unfit(f"{column.header}: this tab only has rows whose {column.name} {column.where.words}")


def fills_key_alone(column: LinkedColumn, seen: Observed) -> bool:
    """Whether the table alone gives a cell of a new row its value; a row that comes back has had one already."""
    return column.direction == TO_SHEET and seen.source != "swap"


def fills_alone(column: LinkedColumn, seen: Observed) -> bool:
    """The same while the row is planned: a generated key is looked at until the end, for a copied row, and one that
    has lost its id, are known by it."""
    return fills_key_alone(column, seen) and not column.column.auto_increment


def is_typed_over(link: Link, seen: Observed) -> bool:
    """Whether somebody has filled a cell of a new row that the table alone fills."""
    column = link.by_name(seen.column)
    return column is not None and fills_key_alone(column, seen) and seen.cell.value not in (None, "")


def put_back(seen: Observed) -> ConflictEntry:
    """What stood there; the key and the table's value are known once the row is inserted."""
    return ConflictEntry(
        row_id=seen.row_id,
        key=None,
        column=seen.column,
        base=None,
        sheet=value_text(seen.cell.value),
        table=None,
        winner="table",
        rule=READ_ONLY,
        sheet_at=seen.edited_at,
        sheet_actor=seen.actor,
        event=seen.event,
    )
