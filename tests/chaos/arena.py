"""A stack that things are done to: processes by name, disks, the network, Google; and whether changes flow."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import mysql.connector
import psutil

from app.verify import verify
from core.errors import SheetsRefused, SheetsUnavailable
from sandbox.stack.services import KINDS, SERVERS, SERVICES, Service
from sandbox.stack.supervisor import Supervisor
from sandbox.stack.tour import connect
from tests.chaos.oracle import look
from tests.chaos.report import Timeline
from tests.chaos.workload import Load
from tests.e2e.main_job_world import MainJob, Orders, wait_for

HOSTS = ("mysql", "kafka", "sandbox")
FLOWS_WITHIN_S = 150.0
"""MySQL itself looks only once a minute whether its disk has room again."""
PROBE_EVERY_S = 0.7
POLL_S = 0.05
BACK_WITHIN_S = 120.0
NOTICED_WITHIN_S = 60.0
VERIFY_WAIT_S = 120
LOAD_ROWS = 200
SHOWN_MAX = 20


class Failed(AssertionError):
    """The product broke a promise."""


class Skipped(Exception):
    """This machine does not let us do that; says why."""


class Arena:
    """One stack under load.

    Args:
        job: the stack, running.
        timeline: where everything that happens is told.
        seed: of everything that is chosen.
        links: how many links are worked on.
        pace_s: mean time between two acts of one link.
        clock_library: gives a program a clock of its own; None where it cannot be had.
    """

    def __init__(  # noqa: PLR0917 -- what one run is told
        self,
        job: MainJob,
        timeline: Timeline,
        seed: int,
        links: int = 2,
        pace_s: float = 0.3,
        clock_library: Path | None = None,
    ) -> None:
        self.job, self.timeline, self.clock_library = job, timeline, clock_library
        self.dice = random.Random(seed)
        self._seed, self._links, self._pace_s = seed, links, pace_s
        self._numbers = itertools.count(1)
        self.loads: list[Load] = []
        self.supervisor = Supervisor(
            [Service(n, (), SERVERS) for n in HOSTS] + [Service(n, (), SERVICES) for n in KINDS], job.folder, {}
        )

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Links, and people and programs at work on them."""
        self._probe_link = self.job.orders(4)
        for number in range(self._links):
            side = ("table", "sheet")[number % 2]
            seed = self._seed * 1000 + number
            self.loads.append(Load(self.job.orders(LOAD_ROWS), seed, self._pace_s, side))
        for load in self.loads:
            load.start()
        try:
            yield
        finally:
            for load in self.loads:
                load.end()

    def remove_links(self) -> None:
        """For a stack that others use afterwards."""
        for orders in (self._probe_link, *self.links()):
            orders.remove()

    # --- processes ------------------------------------------------------------------------

    @property
    def pids(self) -> dict[str, int]:
        """As `stack.json` names them, the supervisor left out."""
        return {name: pid for name, pid in self.job.stack["pids"].items() if name != "supervisor"}

    def kill(self, *names: str) -> None:
        """Kill -9, all at once, and wait until each is back."""
        before = self.pids
        for name in names:
            self.timeline.tell("kill", process=name)
            with suppress(ProcessLookupError):  # it has just ended by itself, and is on its way back
                os.kill(before[name], signal.SIGKILL)
        self.wait_back(before, *names)
        if "sandbox" in names:  # it has forgotten that its quotas were lifted
            self.job.lift_quota()

    def signal(self, name: str, how: signal.Signals) -> None:
        """Send a signal to one process."""
        self.timeline.tell("signal", process=name, signal=how.name)
        with suppress(ProcessLookupError):
            os.kill(self.pids[name], how)

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """Stop one process where it stands, and let it go on afterwards."""
        pid = self.pids[name]
        self.signal(name, signal.SIGSTOP)
        try:
            yield
        finally:
            self.timeline.tell("signal", process=name, signal="SIGCONT")
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    @contextmanager
    def stopped(self, *names: str) -> Iterator[None]:
        """Have processes stopped and not brought back, until the block ends; their order is that of `names`."""
        before = self.pids
        for name in names:
            self.timeline.tell("stop", process=name)
            self.supervisor.stop_process(name)
        try:
            yield
        finally:
            for name in names:
                self.timeline.tell("start", process=name)
                self.supervisor.start_process(name)
            self.wait_back(before, *names)

    def wait_back(self, before: Mapping[str, int], *names: str) -> None:
        """Wait until processes have other ids than before."""
        for name in names:
            wait_for(lambda n=name: self.pids.get(n, before[n]) != before[n], f"{name} back", BACK_WITHIN_S)  # type: ignore[misc]

    @contextmanager
    def one_more(self, kind: str, module: str) -> Iterator[subprocess.Popen[bytes]]:
        """A further process of a kind, beside the supervised one."""
        with self.program(kind, module, self.environment_of(kind)) as more:
            yield more

    def environment_of(self, name: str) -> dict[str, str]:
        """What a supervised process was told, for another one that is not supervised."""
        theirs = psutil.Process(self.pids[name]).environ()
        return {n: v for n, v in theirs.items() if not n.startswith("SUPERVISOR_")}

    @contextmanager
    def program(self, name: str, module: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        """A process of the run's own, until the block ends."""
        with ExitStack() as undo:
            log = undo.enter_context((self.job.folder.logs / f"{name}.more.log").open("ab"))
            self.timeline.tell("one more", process=name)
            more = subprocess.Popen([sys.executable, "-m", module], env=environment, stdout=log, stderr=log)
            undo.callback(_end, more)
            yield more

    # --- disks and the network --------------------------------------------------------------

    def fill_disk(self, folder: Path) -> Path:
        """Leave no room on the file system of a folder; the file that takes it all."""
        ballast = folder / "ballast"
        self.timeline.tell("disk full", folder=folder.name)
        with ballast.open("wb") as file, suppress(OSError):  # full is what it has to be
            while True:
                file.write(b"\0" * 65536)
                file.flush()
        return ballast

    @contextmanager
    def cut_off(self, port: int) -> Iterator[None]:
        """Nobody but the people at the keyboard reaches a port, and nothing comes from it."""
        rules = [["pref", "50", "ipproto", "tcp", way, str(port), "blackhole"] for way in ("dport", "sport")]
        self.timeline.tell("cut off", port=port)
        for rule in rules:
            subprocess.run(["ip", "rule", "add", *rule], check=True)
        try:
            yield
        finally:
            for rule in rules:
                subprocess.run(["ip", "rule", "del", *rule], check=True)
            self.timeline.tell("joined again", port=port)

    # --- Google -------------------------------------------------------------------------------

    def faults(self, **faults: Any) -> None:
        """What goes wrong at Google from now on."""
        self.timeline.tell("Google's faults", **faults)
        self.job.faults(**faults, seed=self.dice.randrange(10**6))

    def heal(self) -> None:
        """Nothing goes wrong at Google."""
        self.timeline.tell("Google healed")
        self.job.lift_quota()

    # --- what the logs say --------------------------------------------------------------------

    def listen(self, name: str) -> tuple[Path, int]:
        """A place in a process's log, for :meth:`noticed`."""
        log = self.job.folder.logs / f"{name}.log"
        return log, log.stat().st_size

    def noticed(self, heard: tuple[Path, int], word: str, what: str) -> None:
        """Wait until a log says a word, and tell how long after its process was up that was."""
        began = time.monotonic()
        log, at = heard

        def said() -> bool:
            with log.open("rb") as lines:
                lines.seek(at)
                return word.encode() in lines.read()

        wait_for(said, f"{word} in {log.name}", NOTICED_WITHIN_S)
        self.timeline.tell("noticed", after=what, within_s=round(time.monotonic() - began, 2))

    # --- does it work? ----------------------------------------------------------------------

    def recovered(self, after: str, since: float | None = None) -> float:
        """Wait until a change made after `since` has come through in each direction; the time that took.

        Raises:
            Failed: none does.
        """
        since = since or time.monotonic()
        ways: dict[str, Callable[[str], object]] = {"typed": self._type_probe, "stored": self._store_probe}
        arrived: dict[str, float] = {}
        tried_at, tried = 0.0, dict[str, list[str]](typed=[], stored=[])
        while len(arrived) < len(ways):
            now = time.monotonic()
            if now - since > FLOWS_WITHIN_S:
                raise Failed(f"{after}: changes do not flow after {FLOWS_WITHIN_S:.0f} s: {self._waits()}")
            if now - tried_at > PROBE_EVERY_S:
                tried_at = now
                mark = next(self._numbers)
                for way in ways.keys() - arrived.keys():
                    tried[way].append(f"probe {mark}")
                    with suppress(SheetsRefused, SheetsUnavailable, mysql.connector.Error, OSError):
                        ways[way](f"probe {mark}")
            for way in ways.keys() - arrived.keys():
                if self._arrived(way) in tried[way]:
                    arrived[way] = time.monotonic() - since
            time.sleep(POLL_S)
        recovery_s = round(max(arrived.values()), 2)
        self.timeline.tell(
            "recovered", after=after, recovery_s=recovery_s, **{f"{w}_s": round(s, 2) for w, s in arrived.items()}
        )
        return recovery_s

    def _type_probe(self, text: str) -> None:
        self._probe_link.type("I2", [text])

    def _store_probe(self, text: str) -> None:
        self._probe_sql("UPDATE {table} SET item = %s WHERE order_no = 2", text)

    def _arrived(self, way: str) -> Any:
        try:
            if way == "typed":
                return self._probe_sql("SELECT notes FROM {table} WHERE order_no = 1")[0][0]
            return self._probe_link.seen(2).get("Item")
        except (SheetsRefused, SheetsUnavailable, mysql.connector.Error, OSError):
            return None

    def _probe_sql(self, statement: str, *values: Any) -> list[Any]:
        with closing(connect(str(self.job.stack["mysql_url"]))) as connection:
            cursor = connection.cursor()
            cursor.execute(statement.format(table=self._probe_link.table), values)
            return list(cursor.fetchall()) if cursor.with_rows else []

    def _waits(self) -> str:
        done = self.job.command("status", "--json")
        return (done.stdout or done.stderr)[-2000:]

    def check(self) -> None:
        """With everybody at rest, both sides are identical, and the oracle finds everything.

        Raises:
            Failed: with what was found.
        """
        self.rest()
        faults: list[str] = []
        with self.timeline.span("both sides compared") as told:
            faults += [f for load in self.loads for f in (*self._differences(load.orders), *self._oracle(load))]
            told |= {
                "accepted": sum(load.oracle.accepted for load in self.loads),
                "in_doubt": sum(load.oracle.in_doubt for load in self.loads),
                "faults": faults,
            }
        if faults:
            self._keep_evidence()
            raise Failed("\n".join(faults))
        self.go_on()

    def rest(self) -> None:
        """Let everybody finish what they are at, and wait."""
        for load in self.loads:
            load.rest()

    def go_on(self) -> None:
        """Let everybody work again."""
        for load in self.loads:
            load.go_on()

    def _differences(self, orders: Orders) -> list[str]:
        link = verify(self.job.settings, orders.name, VERIFY_WAIT_S)["links"][0]
        faults = [f"{orders.name} differs: {difference}" for difference in link["differences"][:SHOWN_MAX]]
        if link["state"] != "live":
            faults.append(f"{orders.name} is {link['state']}: {orders.status()['reason']}")
        return faults

    def _keep_evidence(self) -> None:
        """What both sides and the records say, for whoever looks for the reason; the stack is gone by then."""
        for load in self.loads:
            records = {kind: load.orders.records(kind) for kind in ("history", "conflicts", "rejections")}
            seen = look(load.orders)
            told = records | {"sheet": seen.sheet, "table": seen.table, "diary": load.diary}
            path = self.timeline.folder / f"{load.orders.name}.json"
            path.write_text(json.dumps(told, indent=1, default=str))

    def _oracle(self, load: Load) -> list[str]:
        return [f"{load.orders.name}: {fault}" for fault in load.oracle.faults(look(load.orders))]

    def pause(self, least_s: float, most_s: float) -> None:
        """Let the work go on for a while: what is done to it needs its time."""
        time.sleep(self.dice.uniform(least_s, most_s))

    def links(self) -> list[Orders]:
        """Links that are worked on."""
        return [load.orders for load in self.loads]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
