"""Values that refer to rows of other tables, by foreign keys: they wait for these, and go in by themselves (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import NoParent, Unfit
from core.values import Canonical

PARENT = "parent"
"""The reason of cells that wait for such a row."""


def worded(refusal: Unfit, values: Mapping[str, Canonical]) -> Unfit:
    """A refusal as people are told of it: which row it waits for, where it is one of these.

    Args:
        refusal: the server's.
        values: what was to be written, by column.
    """
    if not isinstance(refusal, NoParent) or not refusal.columns:
        return refusal
    wanted = " ".join(values.get(name) or "" for name in refusal.columns)
    where = ", ".join(refusal.columns)
    told = f"{where}: waits for {refusal.parent} {wanted}, and goes in by itself once that is there"
    return NoParent(told, refusal.columns, refusal.parent)


def reason_to_wait(refusal: Unfit) -> str:
    """What a refused row waits for: the other row, or a person."""
    return PARENT if isinstance(refusal, NoParent) else "incomplete"
