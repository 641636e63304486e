"""Which rows of the table a link shows: conditions on columns that all have to hold (pure)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.values import Canonical

Same = Callable[[Canonical, Canonical], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a column holds in every row that is shown."""

    values: tuple[Canonical, ...]
    """One of these, as canonical texts; ``None`` for an empty cell."""
    negated: bool = False
    """None of them instead; what is empty is none of the others."""

    def holds(self, value: Canonical, same: Same) -> bool:
        """Whether a row with this value is shown; ``same`` is the column's equality."""
        return any(same(value, one) for one in self.values) != self.negated

    @property
    def only_value(self) -> Canonical:
        """The one value that there may be: a new row gets it where its cell is blank."""
        return self.values[0] if len(self.values) == 1 and not self.negated else None

    @property
    def words(self) -> str:
        """For a person, after the column's name."""
        *first, last = (f"'{value}'" if value is not None else "empty" for value in self.values)
        listed = f"{', '.join(first)} or {last}" if first else last
        return f"is {'not ' if self.negated else ''}{listed}"
