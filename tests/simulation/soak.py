"""Many scenarios on all cores, with progress and a count to go on from."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator

import structlog

from tests.simulation.minimise import kind_of, report
from tests.simulation.world import Plan, live

PIECE = 200


def say(text: str) -> None:
    """A line for whoever watches."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def quiet() -> None:
    """Our own logs would drown everything."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


def _begin_work() -> None:
    quiet()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; whoever started these ends them


def _piece(first: int) -> list[tuple[int, str]]:
    found = []
    for seed in range(first, first + PIECE):
        _, fault = live(Plan(seed))
        if fault is not None:
            found.append((seed, fault))
    return found


def violations(first: int, count: int, jobs: int) -> Iterator[list[tuple[int, str]]]:
    """Run many; seeds and what was broken, piece by piece in order."""
    with multiprocessing.get_context("spawn").Pool(jobs, _begin_work) as pool:
        yield from pool.imap(_piece, range(first, first + count, PIECE))


def soak(first: int, count: int, jobs: int) -> int:
    """Run many, tell how far it is, and tell the story of the first violation of each kind."""
    began, done = time.monotonic(), 0
    kinds: dict[str, list[tuple[int, str]]] = defaultdict(list)
    try:
        for found in violations(first, count, jobs):
            done += PIECE
            for seed, fault in found:
                kinds[kind_of(fault)].append((seed, fault))
                say(f"--seed {seed}: {fault}")
            if done % (PIECE * 25) == 0:
                took = time.monotonic() - began
                say(f"{done} of {count}, next is --first {first + done}, {took:.0f} s, {len(kinds)} kinds broken")
    except KeyboardInterrupt:
        say(f"stopped; --first {first + done} goes on")
    took = time.monotonic() - began
    total = sum(len(found) for found in kinds.values())
    say(f"{done} scenarios in {took:.0f} s: {total} violations")
    for kind, found in sorted(kinds.items(), key=lambda item: -len(item[1])):
        say(f"{len(found):6}  {kind}  e.g. --seed {', '.join(str(seed) for seed, _ in found[:5])}")
    for found in kinds.values():
        seed, fault = found[0]
        say(f"\n--- seed {seed}: {report(Plan(seed), fault)}")
    return 1 if total else 0
