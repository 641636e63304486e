"""Changes of the table into the sheet: absorb events, let each link write, count events as done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import structlog

from app.metrics import FAILURES, count_failure
from app.said import troubles
from consumers.sheet_link import LinkWriter, Tools
from consumers.table_guards import hold_emptied
from core import guards
from core.errors import Fenced, MysqlRefused, SheetsRefused, SheetsUnavailable, Unfit
from core.events import TABLE_CHANGED, stamp_as_known, stamp_from_json
from core.model import Link
from core.origin import origin_of
from core.ports import Delivery, EventSource, Transaction
from core.renames import Anew, FeedPlace, Renamed

GROUP = "sheet_writer"
OFFSETS_EVERY_S = 0.5
FLOOD_EVENTS = 100
GATHER_S = 0.5
FENCED_PAUSE_S = 5.0
UNREADABLE_PAUSE_S = 3.0
UNREADABLE_MAX_S = 10.0
"""Whoever alters a table in several steps, or the table and links.yaml, has so long."""

Place = tuple[str, int]

log = structlog.get_logger("sheet_writer")


class SheetWork:
    """The loop's body of sheet_writer.

    Args:
        source: delivers ``table.changed`` and ``sheet.observed``; the same partition of both to the same process.
        tools: store, sheet, quota and row ids.
        link_of: the link of a name, ``None`` when there is none.
        owner: name of this process, for fencing.
        describe_anew: has the table of a link described again.
    """

    def __init__(
        self,
        source: EventSource,
        tools: Tools,
        link_of: Callable[[str], Link | None],
        owner: str,
        describe_anew: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._describe_anew = describe_anew
        self._source = source
        self._tools = tools
        self._link_of = link_of
        self._owner = owner
        self._writers: dict[str, LinkWriter] = {}
        self._ours: frozenset[str] = frozenset()
        """Links that were told to be ours."""
        self._places: dict[str, Place] = {}
        """Link to the partition of ``table.changed`` that its changes come through."""
        self._next: dict[Place, int] = {}
        self._stored: dict[Place, int] = {}
        self._stored_at = 0.0
        self._unreadable_since: dict[str, float] = {}
        self._aside: dict[str, str] = {}
        """Links of ours that do not fit their tables, and why."""
        self._said: set[str] = set()
        """Of these, those that are held for it."""
        self._turns = 0
        self._worked: dict[str, int] = {}
        """Link to the turn in which it worked last."""

    def step(self, timeout_s: float) -> None:
        """Take in what has come, then let one link write: the one that has not done so for longest.

        Events are taken in between any two writes, so that a link with a backlog keeps a quiet one waiting for no
        longer than one write takes.
        """
        self._take_in(min(timeout_s, self._patience_s(timeout_s)))
        due = [name for name, writer in self._with_work() if writer.pace.wait_s() <= 0]
        if due:
            self._turns += 1
            name = min(due, key=lambda one: self._worked.get(one, 0))
            self._worked[name] = self._turns
            self._let_work(name, self._writers[name])
        self._store_offsets()

    def _take_in(self, timeout_s: float) -> None:
        """Of a flood of events as many as a short while allows: one write does for all of them, and behind them may
        stand the first event of a quiet link."""
        deliveries = self._source.poll(timeout_s)
        until = self._tools.clock.monotonic() + GATHER_S
        while True:
            for delivery in deliveries:
                self._absorb(delivery)
            if len(deliveries) < FLOOD_EVENTS or self._tools.clock.monotonic() >= until:
                return
            deliveries = self._source.poll(0)

    def released(self, places: Iterable[Place]) -> None:
        """Partitions that may belong to another process now. A rebalance gives up all of them, and with them
        every link, until :meth:`compare` tells which are ours again."""
        self._writers.clear()
        self._ours = frozenset()
        self._places.clear()
        for place in places:
            self._next.pop(place, None)
            self._stored.pop(place, None)

    def compare(self, names: Iterable[str]) -> None:
        """Exactly these links are ours. Compare them whole: events of theirs may have been lost."""
        self._ours = frozenset()
        self.follow_links(names)

    def follow_links(self, names: Iterable[str]) -> None:
        """Exactly these links are ours, as links.yaml and their tables are now. Those that are new are compared."""
        ours = list(dict.fromkeys(names))
        for name in self._writers.keys() - set(ours):  # removed; linked again, they are another link of that name
            del self._writers[name]
        for name in ours:
            writer = self._writer(name)
            if writer is not None and name not in self._ours:
                writer.compare_all()
        self._ours = frozenset(ours)

    def set_aside(self, unfit: Mapping[str, str]) -> None:
        """These links of ours do not fit their tables: nothing is written for them, and one that stays so is held.

        Args:
            unfit: by name, why; all there are now.
        """
        for name in self._aside.keys() - unfit.keys():
            self._forget_fault(name)
        self._aside = dict(unfit)
        for name, why in unfit.items():
            if name not in self._said and self._lasts(name, why):
                self._said.add(name)
                self._hold_unreadable(name, why)

    @property
    def trouble(self) -> str:
        """Which links' work does not get through, and why; empty while all of it does."""
        return troubles((name, writer.trouble) for name, writer in self._writers.items())

    @property
    def progress(self) -> str:
        """How far whole comparisons have come; empty where none is under way."""
        return "; ".join(filter(None, (writer.progress for writer in self._writers.values())))

    def _patience_s(self, longest_s: float) -> float:
        """How long to wait for the next event, so that no write that could go out waits for it."""
        return min((writer.pace.wait_s() for _, writer in self._with_work()), default=longest_s)

    def _with_work(self) -> list[tuple[str, LinkWriter]]:
        """One that was set aside waits until it fits again or is held; then it forgets what there is to do."""
        waiting = self._aside.keys() - self._said
        return [(name, writer) for name, writer in self._writers.items() if writer.has_work and name not in waiting]

    # --- events ---------------------------------------------------------------------------

    def _writer(self, name: str) -> LinkWriter | None:
        link = self._link_of(name)
        if link is None:
            self._writers.pop(name, None)
            return None
        writer = self._writers.setdefault(name, LinkWriter(link, self._tools))
        writer.follow(link)
        return writer

    def _absorb(self, delivery: Delivery) -> None:
        place = (delivery.topic, delivery.partition)
        self._next[place] = delivery.offset + 1
        if delivery.body.get("kind") == "link":  # a person may have approved its hold: what still is so is held again
            self._forget_fault(delivery.link)
        writer = self._writer(delivery.link)
        if writer is None:
            return
        if delivery.topic == TABLE_CHANGED:
            self._places[delivery.link] = place
            self._absorb_table(writer, delivery)
        else:
            _absorb_sheet(writer, delivery.body)

    def _absorb_table(self, writer: LinkWriter, delivery: Delivery) -> None:
        body, offset = delivery.body, delivery.offset
        kind = body.get("kind")
        if _is_of_another_key(writer.link, body):
            writer.compare_all()
        elif kind == "rows":
            at = datetime.fromisoformat(body["committed_at"]) if body.get("committed_at") else None
            pairs = [(tuple(old), tuple(new)) for old, new in body.get("renamed", ())]
            renamed = Renamed(pairs, FeedPlace.of(body["position"]) if pairs else FeedPlace())
            keys = [tuple(key) for key in body.get("keys", ())]
            kinds = body.get("kinds") or "u" * len(keys)
            prints = [(tuple(key), held) for key, held in body.get("prints", ())]
            writer.news.changed(dict(zip(keys, kinds, strict=True)), renamed, prints, at, offset)
            origin = origin_of(body, delivery.published_at)
            if origin is not None:
                writer.news.traced(keys, origin)
        elif kind == "replan":
            rows = [row for row in body["rows"] if row.get("key")]
            prints = [(tuple(row["key"]), row["print"]) for row in rows if row.get("print")]
            writer.news.asked(row for row in rows if row.get("kind") == "asked")
            writer.news.left |= {tuple(row["key"]): row["row_id"] for row in rows if row.get("kind") == "left"}
            writer.news.look_again({tuple(row["key"]): row.get("kind", "i") for row in rows}, prints, offset)
        elif kind == "marks":
            writer.marks.wake(body["rows"], body.get("after_s", 0.0))
        elif kind == "ddl":
            self._ddl(writer.link, str(body.get("what")), str(body.get("renamed_to", "")))
        elif kind == "hold":
            writer.hold_note.is_due = True
        elif kind == "link":
            if "beginning" in body:
                writer.news.feed_began(Anew(body["beginning"], offset))
            writer.rows_moved()
            writer.compare_all()

    def _ddl(self, link: Link, what: str, renamed_to: str) -> None:
        self._describe_anew(link.name)
        if what in ("truncate", "drop"):
            self._tools.store.run(lambda tx: hold_emptied(tx, link, what, renamed_to))

    # --- writing --------------------------------------------------------------------------

    def _let_work(self, name: str, writer: LinkWriter) -> None:
        """One link that Google or MySQL refuses is held; it never stops the others."""
        try:
            writer.work()
            self._unreadable_since.pop(name, None)
        except SheetsRefused as error:
            count_failure(error)
            reason = str(error)
            log.warning("sheet_refused", link=name, reason=reason)
            reason = guards.sheet_refused(name, reason)
            self._tools.store.run(lambda tx: tx.hold(name, "sheet_refused", reason))
            self._writers.pop(name, None)
        except SheetsUnavailable as error:
            count_failure(error)
            log.warning("sheet_unavailable", link=name, reason=str(error))
        except Fenced as error:
            # Somebody has taken it over. If it is still ours after a while, the next rebalance did not say so.
            count_failure(error)
            log.warning("fenced", link=name, reason=str(error))
            self._begin_anew(name, FENCED_PAUSE_S)
        except (MysqlRefused, Unfit) as error:
            self._unreadable(name, str(error))

    def _unreadable(self, name: str, why: str) -> None:
        """The table is not what the link says: altered a moment ago, or for good."""
        if self._lasts(name, why):
            self._forget_fault(name)
            self._hold_unreadable(name, why)
        else:
            self._begin_anew(name, UNREADABLE_PAUSE_S)

    def _lasts(self, name: str, why: str) -> bool:
        """Whether a link's fault is there for good; meanwhile the log tells."""
        now = self._tools.clock.monotonic()
        if name not in self._unreadable_since:
            FAILURES.labels("mysql", "TableUnreadable").inc()
            log.warning("table_unreadable", link=name, reason=why)
            self._describe_anew(name)
        return now - self._unreadable_since.setdefault(name, now) >= UNREADABLE_MAX_S

    def _hold_unreadable(self, name: str, why: str) -> None:
        reason = guards.table_unreadable(name, why)

        def work(tx: Transaction) -> bool:
            state = tx.link_state(name, lock=True)
            if state is None or state.state != "live":
                return False
            tx.hold(name, "table_unreadable", reason)
            return True

        if self._tools.store.run(work):
            log.warning("held", link=name, guard="table_unreadable", reason=reason)

    def _forget_fault(self, name: str) -> None:
        self._unreadable_since.pop(name, None)
        self._said.discard(name)

    def _begin_anew(self, name: str, pause_s: float) -> None:
        """As after a crash, and after a while."""
        before = self._writers.pop(name, None)
        writer = self._writer(name)
        if writer is not None:
            writer.compare_all()
            if before is not None:
                writer.news.go_on_from(before.news)
            writer.pace.put_off(pause_s)

    def _store_offsets(self) -> None:
        if self._tools.clock.monotonic() - self._stored_at < OFFSETS_EVERY_S:
            return
        self._stored_at = self._tools.clock.monotonic()
        done = {place: self._done_to(place) for place in self._next}
        news = {place: offset for place, offset in done.items() if self._stored.get(place) != offset}
        if news:
            self._tools.store.run(lambda tx: self._store(tx, news))
            self._stored.update(news)

    def _store(self, tx: Transaction, offsets: Mapping[Place, int]) -> None:
        tx.store_offsets(GROUP, self._owner, offsets)

    def _done_to(self, place: Place) -> int:
        """Past the last event whose rows have all been looked at."""
        waiting = [
            offset
            for name, writer in self._writers.items()
            if self._places.get(name) == place and (offset := writer.news.oldest_offset()) is not None
        ]
        return min([self._next[place], *waiting])


def _is_of_another_key(link: Link, body: Mapping[str, Any]) -> bool:
    """Whether keys are told as the table had them before it got another one."""
    rows = body.get("rows", ()) if body.get("kind") == "replan" else ()
    keys = [*body.get("keys", ()), *(row["key"] for row in rows if row.get("key"))]
    return any(len(key) != len(link.key_columns) for key in keys)


def _absorb_sheet(writer: LinkWriter, body: Mapping[str, Any]) -> None:
    """What the script or a scan saw tells where rows stand; what they hold is the table writer's business."""
    kind = body.get("kind")
    if kind == "structure":
        writer.rows_moved()
    elif kind == "edit":
        writer.rows_seen((c["row_id"], c["row"]) for c in body.get("cells", ()) if c.get("row_id") and c.get("row"))
    elif kind == "scan":
        _absorb_scan(writer, body)


def _absorb_scan(writer: LinkWriter, body: Mapping[str, Any]) -> None:
    if body.get("missing"):
        writer.rows_missed(body["missing"], stamp_as_known(body))
    writer.rows_told((c["row_id"] for c in body.get("cells", ())), stamp_from_json(body["stamp"]))
    if body.get("names"):
        writer.rows_moved()
        names = [(n["row"], (n["expected"], n["row_id"])) for n in body["names"]]
        writer.news.name(names, stamp_as_known(body))
