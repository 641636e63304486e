"""Persons who take back what was done, while everything else goes on and goes wrong."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from app.undoing import ask_undo, plan_undo
from core.errors import NotUndone
from core.model import Link
from core.undo import Selection
from tests.fakes.store import FakeState, FakeTransaction
from tests.simulation.actions import Action
from tests.simulation.ledger import Violation

if TYPE_CHECKING:
    from tests.simulation.twin import Twin

SHARE = 0.08
"""Of the scenarios in which somebody takes something back."""
CHANCE = 0.6
"""Of that after each action."""
OVER = 0.3


def with_undos(seed: int, actions: list[Action]) -> list[Action]:
    """The actions, and in some scenarios undos among them; draws nothing that other draws depend on."""
    rng = random.Random(f"undos {seed}")
    if rng.random() >= SHARE:
        return actions
    found = []
    for action in actions:
        found.append(action)
        if rng.random() < CHANCE:
            found.append(Action("take_back", (rng.random(), rng.random(), rng.random()), action.link))
    return found


def any_selection(state: FakeState, name: str, picks: tuple[float, float]) -> Selection | None:
    """One entry, one event or transaction, what one person did, or everything since some moment."""
    known = [i for i, (link, _) in enumerate(state.history) if link == name]
    if not known:
        return None
    number = known[int(picks[0] * len(known))]
    entry, at = state.history[number][1], state.history_at[number]
    event = entry.event.rpartition(" ")[2] if entry.side == "table" else entry.event
    ways = [Selection(entry=number + 1), Selection(as_of=at)]
    ways += [Selection(event=event)] * 2 if entry.event else []
    ways += [Selection(actor=entry.actor, since=entry.edited_at or at)] if entry.actor else []
    return ways[int(picks[1] * len(ways))]


def take_back(tx: FakeTransaction, link: Link, wanted: Selection | None, event: str, *, over: bool) -> str:
    """As the command does; the plan in words, or why there is none."""
    if wanted is None:
        return "nothing has been done yet"
    at = tx.state.history_at[-1]
    try:
        plan = plan_undo(lambda work: work(tx), link, wanted, over=over)
    except NotUndone as refusal:
        return f"nothing to take back: {refusal}"
    ask_undo(tx, plan, event, "sam", at)
    return f"takes back {wanted}: {[(r.row_id, r.kind, r.cells) for r in plan.rows]}; left {plan.left}"


def check_undos(twin: Twin) -> None:
    """Everything that was asked for is decided."""
    still_open = [asked for asked in twin.state.undos if asked[0] == twin.link.name]
    if still_open:
        raise Violation(f"what was asked for is never decided: {still_open[0]}")
