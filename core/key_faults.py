"""Keys that stand in several rows of the tab, or in none (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from core.compare import key_in_sheet
from core.model import Key, Link, SheetCell
from core.sheet import TabImage

_BLANK = SheetCell(None)


@dataclass(frozen=True, slots=True)
class KeyFaults:
    """Rows of the tab that their keys do not tell apart."""

    repeated: dict[Key, list[int]]
    """Key to the 1-based rows that show it, two at least."""
    blank: list[int]
    """1-based rows without a key that the table would not give them."""


def key_faults(link: Link, image: TabImage) -> KeyFaults:
    """Look through the key columns of a tab."""
    rows: dict[Key, list[int]] = {}
    blank: list[int] = []
    given = all(c.column.auto_increment or c.column.has_default for c in link.key_columns)
    for row in image.rows:
        if not row.cells:
            continue
        key = key_in_sheet(link, row)
        if key is not None:
            rows.setdefault(key, []).append(row.row)
        elif not given and any(row.cells.get(c.header, _BLANK).value in (None, "") for c in link.key_columns):
            blank.append(row.row)
    return KeyFaults({key: found for key, found in rows.items() if len(found) > 1}, blank)
