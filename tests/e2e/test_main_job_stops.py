"""Each process asked to stop in the middle of work finishes what it has in hand, ends well, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

from main_job_world import MainJob, wait_for

from tests.chaos.arena import Arena

ASKED = ("table_writer", "sheet_writer", "binlog", "sheet_scanner", "webhook", "console")


def is_fault(line: dict[str, Any]) -> bool:
    """An error of ours; kafka-python calls it one that its own questions are cancelled when it is closed."""
    return line["level"] in ("error", "critical") and not line["logger"].startswith("kafka")


def last_words(job: MainJob, name: str, pid: int) -> list[dict[str, Any]]:
    """What that process logs from the moment on in which it is asked to stop."""
    log = job.folder.logs / f"{name}.log"
    before_bytes = log.stat().st_size
    os.kill(pid, signal.SIGTERM)

    def lines() -> list[dict[str, Any]]:
        text = log.read_bytes()[before_bytes:].decode(errors="replace")
        told = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [line for line in told if line["pid"] == pid]

    return wait_for(lambda: own if (own := lines()) and own[-1]["event"] == "stopped" else [], f"{name} stopped")


def test_each_process_asked_to_stop_in_the_middle_of_work_ends_with_code_0_and_loses_nothing(
    main_job: MainJob, arena: Arena
) -> None:
    for name in ASKED:
        before = main_job.stack["pids"]
        told = last_words(main_job, name, before[name])
        assert told[-1]["code"] == 0, told[-5:]
        assert not [line for line in told if is_fault(line)]
        arena.wait_back(before, name)
    arena.check()
