"""How everything is: links with their state and lag, processes, readiness. For the console and the command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from adapters.kafka_log import end_offsets, kafka_of
from adapters.mysql_connection import ThreadSessions, parse_url
from adapters.mysql_migrations import DEFAULT_SCHEMA
from adapters.mysql_quota import all_ledgers
from adapters.mysql_reports import LinkReport, Reports
from app.history import History
from app.notes import Note, read_notes
from app.resting import READERS
from app.said import count
from config.link_entry import LinkEntry
from config.links_file import LinksFile, load_links
from config.settings import Settings, stack_pids
from core import guards
from core.errors import NotLinked, TwinsheetError
from core.events import SHEET_OBSERVED, TABLE_CHANGED
from core.known import KnownColumns, offers
from core.ports import Hold, LinkState
from core.quota import Limit, tokens

Json = dict[str, Any]

SERVICES = ("webhook", "console", "table_writer", "sheet_writer", "sheet_scanner", "binlog")
_LAG_NAMES = {SHEET_OBSERVED: "sheet_to_table", TABLE_CHANGED: "table_to_sheet"}
ANSWER_WITHIN_S = 5
"""Somebody waits for what is told here."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be so for everything to work."""

    name: str
    ok: bool
    detail: str


class Status:
    """Asks MySQL, Kafka, links.yaml and the run folder; safe to share between threads.

    Args:
        settings: where they are.
        clock: seconds since 1970.
    """

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self._clock = clock
        address = parse_url(settings.mysql_url.get_secret_value())
        self._sessions = ThreadSessions(address, schema=DEFAULT_SCHEMA, read_timeout_s=ANSWER_WITHIN_S)
        self.reports = Reports(self._sessions)
        self.history = History(self._sessions)
        self._own_user = address.user
        self._read: tuple[tuple[int, ...], LinksFile] | None = None

    def close(self) -> None:
        """Let go of the connections."""
        self._sessions.close()

    @property
    def own_users(self) -> set[str]:
        """Of MySQL: as whom everything of ours writes. The services may have an account that whoever asks has not."""
        return {self._own_user, *(note.mysql_user for note in read_notes(self.settings.run_dir))} - {""}

    @property
    def sessions(self) -> ThreadSessions:
        """Connections to the twinsheet schema, for other questions to it."""
        return self._sessions

    def links_file(self) -> LinksFile:
        """links.yaml as it is now; parsed again only when it has changed.

        Raises:
            SettingsError: it cannot be read.
        """
        print_ = _print_of(self.settings.links)
        if self._read is None or self._read[0] != print_:
            self._read = (print_, load_links(self.settings.links))
        return self._read[1]

    def entries(self) -> Sequence[LinkEntry]:
        """Good entries of links.yaml."""
        return self.links_file().entries

    def names(self) -> list[str]:
        """Names of all links, in the file or in MySQL."""
        listed = [entry.name for entry in self.entries()]
        return listed + [r.state.name for r in self.reports.links() if r.state.name not in listed]

    def check_link(self, name: str) -> str:
        """The name, once there is such a link.

        Raises:
            NotLinked: there is none; the links that exist are named.
        """
        names = self.names()
        if name not in names:
            raise NotLinked.among(name, names)
        return name

    def links(self, lags: dict[str, dict[str, float]] | None = None) -> list[Json]:
        """Every link with its state, lag and counts.

        Args:
            lags: as :meth:`lags` told before; it is asked for them when not given.
        """
        reports = {report.state.name: report for report in self.reports.links()}
        lags = self.lags() if lags is None else lags
        entries = {entry.name: entry for entry in self.entries()}
        names = [*entries, *(name for name in reports if name not in entries)]
        return [self._link(name, entries.get(name), reports.get(name), lags) for name in names]

    def lags(self) -> dict[str, dict[str, float]]:
        """Seconds that the oldest unconsumed message of each link has waited, by ``sheet_to_table`` and back.

        Raises:
            KafkaUnavailable, MysqlUnavailable
        """
        from adapters.kafka_lag import oldest_waiting

        now, found = self._clock(), {name: dict[str, float]() for name in _LAG_NAMES.values()}
        ends = end_offsets(kafka_of(self.settings))
        for topic, group in READERS.items():
            theirs = {place: end for place, end in ends.items() if place[0] == topic}
            since = oldest_waiting(kafka_of(self.settings), theirs, self.reports.consumed_offsets(group))
            found[_LAG_NAMES[topic]] = {link: round(max(now - at, 0), 3) for link, at in since.items()}
        return found

    def backlog(self) -> dict[tuple[str, str], int]:
        """Messages that are not consumed yet, by (topic, group)."""
        ends = end_offsets(kafka_of(self.settings))
        waiting: dict[tuple[str, str], int] = {}
        for topic, group in READERS.items():
            consumed = self.reports.consumed_offsets(group)
            theirs = [end - consumed.get(place, 0) for place, end in ends.items() if place[0] == topic]
            waiting[topic, group] = sum(max(0, one) for one in theirs)
        return waiting

    def quota_tokens(self) -> dict[tuple[str, str], int]:
        """Calls to Google that are left in this minute, by (user, kind), for every user that has ever called."""
        settings = self.settings
        limits = {"read": settings.sheets_reads_per_minute, "write": settings.sheets_writes_per_minute}
        return {
            (user, kind): tokens(
                ledger, user, Limit(limits[kind]), Limit(settings.sheets_project_per_minute[kind]), now_ms
            )
            for kind, ledger, now_ms in all_ledgers(self._sessions)
            for user in ledger.users
        }

    def calls_of_the_last_minute(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        """By (user, kind): calls to Google, how many a minute allows, and how many links wait for one now."""
        limits = {"read": self.settings.sheets_reads_per_minute, "write": self.settings.sheets_writes_per_minute}
        found: dict[tuple[str, str], tuple[int, int, int]] = {}
        for kind, ledger, now_ms in all_ledgers(self._sessions):
            for user in ledger.users:
                account = ledger.account(user, now_ms)
                found[user, kind] = (account.calls, limits[kind], len(account.waiting))
        return found

    def notes(self) -> list[Note]:
        """Processes that are there, by name and pid."""
        now = self._clock()
        return [note for note in read_notes(self.settings.run_dir) if note.alive(now)]

    def processes(self) -> list[Json]:
        """Processes that are there, with their age; the servers of a local stack among them."""
        now = self._clock()
        notes = self.notes()
        ours = [
            {
                "name": note.name,
                "pid": note.pid,
                "up_s": round(now - note.started_at, 1),
                "working": note.working(now),
                "waiting_for": note.waiting_for,
                "doing": note.doing,
            }
            for note in notes
        ]
        return [*ours, *self._servers(now, {note.pid for note in notes})]

    def _servers(self, now: float, known: Collection[int]) -> list[Json]:
        """What stack.json names besides the services: they note nothing of themselves."""
        found: list[Json] = []
        for name, pid in stack_pids(self.settings.run_dir).items():
            if pid in known:
                continue
            try:
                up_s = round(now - psutil.Process(pid).create_time(), 1)
            except psutil.NoSuchProcess:
                continue  # on its way back
            found.append({"name": name, "pid": pid, "up_s": up_s, "working": True, "waiting_for": "", "doing": ""})
        return found

    def checks(self) -> list[Check]:
        """Whether everything is ready: MySQL, Kafka, every service, every link."""
        mysql = _tried("mysql", self._mysql_answers)
        unknown = Check("links", False, "nobody knows while MySQL does not answer")
        return [
            mysql,
            _tried("kafka", lambda: (True, count(len(end_offsets(kafka_of(self.settings))), "partition"))),
            *(self._service_works(name) for name in SERVICES),
            _tried("links", self._links_are_live) if mysql.ok else unknown,
        ]

    def _mysql_answers(self) -> tuple[bool, str]:
        return True, str(self._sessions.query("SELECT VERSION()")[0][0])

    def _service_works(self, name: str) -> Check:
        """Whether all processes of a kind work, and one of them does the work."""
        now = self._clock()
        there = [note for note in read_notes(self.settings.run_dir) if note.alive(now) or note.frozen]
        notes = [note for note in there if note.name.partition(".")[0] == name]
        faults = [fault for note in notes if (fault := _fault(note, now))]
        if not notes:
            faults = ["is not running"]
        elif all(note.standing_by for note in notes):
            faults.append("stands by: something else holds the lock on reading the binlog")
        return Check(name, not faults, "; ".join(faults) or "pid " + ", ".join(str(note.pid) for note in notes))

    def _links_are_live(self) -> tuple[bool, str]:
        found = self.links_file()
        states = {report.state.name: report.state for report in self.reports.links()}
        other = {e.name: states.get(e.name) for e in found.entries}
        wrong = [told for name, state in other.items() if (told := _not_live(name, state))]
        wrong += [f"line {fault.line}: {fault.message}" for fault in found.faults]
        return not wrong, "; ".join(wrong) or count(len(found.entries), "link")

    def _link(
        self, name: str, entry: LinkEntry | None, report: LinkReport | None, lags: dict[str, dict[str, float]]
    ) -> Json:
        state = report.state if report else None
        reason = state.reason if state else "the services have not taken it up yet"
        if entry is None:
            faults = self.links_file().faults
            told = next((f for f in faults if f.link in (name, None)), None)
            reason = f"links.yaml line {told.line}: {told.message}" if told else "it is not in links.yaml"
        return {
            "link": name,
            "state": state.state if state else "linking",
            "reason": reason,
            "offers": offers(KnownColumns.of(state.known), name) if state else [],
            "hold": _hold(name, report.hold if report else None),
            "as_of": report.scanned_at if report else None,
            "identical_as_of": report.identical_as_of if report else None,
            "differing": report.differing if report else 0,
            "lag_s": {way: found.get(name, 0.0) for way, found in lags.items()},
            "conflicts": report.conflicts if report else 0,
            "rejections": report.rejections if report else 0,
            "pending": report.pending if report else 0,
            "for_person": report.for_person if report else 0,
            "spreadsheet": entry.spreadsheet if entry else state.spreadsheet_id if state else None,
            "tab": entry.tab if entry else state.tab if state else None,
            "table": entry.table if entry else f"{state.schema}.{state.table}" if state else None,
        }


def _print_of(path: Path) -> tuple[int, ...]:
    """What changes whenever the file is written anew; nothing where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _not_live(name: str, state: LinkState | None) -> str | None:
    """Why a link does not carry anything; ``None`` where it does, or a person has paused it."""
    if state is None:
        return f"{name} is unknown"
    if state.state in ("live", "paused"):
        return None
    return f"{name} is {state.state}" + (f": {state.reason}" if state.reason else "")


def _hold(name: str, hold: Hold | None) -> Json | None:
    """What stopped a link, and the commands that let it go on."""
    if hold is None:
        return None
    ways = guards.ways_on(hold.guard, name)
    return {"guard": hold.guard, "reason": hold.reason, "since": hold.since, "way_on": ways, "mend": hold.mend}


def as_json(value: Any) -> Any:
    """Times as texts of RFC 3339, everything else as it is, deeply."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, dict):
        return {name: as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    return value


def _fault(note: Note, now: float) -> str:
    """Why a process does not do its work; empty when it does."""
    if note.frozen:
        return f"pid {note.pid} is stopped; let it go on: kill -CONT {note.pid}"
    if note.waiting_for or note.trouble:
        return note.waiting_for or note.trouble
    return "" if note.working(now) else f"pid {note.pid} does not come round"


def _tried(name: str, question: Callable[[], tuple[bool, str]]) -> Check:
    try:
        ok, detail = question()
    except TwinsheetError as error:
        return Check(name, False, str(error))
    return Check(name, ok, detail)
