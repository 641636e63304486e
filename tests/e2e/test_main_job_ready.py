"""`/readyz` is true only while edits get through both ways, names what does not work, and recovers by itself."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from main_job_world import MainJob, Orders, wait_for

from sandbox.stack.tour import connect

WORKERS = ("webhook", "table_writer", "sheet_writer", "sheet_scanner", "binlog")


class Ready:
    """What a monitor sees of a stack."""

    def __init__(self, job: MainJob) -> None:
        self._console = urlsplit(job.stack["console_url"]).netloc

    def told(self) -> dict[str, Any]:
        """The answer, with its status."""
        with closing(HTTPConnection(self._console, timeout=60)) as connection:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            return {"status": answer.status, **json.loads(answer.read())}

    def faults(self) -> dict[str, str]:
        """What does not work, by name."""
        told = self.told()
        faults = {check["name"]: check["detail"] for check in told["checks"] if not check["ok"]}
        assert (told["status"], told["ready"]) == ((503, False) if faults else (200, True))
        return faults

    def wait_until_told(self, *names: str) -> dict[str, str]:
        """Until all of these are among the faults."""
        return wait_for(lambda: faults if set(names) <= set(faults := self.faults()) else {}, f"{names} in /readyz")

    def wait_until_it_tells(self, name: str, *words: str) -> None:
        """Until this process is among the faults, for a reason in which all these words are."""
        wait_for(
            lambda: all(word in self.faults().get(name, "") for word in words), f"{words} told by {name} in /readyz"
        )

    def wait_until_good(self) -> None:
        """Until nothing is wrong any more."""
        wait_for(lambda: not self.faults(), "everything ready again")


@pytest.fixture
def ready(main_job: MainJob, orders: Orders) -> Iterator[Ready]:
    """A stack in which all is well, before and after the test."""
    ready = Ready(main_job)
    ready.wait_until_good()
    yield ready
    main_job.lift_quota()
    ready.wait_until_good()


@contextmanager
def stopped(job: MainJob, *names: str) -> Iterator[None]:
    """Processes that are there and do nothing."""
    pids = [job.stack["pids"][name] for name in names]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_a_service_that_was_stopped_is_named_with_what_lets_it_go_on(main_job: MainJob, ready: Ready) -> None:
    with stopped(main_job, *WORKERS):
        told = ready.wait_until_told(*WORKERS)
        assert all(f"kill -CONT {main_job.stack['pids'][name]}" in told[name] for name in WORKERS)
    ready.wait_until_good()


@pytest.mark.parametrize("name", ["kafka", "mysql"])
def test_a_server_that_does_not_answer_is_named(main_job: MainJob, ready: Ready, name: str) -> None:
    with stopped(main_job, name):
        assert "does not answer" in ready.wait_until_told(name)[name]
    ready.wait_until_good()


def test_google_that_does_not_answer_is_named_by_whoever_waits_for_it(
    main_job: MainJob, ready: Ready, orders: Orders
) -> None:
    main_job.faults(error_rates={"503": 1.0})
    orders.sql("UPDATE {table} SET notes = 'while Google is away' WHERE order_no = 1")
    ready.wait_until_it_tells("sheet_writer", orders.name, "503")
    ready.wait_until_it_tells("sheet_scanner", orders.name, "503")
    main_job.lift_quota()
    ready.wait_until_good()


def test_a_change_feed_that_stands_by_for_nobody_is_no_change_feed(main_job: MainJob, ready: Ready) -> None:
    with closing(connect(str(main_job.stack["mysql_url"]))) as connection:
        cursor = connection.cursor()
        os.kill(main_job.stack["pids"]["binlog"], signal.SIGKILL)
        cursor.execute("SELECT GET_LOCK('twinsheet.binlog.main', 30)")
        assert cursor.fetchall() == [(1,)]
        wait_for(lambda: "stands by" in ready.faults().get("binlog", ""), "a reader that stands by")
    ready.wait_until_good()
