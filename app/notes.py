"""What each process notes of itself in the run folder, so that others find its metrics and see that it lives."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

NOTE_INTERVAL_S = 2.0
STALE_AFTER_S = 10.0
STUCK_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class Note:
    """One running process."""

    name: str
    pid: int
    host: str
    """Where its metrics are served."""
    port: int
    machine: str
    started_at: float
    """Unix time, seconds."""
    noted_at: float
    round_at: float | None = None
    """When its main loop last came round; ``None`` where it does not tell."""
    waiting_for: str = ""
    """What it waits for, e.g. an unreachable MySQL; empty while it works."""
    trouble: str = ""
    """What it cannot reach while it goes on with the rest, e.g. Google; empty when all of its work gets through."""
    standing_by: bool = False
    """Another process of its kind does the work, and this one takes over when that one ends."""
    doing: str = ""
    """What it is in the middle of, where that takes long."""
    mysql_user: str = ""
    """As whom it writes; empty where it does not."""

    def alive(self, now: float) -> bool:
        """Whether the process is there."""
        if self.machine == socket.gethostname() and not psutil.pid_exists(self.pid):
            return False
        return now - self.noted_at < STALE_AFTER_S

    def working(self, now: float) -> bool:
        """Whether it is there, waits for nothing, and its main loop comes round."""
        came_round = self.round_at is None or now - self.round_at < STUCK_AFTER_S
        return self.alive(now) and not self.waiting_for and came_round

    @property
    def frozen(self) -> bool:
        """Whether it is on this machine and was stopped (SIGSTOP) or is being traced."""
        if self.machine != socket.gethostname():
            return False
        try:
            status = psutil.Process(self.pid).status()
        except psutil.NoSuchProcess:
            return False
        return status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)

    @property
    def metrics_url(self) -> str:
        """Where its metrics are."""
        return f"http://{self.host}:{self.port}/metrics"


class Notebook:
    """Writes the note of this process and takes it away at the end.

    Args:
        run_dir: the run folder.
        name: the service's name.
        host: where its metrics are served; anything but loopback is noted as this machine's name.
        port: port of its metrics.
        mysql_user: as whom it writes.
    """

    def __init__(
        self,
        run_dir: Path,
        name: str,
        host: str,
        port: int,
        *,
        mysql_user: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        machine = socket.gethostname()
        local = host.startswith("127.") or host in ("localhost", "::1")
        self._folder = run_dir / "metrics"
        self._path = self._folder / (
            f"{name}.{os.getpid()}.json" if local else f"{name}.{machine}.{os.getpid()}.json"
        )
        self._clock = clock
        now = clock()
        self._note = Note(
            name, os.getpid(), host if local else machine, port, machine, now, now, mysql_user=mysql_user
        )
        self.round_at: float | None = None
        self.waiting_for = ""
        self.trouble = ""
        self.standing_by = False
        self.doing = ""

    def write(self) -> None:
        """Write the note as of now, atomically."""
        changes = {
            "noted_at": self._clock(),
            "round_at": self.round_at,
            "waiting_for": self.waiting_for,
            "trouble": self.trouble,
            "standing_by": self.standing_by,
            "doing": self.doing,
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f"{self._path.name}.new")
        draft.write_text(json.dumps(asdict(self._note) | changes))
        draft.replace(self._path)

    def remove(self) -> None:
        """Take the note away."""
        self._path.unlink(missing_ok=True)


def read_notes(run_dir: Path) -> list[Note]:
    """Notes of all processes, dead ones included, by name and pid."""
    notes = []
    for path in sorted((run_dir / "metrics").glob("*.json")):
        try:
            notes.append(Note(**json.loads(path.read_text())))
        except (OSError, ValueError, TypeError):
            continue  # taken away or written by another version just now: the next look tells
    return notes


def sweep(run_dir: Path, now: float) -> None:
    """Take away the notes of processes that were killed."""
    for path in (run_dir / "metrics").glob("*.json"):
        try:
            note = Note(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            continue
        if not note.alive(now) and now - note.noted_at > STALE_AFTER_S:
            path.unlink(missing_ok=True)
