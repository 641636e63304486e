"""One process, many actors: every call of ours is a point where anybody else may go on (or we may die)."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from greenlet import greenlet

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Crash(BaseException):
    """kill -9: nothing of ours catches it, and what MySQL had open is rolled back."""


class VirtualClock:
    """A :class:`core.ports.Clock` that only the scheduler moves."""

    def __init__(self, hub: Hub) -> None:
        self.now_s = 0.0
        self._hub = hub

    def monotonic(self) -> float:
        return self.now_s

    def now(self) -> datetime:
        return START + timedelta(seconds=self.now_s)

    def sleep(self, seconds: float) -> None:
        self._hub.sleep(seconds)


class Actor:
    """Somebody who does one thing after the other: a process of ours, a run of the script."""

    __slots__ = ("body", "listens", "name", "stalled", "wake_at")

    def __init__(self, name: str, body: greenlet) -> None:
        self.name = name
        self.body = body
        self.wake_at = 0.0
        self.listens = False
        """Wakes up when something is published."""
        self.stalled = False
        """Its virtual machine is frozen until ``wake_at``."""


class Hub:
    """Lets one actor at a time go on to its next pause."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.clock = VirtualClock(self)
        self.actors: list[Actor] = []
        self.current: Actor | None = None
        self.steps = 0
        self.notes: list[str] | None = None
        self._home = greenlet.getcurrent()

    # --- what actors call

    def pause(self, doing: str) -> None:
        """Somebody else may act now."""
        actor = self.current
        if actor is None:
            return
        self.tell(doing)
        self._home.switch()

    def sleep(self, seconds: float, *, listens: bool = False) -> None:
        """Go on after that long, or when something is published."""
        actor = self.current
        if actor is None:
            return
        actor.wake_at = self.clock.now_s + seconds
        actor.listens = listens
        self._home.switch()
        actor.listens = False

    def tell(self, what: str) -> None:
        """Add a line to the story."""
        if self.notes is not None:
            who = self.current.name if self.current else "world"
            self.notes.append(f"{self.clock.now_s:8.2f}  {who:<16} {what}")

    def news(self) -> None:
        """Something was published: wake who listens."""
        for actor in self.actors:
            if actor.listens and not actor.stalled:
                actor.wake_at = min(actor.wake_at, self.clock.now_s)

    # --- what the world calls

    def spawn(self, name: str, work: Callable[[], None], after_s: float = 0.0) -> Actor:
        """A new actor, who starts after ``after_s``."""

        def body() -> None:
            try:
                work()
            except Crash:
                self.tell("is killed")

        actor = Actor(name, greenlet(body, self._home))
        actor.wake_at = self.clock.now_s + after_s
        self.actors.append(actor)
        return actor

    def resume(self, actor: Actor) -> None:
        """Let one actor go on to its next pause."""
        self.steps += 1
        self.current, actor.stalled = actor, False
        try:
            actor.body.switch()
        finally:
            self.current = None
            if actor.body.dead:
                self.actors.remove(actor)

    def kill(self, actor: Actor) -> None:
        """It dies where it stands."""
        self.current = actor
        try:
            if actor.body:
                actor.body.throw(Crash)
        finally:
            self.current = None
            if actor in self.actors:
                self.actors.remove(actor)

    def close(self) -> None:
        """Let go of everybody."""
        self.notes = None
        for actor in list(self.actors):
            self.kill(actor)

    def ready(self) -> list[Actor]:
        """Who can go on now."""
        now = self.clock.now_s
        return [a for a in self.actors if a.wake_at <= now]

    def next_wake(self) -> float:
        """When the first one can go on."""
        return min((a.wake_at for a in self.actors), default=self.clock.now_s)
