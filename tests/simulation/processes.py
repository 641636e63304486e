"""Our processes under their supervisor: started, killed, frozen, thrown out of their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.ports import SimSource
from tests.simulation.scheduler import Actor
from tests.simulation.services import SLOTS, serve

if TYPE_CHECKING:
    from tests.simulation.world import World


class Processes:
    """What runs of ours, one or two of each kind."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.sources: dict[str, SimSource] = {}
        """By owner."""
        self._owners: dict[str, str] = {}
        self._count = 0

    def new_owner(self, name: str) -> str:
        """The name by which a process that begins (anew) is fenced."""
        self._count += 1
        self._owners[name] = f"{name}#{self._count}"
        return self._owners[name]

    def start_all(self) -> None:
        """One of each kind, of some a second one."""
        for slot in SLOTS:
            self._start(slot)
            if self._world.chance("second"):
                self._start(slot, "2")

    def start_missing(self) -> None:
        """One of each kind has to run when everything comes to rest."""
        for slot in SLOTS:
            if not any(a.name.startswith(slot) for a in self._world.hub.actors):
                self._start(slot)

    def _start(self, slot: str, suffix: str = "") -> None:
        if slot == "binlog" and suffix:
            return  # one reader holds the lease
        self._spawn(slot + suffix, 0.0, 0.2)

    def _spawn(self, name: str, earliest_s: float, latest_s: float) -> None:
        world, body = self._world, SLOTS[_slot(name)]
        world.hub.spawn(name, lambda: serve(world, name, body), world.rng.uniform(earliest_s, latest_s))

    def crash(self) -> None:
        """Somebody dies in the middle of whatever it does."""
        actor = self._world.rng.choice(self._world.hub.actors)
        if _slot(actor.name) not in SLOTS and self._world.profile.rates["script_killed"] == 0:
            return
        self._world.hub.kill(actor)
        source = self.sources.pop(self._owners.get(actor.name, ""), None)
        if source is not None:
            source.close()
        if _slot(actor.name) in SLOTS:
            self._spawn(actor.name, 0.1, 3.0)

    def stall(self) -> None:
        """A machine freezes in the middle of whatever it does; its group goes on without it."""
        world = self._world
        actor = world.rng.choice(world.hub.actors)
        writing = actor.name.startswith("sheet_writer") and bool(world.state.intents)
        if writing and not world.chance("late_landing"):
            return
        actor.stalled = True
        actor.wake_at = world.clock.now_s + world.rng.uniform(1, 30)
        world.hub.tell(f"{actor.name} is frozen until {actor.wake_at:.2f}")
        if world.rng.random() < 0.7:
            self._throw_out(actor)

    def _throw_out(self, actor: Actor) -> None:
        source, slot = self.sources.get(self._owners.get(actor.name, "")), _slot(actor.name)
        if source is None:
            return
        source.throw_out()
        if not any(a.name in (slot, slot + "2") and a is not actor for a in self._world.hub.actors):
            self._start(slot, "2" if actor.name == slot else "")


def _slot(name: str) -> str:
    """The kind of process of that name."""
    return name.removesuffix("2")
