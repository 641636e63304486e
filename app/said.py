"""How numbers of things, what waits, and keys of rows are said to people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_NAMES_MAX = 5


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 link``, ``1,000 links``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def exception(cells: int) -> str:
    """What is not identical although nothing is wrong: ``except 2 cells that wait for a person``."""
    return f"except {count(cells, 'cell that waits', 'cells that wait')} for a person"


def key_shown(key: Sequence[str] | None) -> str:
    """A row's key in one word; empty where it has none."""
    return "/".join(key or ())


def troubles(of_links: Iterable[tuple[str, str]]) -> str:
    """What ails links in one line, those of one reason together: ``orders, prices: Google answered 503``.

    Args:
        of_links: the name and the reason of each; an empty reason is no trouble.
    """
    by_reason: dict[str, list[str]] = {}
    for name, reason in of_links:
        if reason:
            by_reason.setdefault(reason, []).append(name)
    return "; ".join(f"{_some(names)}: {reason}" for reason, names in by_reason.items())


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_MAX
    return ", ".join(names[:_NAMES_MAX]) + (f" and {count(more, 'other link')}" if more > 0 else "")
