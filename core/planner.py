"""The planner: what to do with one cell, from what sheet, base and table hold (docs/architecture.md).

====================  ========  =======================================================
sheet, base, table    verdict   what follows
====================  ========  =======================================================
s = t                 AGREE     base := s
s ≠ b, t = b          TO_TABLE  table := s, base := s
s = b, t ≠ b          TO_SHEET  the sheet writer writes t
all three differ      CONFLICT  the column's policy or rule names the value that stays
====================  ========  =======================================================

Base always tells what the sheet holds. A conflict that the table wins is therefore nothing but
``base := s``: table and base then differ, and the ordinary way to the sheet does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from core.values import Canonical

Same = Callable[[Canonical, Canonical], bool]

LAST_WRITE_WINS = "last_write_wins"
SHEET_WINS = "sheet_wins"
TABLE_WINS = "table_wins"
MANUAL = "manual"
COARSE = timedelta(seconds=1)
"""How far the time of a server that tells seconds alone may be off."""
POLICIES = (LAST_WRITE_WINS, SHEET_WINS, TABLE_WINS, MANUAL)


class Verdict(Enum):
    """What one cell needs."""

    AGREE = "agree"
    TO_TABLE = "to_table"
    TO_SHEET = "to_sheet"
    CONFLICT = "conflict"


def compare(sheet: Canonical, base: Canonical, table: Canonical, same: Same) -> Verdict:
    """The verdict on one cell; ``same`` is the column's equality of canonical texts."""
    if same(sheet, table):
        return Verdict.AGREE
    if same(table, base):
        return Verdict.TO_TABLE
    if same(sheet, base):
        return Verdict.TO_SHEET
    return Verdict.CONFLICT


def to_table_alone(verdict: Verdict) -> Verdict:
    """The verdict in a column that goes from the sheet to the table alone: an edit is written whatever the table
    holds, and what changes there concerns nobody."""
    return {Verdict.TO_SHEET: Verdict.AGREE, Verdict.CONFLICT: Verdict.TO_TABLE}.get(verdict, verdict)


@dataclass(frozen=True, slots=True)
class Times:
    """When both sides moved; ``None`` where nobody knows."""

    sheet_at: datetime | None
    table_at: datetime | None
    exact: bool = True
    """The table's time is the server's own to the microsecond; else it is right to the second."""
    newest_is_sheet: bool = False
    """The edit was found by our own write a moment ago: what a person has just typed counts as the newest."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a conflict ends: who wins, and the value that both sides are to hold."""

    winner: str
    """sheet, table, rule, or none (parked for a person)."""
    rule: str
    value: Canonical
    time_guessed: bool = False


def last_write_wins(sheet: Canonical, table: Canonical, times: Times) -> Resolution:
    """The later of edit time and commit time wins; a tie or an unknown time goes to the person who typed."""
    guessed = times.sheet_at is None or times.table_at is None or _is_too_close(times)
    table_is_newer = (
        not times.newest_is_sheet
        and times.sheet_at is not None
        and times.table_at is not None
        and times.table_at > times.sheet_at
    )
    if table_is_newer:
        return Resolution("table", LAST_WRITE_WINS, table, guessed)
    return Resolution("sheet", LAST_WRITE_WINS, sheet, guessed and not times.newest_is_sheet)


def _is_too_close(times: Times) -> bool:
    """Whether a time that is right to the second cannot tell which side was first."""
    if times.exact or times.sheet_at is None or times.table_at is None:
        return False
    return abs(times.table_at - times.sheet_at) < COARSE


def resolve(
    policy: str, sheet: Canonical, table: Canonical, times: Times, rule: Callable[[], Canonical]
) -> Resolution:
    """Settle a conflict by policy; any other name than a policy's is a rule, computed by ``rule()``.

    A rule that fails raises; the caller parks the cell as ``manual`` does.
    """
    if policy == LAST_WRITE_WINS:
        return last_write_wins(sheet, table, times)
    if policy == SHEET_WINS:
        return Resolution("sheet", policy, sheet)
    if policy == TABLE_WINS:
        return Resolution("table", policy, table)
    if policy == MANUAL:
        return Resolution("none", policy, None)
    return Resolution("rule", policy, rule())
