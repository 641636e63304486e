"""Conflicts that wait for a person, and persons who settle some of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from core.conflicts import Choice
from core.events import SHEET_OBSERVED
from core.model import Link
from core.planner import MANUAL
from tests.fakes.store import FakeTransaction
from tests.simulation.actions import Action
from tests.simulation.ledger import Violation

if TYPE_CHECKING:
    from tests.simulation.twin import Twin

SHARE = 0.12
"""Of the scenarios in which a person settles every conflict."""
CHANCE = 0.6
"""Of such a choice after each action."""


def settled_by_person(seed: int) -> bool:
    """Whether conflicts of a scenario wait for a person; draws nothing that other draws depend on."""
    return random.Random(f"manual {seed}").random() < SHARE


def with_choices(seed: int, policies: Collection[str], actions: list[Action]) -> list[Action]:
    """The actions with choices among them, where there is something to choose."""
    rng = random.Random(f"choices {seed}")
    if MANUAL not in policies:
        return actions
    found = []
    for action in actions:
        found.append(action)
        if rng.random() < CHANCE:
            found.append(Action("take", (rng.random(), rng.random(), rng.random()), action.link))
    return found


def choose(tx: FakeTransaction, link: Link, action: Action) -> None:
    """As the command does, with one of the conflicts that are open now."""
    entries = enumerate(tx.state.conflicts, start=1)
    numbers = [n for n, (name, entry) in entries if name == link.name and not entry.settled and entry.column]
    if not numbers:
        return
    number = numbers[int(action.picks[0] * len(numbers))]
    row_id = tx.state.conflicts[number - 1][1].row_id
    side = "sheet" if action.picks[1] < 0.5 else "table"
    tx.put_choice(link.name, number, Choice(side, actor="sam", event=f"take_{number}_{action.picks[2]}"))
    tx.send(SHEET_OBSERVED, link.name, {"kind": "take", "link": link.name, "take": {"row_id": row_id}})


def check_open(twin: Twin) -> None:
    """A conflict is open exactly as long as its cell waits for a person, and no choice is left undone."""
    state, name = twin.state, twin.link.name
    entries = [(n, e) for n, (link, e) in enumerate(state.conflicts, start=1) if link == name and not e.settled]
    undone = [n for n, _ in entries if n in state.choices]
    if undone:
        raise Violation(f"conflict {undone[0]} was chosen for, and nothing came of it")
    is_open = Counter((e.row_id, e.column) for _, e in entries)
    parked = Counter(cell for cell, w in state.waiting.get(name, {}).items() if w.reason == "manual")
    if is_open != parked:
        raise Violation(f"open conflicts {sorted(is_open.elements())}, parked cells {sorted(parked.elements())}")
