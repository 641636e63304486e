"""What every page works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from app.console.access import Access
from app.console.watch import Watch
from app.status import Status
from config.settings import Settings


@dataclass(frozen=True, slots=True)
class Question:
    """What the dialog asks about."""

    what: str
    """One of the names in :attr:`Desk.deeds`."""
    link: str
    more: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As the browser keeps it."""
        return asdict(self)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Question:
        """Out of what the browser kept."""
        return cls(str(kept["what"]), str(kept["link"]), dict(kept.get("more") or {}))


Deed = Callable[[Question, str, str], str]
"""Does what a person has said yes to, with the text of the dialog's input and who it is; says what came of it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Who answers the pages' questions."""

    status: Status
    watch: Watch
    access: Access
    deeds: dict[str, Deed] = field(default_factory=dict)
    """What the dialog can do; each page adds its own."""

    @property
    def settings(self) -> Settings:
        """Of this process."""
        return self.status.settings
