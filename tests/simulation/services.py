"""Our processes, built as their composition roots build them, on the ports of the hostile world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from adapters.binlog_events import Committed, Position, RowChange
from consumers.sheet_link import Tools
from consumers.sheet_work import GROUP as SHEET_WRITER
from consumers.sheet_work import SheetWork
from consumers.table_work import GROUP as TABLE_WRITER
from consumers.table_work import TableWork
from core.errors import Fenced, Unavailable
from core.events import SHEET_OBSERVED, TABLE_CHANGED
from core.rules import Rules, UserRule
from core.table_times import TableTimes
from core.write_size import NEW_ROWS_MAX
from producers.agreement_check import AgreementCheck
from producers.binlog_messages import Messages, compare_all, json_body, key_of
from producers.scan_judging import GROUP as SCANNER
from producers.scan_work import ScanWork
from tests.fakes.event_log import Place
from tests.simulation.others import OTHERS
from tests.simulation.ports import SimGate, SimMarks, SimMeanwhile, SimPublisher, SimSource, SimStore

if TYPE_CHECKING:
    from tests.simulation.world import World

KEYS_PER_PAGE = 2
"""Of a whole comparison, of a handful of rows."""
SCAN_INTERVAL_S = 10.0
SCAN_DELAY_S = 2.0
Body = Callable[["World", str], None]


def _no_rules(name: str) -> UserRule:
    raise AssertionError(name)


def _nothing(_places: frozenset[Place]) -> None:
    return None


def _source(  # noqa: PLR0917 -- the callbacks of one consumer group
    world: World,
    store: SimStore,
    group: str,
    topics: list[str],
    owner: str,
    claimed: Callable[[frozenset[Place]], None] = _nothing,
    released: Callable[[frozenset[Place]], None] = _nothing,
    lost: Callable[[frozenset[Place]], None] = _nothing,
) -> SimSource:
    def claim(places: frozenset[Place]) -> Mapping[Place, int]:
        stored = store.run(lambda tx: tx.claim_offsets(group, owner, places))
        claimed(places)
        return stored

    source = SimSource(world, group, topics, claim=claim, revoked=released, lost=lost)
    world.processes.sources[owner] = source
    return source


def table_writer(world: World, owner: str) -> None:
    """As consumers/table_writer.py."""
    store = SimStore(world, "table_writer")
    source = _source(world, store, TABLE_WRITER, [SHEET_OBSERVED], owner)
    work = TableWork(store, source, world.link_of, Rules(_no_rules).compute, owner=owner, clock=world.clock)
    while True:
        work.step(world.poll_s)


def sheet_writer(world: World, owner: str) -> None:
    """As consumers/sheet_writer.py."""
    store = SimStore(world, "sheet_writer")
    marks, gate, meanwhile = SimMarks(world), SimGate(world), SimMeanwhile(world)
    rows_max = world.profile.rows_a_write or NEW_ROWS_MAX
    tools = Tools(store, world.sheet, marks, gate, world.new_row_id, world.clock, meanwhile, rows_max, KEYS_PER_PAGE)
    fresh: list[frozenset[Place]] = []
    source = _source(
        world,
        store,
        SHEET_WRITER,
        [TABLE_CHANGED, SHEET_OBSERVED],
        owner,
        claimed=fresh.append,
        released=lambda places: work.released(places),  # noqa: PLW0108 -- work needs the source first
        lost=fresh.append,
    )
    work = SheetWork(source, tools, world.link_of, owner)
    first = True
    while True:
        work.step(world.poll_s)
        ours = [link.name for link in world.links if source.owns(TABLE_CHANGED, link.name)]
        if fresh or first:
            fresh.clear()
            first = False
            work.compare(ours)


def scanner(world: World, owner: str) -> None:
    """As producers/sheet_scanner.py."""
    store = SimStore(world, "scanner")
    source = _source(world, store, SCANNER, [SHEET_OBSERVED], owner)
    work = ScanWork(
        store=store,
        sheet=world.sheet,
        gate=SimGate(world),
        publisher=SimPublisher(world),
        source=source,
        check=AgreementCheck(store, world, world.clock),
        links=lambda: world.links,
        is_ours=lambda name: source.owns(SHEET_OBSERVED, name),
        owner=owner,
        interval_s=SCAN_INTERVAL_S,
        delay_s=SCAN_DELAY_S,
        clock=world.clock,
        cells_at_once=world.cells_at_once,
        share_max=1.0,
    )
    while True:
        work.step(world.poll_s)


def binlog(world: World, _owner: str) -> None:
    """The change feed: read on from the noted position, publish, note the position."""
    messages = Messages(outbox=("twinsheet", "outbox"), times=TableTimes())
    referring = [] if world.others is None else [(link.schema, link.table) for link in world.links]
    messages.set_links(world.links, parents=dict.fromkeys(referring, (OTHERS,)))
    publisher = SimPublisher(world)
    at = world.noted
    if world.given_up:
        at = _begin_anew(world, messages, publisher)
    while True:
        if at == len(world.state.binlog):
            world.hub.sleep(world.poll_s, listens=True)
            continue
        end = min(len(world.state.binlog), at + world.rng.randint(1, 4))
        while at < end:
            if at == world.published and world.profile.feed_lost and world.rng.random() < world.profile.feed_lost:
                at = _begin_anew(world, messages, publisher)
                break
            place = Position("one", "binlog.1", at + 1, beginning=world.beginning)
            committed = Committed(place, f"t{at}", world.committed_at[at], True, world.state.binlog[at])
            world.published = max(world.published, at + 1)
            publisher.publish_many(list(messages.of(committed)))
            at += 1
        world.pause("is about to note its position")
        world.noted = at


def _begin_anew(world: World, messages: Messages, publisher: SimPublisher) -> int:
    """The binlog is gone from where it was read up to: have everything compared, take our own messages out of the
    outbox's table, and read on where there is a binlog again.

    No key changes in what goes untold: that such a row is another one by now, nobody could know.
    """
    binlog = world.state.binlog
    untold = range(world.published, len(binlog))
    now = next((i for i in untold if any(_changes_key(world, c) for c in binlog[i])), len(binlog))
    world.given_up, world.beginning = True, world.beginning + 1
    sent = [c.after for changes in binlog[world.noted : now] for c in changes if c.table == "outbox"]
    asked = [
        (row["topic"], row["link"], messages.answered(row["topic"], row["link"], json_body(row["body"]), exact=False))
        for row in sent
    ]
    publisher.publish_many([*compare_all(world.links, "the position is lost", beginning=world.beginning), *asked])
    world.pause("is about to note where it begins anew")
    world.noted, world.published, world.given_up = now, now, False
    return now


def _changes_key(world: World, change: RowChange) -> bool:
    link = next((link for link in world.links if link.table == change.table), None)
    rows = (change.before, change.after)
    return link is not None and None not in rows and key_of(link, change.before) != key_of(link, change.after)


def serve(world: World, slot: str, body: Body) -> None:
    """A process under its supervisor: begun anew while something outside is away, or it was fenced off."""
    while True:
        owner = world.processes.new_owner(slot)
        try:
            body(world, owner)
        except (Unavailable, Fenced) as error:
            world.hub.tell(f"begins anew: {error!r}")
            gone = world.processes.sources.pop(owner, None)
            if gone is not None:
                gone.close()
            world.hub.sleep(world.rng.uniform(0.05, 2.0))


SLOTS: dict[str, Body] = {
    "table_writer": table_writer,
    "sheet_writer": sheet_writer,
    "scanner": scanner,
    "binlog": binlog,
}
