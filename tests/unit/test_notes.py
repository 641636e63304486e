"""What processes note of themselves, and what others make of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.notes import STALE_AFTER_S, STUCK_AFTER_S, Note, Notebook, read_notes, sweep


def note(**change: Any) -> Note:
    plain: dict[str, Any] = {
        "name": "table_writer", "pid": os.getpid(), "host": "127.0.0.1", "port": 1, "machine": socket.gethostname(),
        "started_at": 100.0, "noted_at": 100.0,
    }  # fmt: skip
    return Note(**plain | change)


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_note_is_there_while_its_process_lives_and_gone_after(tmp_path: Path) -> None:
    book = Notebook(tmp_path, "binlog", "127.0.0.1", 4711, clock=lambda: 5.0)
    book.round_at = 4.0
    book.write()
    (found,) = read_notes(tmp_path)
    assert (found.name, found.pid, found.port, found.round_at) == ("binlog", os.getpid(), 4711, 4.0)
    assert found.metrics_url == "http://127.0.0.1:4711/metrics"
    assert found.working(5.0)
    book.remove()
    assert read_notes(tmp_path) == []


def test_a_killed_process_is_not_alive_however_fresh_its_note() -> None:
    assert note().alive(101.0)
    assert not note(pid=dead_pid()).alive(101.0)


def test_of_a_process_on_another_machine_only_the_age_of_its_note_tells() -> None:
    elsewhere = note(machine="another-container", pid=dead_pid())
    assert elsewhere.alive(100.0 + STALE_AFTER_S - 1)
    assert not elsewhere.alive(100.0 + STALE_AFTER_S + 1)


def test_one_that_waits_or_does_not_come_round_does_not_work() -> None:
    late = 100.0 + STUCK_AFTER_S + 1
    assert note(noted_at=late, round_at=late).working(late)
    assert note(noted_at=late, round_at=None).working(late)
    assert not note(noted_at=late, round_at=100.0).working(late)
    assert not note(waiting_for="MySQL does not answer").working(100.0)


def test_metrics_that_are_served_to_other_machines_are_found_by_this_machines_name(tmp_path: Path) -> None:
    Notebook(tmp_path, "binlog", "::", 4711).write()
    (found,) = read_notes(tmp_path)
    assert found.metrics_url == f"http://{socket.gethostname()}:4711/metrics"


def test_damaged_notes_are_passed_over_and_those_of_the_dead_swept_away(tmp_path: Path) -> None:
    Notebook(tmp_path, "binlog", "127.0.0.1", 1, clock=lambda: 1000.0).write()
    folder = tmp_path / "metrics"
    (folder / "half.json").write_text("{")
    dead = {**json.loads(next(folder.glob("binlog*")).read_text()), "pid": dead_pid(), "noted_at": 900.0}
    (folder / "webhook.1.json").write_text(json.dumps(dead))
    assert len(read_notes(tmp_path)) == 2
    sweep(tmp_path, 1000.0)
    assert [found.pid for found in read_notes(tmp_path)] == [os.getpid()]
