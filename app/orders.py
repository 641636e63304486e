"""What a person orders of a whole link stands in the history, with who it was."""

from __future__ import annotations

import getpass
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from core.ports import HistoryEntry


def this_person() -> str:
    """Whoever types the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "command line"


@dataclass(frozen=True, slots=True)
class Order:
    """Something that a person has ordered, once, however often its transaction is run.

    Args:
        what: ``paused``, ``resumed``, ``approved`` or ``restored``.
        actor: who.
        at: when.
        event: its own id, which names what came of it.
    """

    what: str
    actor: str
    at: datetime
    event: str

    @classmethod
    def given(cls, what: str, actor: str) -> Order:
        """A new one, now."""
        return cls(what, actor, datetime.now(UTC), f"{what}_{secrets.token_hex(8)}")

    def entry(self, before: str, after: str) -> HistoryEntry:
        """Its line in the history of the link, which is about no row.

        Args:
            before: what held good until then.
            after: what does from then on.
        """
        return HistoryEntry(
            row_id="",
            key=None,
            column=None,
            old=before,
            new=after,
            side="person",
            what=self.what,
            actor=self.actor,
            edited_at=self.at,
            event=self.event,
        )
