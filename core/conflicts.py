"""What is known of a conflict after it was recorded: how it ended, and what a person has chosen to end it with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.values import Canonical

Json = dict[str, Any]

TAKES = ("sheet", "table", "value")
"""What a person can choose: the value of one of the sides, or another one."""

UNLINKED = "the link was removed"
"""The rule of conflicts that were open when their link was removed."""

TAKEN_BY = "taken by "
"""Begins the rule of conflicts that somebody has chosen for."""

_NOT_TAKEN = "; not taken: "


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person has chosen for the cell of a conflict."""

    take: str
    """One of :data:`TAKES`."""
    value: Canonical = None
    """The other value; only for ``value``."""
    actor: str = ""
    at: datetime | None = None
    event: str = ""
    """Names the choice: the same one that comes again changes nothing."""
    was: tuple[str, str] | None = None
    """Winner and rule of a conflict that had been settled and was opened again by this choice."""


@dataclass(frozen=True, slots=True)
class KnownConflict:
    """A conflict as it is recorded now."""

    number: int
    row_id: str
    column: str | None
    sheet: Canonical
    table: Canonical
    winner: str
    rule: str
    settled: bool
    choice: Choice | None = None


@dataclass(frozen=True, slots=True)
class ConflictOutcome:
    """How the open conflicts of a cell end."""

    row_id: str
    column: str
    winner: str
    """sheet, table, rule, person, or none."""
    rule: str


def rule_with_refusal(rule: str, reason: str) -> str:
    """The rule of a conflict, with the reason why what a person chose last could not be done."""
    return f"{rule.partition(_NOT_TAKEN)[0]}{_NOT_TAKEN}{reason}"


def refusal_in(rule: str) -> str:
    """That reason; empty where there is none."""
    return rule.partition(_NOT_TAKEN)[2]


def choice_to_json(choice: Choice) -> Json:
    """A choice as the record keeps it."""
    return {
        "take": choice.take,
        "value": choice.value,
        "actor": choice.actor,
        "at": choice.at.isoformat() if choice.at else None,
        "event": choice.event,
        "was": list(choice.was) if choice.was else None,
    }


def choice_from_json(raw: Json) -> Choice:
    """The inverse of :func:`choice_to_json`."""
    return Choice(
        take=raw["take"],
        value=raw["value"],
        actor=raw["actor"],
        at=datetime.fromisoformat(raw["at"]) if raw["at"] else None,
        event=raw["event"],
        was=(raw["was"][0], raw["was"][1]) if raw["was"] else None,
    )
