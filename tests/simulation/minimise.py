"""Makes a failing scenario small: fewer actions, fewer kinds of faults, the same broken promise."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.simulation.profile import FAULTS
from tests.simulation.world import Plan, World, live

TRIES = 12
"""Orders in which a smaller scenario is tried: leaving something out changes what happens when."""


def kind_of(fault: str) -> str:
    """A violation without its numbers and values."""
    return re.sub(r"[a-z_]*\d+|\([^)]*\)|\{[^}]*\}|None", "#", fault)[:60]


def minimise(plan: Plan, fault: str) -> tuple[Plan, str]:
    """The smallest scenario found that breaks the same promise, and how it breaks it."""
    kind = kind_of(fault)
    found = (plan, fault)
    shrunk = True
    while shrunk:
        shrunk = False
        for smaller in _smaller(found[0]):
            failing = _fails(smaller, kind)
            if failing is not None:
                found, shrunk = failing, True
                break
    return found


def _smaller(plan: Plan) -> list[Plan]:
    numbers = [number for number, _ in World(plan).actions]
    fewer = [replace(plan, dropped=(*plan.dropped, number)) for number in reversed(numbers)]
    rates = World(plan).profile.rates
    calmer = [
        replace(plan, without=(*plan.without, kind)) for kind in FAULTS if rates[kind] and kind not in plan.without
    ]
    return calmer + fewer


def _fails(plan: Plan, kind: str) -> tuple[Plan, str] | None:
    for schedule in (plan.schedule, *range(TRIES)):
        tried = replace(plan, schedule=schedule)
        _, fault = live(tried)
        if fault is not None and kind_of(fault) == kind:
            return tried, fault
    return None


def command(plan: Plan) -> str:
    """What replays a scenario."""
    parts = [f"python -m tests.simulation --seed {plan.seed}"]
    if plan.schedule:
        parts.append(f"--schedule {plan.schedule}")
    if plan.dropped:
        parts.append(f"--drop {','.join(map(str, plan.dropped))}")
    if plan.without:
        parts.append(f"--without {','.join(plan.without)}")
    return " ".join(parts)


def story(plan: Plan) -> str:
    """Who did what, in order; without what repeats all the time."""
    notes: list[str] = []
    _, fault = live(plan, notes)
    dull = ("begins a transaction", "committed", "is about to note", "is about to look")
    lines = [line for line in notes if not line.rstrip().endswith(dull) and "  got " not in line]
    return "\n".join([*lines, f"=> {fault or 'nothing is wrong'}"])


def report(plan: Plan, fault: str) -> str:
    """All that a person needs of a violation."""
    small, how = minimise(plan, fault)
    return f"{fault}\n\n{story(small)}\n\nreplay: {command(small)}\nfull:   {command(plan)}\n({how})"
