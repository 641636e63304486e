"""When the change feed notes its position, starts over, and gives up; everything outside is made of lists."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.binlog_events import Committed, Position, PositionLost, TableChange
from core.errors import Fenced, KafkaUnavailable, MysqlUnavailable
from core.model import Link
from core.ports import Json
from core.table_times import TableTimes
from producers.binlog_feed import IDLE_NOTE_EVERY_S, NOTE_EVERY_S, BinlogFeed
from producers.binlog_messages import Message, Messages

AT = datetime(2026, 5, 4, tzinfo=UTC)
ORDERS = Link("orders", "spreadsheet", "Orders", "shop", "orders", ())
Step = Committed | Callable[[], None] | None


def at(offset: int) -> Position:
    return Position("server", "binlog.000001", offset)


STORED = at(1)


def linked(offset: int, *, last: bool = True) -> Committed:
    """A transaction that has one message."""
    change = TableChange("shop", "orders", "truncate")
    return Committed(at(offset), str(offset), AT, exact=True, changes=(change,), last=last)


def unrelated(offset: int, *, own: bool = False) -> Committed:
    return Committed(at(offset), str(offset), AT, exact=True, own=own)


class World:
    """Server, lease, Kafka, links and clock of one feed."""

    version = 1

    def __init__(self, *steps: Step, stored: Position | None = STORED) -> None:
        self.steps = list(steps)
        self.stored = stored
        self.notes: list[int] = []
        self.beginnings: list[int] = []
        """Of the positions that were noted."""
        self.opened: list[int] = []
        self.beginning = 0
        """From which the reader counts that was opened last."""
        self.by_gtid = False
        self.sent: list[Message] = []
        self.open_acks: list[Callable[[KafkaUnavailable | None], None]] = []
        self.acknowledging = True
        self.links = [ORDERS]
        self.now_s = 0.0
        self.refreshed = self.beats = self.pruned = 0
        self.stop = threading.Event()
        self.resume_error: PositionLost | None = None
        self.holds = True
        self.reads: list[datetime | None] = []

    def feed(self) -> BinlogFeed:
        return BinlogFeed(
            server=self,
            open_reader=self.open,
            watch=self,
            lease=self,
            publisher=self,
            links=self,
            messages=Messages(outbox=("twinsheet", "outbox"), times=TableTimes()),
            stop=self.stop,
            beat=self.beat,
            reading=self.reads.append,
            clock=lambda: self.now_s,
            wall_clock=lambda: 1001.5,
        )

    def run(self) -> None:
        self.feed().run()

    # server
    def position(self) -> Position:
        return at(1000)

    def resume(self, stored: Position) -> tuple[Position, bool]:
        if self.resume_error or not stored.server:
            raise self.resume_error or PositionLost("it was given up")
        return stored, self.by_gtid

    # reader
    def open(self, start: Position, by_gtid: bool) -> World:
        self.opened.append(start.offset)
        self.beginning = start.beginning
        return self

    def read(self) -> Iterator[Committed | None]:
        while self.steps:
            step = self.steps.pop(0)
            if callable(step):
                step()
                yield None
            else:
                yield step
        self.stop.set()
        yield None

    def close(self) -> None:
        """Opened again when needed."""

    # lease
    def acquire(self, timeout_s: float) -> bool:
        return True

    def check(self) -> None:
        if not self.holds:
            raise Fenced("another one")

    def load(self) -> Position | None:
        return self.stored

    def save(self, position: Position) -> None:
        self.notes.append(position.offset)
        self.beginnings.append(position.beginning)

    def give_up(self, beginning: int) -> None:
        if self.stored is not None:
            self.stored = replace(self.stored, server="", beginning=beginning)

    def outbox_since_note(self) -> list[Message]:
        return [("table.changed", "orders", {"kind": "replan", "rows": []})]

    def prune(self) -> None:
        self.pruned += 1

    # publisher
    def start(self, topic: str, link: str, body: Json, done: Callable[[KafkaUnavailable | None], None]) -> None:
        self.sent.append((topic, link, body))
        if self.acknowledging:
            done(None)
        else:
            self.open_acks.append(done)

    def publish_many(self, messages: Sequence[Message]) -> None:
        self.sent += messages

    # links, watch, service
    def current(self) -> list[Link]:
        return self.links

    def refresh(self) -> None:
        self.refreshed += 1

    def set(self, tables: Any) -> None:
        self.tables = tables

    def beat(self) -> None:
        self.beats += 1

    # steps
    def after(self, seconds: float) -> Callable[[], None]:
        def wait() -> None:
            self.now_s += seconds

        return wait

    def fail(self, error: Exception) -> Callable[[], None]:
        def step() -> None:
            raise error

        return step

    def kinds(self) -> list[str]:
        return [body["kind"] for _, _, body in self.sent]


def test_the_position_is_noted_soon_after_something_was_published_and_at_the_end() -> None:
    world = World()
    world.steps = [linked(10), world.after(NOTE_EVERY_S), linked(20)]
    world.run()
    assert world.notes == [10, 20]


def test_while_only_unrelated_tables_change_it_is_noted_seldom() -> None:
    world = World()
    world.steps = [unrelated(10), world.after(NOTE_EVERY_S), unrelated(20), world.after(IDLE_NOTE_EVERY_S)]
    world.steps += [unrelated(30), world.after(NOTE_EVERY_S)]
    world.run()
    assert world.notes == [20, 30]


def test_our_own_notes_are_no_reason_to_note() -> None:
    world = World()
    for offset in range(10, 20):
        world.steps += [unrelated(offset, own=True), world.after(IDLE_NOTE_EVERY_S)]
    world.run()
    assert world.notes == []


def test_a_piece_of_a_transaction_is_no_place_to_go_on_from() -> None:
    world = World()
    world.steps = [linked(10, last=False), world.after(NOTE_EVERY_S), linked(20, last=False)]
    world.run()
    assert world.notes == []
    assert len(world.sent) == 2


def test_without_acknowledgement_nothing_is_noted_not_even_at_the_end() -> None:
    world = World()
    world.acknowledging = False
    world.steps = [linked(10), world.after(NOTE_EVERY_S), unrelated(20), world.after(IDLE_NOTE_EVERY_S)]
    world.run()
    assert world.notes == []


def test_a_refused_message_ends_the_feed() -> None:
    world = World()
    world.acknowledging = False
    world.steps = [linked(10), lambda: world.open_acks[0](KafkaUnavailable("gone")), linked(20)]
    with pytest.raises(KafkaUnavailable):
        world.run()
    assert world.notes == []


def test_a_feed_that_lost_its_lease_notes_nothing_more() -> None:
    world = World()

    def lose() -> None:
        world.holds = False
        world.now_s += 2 * NOTE_EVERY_S

    world.steps = [lose, linked(10)]
    with pytest.raises(Fenced):
        world.run()
    assert world.notes == []


@pytest.mark.parametrize("how", ["never read", "purged at the start", "purged while reading"])
def test_where_the_binlog_is_gone_everything_is_compared_and_reading_starts_over(how: str) -> None:
    world = World(stored=None if how == "never read" else at(1))
    if how == "purged at the start":
        world.resume_error = PositionLost("purged")
    if how == "purged while reading":
        world.steps = [linked(10), world.fail(PositionLost("purged"))]
    world.steps.append(linked(1010))
    world.run()
    assert world.opened[-1] == 1000
    assert world.notes[-2:] == [1000, 1010]
    assert world.kinds()[-4:] == ["link", "rescan", "replan", "ddl"]
    assert world.beginnings[-2] == 1001, "later than any that was noted, also where no note is left"
    assert world.sent[-4][2]["beginning"] == 1001


def test_a_place_that_was_given_up_is_not_read_on_from_although_starting_over_broke_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(linked(1010), stored=replace(at(1), beginning=5000))
    world.resume_error = PositionLost("another server answered")

    def cut_off(messages: Sequence[Message]) -> None:
        world.sent += messages
        raise KafkaUnavailable("acknowledgement lost")

    with monkeypatch.context() as meanwhile, pytest.raises(KafkaUnavailable):
        meanwhile.setattr(world, "publish_many", cut_off)
        world.run()
    world.resume_error = None  # the first one is back
    world.run()
    assert (world.opened, world.beginning) == ([1000], 5002)
    assert [body["beginning"] for _, _, body in world.sent if body["kind"] == "link"] == [5001, 5002]


def test_on_another_server_that_has_the_same_transactions_places_count_from_a_later_beginning() -> None:
    world = World(linked(10), stored=replace(at(1), beginning=5000))
    world.by_gtid = True
    world.run()
    assert world.beginning == 5001
    assert (world.notes[0], world.beginnings[0]) == (0, 5001), "known before anything is told from there"


def test_who_goes_on_by_transactions_before_a_place_was_noted_counts_from_the_same_beginning() -> None:
    world = World(linked(10), stored=Position("other", "", 0, beginning=5001))
    world.by_gtid = True
    world.run()
    assert world.beginning == 5001


def test_a_binlog_that_cannot_be_read_even_from_now_on_is_left_for_later() -> None:
    world = World(stored=None)
    world.steps = [world.fail(PositionLost("no way"))]
    with pytest.raises(MysqlUnavailable, match="no way"):
        world.run()


def test_a_changed_table_is_described_anew() -> None:
    world = World(linked(10))
    world.run()
    assert world.refreshed == 1


def test_a_link_that_comes_while_reading_is_compared_once() -> None:
    world = World()

    def add() -> None:
        world.links = [ORDERS, Link("late", "s", "t", "shop", "late", ())]
        world.version = 2
        world.now_s += 2

    world.steps = [add, world.after(2), world.after(2)]
    world.run()
    assert [(name, body["kind"]) for _, name, body in world.sent] == [("late", "link"), ("late", "rescan")]
    assert ("shop", "late") in world.tables


def test_the_loop_tells_that_it_lives_and_tidies_the_outbox_now_and_then() -> None:
    world = World()
    world.steps = [world.after(30) for _ in range(6)]
    world.run()
    assert world.beats == 6
    assert world.pruned == 3


def test_how_far_behind_the_feed_is_can_be_told() -> None:
    world = World()
    world.after(2)()
    world.steps = [linked(10), world.after(2)]
    feed = world.feed()
    world.after(2)()
    feed.run()
    assert world.reads == [AT, None]
