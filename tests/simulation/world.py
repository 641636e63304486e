"""One scenario: a world is made from its seed, lives through its actions, comes to rest, and is judged."""

from __future__ import annotations

import random
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from adapters.binlog_events import RowChange
from app.operate import approve_held
from app.resting import READERS
from core.events import TABLE_CHANGED
from core.model import Link
from producers.scan_pieces import CELLS_AT_ONCE
from tests.fakes.store import FakeState, FakeStore
from tests.simulation import checks
from tests.simulation.actions import Action, draw_actions, with_above, with_strange
from tests.simulation.choosing import with_choices
from tests.simulation.ledger import Violation
from tests.simulation.others import Others
from tests.simulation.ports import SimLog, SimSheet
from tests.simulation.processes import Processes
from tests.simulation.profile import draw
from tests.simulation.scheduler import Hub
from tests.simulation.services import SCAN_INTERVAL_S
from tests.simulation.taking_back import check_undos, with_undos
from tests.simulation.triggers import Triggers
from tests.simulation.twin import Twin

REST_S = 2.6 * SCAN_INTERVAL_S
SETTLE_S_MAX = 400.0
STEPS_MAX = 30_000
CALLS_TO_REST_MAX = 150
"""For each link, as long as a scan is one read."""
READS_OF_A_SCAN = 8
"""In pieces, at the most."""


@dataclass(frozen=True)
class Plan:
    """A scenario in full: what is told here is all that it depends on."""

    seed: int
    schedule: int = 0
    """Another order of the same actions."""
    dropped: tuple[int, ...] = ()
    """Numbers of actions that are left out."""
    without: tuple[str, ...] = ()
    """Kinds of faults that do not happen."""


class World:
    """Everything there is in a scenario."""

    def __init__(self, plan: Plan) -> None:
        profile = draw(plan.seed)
        self.profile = replace(profile, rates={k: 0.0 if k in plan.without else v for k, v in profile.rates.items()})
        self.rng = random.Random(f"{plan.seed} {plan.schedule}")
        self.meanwhile = random.Random(f"meanwhile {plan.seed} {plan.schedule}")
        """How much is done while a call is on its way: where there is nothing to do, nothing else depends on it."""
        random.seed(f"{plan.seed} {plan.schedule}")  # the jitter of our own backoff
        self.hub = Hub(self.rng)
        self.clock = self.hub.clock
        self.state = FakeState()
        self.log = SimLog(self)
        self.sheet = SimSheet(self)
        self.triggers = Triggers(self)
        self.processes = Processes(self)
        self.committed_at: list[datetime] = []
        self.noted = 0
        """How far the change feed has been published."""
        self.published = 0
        """How far it may have been, at the most."""
        self.beginning = 0
        """Of the change feed, which it counts from."""
        self.given_up = False
        """The noted place counts no longer: the feed is about to begin anew."""
        self.locked = False
        """Whether a run of the script has the document's lock."""
        self.calm = False
        """No more faults."""
        self.replaying = False
        """Old values are told once more; only where they lead counts."""
        self.poll_s = 0.5
        self.moved_at = 0.0
        self._numbers = 0
        self.others = Others(plan.seed) if self.profile.refers else None
        """What notes refer to."""
        self.twins = [Twin(self, number) for number in range(self.profile.links)]
        self.actions = self._draw(plan)

    def _draw(self, plan: Plan) -> list[tuple[int, Action]]:
        drawn = random.Random(f"actions {plan.seed}")
        for twin in self.twins:
            twin.furnish(drawn)
        actions = draw_actions(drawn, drawn.choice((1, 2, 3, 5, 8, 12)))
        actions = with_above(plan.seed, self.profile.header_row, with_strange(plan.seed, actions))
        policies = {column.policy for link in self.links for column in link.columns}
        actions = with_choices(plan.seed, policies, actions)
        actions = with_undos(plan.seed, actions)
        return [(i, a) for i, a in enumerate(actions) if i not in plan.dropped]

    # --- what everybody uses

    @property
    def cells_at_once(self) -> int:
        """That a scan reads at once."""
        rows = self.profile.rows_at_once
        return rows * (max(len(link.columns) for link in self.links) + 1) if rows else CELLS_AT_ONCE

    @property
    def links(self) -> list[Link]:
        """Every linked table."""
        return [twin.link for twin in self.twins]

    def twin_of(self, name: str) -> Twin:
        """What belongs to the link of that name."""
        return next(twin for twin in self.twins if twin.link.name == name)

    def link_of(self, name: str) -> Link | None:
        """As links.yaml tells."""
        return next((link for link in self.links if link.name == name), None)

    def pause(self, doing: str) -> None:
        """Somebody else may act now."""
        self.hub.pause(doing)

    def chance(self, kind: str) -> bool:
        """Whether a fault of that kind happens now."""
        rate = 0.0 if self.calm else self.profile.rates[kind]
        if rate and self.rng.random() < rate:
            self.hub.tell(f"FAULT {kind}")
            return True
        return False

    def moved(self) -> None:
        """Something happened that has to come to rest."""
        self.moved_at = self.clock.now_s

    def new_row_id(self) -> str:
        """An id that no row had before."""
        self._numbers += 1
        return f"r_{self._numbers:03}"

    def new_event(self) -> str:
        """The id of something that the script sends."""
        self._numbers += 1
        return f"msg_{self._numbers}"

    def sheet_time(self) -> str:
        """The time as the script's machine knows it."""
        return (self.clock.now() + timedelta(seconds=self.profile.skew_s)).isoformat()

    def committed(self, who: str, changes: Iterable[RowChange]) -> None:
        """A transaction has been committed: date it, and let the ledgers follow."""
        changes = list(changes)
        self.note_commits()
        for twin in self.twins:
            with twin.hushed():
                twin.ledger.committed(who, changes)

    def note_commits(self) -> None:
        """Date the transactions that were just committed."""
        while len(self.committed_at) < len(self.state.binlog):
            self.committed_at.append(self.clock.now())
            self.moved()
            self.hub.news()

    # --- the life of a scenario

    def live(self) -> None:
        """From the first action to the verdict.

        Raises:
            Violation: a promise was broken.
        """
        try:
            self.processes.start_all()
            while self.actions or self.clock.now_s < 5:
                self._step()
            self._settle()
            self._judge()
            self._replay()
        finally:
            self.hub.close()

    def _judge(self) -> None:
        for twin in self.twins:
            if twin.takes_back:
                checks.check_agreement(twin)
                check_undos(twin)
            else:
                checks.check_rest(twin)

    def _replay(self) -> None:
        """The whole log again, once or several times, changes nothing."""
        self.replaying = True
        before = [checks.picture(twin) for twin in self.twins]
        for _ in range(self.rng.choice((1, 1, 1, 1, 1, 1, 1, 3))):
            self.hub.tell("--- the whole log again")
            for source in self.processes.sources.values():
                for topic, partition in source.assigned():
                    source.seek(topic, partition, 0)
            self.hub.news()
            self._settle()
        for old, new in zip(before, [checks.picture(twin) for twin in self.twins], strict=True):
            for name in old:
                if old[name] != new[name]:
                    raise Violation(f"the log run again changed the {name}: {old[name]} -> {new[name]}")
        self._judge()

    def _settle(self) -> None:
        """No more faults, no more actions: wait until nothing moves any more."""
        self.calm = True
        self.poll_s = 3.0
        began_s, began_steps, began_calls = self.clock.now_s, self.hub.steps, len(self.sheet.calls)
        self.hub.tell("--- faults off, nobody acts any more")
        for actor in self.hub.actors:
            if actor.stalled:
                actor.wake_at = min(actor.wake_at, self.clock.now_s + 1)
        self.processes.start_missing()
        self.moved()
        while self.clock.now_s - self.moved_at < REST_S or self._is_anything_on_its_way():
            self._go_on()
            if self.clock.now_s - began_s > SETTLE_S_MAX or self.hub.steps - began_steps > STEPS_MAX:
                raise Violation("it does not come to rest")
        calls = len(self.sheet.calls) - began_calls
        if calls > CALLS_TO_REST_MAX * len(self.twins) * (READS_OF_A_SCAN if self.profile.rows_at_once else 1):
            raise Violation(f"{calls} calls to Google until rest")

    def is_at_rest(self, link: Link) -> bool:
        """As app.resting.Resting asks the queues from outside."""
        return link.name not in self.state.intents and self._has_read(list(READERS))

    def followed_to(self, _link: Link) -> int | None:
        """As app.resting.Resting."""
        return sum(self.log.end_offsets([TABLE_CHANGED]).values()) if self._has_read([TABLE_CHANGED]) else None

    def _has_read(self, topics: list[str]) -> bool:
        if self.noted < len(self.state.binlog):
            return False
        ends = self.log.end_offsets(topics)
        return all(self.state.offsets.get((READERS[t], t, p), 0) >= end for (t, p), end in ends.items())

    def _is_anything_on_its_way(self) -> bool:
        return any(a.name.startswith(("script", "network")) for a in self.hub.actors)

    def _step(self) -> None:
        self.clock.now_s += self.rng.random() * self.profile.step_s
        if self.actions and self.rng.random() < self.profile.density:
            self._act()
        elif self.chance("crash"):
            self.processes.crash()
        elif self.chance("stall"):
            self.processes.stall()
        else:
            self._go_on()

    def _go_on(self) -> None:
        if self.state.holds:
            self._approve()
        come = self.others.next_change() if self.others is not None else None
        if come is not None:
            self.hub.tell(f"TABLE others: comes {come.after}")
            self.state.binlog.append((come,))
            self.note_commits()
        ready = self.hub.ready()
        if ready:
            self.hub.resume(self.rng.choice(ready))
        elif self.actions and self.rng.random() < 0.3:
            self._act()
        else:
            self.clock.now_s = max(self.clock.now_s, self.hub.next_wake())

    def _approve(self) -> None:
        """The last rows of a small tab may be meant to go; whoever deleted them is asked, and says so. And who has
        pasted a row with its id above the headers takes that away."""
        held = [name for name, (guard, _) in self.state.holds.items() if guard == "tab_emptied"]
        held += [twin.link.name for twin in self.twins if self._is_hidden(twin) and twin.own.take_ids_away()]
        for name in held:
            self.hub.tell(f"a person approves what holds {name}")
            with FakeStore(self.state, self.clock.now).begin() as tx:
                approve_held(tx, self.state.links[name])
            self.note_commits()

    def _is_hidden(self, twin: Twin) -> bool:
        guard, _ = self.state.holds.get(twin.link.name, ("", ""))
        return guard == "header_damaged" and self.state.links[twin.link.name].state == "held"

    def _act(self) -> None:
        number, action = self.actions.pop(0)
        self.hub.tell(f"action {number}: {action.kind}")
        twin = self.twins[int(action.link * len(self.twins))]
        who = twin.person if action.by_person else twin.program
        who.act(action)


def live(plan: Plan, notes: list[str] | None = None) -> tuple[World, str | None]:
    """Run a scenario; what was violated, or ``None``."""
    world = World(plan)
    world.hub.notes = notes
    try:
        world.live()
    except Violation as fault:
        return world, str(fault)
    except Exception as fault:  # noqa: BLE001 -- whatever comes out of a loop of ours is a finding
        where = traceback.extract_tb(fault.__traceback__)[-1]
        return world, f"{type(fault).__name__}: {fault} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"
    return world, None
