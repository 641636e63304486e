"""One scenario's story (``--seed N``), or many scenarios on all cores (``--count N``).

    python -m tests.simulation --seed 17
    python -m tests.simulation --count 100000 --first 1000000

A count is resumable: ``--first`` says where to go on, and the last line printed says how far it came.
"""

from __future__ import annotations

import argparse
import os
import sys

from tests.simulation.minimise import story
from tests.simulation.soak import quiet, say, soak
from tests.simulation.world import Plan, live


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def main() -> int:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="tell the story of this scenario")
    parser.add_argument("--schedule", type=int, default=0, help="another order of the same actions")
    parser.add_argument("--drop", type=_numbers, default=(), help="numbers of actions to leave out")
    parser.add_argument("--without", type=_names, default=(), help="kinds of faults that do not happen")
    parser.add_argument("--count", type=int, default=3000, help="how many scenarios to run")
    parser.add_argument("--first", type=int, default=0, help="seed of the first of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    asked = parser.parse_args()
    quiet()
    if asked.seed is None:
        return soak(asked.first, asked.count, asked.jobs)
    plan = Plan(asked.seed, asked.schedule, asked.drop, asked.without)
    say(story(plan))
    return 1 if live(plan)[1] else 0


if __name__ == "__main__":
    sys.exit(main())
