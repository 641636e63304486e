"""Waiting for the services to copy what one side of a new link lacks.

Counted in MySQL, so that watching a large copy costs nothing of Google's quota; both sides are compared at its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

from adapters.mysql_connection import ThreadSessions, parse_url
from adapters.mysql_migrations import DEFAULT_SCHEMA
from adapters.mysql_reports import Reports
from app.notes import read_notes
from app.verify import verify
from config.settings import Settings

Watcher = Callable[[int, int], None]
"""Is told how many rows have been copied, and how many there are."""

WAIT_S = 30.0
"""So long without another row, or in all where nobody watches."""
STILL_COMING_S = 5.0
"""While rows have come in so short a time both sides are not equal yet, and comparing them holds up the copy."""
POLL_S = 1.0
COPYING = ("table_writer", "sheet_writer", "sheet_scanner", "binlog")
"""The services that copy."""


def wait_until_copied(settings: Settings, link: str, rows: int, watcher: Watcher | None = None) -> bool:
    """Wait for a copy while it goes on; the services finish it by themselves however this ends.

    Args:
        settings: with MySQL, Kafka, Sheets and the run folder.
        link: its name.
        rows: how many rows one side lacked when it was linked.
        watcher: somebody who looks on for as long as it takes; ``None`` waits WAIT_S at the most.

    Returns:
        Whether both sides were seen equal; False at once where the services do not run.
    """
    now = time.time()
    running = {note.name.partition(".")[0] for note in read_notes(settings.run_dir) if note.alive(now)}
    if not running.issuperset(COPYING):
        return False
    try:
        with closing(
            ThreadSessions(parse_url(settings.mysql_url.get_secret_value()), schema=DEFAULT_SCHEMA)
        ) as session:
            left_s = _watch(Reports(session), link, rows, watcher)
        return left_s is not None and bool(verify(settings, link, left_s)["identical"])
    except KeyboardInterrupt:
        return False


def _watch(reports: Reports, link: str, rows: int, watcher: Watcher | None) -> float | None:
    """Until all rows are there, or no more come; the seconds that are left for comparing. ``None`` where the time is
    over and more are coming."""
    before = most = reports.live_rows(link)
    began = grew_at = time.monotonic()
    while most - before < rows:
        now = time.monotonic()
        if now - (grew_at if watcher else began) > WAIT_S:
            return None if now - grew_at < STILL_COMING_S else 0.0
        time.sleep(POLL_S)
        there = reports.live_rows(link)
        if there > most:
            most, grew_at = there, now
        if watcher:
            watcher(min(most - before, rows), rows)
    return WAIT_S if watcher else max(0.0, WAIT_S - (time.monotonic() - began))
