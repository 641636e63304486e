"""What a person asks table_writer for: why it takes longer than the person waits."""

from __future__ import annotations

import time

from adapters.mysql_store import MysqlStore
from app.notes import read_notes
from config.settings import Settings

POLL_S = 0.1
"""How often it is asked whether it is done."""


def why_queued(settings: Settings, store: MysqlStore, name: str, otherwise: str) -> str:
    """Why the link does not get on with it, with the way on; ``otherwise`` where all is well."""
    state = store.run(lambda tx: tx.link_state(name))
    now = time.time()
    running = {note.name.partition(".")[0] for note in read_notes(settings.run_dir) if note.alive(now)}
    if state is not None and state.state in ("paused", "held"):
        way_on = "resume" if state.state == "paused" else "approve"
        return f"{name} is {state.state}: twinsheet {way_on} {name}"
    if not running.issuperset({"table_writer", "binlog"}):
        return "the services do not run: twinsheet up"
    return otherwise
