"""``twinsheet restore``: look, plan, ask, bring back what was damaged. Nothing is written before the yes.

What if it stops halfway? Mending the tab's columns is one call that changes nothing when it is made again; everything
else is one transaction, which also ends the hold. Until then the link is held, and the command goes on when it is
run again. Of two at once the second finds the link held no longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from adapters.mysql_cascades import referring_tables
from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_schema import TableDescription, describe_table
from adapters.mysql_store import MysqlStore, MysqlTransaction, open_store
from adapters.sheets_client import SheetsClient
from adapters.sheets_mend import mend_tab
from adapters.sheets_tab import GoogleSheet
from app.operate import look_at_everything
from app.orders import Order
from app.parts import sheets_client
from app.restore_report import report_of
from config.link_entry import LinkEntry
from config.links import resolve
from config.links_file import load_links
from config.settings import Settings
from core import guards
from core.conflicts import ConflictOutcome
from core.errors import LinkRefused, NotLinked, Unfit
from core.events import TABLE_CHANGED, replans
from core.known import KnownColumns
from core.model import Link
from core.ports import HistoryEntry, Hold, LinkState, Transaction, Waiting
from core.renames import print_of
from core.restore_plan import plan_restore
from core.restore_view import RestorePlan, RestoreView
from core.row_view import overtaken_in
from core.sheet import SheetTarget, TabImage
from core.values.catalog import codec_for

Json = dict[str, Any]
Confirm = Callable[[Mapping[str, Any]], bool]

RULE = "the row was restored from the table"
ROWS_PER_CALL = 500
SETTLE_WAIT_S = 10.0
POLL_S = 0.2


def restore(settings: Settings, name: str, confirm: Confirm | None, actor: str) -> Json:
    """Undo what a guard has stopped.

    Args:
        settings: with MySQL and Sheets.
        name: of the link.
        confirm: shown the report with its plan; nothing is written unless it answers True.
            ``None`` for no question.
        actor: who says so, for the history.

    Returns:
        The link, what held it and the ``plan``; ``restored`` tells whether it was carried out.

    Raises:
        NotLinked: there is no such link.
        LinkRefused: it is not held, nothing is damaged, or something has to be mended first.
        SettingsError, MysqlUnavailable, SheetsRefused, SheetsUnavailable
    """
    with (
        closing(open_store(settings.mysql_url.get_secret_value())) as store,
        closing(sheets_client(settings)) as client,
    ):
        state, hold = _held(store, name)
        entry = load_links(settings.links).get(name)
        if entry is None:
            raise NotLinked(f"The link {name} does not stand in links.yaml.", "See: twinsheet link list")
        found = _look_at_table(settings, entry, hold)
        known = KnownColumns.of(state.known)
        link = resolve(entry, found.shape, codec_for, known.linked if known else None)
        work = _Restoring(store, client, link, state, hold, found, Order.given("restored", actor))
        return work.go(confirm)


def _held(store: MysqlStore, name: str) -> tuple[LinkState, Hold]:
    state, holds = store.run(lambda tx: (tx.link_state(name), tx.holds(name)))
    if state is None:
        raise NotLinked.among(name, (s.name for s in store.run(lambda tx: tx.link_states())))
    hold = next((h for h in holds if h.is_open), None)
    if state.state != "held" or hold is None:
        raise LinkRefused(f"{name} is not held; it is {state.state}.", "See: twinsheet status")
    if guards.damaged_side(hold.guard) is None:
        raise LinkRefused(
            f"Neither side of {name} is damaged; what stopped it has to be mended: {hold.reason}",
            f"Then: twinsheet approve {name}",
        )
    return state, hold


@dataclass(frozen=True, slots=True)
class _Table:
    """What the server tells of the linked table."""

    shape: TableDescription
    referring: list[str]


def _look_at_table(settings: Settings, entry: LinkEntry, hold: Hold) -> _Table:
    session = MysqlSession(parse_url(settings.mysql_url.get_secret_value()), autocommit=True)
    place = (entry.schema_name, entry.table_name)
    try:
        there = session.query(
            "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s", place
        )
        if not there:
            raise LinkRefused(f"The table {entry.table} has to be created first.", _how_to_create(entry, hold))
        return _Table(describe_table(session, *place), referring_tables(session, place))
    finally:
        session.drop()


def _how_to_create(entry: LinkEntry, hold: Hold) -> str:
    then = f"Then again: twinsheet restore {entry.name}"
    if hold.mend is None:
        return f"Its columns are not known any more: create it as it was. {then}"
    return (
        "As far as the link knows it (without defaults, columns that are not linked, and indexes):\n"
        f"{hold.mend};\n{then}"
    )


class _Restoring:
    """One run of ``restore``."""

    def __init__(  # noqa: PLR0917 -- what it works with
        self,
        store: MysqlStore,
        client: SheetsClient,
        link: Link,
        state: LinkState,
        hold: Hold,
        table: _Table,
        order: Order,
    ) -> None:
        self._store = store
        self._order = order
        self._client = client
        self._link = link
        self._whole = link.unfiltered if guards.damaged_side(hold.guard) == guards.TABLE else link
        """What the table holds: rows that have left the link's filter are not to be inserted again."""
        self._hold = hold
        linked = {c.name for c in link.columns}
        self._unlinked = [c.name for c in table.shape.columns if c.name not in linked]
        self._referring = table.referring
        self._target = SheetTarget.of(link, state)

    def go(self, confirm: Confirm | None) -> Json:
        """Plan, ask, do."""
        image = self._read()
        plan = self._plan(image)
        report = report_of(self._link, self._hold, plan)
        if plan.refusal is not None:
            hint = "In the sheet: File → Version history, back to before it was damaged."
            raise LinkRefused(plan.refusal, hint)
        if confirm is not None and not confirm(report):
            return report
        if plan.side == guards.SHEET:
            self._wait_for_open_write()
            mend_tab(self._client, self._target, self._link.columns)
            image = self._read()
        done = self._store.run(lambda tx: self._apply(tx, image))
        return {**report_of(self._link, self._hold, plan), "restored": done}

    def _read(self) -> TabImage:
        """The tab, numbered before it is read as every scan is."""
        number = self._store.run(lambda tx: tx.next_scan(self._link.name))
        image = GoogleSheet(self._client).read_tab(self._target)
        return replace(image, stamp=replace(image.stamp, scan=number))

    def _plan(self, image: TabImage) -> RestorePlan:
        table = dict(self._store.read_rows(self._whole))
        return self._store.run(lambda tx: plan_restore(self._view(tx, image, table)))

    def _view(self, tx: Transaction, image: TabImage, table: Any) -> RestoreView:
        """What the decision rests on; bases locked, so that nothing is decided on old ones."""
        name = self._link.name
        ids = set(tx.all_bases(name))
        known = tx.bases(name, ids | {row.row_id for row in image.rows if row.row_id})
        state = tx.link_state(name)
        return RestoreView(
            link=self._link,
            guard=self._hold.guard,
            image=image,
            bases=[b for b in known.values() if not b.gone],
            table=table,
            former={row_id: b for row_id, b in known.items() if b.gone},
            waiting=tx.waiting(name, list(known)),
            refused=frozenset(tx.known_to_differ(name)),
            next_n=state.n + 1 if state is not None else 0,
            unlinked=self._unlinked,
            referring=self._referring,
        )

    def _wait_for_open_write(self) -> None:
        """A write that was sent before the link was held tells what it found; base follows it first."""
        name, until = self._link.name, time.monotonic() + SETTLE_WAIT_S
        while self._store.run(lambda tx: tx.intent(name)) is not None:
            if time.monotonic() > until:
                raise LinkRefused(
                    f"A write to the sheet of {name} is not settled yet.",
                    "See that sheet_writer runs (twinsheet status), then run this again.",
                )
            time.sleep(POLL_S)

    # --- one transaction --------------------------------------------------------------------

    def _apply(self, tx: MysqlTransaction, image: TabImage) -> bool:
        """Carry out what is right now, and end the hold."""
        name = self._link.name
        state = tx.link_state(name, lock=True)
        still = next((h for h in tx.holds(name) if h.is_open), None)
        if state is None or state.state != "held" or still is None or still.since != self._hold.since:
            raise LinkRefused(f"{name} is held no longer as it was.", "See: twinsheet status")
        ids = [b.key for b in tx.all_bases(name).values() if b.key is not None]
        plan = plan_restore(self._view(tx, image, tx.rows(self._whole, ids)))
        if plan.side == guards.SHEET:
            self._apply_to_sheet(tx, plan)
        else:
            self._apply_to_table(tx, plan)
        tx.add_history(name, [self._order.entry(f"held: {self._hold.reason}", "live")])
        leaves = guards.approval(["deleted_in_table"]) if plan.remove else None
        tx.set_link_state(name, "live", leaves)
        self._send_places(tx, plan)
        look_at_everything(tx, name)
        return True

    def _apply_to_sheet(self, tx: Transaction, plan: RestorePlan) -> None:
        name = self._link.name
        if self._hold.guard == "version_restored":
            tx.forget_stamps(name)
        tx.save_bases(name, plan.bases.values())
        placed = [base.row_id for base in plan.place]
        tx.mend_rejections(name, [(row_id, c.name) for row_id in placed for c in self._link.columns])
        tx.drop_waiting(name, [_cell(w) for w in plan.drop])
        tx.add_history(name, [overtaken_in(w.observed, None) for w in plan.drop])
        parked = [_cell(w) for w in plan.drop if w.reason == "manual"]
        tx.settle_conflicts(name, [ConflictOutcome(*cell, winner="table", rule=RULE) for cell in parked])

    def _apply_to_table(self, tx: MysqlTransaction, plan: RestorePlan) -> None:
        refused = []
        for start in range(0, len(plan.insert), ROWS_PER_CALL):
            some = plan.insert[start : start + ROWS_PER_CALL]
            answers = tx.insert_rows(self._link, [values for _, values in some])
            pairs = zip(some, answers, strict=True)
            refused += [f"{', '.join(b.key or ())}: {why.message}" for (b, _), why in pairs if isinstance(why, Unfit)]
        if refused:
            more = f" and {len(refused) - 3} more" if len(refused) > 3 else ""
            raise LinkRefused(
                f"The table does not take {len(refused)} of {len(plan.insert)} rows back, so none was written:"
                f" {'; '.join(refused[:3])}{more}",
                "Mend the table, or delete those rows in the sheet, and run this again.",
            )
        tx.add_history(
            self._link.name,
            [h for base, values in plan.insert for h in _came_back(base.row_id, values, self._link, self._order)],
        )

    def _send_places(self, tx: Transaction, plan: RestorePlan) -> None:
        """Have the sheet writer put rows into the tab again, under the ids that they had."""
        keys = [base.key for base in plan.place if base.key is not None]
        tx.keep_ids(self._link.name, {base.key: base.row_id for base in plan.place if base.key is not None})
        table = tx.rows(self._link, keys) if keys else {}
        rows = [
            {"row_id": b.row_id, "key": list(b.key), "kind": "i", "print": print_of(table.get(b.key))}
            for b in plan.place
            if b.key is not None
        ]
        for body in replans(self._link.name, rows):
            tx.send(TABLE_CHANGED, self._link.name, body)


def _cell(waiting: Waiting) -> tuple[str, str]:
    return waiting.observed.row_id, waiting.observed.column


def _came_back(row_id: str, values: Mapping[str, str | None], link: Link, order: Order) -> list[HistoryEntry]:
    key = link.key_of(values)
    return [
        HistoryEntry(row_id, key, name, None, value, "sheet", order.what, order.actor, order.at, order.event)
        for name, value in values.items()
        if value is not None
    ]
