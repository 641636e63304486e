"""What is done to processes: killed, paused, replaced, multiplied, started in any order. Each heals what it did."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack

from sandbox.stack.services import KINDS
from tests.chaos.arena import HOSTS, Arena
from tests.chaos.backfill import backfill
from tests.chaos.servers import (
    binlog_purged,
    binlog_reset,
    clock_off,
    cut_off,
    disk_full_kafka,
    disk_full_mysql,
    kafka_lost,
    large_purge,
    server_replaced,
)

SESSION_TIMEOUT_S = 10.0
"""After which Kafka gives a silent consumer's partitions to another."""
_MORE = {
    "table_writer": "consumers.table_writer",
    "sheet_writer": "consumers.sheet_writer",
    "sheet_scanner": "producers.sheet_scanner",
    "binlog": "producers.binlog",
}


def kill_each(arena: Arena) -> None:
    """Every process once, each by itself."""
    names = sorted(arena.pids)
    arena.dice.shuffle(names)
    for name in names:
        _kill_one(arena, name)


def kills(arena: Arena, count: int = 25) -> None:
    """Some at random: mostly one at a time, often several together."""
    names = sorted(arena.pids)
    while count > 0:
        many = arena.dice.choice((1, 1, 1, 2, 3, 5))
        if many == 1:
            _kill_one(arena, arena.dice.choice(names))
        else:
            _kill(arena, *arena.dice.sample(names, many))
        count -= many


def _kill_one(arena: Arena, name: str) -> None:
    arena.pause(0, 1)
    began = time.monotonic()
    arena.kill(name)
    arena.recovered(f"kill {name}", began)


def _kill(arena: Arena, *names: str) -> None:
    arena.pause(0, 1)
    began = time.monotonic()
    arena.kill(*names)
    arena.recovered(f"{len(names)} kills at once", began)


def power_cut(arena: Arena) -> None:
    """Everything at the same moment."""
    began = time.monotonic()
    arena.kill(*arena.pids)
    arena.recovered("power cut", began)


def pauses(arena: Arena) -> None:
    """MySQL, Kafka and Google stand still for a while, and go on as if nothing had been."""
    for name in HOSTS:
        with arena.paused(name):
            arena.pause(3, 15)
        arena.recovered(f"{name} stood still")


def zombies(arena: Arena) -> None:
    """A consumer stands still until its partitions have moved, then wakes and goes on with its old work."""
    for kind in ("table_writer", "sheet_writer"):
        with arena.one_more(kind, _MORE[kind]):
            arena.recovered(f"one more {kind}")
            with arena.paused(kind):
                arena.pause(SESSION_TIMEOUT_S + 2, SESSION_TIMEOUT_S + 5)
                arena.recovered(f"a silent {kind}'s work given to another")
            arena.recovered(f"a zombie {kind} woke")
        arena.recovered(f"one {kind} less")


def crowd(arena: Arena) -> None:
    """Consumers, scanners and readers of the binlog come and go in the middle of the work."""
    with ExitStack() as more:
        for kind in arena.dice.sample(sorted(_MORE), 3):
            more.enter_context(arena.one_more(kind, _MORE[kind]))
            arena.pause(1, 4)
        arena.recovered("more of each")
        arena.kill(arena.dice.choice(sorted(_MORE)))
        arena.recovered("a kill among many")
    arena.recovered("alone again")


def start_order(arena: Arena) -> None:
    """Everything is stopped, and started in any order, with pauses between."""
    names = [*HOSTS, *KINDS]
    arena.dice.shuffle(names)
    with arena.stopped(*names):
        began = time.monotonic()
    arena.recovered("all started in any order", began)
    servers_last = sorted(KINDS) + list(HOSTS)
    with arena.stopped(*reversed(servers_last)):
        pass
    arena.recovered("servers started first")
    before = arena.pids
    for name in servers_last:
        arena.supervisor.stop_process(name)
    for name in servers_last:
        arena.timeline.tell("start", process=name)
        arena.supervisor.start_process(name)
        arena.pause(0.5, 2)
    began = time.monotonic()
    arena.wait_back(before, *servers_last)
    arena.recovered("servers started last", began)


def google(arena: Arena, least_s: float = 15, most_s: float = 60) -> None:
    """Google refuses, is slow, and answers into the void, for a while."""
    rates = {"429": 0.2, "500": 0.1, "503": 0.2}
    arena.faults(error_rates=rates, latency_s=arena.dice.choice((0, 0.5, 2)), lost_replies=0.3)
    arena.pause(least_s, most_s)
    arena.heal()
    arena.recovered("Google refused and lost replies")


def triggers(arena: Arena) -> None:
    """Google drops most triggers, and runs the others late."""
    arena.faults(trigger_loss=0.6, trigger_delay_s=arena.dice.choice((0.5, 3, 8)))
    arena.pause(10, 20)
    arena.heal()
    arena.recovered("triggers lost and late")


def together(arena: Arena) -> None:
    """Google at its worst, a crowd of consumers, a server that stands still, and kills, all at once."""
    arena.faults(error_rates={"429": 0.05, "500": 0.03, "503": 0.1}, lost_replies=0.15, trigger_loss=0.4)
    with arena.one_more("table_writer", _MORE["table_writer"]), arena.one_more("sheet_writer", _MORE["sheet_writer"]):
        names = sorted(set(arena.pids) - {"sandbox"})  # it would forget the faults
        for _ in range(4):
            arena.kill(*arena.dice.sample(names, 2))
            arena.pause(1, 4)
        with arena.paused(arena.dice.choice(("mysql", "kafka"))):
            arena.pause(3, 8)
        arena.signal("sheet_writer", signal.SIGKILL)
    arena.heal()
    arena.recovered("all at once")


SCENARIOS: dict[str, Callable[[Arena], None]] = {
    "kill_each": kill_each,
    "kills": kills,
    "power_cut": power_cut,
    "pauses": pauses,
    "zombies": zombies,
    "crowd": crowd,
    "start_order": start_order,
    "google": google,
    "triggers": triggers,
    "together": together,
    "binlog_purged": binlog_purged,
    "binlog_reset": binlog_reset,
    "large_purge": large_purge,
    "backfill": backfill,
    "server_replaced": server_replaced,
    "kafka_lost": kafka_lost,
    "disk_full_mysql": disk_full_mysql,
    "disk_full_kafka": disk_full_kafka,
    "clock_off": clock_off,
    "cut_off": cut_off,
}
