"""What the API takes, field by field: the parts of an address, and the bodies of orders."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.api.shapes import Exact, Side
from app.history import PAGE_ITEMS, PAGE_ITEMS_MAX


class Paging(Exact):
    """Where a page begins and how long it is."""

    cursor: str | None = Field(None, description="Of the page before; leave it out to begin.")
    limit: int = Field(PAGE_ITEMS, ge=1, le=PAGE_ITEMS_MAX)


class ConflictQuestion(Paging):
    """Which conflicts."""

    open: bool = Field(False, description="Only those that wait for a person.")


class RejectionQuestion(Paging):
    """Which rejections."""

    all: bool = Field(False, description="Also those that were mended.")


class HistoryQuestion(Paging):
    """Which entries of the history."""

    row_id: str | None = None
    key: list[str] | None = Field(None, description="Of a row; repeat it for each column of the key.")
    column: str | None = Field(None, description="As the table calls it.")
    actor: str | None = Field(None, description="The person's address, or the user of MySQL.")
    side: Side | None = None
    what: str | None = Field(None, description="applied, inserted, deleted, copied, overtaken, taken, restored, …")
    event: str | None = Field(None, description="Of one edit, scan or write, or of one transaction of the table.")
    since: datetime | None = Field(None, description="The first moment; with its time zone, else UTC.")
    until: datetime | None = Field(None, description="The first moment that does not count any more.")


class AnyHistoryQuestion(HistoryQuestion):
    """Which entries, of whichever link."""

    link: str | None = None


class Nothing(Exact):
    """An empty object: the address says everything."""


class TakeOrder(Exact):
    """How a conflict ends."""

    take: Literal["sheet", "table", "value"]
    value: str | None = Field(None, description="The other value, as a person would type it; null for none.")
    wait_s: float = Field(10.0, ge=0, le=60, description="How long the answer waits until it is done.")


class RestoreOrder(Exact):
    """Whether to carry the plan out, or only to show it."""

    go_on: bool = Field(False, description="Carry it out; false for the plan alone.")


class UndoOrder(Exact):
    """What is to be taken back, and whether to do it or only to show it."""

    link: str | None = Field(None, description="May be left out for an entry, and for an event of one link.")
    entry: int | None = Field(None, description="Number of one entry of the history.")
    event: str | None = Field(None, description="An edit or a paste, or a transaction of the table.")
    actor: str | None = Field(None, description="With since: what this one did from then on.")
    since: datetime | None = None
    until: datetime | None = None
    as_of: datetime | None = Field(None, description="Everything since then.")
    over: bool = Field(False, description="Also what others have done since in the same cells and rows.")
    shown: str | None = Field(None, description="Of the plan that was shown: refused where it is another by now.")
    wait_s: float = Field(10.0, ge=0, le=60, description="How long the answer waits until it is done.")
    go_on: bool = Field(False, description="Do it; false for the plan alone.")
