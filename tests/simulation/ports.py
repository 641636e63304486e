"""The ports as a hostile world offers them: between any two calls anything happens, and calls fail in every way."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import (
    KafkaUnavailable,
    MysqlUnavailable,
    QuotaExhausted,
    ReplyLost,
    SheetsRefused,
    SheetsUnavailable,
)
from core.events import stamp_from_json
from core.model import Key, Link
from core.ports import Delivery, Json, TableRow
from core.sheet import (
    LookedRow,
    MarksLook,
    MarkWrite,
    Positions,
    SheetTarget,
    Span,
    SwapAnswer,
    SwapWrite,
    TabImage,
)
from tests.fakes.event_log import FakeEventLog, FakeEventSource, Place
from tests.fakes.sheet import FakeMarks, FakeSheet
from tests.fakes.store import FakeStore, FakeTransaction
from tests.simulation.ledger import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")
LOTS_MAX = 12
"""Looks by which a scan tells of a tab that it reads in pieces."""
MEANWHILE_SHARE = 0.5
"""Of pieces of work, those that there is time for before, or after, a call has its effect."""
_TAKES_IN = {"link_state", "hold"}
"""What a transaction that takes events in does at least."""


class _Deadlock(Exception):
    """The server rolled the transaction back."""


class _Watched:
    """A transaction that remembers what it was asked to do."""

    def __init__(self, tx: FakeTransaction) -> None:
        self._tx = tx
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.asked.add(name)
        return getattr(self._tx, name)


class SimStore(FakeStore):
    """MySQL: deadlocks, lost connections, commits whose word is lost.

    Offsets that are stored without the events that they pass are objected to at once: a crash in between would lose
    them, and scans heal nearly all of what is lost so.
    """

    def __init__(self, world: World, who: str) -> None:
        super().__init__(world.state, world.clock.now)
        self._world = world
        self._who = who

    def run(self, work: Callable[[FakeTransaction], T]) -> T:
        world = self._world
        world.pause("begins a transaction")
        if world.chance("mysql_down"):
            raise MysqlUnavailable("no server")
        if world.chance("deadlock"):
            self._lose_out(work)
            world.pause("was rolled back by a deadlock")
        with self.begin() as tx:
            watched: Any = _Watched(tx)
            answer = work(watched)
        if self._who == "table_writer" and "store_offsets" in watched.asked and not watched.asked & _TAKES_IN:
            raise Violation("offsets were stored in a transaction without the events that they pass")
        differing = [name for name, (_, cells) in world.state.checks.items() if cells]
        if differing:
            raise Violation(f"{differing[0]} differs, and no event explains it")
        world.committed(self._who, tx.changes)
        if world.chance("commit_lost"):
            raise MysqlUnavailable("lost while committing")
        world.pause("committed")
        return answer

    def read_rows(self, link: Link) -> Iterator[tuple[Key, TableRow]]:
        """As of one moment, between two others' steps."""
        self._world.pause("reads the table")
        return super().read_rows(link)

    def read_keys(self, link: Link) -> Iterator[Key]:
        """Likewise."""
        self._world.pause("reads the table's keys")
        return super().read_keys(link)

    def look_at_rows(self, link: Link, keys: Collection[Key]) -> dict[Key, TableRow]:
        """Likewise."""
        self._world.pause("looks at rows of the table")
        return super().look_at_rows(link, keys)

    def _lose_out(self, work: Callable[[FakeTransaction], T]) -> None:
        with suppress(_Deadlock), self.begin() as tx:
            work(tx)
            raise _Deadlock


class SimSheet(FakeSheet):
    """Google: quotas, outages, replies that get lost before or after the write took effect."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock.now)
        self._world = world

    def read_tab(self, target: SheetTarget) -> TabImage:
        return self.watch("reads the tab", lambda: super(SimSheet, self).read_tab(target))

    def read_spans(self, target: SheetTarget, spans: Sequence[Span], *, with_ids: bool = False) -> TabImage:
        what = f"reads rows {spans}{' and all ids' if with_ids else ''}"
        return self.watch(what, lambda: super(SimSheet, self).read_spans(target, spans, with_ids=with_ids))

    def read_positions(self, target: SheetTarget) -> Positions:
        return self.watch("reads positions", lambda: super(SimSheet, self).read_positions(target))

    def recall(self, target: SheetTarget, write: SwapWrite) -> SwapAnswer | None:
        return self.watch(f"recalls write {write.n}", lambda: super(SimSheet, self).recall(target, write))

    def swap(self, target: SheetTarget, write: SwapWrite) -> SwapAnswer:
        world = self._world
        super()._look_first(target, write)
        world.pause(f"is about to send write {write.n}: {_told(write)}")
        self.refuse()
        lost = world.chance("reply_lost")
        if lost and world.rng.random() < 0.5:
            if world.chance("late_landing"):
                world.hub.spawn(f"network{write.n}", lambda: self._land(target, write), world.rng.uniform(0, 20))
            raise ReplyLost("cut off before it arrived")
        answer = self._take_effect(target, write)
        if lost:
            raise ReplyLost("cut off after it arrived")
        world.pause(f"has the answer to write {write.n}")
        return answer

    def _look_first(self, target: SheetTarget, write: SwapWrite) -> None:
        """Done before anything else may happen."""

    def _land(self, target: SheetTarget, write: SwapWrite) -> None:
        """What was given up for lost arrives after all."""
        with suppress(SheetsRefused):
            self._take_effect(target, write)

    def _take_effect(self, target: SheetTarget, write: SwapWrite) -> SwapAnswer:
        twin = self._world.twin_of(target.link)
        if (write.n, write.epoch) not in self.tab(target).tickets:
            twin.ledger.before_swap(write)
        answer = super().swap(target, write)
        twin.own.check_values()
        with twin.hushed():
            twin.ledger.after_swap(write)
        self._world.hub.tell(f"write {write.n} took effect")
        self._world.moved()
        return answer

    def watch(self, what: str, look: Callable[[], T]) -> T:
        """A read, with everything that may befall one."""
        world = self._world
        world.pause(f"is about to look: {what}")
        self.refuse()
        answer = look()
        world.pause(what)
        return answer

    def refuse(self) -> None:
        """Raise what Google answers when it takes no call."""
        if self._world.chance("quota"):
            raise QuotaExhausted("429")
        if self._world.chance("google_down"):
            raise SheetsUnavailable("503")


class SimMeanwhile:
    """Work is done before a call has an effect, or after it had one and before the answer is looked at."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, call: Callable[[], T], work: Callable[[], bool]) -> T:
        self._some(work)
        try:
            answer = call()
        except Exception:
            self._some(work)
            raise
        self._some(work)
        return answer

    def _some(self, work: Callable[[], bool]) -> None:
        while self._world.meanwhile.random() < MEANWHILE_SHARE and work():
            pass


class SimMarks(FakeMarks):
    """Google, as far as notes and colours go."""

    def __init__(self, world: World) -> None:
        super().__init__(world.sheet)
        self._world = world

    def marked(self, target: SheetTarget) -> list[int]:
        return self._world.sheet.watch("searches for notes", lambda: super(SimMarks, self).marked(target))

    def look(self, target: SheetTarget, rows: Collection[int]) -> MarksLook:
        return self._world.sheet.watch("looks at notes", lambda: super(SimMarks, self).look(target, rows))

    def mark(self, target: SheetTarget, look: MarksLook, writes: Sequence[MarkWrite]) -> tuple[LookedRow, ...] | None:
        world = self._world
        world.pause(f"is about to mark {len(writes)} cells")
        world.sheet.refuse()
        lost = world.chance("reply_lost")
        if lost and world.rng.random() < 0.5:
            raise ReplyLost("cut off before it arrived")
        hit = super().mark(target, look, writes)
        world.moved()
        if lost:
            raise ReplyLost("cut off after it arrived")
        world.pause("has marked cells")
        return hit


class SimGate:
    """The quota's tokens."""

    def __init__(self, world: World) -> None:
        self._world = world

    def wait_s(self, kind: str, link: str = "", *, spare: bool = False) -> float:
        return self._world.rng.uniform(0.1, 3) if self._world.chance("no_token") else 0.0


class SimLog(FakeEventLog):
    """Kafka's broker."""

    def __init__(self, world: World) -> None:
        super().__init__(world.profile.partitions, clock=world.clock.now)
        self._world = world
        lots = LOTS_MAX if world.profile.rows_at_once else 1
        self._last_scans: dict[str, deque[object]] = defaultdict(lambda: deque(maxlen=lots))

    def append(self, topic: str, link: str, body: Json) -> None:
        super().append(topic, link, body)
        findings = _findings(body) if body.get("kind") == "scan" else None
        if findings is None or findings not in self._last_scans[link]:  # what waits for a person is told every time
            self._world.moved()
        if findings is not None:
            self._last_scans[link].append(findings)
        self._world.hub.news()


class SimPublisher:
    """An EventPublisher whose acknowledgements get lost."""

    def __init__(self, world: World) -> None:
        self._world = world

    def publish(self, topic: str, link: str, body: Json) -> None:
        self.publish_many([(topic, link, body)])

    def publish_many(self, messages: Sequence[tuple[str, str, Json]]) -> None:
        for topic, link, body in messages:
            world = self._world
            world.pause(f"is about to publish {topic} {told_event(body)}")
            if world.chance("kafka_down"):
                raise KafkaUnavailable("not acknowledged")
            world.log.append(topic, link, body)
            if world.chance("ack_lost"):
                raise KafkaUnavailable("acknowledgement lost")

    def close(self) -> None:
        """Nothing to let go of."""


class SimSource(FakeEventSource):
    """A member of a consumer group, which may be thrown out while it is not looking."""

    def __init__(
        self,
        world: World,
        group: str,
        topics: Sequence[str],
        *,
        claim: Callable[[frozenset[Place]], Mapping[Place, int]],
        revoked: Callable[[frozenset[Place]], None],
        lost: Callable[[frozenset[Place]], None],
    ) -> None:
        self._world = world
        self.out = False
        """Thrown out of the group: to be joined again with the next poll."""
        super().__init__(
            world.log,
            group,
            topics,
            claim=claim,
            revoked=revoked,
            lost=lost,
            records_max=world.rng.choice((1, 3, 50)),
        )

    def poll(self, timeout_s: float) -> list[Delivery]:
        world = self._world
        if self.out:
            self.out = False
            world.log.join(self._group, self)
        found = super().poll(0)
        if not found:
            world.hub.sleep(max(0.01, timeout_s), listens=True)
            found = [] if self.out else super().poll(0)
        for delivery in found:
            world.hub.tell(f"takes {delivery.topic} {delivery.offset}: {told_event(delivery.body)}")
        if found:
            world.pause(f"got {len(found)} events")
        return found

    def _deliver(self) -> list[Delivery]:
        """Kafka keeps the order within a partition, and no other."""
        if not any(self.lag().values()):
            return []
        places = list(self._next.items())
        self._world.rng.shuffle(places)
        self._next = dict(places)
        return super()._deliver()

    def owns(self, topic: str, link: str) -> bool:
        """As the source on Kafka does."""
        return (topic, self._log.partition_of(link)) in self.assigned()

    def throw_out(self) -> None:
        """The group goes on without it."""
        if not self.out:
            self.out = True
            self._log.leave(self._group, self)

    def close(self) -> None:
        self._next.clear()
        self.throw_out()


def told_event(body: Mapping[str, Any]) -> str:
    """An event in one line."""
    kind = body.get("kind")
    stamp = body.get("stamp")
    place = f" n={stamp['n']} q={stamp['q']}" if stamp else ""
    cells = " ".join(f"{c['row_id'][-3:]}.{c['column']}={c.get('value')!r}" for c in body.get("cells", ()))
    rest = {k: v for k, v in body.items() if k in ("missing", "names", "keys", "renamed", "rows") and v}
    return f"{kind}{place} {cells} {rest or ''}".rstrip()


def _findings(body: Mapping[str, Any]) -> object:
    """What a scan tells, whichever of several it is."""
    return [
        replace(stamp_from_json(body["stamp"]), scan=0),
        body.get("cells"),
        body.get("missing"),
        body.get("names"),
    ]


def _told(write: SwapWrite) -> str:
    parts = [f"{c.row_id[-3:]}@{c.row}.{c.header}:={c.value!r}" for c in write.cells]
    parts += [f"id@{i.row}:={i.row_id[-3:]}(was {i.expected})" for i in write.ids]
    parts += [f"insert {i.row_id[-3:]} {dict(i.cells)} after {write.insert_after_row}" for i in write.inserts]
    parts += [f"delete {d.row_id[-3:]}@{d.row}" for d in write.deletes]
    parts += [f"restore {r.header}@{r.row} from line {r.scratch_line}" for r in write.formula_restores]
    parts += [f"restore row @{r.row} from line {r.scratch_line}" for r in write.row_restores]
    return ", ".join(parts)
