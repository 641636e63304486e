"""One scenario: a world is made from its seed, lives through its actions, comes to rest, and is judged."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.model import CellBase, Link, LinkedColumn, RowBase, SheetCell, TableColumn
from core.ports import LinkState
from core.sheet import SheetTarget
from core.values.catalog import codec_for
from tests.fakes.sheet import FakeRow
from tests.fakes.store import FakeState, FakeStore
from tests.simulation import checks
from tests.simulation.ledger import Ledger, Violation
from tests.simulation.people import Action, Person, Program, draw_actions
from tests.simulation.ports import SimLog, SimSheet, SimSource
from tests.simulation.profile import Profile, draw
from tests.simulation.scheduler import Hub
from tests.simulation.script import EditEvent, ScriptRun
from tests.simulation.services import SCAN_INTERVAL_S, SLOTS, serve

REST_S = 2.6 * SCAN_INTERVAL_S
SETTLE_S_MAX = 400.0
STEPS_MAX = 30_000
CALLS_TO_REST_MAX = 150
KNOWN: frozenset[int] = frozenset({232, 850, 2245, 2386, 2535, 2641, 2993})
"""Seeds of scenarios that are known to break a promise and are not mended yet."""


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


def make_link(profile: Profile) -> Link:
    """The linked table of a scenario."""
    generated = profile.key == "generated"
    key = (
        TableColumn("id", "bigint", "bigint", nullable=False, has_default=True, auto_increment=True)
        if generated
        else TableColumn("code", "varchar", "varchar(20)", nullable=False, length_chars=20)
    )
    columns = (
        key,
        TableColumn("name", "varchar", "varchar(20)", nullable=False, length_chars=20),
        TableColumn("qty", "int", "int", has_default=True),
        TableColumn("note", "varchar", "varchar(20)", has_default=True, length_chars=20),
    )
    policy = profile.policy
    linked = tuple(LinkedColumn(c.name, c, codec_for(c), policy=policy, key=c is key) for c in columns)
    return Link("orders", "sheet", "Orders", "shop", "orders", linked)


class World:
    """Everything there is in a scenario."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        profile = draw(plan.seed)
        self.profile = replace(profile, rates={k: 0.0 if k in plan.without else v for k, v in profile.rates.items()})
        self.rng = random.Random(f"{plan.seed} {plan.schedule}")
        random.seed(f"{plan.seed} {plan.schedule}")  # the jitter of our own backoff
        self.hub = Hub(self.rng)
        self.clock = self.hub.clock
        self.link = make_link(self.profile)
        self.state = FakeState()
        self.log = SimLog(self)
        self.sheet = SimSheet(self)
        self.target = SheetTarget("orders", "sheet", 7, self.link.headers)
        self.tab = self.sheet.tab(self.target)
        self.ledger = Ledger(self)
        self.sources: dict[str, SimSource] = {}
        self.committed_at: list[datetime] = []
        self.noted = 0
        self.locked = False
        self.calm = False
        self.poll_s = 0.5
        self.moved_at = 0.0
        self.suspicions: list[str] = []
        self._queued = 0
        self._numbers = 0
        self._owners: dict[str, str] = {}
        drawn = random.Random(f"actions {plan.seed}")
        self.actions: list[tuple[int, Action]] = []
        self._furnish(drawn)
        actions = draw_actions(drawn, drawn.choice((1, 2, 3, 5, 8, 12)))
        self.actions = [(i, a) for i, a in enumerate(actions) if i not in plan.dropped]
        self._person, self._program = Person(self), Program(self)

    # --- what everybody uses

    @property
    def free_headers(self) -> list[str]:
        """Columns that are no key."""
        return [c.header for c in self.link.columns if not c.key]

    def link_of(self, name: str) -> Link | None:
        return self.link if name == self.link.name else None

    def pause(self, doing: str) -> None:
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

    def suspect(self, what: str) -> None:
        """Not right, but it may still be mended."""
        self.suspicions.append(what)

    def new_row_id(self) -> str:
        self._numbers += 1
        return f"r_{self._numbers:03}"

    def new_event(self) -> str:
        self._numbers += 1
        return f"msg_{self._numbers}"

    def new_owner(self, slot: str) -> str:
        self._numbers += 1
        self._owners[slot] = f"{slot}#{self._numbers}"
        return self._owners[slot]

    def sheet_time(self) -> str:
        """The time as the script's machine knows it."""
        return (self.clock.now() + timedelta(seconds=self.profile.skew_s)).isoformat()

    def note_commits(self) -> None:
        """Date the transactions that were just committed."""
        while len(self.committed_at) < len(self.state.binlog):
            self.committed_at.append(self.clock.now())
            self.moved()
        self.hub.news()

    # --- triggers

    def trigger_edit(self, event: EditEvent) -> None:
        """Google queues at most two edits, and promises neither order nor delivery."""
        if self.chance("trigger_lost") or self._queued >= 2:
            self.hub.tell("GOOGLE drops the trigger")
            return
        self._queued += 1

        def run() -> None:
            self._queued -= 1
            ScriptRun(self, self.target).handle_edit(event)

        self._spawn_script("script", run)

    def trigger_change(self) -> None:
        if not self.chance("trigger_lost"):
            self._spawn_script("script.change", ScriptRun(self, self.target).handle_change)

    def _spawn_script(self, name: str, work: Callable[[], None]) -> None:
        self._numbers += 1
        self.hub.spawn(f"{name}{self._numbers}", work, self.rng.uniform(0, self.profile.trigger_delay_s))

    # --- the life of a scenario

    def live(self) -> None:
        """From the first action to the verdict.

        Raises:
            Violation: a promise was broken.
        """
        try:
            for slot in SLOTS:
                self._start(slot)
                if self.chance("second"):
                    self._start(slot, "2")
            while self.actions or self.clock.now_s < 5:
                self._step()
            self.settle()
            checks.check_rest(self)
            checks.check_replay(self)
        finally:
            self.hub.close()

    def settle(self) -> None:
        """No more faults, no more actions: wait until nothing moves any more."""
        self.calm = True
        self.poll_s = 3.0
        began_s, began_steps, began_calls = self.clock.now_s, self.hub.steps, len(self.sheet.calls)
        self.hub.tell("--- faults off, nobody acts any more")
        for actor in self.hub.actors:
            if actor.stalled:
                actor.wake_at = min(actor.wake_at, self.clock.now_s + 1)
        self._start_missing()
        self.moved()
        while self.clock.now_s - self.moved_at < REST_S or self._scripts():
            self._go_on()
            if self.clock.now_s - began_s > SETTLE_S_MAX or self.hub.steps - began_steps > STEPS_MAX:
                raise Violation("it does not come to rest")
        calls = len(self.sheet.calls) - began_calls
        if calls > CALLS_TO_REST_MAX:
            raise Violation(f"{calls} calls to Google until rest")

    def _scripts(self) -> bool:
        return any(a.name.startswith("script") for a in self.hub.actors)

    def _step(self) -> None:
        self.clock.now_s += self.rng.random() * self.profile.step_s
        if self.actions and self.rng.random() < self.profile.density:
            self._act()
        elif self.chance("crash"):
            self._crash()
        elif self.chance("stall"):
            self._stall()
        else:
            self._go_on()

    def _go_on(self) -> None:
        ready = self.hub.ready()
        if ready:
            self.hub.resume(self.rng.choice(ready))
        elif self.actions and self.rng.random() < 0.3:
            self._act()
        else:
            self.clock.now_s = max(self.clock.now_s, self.hub.next_wake())

    def _act(self) -> None:
        number, action = self.actions.pop(0)
        self.hub.tell(f"action {number}")
        who = self._person if action.by_person else self._program
        who.act(action)

    # --- processes

    def _start(self, slot: str, suffix: str = "") -> None:
        body = SLOTS[slot]
        name = slot + suffix
        if slot == "binlog" and suffix:
            return  # one reader holds the lease
        self.hub.spawn(name, lambda: serve(self, name, body), self.rng.uniform(0, 0.2))

    def _start_missing(self) -> None:
        for slot in SLOTS:
            if not any(a.name.startswith(slot) for a in self.hub.actors):
                self._start(slot)

    def _crash(self) -> None:
        actor = self.rng.choice(self.hub.actors)
        if actor.name.startswith("script") and self.profile.rates["script_killed"] == 0:
            return
        self.hub.kill(actor)
        source = self.sources.pop(self._owners.get(actor.name, ""), None)
        if source is not None:
            source.close()
        if actor.name in SLOTS or actor.name[:-1] in SLOTS:
            slot = actor.name if actor.name in SLOTS else actor.name[:-1]
            name, body = actor.name, SLOTS[slot]
            self.hub.spawn(name, lambda: serve(self, name, body), self.rng.uniform(0.1, 3.0))

    def _stall(self) -> None:
        """A machine freezes in the middle of whatever it does; its group goes on without it."""
        actor = self.rng.choice(self.hub.actors)
        writing = actor.name.startswith("sheet_writer") and bool(self.state.intents)
        if writing and not self.chance("late_landing"):
            return
        actor.stalled = True
        actor.wake_at = self.clock.now_s + self.rng.uniform(1, 30)
        self.hub.tell(f"{actor.name} is frozen until {actor.wake_at:.2f}")
        source = self.sources.get(self._owners.get(actor.name, ""))
        slot = actor.name.rstrip("2")
        if source is not None and self.rng.random() < 0.7 and slot in SLOTS:
            source.throw_out()
            if not any(a.name in (slot, slot + "2") and a is not actor for a in self.hub.actors):
                self._start(slot, "2" if actor.name == slot else "")

    # --- the beginning

    def _furnish(self, rng: random.Random) -> None:
        link, rows = self.link, rng.randint(0, 5)
        self.state.links[link.name] = LinkState(link.name, "sheet", 7, "Orders", "shop", "orders", "live", None, 1, 0)
        table = self.state.table(link)
        bases = []
        for number in range(1, rows + 1):
            line = self.ledger.new_line("both")
            row_id = self.new_row_id()
            values = {
                "name": f"n{self.ledger.number()}",
                "qty": str(self.ledger.number()) if rng.random() < 0.8 else None,
                "note": f"n{self.ledger.number()}" if rng.random() < 0.6 else None,
            }
            key = link.key_columns[0].name
            values[key] = str(number) if key == "id" else f"c{self.ledger.number()}"
            for column, text in values.items():
                if text is not None and column != "id":
                    self.ledger.write("both", column, text, line)
            values = {c.name: values[c.name] for c in link.columns}
            table.rows[link.key_of(values)] = values
            self.ledger.of_key[link.key_of(values)] = {line}
            table.last_id = number
            cells = {
                c.header: SheetCell(c.codec.to_sheet(values[c.name]))
                for c in link.columns
                if values[c.name] is not None
            }
            self.tab.rows.append(FakeRow(row_id, cells, line))
            base = {c.name: CellBase(values[c.name]) for c in link.columns}
            bases.append(RowBase(row_id, link.key_of(values), base))
        with FakeStore(self.state, self.clock.now).begin() as tx:
            tx.save_bases(link.name, bases)
        self.ledger.see_ids()


def live(plan: Plan, notes: list[str] | None = None) -> tuple[World, str | None]:
    """Run a scenario; what was violated, or ``None``."""
    world = World(plan)
    world.hub.notes = notes
    try:
        world.live()
    except Violation as fault:
        return world, str(fault)
    except Exception as fault:  # noqa: BLE001 -- whatever comes out of a loop of ours is a finding
        import traceback

        where = traceback.extract_tb(fault.__traceback__)[-1]
        return world, f"{type(fault).__name__}: {fault} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"
    return world, None
