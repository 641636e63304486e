"""How wild a scenario is: which faults can happen in it, and how often. Drawn from its seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.model import BOTH_WAYS, TO_SHEET, TO_TABLE
from core.planner import MANUAL, POLICIES
from tests.simulation.choosing import settled_by_person

FAULTS = {
    "mysql_down": 0.02,
    "deadlock": 0.1,
    "commit_lost": 0.03,
    "reply_lost": 0.25,
    "quota": 0.1,
    "google_down": 0.1,
    "no_token": 0.2,
    "kafka_down": 0.05,
    "ack_lost": 0.05,
    "trigger_lost": 0.3,
    "event_lost": 0.2,
    "event_doubled": 0.2,
    "script_killed": 0.1,
    "crash": 0.02,
    "stall": 0.02,
    "second": 0.3,
    "late_landing": 0.5,
}
"""Kind of fault to its highest rate: for each call, trigger, step of the world, or scenario.

late_landing is that of writes whose reply is lost before they took effect, and of a writer that freezes while
it sends one: they take effect when a successor may have asked whether they did.
"""


OWN_POLICIES_SHARE = 0.25
"""Of the scenarios in which columns have policies of their own."""
ONE_WAY_SHARE = 0.1
"""Of the scenarios in which columns go one way."""
REFERRING_SHARE = 0.1
"""Of the scenarios in which notes refer to rows of another table."""
PIECES_SHARE = 0.2
"""Of the scenarios in which a tab is scanned in pieces."""
SMALL_WRITES_SHARE = 0.2
"""Of the scenarios in which a write takes few rows, so that others are asked about while it is on its way."""
FEED_LOST_SHARE = 0.1
"""Of the scenarios in which the change feed begins anew now and then, and everything is compared."""
ABOVE_SHARE = 0.2
"""Of the scenarios in which the header row is not the first."""
FILTERED_SHARE = 0.1
"""Of the scenarios in which the link shows some rows of the table alone."""


@dataclass(frozen=True)
class Profile:
    """One scenario's character."""

    rates: dict[str, float] = field(default_factory=dict)
    density: float = 0.1
    """Chance of an action at each step of the world."""
    step_s: float = 0.05
    """Longest time that a step takes."""
    trigger_delay_s: float = 1.0
    key: str = "generated"
    """generated, natural or composite."""
    links: int = 1
    """One tab, or two that share everything but their rows."""
    partitions: int = 1
    """Of each topic."""
    policy: str = "last_write_wins"
    """Of every column that has none of its own."""
    policies: Mapping[str, str] = field(default_factory=dict)
    """By column; policies and rules."""
    one_way: Mapping[str, str] = field(default_factory=dict)
    """By column that goes to one side alone, which."""
    refers: bool = False
    """Whether notes refer to rows of another table."""
    feed_lost: float = 0.0
    """Chance that the change feed begins anew before it tells of a transaction."""
    is_filtered: bool = False
    """Whether the link shows the rows with a note alone."""
    rows_at_once: int = 0
    """That a scan reads at once; 0 for all of them."""
    rows_a_write: int = 0
    """That a write to the sheet takes at the most; 0 for as many as there are."""
    grid_rows: int = 100
    """Of a tab at the least, blank ones included."""
    header_row: int = 1
    left: int = 0
    """Columns on the left of the linked ones."""
    skew_s: float = 0.0
    """How far the clock of the sheet goes wrong."""


def draw(seed: int) -> Profile:
    """The character of a scenario."""
    rng = random.Random(f"profile {seed}")
    calm = rng.random() < 0.15
    rates = {
        kind: 0.0 if calm or rng.random() < 0.6 else highest * rng.choice((0.2, 0.6, 1.0))
        for kind, highest in FAULTS.items()
    }
    found = Profile(
        rates=rates,
        density=rng.choice((0.02, 0.05, 0.15, 0.4)),
        step_s=rng.choice((0.01, 0.05, 0.3)),
        trigger_delay_s=rng.choice((0.0, 0.5, 3.0)),
        key=rng.choice(("generated", "generated", "natural", "natural", "composite")),
        links=2 if rng.random() < 0.15 else 1,
        partitions=rng.choice((1, 3)),
        policy=rng.choice(("last_write_wins", "last_write_wins", "sheet_wins", "table_wins", "max")),
        skew_s=rng.choice((0.0, 0.0, 2.0, -2.0)),
    )
    found = replace(found, policies=_policies_by_column(seed), one_way=_one_way_columns(seed, found.key))
    found = replace(
        found,
        is_filtered=random.Random(f"filter {seed}").random() < FILTERED_SHARE,
        refers=random.Random(f"refers {seed}").random() < REFERRING_SHARE,
        rows_a_write=_rows_a_write(seed),
        feed_lost=0.03 if random.Random(f"feed {seed}").random() < FEED_LOST_SHARE else 0.0,
        **_pieces(seed),
        **_header_row(seed),
    )
    return replace(found, policy=MANUAL) if settled_by_person(seed) else found


def _policies_by_column(seed: int) -> dict[str, str]:
    """A policy or rule of its own for each column that is no key; draws nothing that other draws depend on."""
    rng = random.Random(f"policies {seed}")
    if rng.random() >= OWN_POLICIES_SHARE:
        return {}
    texts = ("append_text", "append_text", *POLICIES, "max", "min")
    return {
        "name": rng.choice(texts),
        "qty": rng.choice((*POLICIES, "max", "min")),
        "note": rng.choice(texts),
    }


def _pieces(seed: int) -> dict[str, int]:
    """Of a tab that is scanned in pieces; draws nothing that other draws depend on."""
    rng = random.Random(f"pieces 97 {seed}")  # the rare scenarios by which faults are noticed read the tab whole
    if rng.random() >= PIECES_SHARE:
        return {}
    return {"rows_at_once": rng.choice((1, 2, 3, 3, 5)), "grid_rows": rng.choice((1, 1, 12, 30))}


def _header_row(seed: int) -> dict[str, int]:
    """Of a tab in which something stands above the headers; draws nothing that other draws depend on."""
    rng = random.Random(f"header row 42 {seed}")  # as of pieces
    return {"header_row": rng.choice((2, 3, 3, 4)), "left": rng.choice((0, 2))} if rng.random() < ABOVE_SHARE else {}


def _rows_a_write(seed: int) -> int:
    """Of a sheet that is written few rows at a time; draws nothing that other draws depend on."""
    rng = random.Random(f"small writes {seed}")
    return rng.choice((1, 2, 3)) if rng.random() < SMALL_WRITES_SHARE else 0


def _one_way_columns(seed: int, key: str) -> dict[str, str]:
    """Columns that go one way; draws nothing that other draws depend on."""
    rng = random.Random(f"one way {seed}")
    if rng.random() >= ONE_WAY_SHARE:
        return {}
    drawn = {
        "id": rng.choice((BOTH_WAYS, TO_SHEET)) if key == "generated" else BOTH_WAYS,
        "name": rng.choice((BOTH_WAYS, TO_TABLE)),
        "qty": rng.choice((BOTH_WAYS, TO_SHEET, TO_TABLE)),
        "note": rng.choice((TO_SHEET, TO_TABLE)),
    }
    return {name: way for name, way in drawn.items() if way != BOTH_WAYS}
