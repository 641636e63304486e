"""Chaos on real parts: a stack under load, and everything that a year beside people who pull plugs brings.

    python -m tests.chaos --minutes 30
    python -m tests.chaos --seed 7 --only binlog_purged,kafka_lost
    python -m tests.chaos --kills 500

Ends with 0 when nothing was lost, mangled, doubled or halved and both sides were equal after each scenario.
"""

from __future__ import annotations

import argparse
import itertools
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.chaos import inside
from tests.chaos.arena import Arena, Skipped
from tests.chaos.report import Timeline
from tests.chaos.scenarios import SCENARIOS
from tests.debian import debian_file
from tests.e2e.main_job_world import MainJob

TOLD_CHARS_MAX = 5000


def main() -> int:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything that is chosen")
    parser.add_argument("--minutes", type=float, default=0, help="go on with scenarios for so long")
    parser.add_argument("--kills", type=int, default=0, help="go on until so many processes have been killed")
    parser.add_argument("--links", type=int, default=2, help="how many links are worked on")
    parser.add_argument("--pace", type=float, default=0.4, help="mean seconds between two acts of one link")
    parser.add_argument("--only", default="", help=f"of {', '.join(SCENARIOS)}; in this order, once or for --minutes")
    parser.add_argument("--folder", type=Path, help="for data, logs and the report; must not exist")
    asked = parser.parse_args()
    names = [name for name in asked.only.split(",") if name] or list(SCENARIOS)
    if unknown := set(names) - set(SCENARIOS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    library = debian_file("libfaketime", "libfaketime.so.1")
    inside.go_inside("tests.chaos", sys.argv[1:])
    folder = (asked.folder or Path("build/chaos") / f"{time.strftime('%Y%m%d-%H%M%S')}-{asked.seed}").resolve()
    timeline = Timeline(folder)
    with stack(folder) as job:
        arena = Arena(job, timeline, asked.seed, asked.links, asked.pace, library)
        good = run(arena, asked, names)
    report = timeline.write(seed=asked.seed, links=asked.links, minutes=round(timeline.elapsed_s / 60, 1), good=good)
    print(f"Report: {report}")  # noqa: T201
    if not good:
        again = shlex.join([sys.executable, "-m", "tests.chaos", *_without_folder(sys.argv[1:])])
        print(f"FAILED with seed {asked.seed}. Once more: {again}")  # noqa: T201
    return 0 if good else 1


def _without_folder(arguments: list[str]) -> list[str]:
    """The same run may not use its folder twice."""
    kept = list(arguments)
    if "--folder" in kept:
        at = kept.index("--folder")
        del kept[at : at + 2]
    return kept if "--seed" in kept else [*kept, "--seed", "1"]


class stack:  # noqa: N801 -- a context manager
    """A stack of the run's own, on disks and with a clock of its own where that can be had."""

    def __init__(self, folder: Path) -> None:
        run_folder = folder / "run"
        if inside.DISKS:
            inside.mount_disks(run_folder)
        self._job = MainJob(run_folder, {"TWINSHEET_KAFKA_PARTITIONS": "6"})

    def __enter__(self) -> MainJob:
        try:
            self._job.start()
        except BaseException:
            self._job.stop()
            raise
        if inside.PERSON_ADDRESS:
            self._job.sheets = type(self._job.sheets)(self._job.sheets.endpoint, inside.PERSON_ADDRESS)
        return self._job

    def __exit__(self, *_: object) -> None:
        self._job.stop()


def run(arena: Arena, asked: argparse.Namespace, names: list[str]) -> bool:
    """Scenarios under load, one after the other; whether every promise was kept."""
    try:
        with arena.at_work():
            arena.recovered("start")
            for name in _course(arena, asked, names):
                arena.timeline.tell("scenario", scenario=name)
                try:
                    SCENARIOS[name](arena)
                except Skipped as why:
                    arena.timeline.tell("skipped", scenario=name, why=str(why))
                    continue
                arena.check()
    except AssertionError as failure:  # a promise that was not kept, or a wait that had no end
        arena.timeline.tell("FAILED", faults=str(failure)[:TOLD_CHARS_MAX].splitlines())
        return False
    return True


def _course(arena: Arena, asked: argparse.Namespace, names: list[str]) -> Iterator[str]:
    """Each scenario once in order; then again in any order, until the time is over and the kills are done."""

    def is_over() -> bool:
        kills = sum(entry["what"] == "kill" for entry in arena.timeline.entries)
        return arena.timeline.elapsed_s >= asked.minutes * 60 and kills >= asked.kills

    yield from names
    for number in itertools.count():
        if is_over():
            return
        yield "kills" if number % 2 and "kills" in names else arena.dice.choice(names)


if __name__ == "__main__":
    sys.exit(main())
