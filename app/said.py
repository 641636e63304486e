"""How numbers of things, what waits, and keys of rows are said to people."""

from __future__ import annotations

from collections.abc import Sequence


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 link``, ``1,000 links``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def exception(cells: int) -> str:
    """What is not identical although nothing is wrong: ``except 2 cells that wait for a person``."""
    return f"except {count(cells, 'cell that waits', 'cells that wait')} for a person"


def key_shown(key: Sequence[str] | None) -> str:
    """A row's key in one word; empty where it has none."""
    return "/".join(key or ())
