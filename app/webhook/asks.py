"""Questions that a person asks in the sheet, answered at once: how the link is, what was done, and taking it back.

A question waits for nobody else's edit and holds none up: only a few are answered at the same time.
"""

from __future__ import annotations

import threading
from typing import Annotated, Any, Literal, Protocol

import structlog
from pydantic import Field, model_validator

from app.webhook.body import FromSheet, RowId, Strict, in_shape, read_json
from app.webhook.gate import Gate, Guest, Request, of_link
from app.webhook.receiver import Seen
from config.link_entry import LinkEntry
from core.errors import WebhookRefused
from core.ports import Json
from core.undo import Selection

log = structlog.get_logger(__name__)

AT_ONCE_MAX = 4
SOMEBODY = "somebody in the sheet"
"""Where Google does not tell who it is."""


class Answers(Protocol):
    """What is known of the links."""

    def state(self, link: LinkEntry) -> Json:
        """How the link is."""

    def history(self, link: LinkEntry, row_id: str | None, cursor: str | None) -> Json:
        """What was done, to one row or to all, newest first."""

    def plan(self, link: LinkEntry, wanted: Selection) -> Json:
        """What would be taken back."""

    def undo(self, link: LinkEntry, wanted: Selection, shown: str, actor: str) -> Json:
        """Take it back, as it was shown."""


class StateAsk(Strict):
    """How is the link?"""

    what: Literal["state"]


class HistoryAsk(Strict):
    """What was done to a row, or to all of them?"""

    what: Literal["history"]
    row_id: RowId | None = None
    cursor: Annotated[str, Field(max_length=200)] | None = None


class UndoAsk(Strict):
    """What would be taken back? And once that was shown: take it back."""

    what: Literal["undo"]
    entry: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    event: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    shown: Annotated[str, Field(max_length=64)] | None = None

    @model_validator(mode="after")
    def _means_one_thing(self) -> UndoAsk:
        if (self.entry is None) == (self.event is None):
            raise ValueError("either an entry or an event is taken back")
        return self


class AskBody(FromSheet):
    """What the script sends when a person asks."""

    ask: Annotated[StateAsk | HistoryAsk | UndoAsk, Field(discriminator="what")]


class Asks:
    """Answers questions of sheets.

    Args:
        gate: lets them in.
        seen: what was carried out before: an order that is sent again is not given twice.
        answers: what is known of the links.
    """

    def __init__(self, gate: Gate, seen: Seen, answers: Answers) -> None:
        self._gate = gate
        self._seen = seen
        self._answers = answers
        self._places = threading.BoundedSemaphore(AT_ONCE_MAX)

    def answer(self, request: Request) -> Json:
        """Check, and answer.

        Raises:
            WebhookRefused: as for an event; 429 while too many ask.
            TwinsheetError: what the question comes to.
        """
        guest = self._gate.admit(request)
        raw: Any = read_json(request.body)
        body = in_shape(AskBody, raw)
        of_link(raw, guest.link)
        if not self._places.acquire(blocking=False):
            raise WebhookRefused(429, "many people ask at the moment; ask again")
        try:
            return self._answer(guest, body)
        finally:
            self._places.release()

    def _answer(self, guest: Guest, body: AskBody) -> Json:
        link, ask = guest.link, body.ask
        if isinstance(ask, StateAsk):
            return self._answers.state(link)
        if isinstance(ask, HistoryAsk):
            return self._answers.history(link, ask.row_id, ask.cursor)
        wanted = Selection(entry=ask.entry, event=ask.event)
        if ask.shown is None:
            return self._answers.plan(link, wanted)
        return self._undo(guest, wanted, ask.shown, body.editor or SOMEBODY)

    def _undo(self, guest: Guest, wanted: Selection, shown: str, actor: str) -> Json:
        if self._seen.seen(guest.link.name, guest.id):
            raise WebhookRefused(409, "this was ordered a moment ago, and is done once: look at the history")
        done = self._answers.undo(guest.link, wanted, shown, actor)
        self._seen.remember(guest.link.name, guest.id)
        log.info("taken_back", link=guest.link.name, event_id=guest.id, undo=done["event"], actor=actor)
        return done
