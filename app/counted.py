"""How numbers of things are said."""

from __future__ import annotations


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 link``, ``1,000 links``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
