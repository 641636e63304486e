"""``python -m tests.simulation --seed N`` tells the story of one scenario; ``--count N`` runs many."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

import structlog

from tests.simulation.world import Plan, live


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--schedule", type=int, default=0)
    parser.add_argument("--drop", type=lambda t: tuple(int(x) for x in t.split(",") if x), default=())
    parser.add_argument("--without", type=lambda t: tuple(t.split(",")), default=())
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    if asked.seed is not None:
        notes: list[str] = []
        _, fault = live(Plan(asked.seed, asked.schedule, asked.drop, asked.without), notes)
        print("\n".join(notes))
        print(fault or "nothing is wrong")
        return 1 if fault else 0
    began, found = time.monotonic(), Counter()
    examples: dict[str, list[int]] = {}
    for seed in range(asked.first, asked.first + asked.count):
        _, fault = live(Plan(seed))
        if fault:
            import re

            kind = re.sub(r"[a-z_]*\d+|\([^)]*\)|None|\{[^}]*\}", "#", fault)[:110]
            found[kind] += 1
            examples.setdefault(kind, []).append(seed)
    took = time.monotonic() - began
    print(f"{asked.count} scenarios in {took:.1f} s, {sum(found.values())} violations")
    for kind, count in found.most_common(25):
        print(f"{count:6}  {kind}   e.g. {examples[kind][:5]}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
