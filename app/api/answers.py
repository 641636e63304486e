"""What the API answers, field by field: the document is made of these, and every answer is held against them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.api.shapes import Exact, Side

Key = Annotated[list[str] | None, Field(description="Values of the table's primary key, as texts.")]
Value = Annotated[str | None, Field(description="As the sheet or the table held it; null for none.")]
Cursor = Annotated[
    str | None, Field(description="Of the next page: give it back as cursor. Null where nothing is left.")
]


class Error(Exact):
    """What went wrong."""

    kind: str = Field(description="Stable name.")
    message: str
    hint: str = Field(description="What to do next; may be empty.")


class Fault(Exact):
    """The answer to whatever cannot be done."""

    error: Error


class HoldNow(Exact):
    """What stopped a link."""

    guard: str
    reason: str
    since: datetime
    way_on: list[str] = Field(description="The commands that let it go on.")
    mend: str | None = Field(description="The statement that makes a dropped table again, as far as it is known.")


class Lag(Exact):
    """Seconds that the oldest waiting event has waited."""

    sheet_to_table: float
    table_to_sheet: float


class LinkAnswer(Exact):
    """A link and how it is."""

    link: str
    state: Literal["linking", "live", "paused", "held"]
    reason: str | None
    offers: list[dict[str, str]] = Field(description="New columns that could be linked, each with its command.")
    hold: HoldNow | None
    as_of: datetime | None = Field(description="When the tab was last read whole.")
    identical_as_of: datetime | None = Field(description="As of when every cell of both sides was last known equal.")
    differing: int = Field(description="Cells that differ although no event explains it.")
    lag_s: Lag
    conflicts: int = Field(description="That wait for a person.")
    rejections: int = Field(description="That nobody has mended.")
    pending: int = Field(description="Cells that wait.")
    for_person: int = Field(description="Cells that wait for a person: in conflict, refused, or waiting; each once.")
    spreadsheet: str | None
    tab: str | None
    table: str | None


class LinksAnswer(Exact):
    """Links, as they stand in links.yaml."""

    links: list[LinkAnswer]
    cursor: Cursor


class Entry(Exact):
    """What all entries of the record have."""

    id: int
    link: str
    row_id: str
    key: Key
    column: str | None = Field(description="Null where it is about the whole row, or the link.")
    at: datetime


class Choice(Exact):
    """What a person has chosen."""

    take: Literal["sheet", "table", "value"]
    value: Value
    actor: str
    at: datetime | None
    event: str
    was: list[str] | None = Field(description="Winner and rule before, where a settled conflict was opened again.")


class ConflictAnswer(Entry):
    """Both sides moved away from base, to different values."""

    base: Value
    sheet: Value
    table: Value
    winner: Literal["sheet", "table", "rule", "person", "none"]
    rule: str
    settled: bool
    sheet_at: datetime | None
    table_at: datetime | None
    time_guessed: bool
    sheet_actor: str
    event: str
    choice: Choice | None


class ConflictsAnswer(Exact):
    """A page, newest first."""

    items: list[ConflictAnswer]
    cursor: Cursor


class RejectionAnswer(Entry):
    """A value of the sheet that the table cannot hold."""

    value: Value
    reason: str
    actor: str
    event: str
    mended_at: datetime | None


class RejectionsAnswer(Exact):
    """A page, newest first."""

    items: list[RejectionAnswer]
    cursor: Cursor


class Stage(Exact):
    """A stage of the way that a value has come."""

    stage: Literal["edited", "webhook", "committed", "binlog", "kafka", "table", "sheet"]
    at: datetime
    delay_s: float = Field(description="Since the stage before.")


class HistoryItem(Entry):
    """An applied value, or what a person has ordered of the link."""

    old: Value
    new: Value
    side: Side
    actor: str = Field(description="The person's address, or the user of MySQL; empty where nobody knows.")
    event: str
    what: str
    edited_at: datetime | None
    via: str = Field(description="Of a change of the table: its connection, and the comment of its statement.")
    committed_at: datetime | None
    received_at: datetime | None
    queued_at: datetime | None
    way: list[Stage]
    carries: int | None = Field(description="Of an undo's way into the sheet, the id of the undo's entry.")
    conflict: int | None = Field(description="Of the same cell and event.")
    rejection: int | None = Field(description="Of the same cell and event.")


class HistoryAnswer(Exact):
    """A page, newest first. It may hold fewer entries than asked for, or none, and still have a cursor."""

    items: list[HistoryItem]
    cursor: Cursor


class PendingItem(Exact):
    """A cell that is known not to be equal."""

    row_id: str
    column: str
    reason: str
    detail: str | None


class PendingAnswer(Exact):
    """A page, by row id and column."""

    items: list[PendingItem]
    cursor: Cursor


class HoldItem(Exact):
    """A guard has stopped the link."""

    id: int
    link: str
    guard: str
    reason: str
    mend: str | None
    at: datetime
    released_at: datetime | None = Field(description="Null while it holds.")


class HoldsAnswer(Exact):
    """A page, newest first."""

    items: list[HoldItem]
    cursor: Cursor


# --- of orders ----------------------------------------------------------------------------


class TakeAnswer(Exact):
    """The conflict, settled, or queued with the reason why that takes longer."""

    id: int
    link: str
    row_id: str
    column: str
    take: Literal["sheet", "table", "value"]
    sheet: Value
    table: Value
    state: Literal["settled", "queued"]
    winner: str | None = None
    rule: str | None = None
    reason: str | None = None


class StateAnswer(Exact):
    """The link, as it goes on."""

    link: str
    state: Literal["live", "paused"]
    approved: str | None = Field(None, description="What was let through.")


class RestoreKind(BaseModel):
    """What would be written, of one kind."""

    side: Literal["sheet", "table"]
    kind: str
    count: int
    first: list[dict[str, object]]


class RestorePlanAnswer(Exact):
    """What would be written where."""

    damaged: str | None
    sheet_writes: int
    table_writes: int
    kinds: list[RestoreKind]
    cannot: list[str] = Field(description="What cannot be brought back.")


class RestoreAnswer(Exact):
    """The plan, and whether it was carried out."""

    link: str
    guard: str
    reason: str
    plan: RestorePlanAnswer
    restored: bool


class UndoCell(Exact):
    """A cell that is taken back."""

    column: str
    now: Value
    then: Value


class UndoRow(Exact):
    """A row with its cells."""

    row_id: str
    key: Key
    kind: Literal["change", "back", "away"]
    cells: list[UndoCell]
    old_key: Key = Field(description="A generated key that cannot come back.")


class UndoLeft(Exact):
    """What is left alone, and why."""

    row_id: str
    key: Key
    column: str | None
    now: Value
    then: Value
    reason: str


class UndoAnswer(Exact):
    """The plan, or what came of it."""

    link: str
    rows: list[UndoRow]
    left: list[UndoLeft]
    already: int = Field(description="How much is as it was before.")
    notes: list[str]
    shown: str | None = Field(None, description="Tells this plan from any other.")
    event: str | None = Field(None, description="By which it can be taken back in its turn.")
    state: Literal["asked", "done", "queued"] = Field(description="asked: nothing is written yet.")
    rows_open: int | None = None
    reason: str | None = Field(None, description="Why it takes longer.")


class OpenUndo(Exact):
    """What was asked to be taken back and waits."""

    event: str
    link: str
    actor: str = Field(description="Who asked.")
    at: datetime
    open: int = Field(description="Rows that wait.")
    rows: int = Field(description="All that were asked for.")


class OpenUndosAnswer(Exact):
    """In the order in which they were asked."""

    items: list[OpenUndo]
    cursor: Cursor


class WithdrawAnswer(Exact):
    """What is not taken back any more, and what had been before."""

    link: str
    event: str
    withdrawn: int = Field(description="Rows that are not taken back.")
    rows: list[UndoRow] = Field(description="Taken back before; they stay so.")
    left: list[UndoLeft]
