"""What people and programs may do, how likely each is, and the list of what happens in one scenario."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

SHEET_ACTIONS = {
    "type": 30,
    "clear": 4,
    "paste": 5,
    "paste_block": 3,
    "unfit": 3,
    "clear_row": 1,
    "sort_column": 1,
    "type_key": 3,
    "swap_keys": 1,
    "double_key": 1,
    "type_formula": 2,
    "recalculate": 2,
    "new_row": 8,
    "start_row": 3,
    "insert_row": 3,
    "api_row": 2,
    "delete_row": 6,
    "delete_rows": 1,
    "blank_out": 1,
    "move_row": 4,
    "copy_row": 4,
    "sort": 2,
    "sort_part": 1,
    "move_column": 1,
    "rename_header": 1,
    "undo": 5,
}
"""By kind, how likely; each is a method of :class:`tests.simulation.person.Person`."""

STRANGE_ACTIONS = ("sort_aside", "damage_id")
"""What a person does in some scenarios alone, instead of something else: most scenarios stay as they were."""
STRANGE_SHARE = 0.15
STRANGE_CHANCE = 0.3
"""Of such an action in place of another one of a person, in these scenarios."""

ABOVE_ACTIONS = {"insert_above": 5, "delete_above": 4, "type_above": 4, "copy_above": 2, "insert_left": 1}
"""By kind, how likely, what a person does besides where something stands above the header row."""
ABOVE_CHANCE = 0.4
"""Of that after each action."""

TABLE_ACTIONS = {
    "update": 20,
    "update_many": 4,
    "empty": 2,
    "move_value": 2,
    "insert": 7,
    "delete": 6,
    "replace_row": 2,
    "transaction": 3,
    "change_key": 3,
    "trade_keys": 2,
}
"""The same of :class:`tests.simulation.program.Program`."""


@dataclass(frozen=True)
class Action:
    """Something to be done; the numbers choose rows and columns among those that are there then."""

    kind: str
    picks: tuple[float, float, float]
    link: float = 0.0
    """Chooses the link."""

    @property
    def by_person(self) -> bool:
        """Whether it happens in the sheet."""
        return self.kind in SHEET_ACTIONS or self.kind in STRANGE_ACTIONS or self.kind in ABOVE_ACTIONS


def draw_actions(rng: random.Random, count: int) -> list[Action]:
    """What happens in a scenario: anywhere, or mostly around one spot."""
    lean = rng.choice((0.3, 0.5, 0.7))
    focus = rng.random() < 0.5
    spot = (rng.random(), rng.random())
    found = []
    for _ in range(count):
        kinds = SHEET_ACTIONS if rng.random() < lean else TABLE_ACTIONS
        kind = rng.choices(list(kinds), list(kinds.values()))[0]
        here = spot if focus and rng.random() < 0.7 else (rng.random(), rng.random())
        found.append(Action(kind, (*here, rng.random()), rng.random()))
    return found


def with_strange(seed: int, actions: list[Action]) -> list[Action]:
    """The actions with strange ones among them; draws nothing that other draws depend on."""
    rng = random.Random(f"strange {seed}")
    if rng.random() >= STRANGE_SHARE:
        return actions
    kinds = [rng.choice(STRANGE_ACTIONS) if rng.random() < STRANGE_CHANCE else a.kind for a in actions]
    return [replace(a, kind=kind) if a.by_person else a for a, kind in zip(actions, kinds, strict=True)]


def with_above(seed: int, header_row: int, actions: list[Action]) -> list[Action]:
    """The actions with such above the header row among them, where there is anything above it."""
    rng = random.Random(f"above {seed}")
    found = []
    for action in actions:
        found.append(action)
        if header_row > 1 and rng.random() < ABOVE_CHANCE:
            kind = rng.choices(list(ABOVE_ACTIONS), list(ABOVE_ACTIONS.values()))[0]
            found.append(Action(kind, (rng.random(), rng.random(), rng.random()), action.link))
    return found
