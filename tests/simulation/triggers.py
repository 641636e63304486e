"""Google's triggers: two edits wait at the most, and neither order nor delivery is promised."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulation.scheduler import Actor
from tests.simulation.script import EditEvent, ScriptRun

if TYPE_CHECKING:
    from tests.simulation.twin import Twin
    from tests.simulation.world import World

WAITING_MAX = 2


class Triggers:
    """Starts the script's handlers, some time after what they are for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: list[Actor] = []
        """Runs for edits that have not begun."""
        self._count = 0

    def edit(self, twin: Twin, event: EditEvent) -> None:
        """Somebody edited cells."""
        self._waiting = [a for a in self._waiting if a in self._world.hub.actors]
        if self._world.chance("trigger_lost") or len(self._waiting) >= WAITING_MAX:
            self._world.hub.tell("GOOGLE drops the trigger")
            return

        def run() -> None:
            self._waiting.remove(actor)
            ScriptRun(twin).handle_edit(event)

        actor = self._spawn("script", run)
        self._waiting.append(actor)

    def change(self, twin: Twin) -> None:
        """Rows or columns came, went or moved."""
        if not self._world.chance("trigger_lost"):
            self._spawn("script.change", ScriptRun(twin).handle_change)

    def _spawn(self, name: str, work: Callable[[], None]) -> Actor:
        self._count += 1
        delay_s = self._world.rng.uniform(0, self._world.profile.trigger_delay_s)
        return self._world.hub.spawn(f"{name}{self._count}", work, delay_s)
