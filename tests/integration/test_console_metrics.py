"""The metrics of all processes in one answer: labelled, merged by family, and without those that do not answer."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.parser import text_string_to_metric_families

from app.console.metrics import all_metrics
from app.notes import Note
from app.status import Status
from core.errors import MysqlUnavailable
from sandbox.stack.servers import free_port


class Processes:
    """Stands for Status: some processes, and a MySQL that is away."""

    def __init__(self, *notes: Note) -> None:
        self._notes = list(notes)

    def notes(self) -> list[Note]:
        return self._notes

    def links(self) -> list[dict[str, Any]]:
        raise MysqlUnavailable("MySQL does not answer.")


def note(name: str, port: int, pid: int) -> Note:
    now = time.time()
    return Note(name, pid, "127.0.0.1", port, socket.gethostname(), now, now)


@pytest.fixture
def serve() -> Iterator[Any]:
    """Serves a process's metrics: 3 events, one of them slow."""
    with ExitStack() as stack:

        def start() -> int:
            registry = CollectorRegistry()
            Counter("sample_events", "Events", registry=registry).inc(3)
            seconds = Histogram("sample_seconds", "Time", ["stage"], buckets=(0.1, 1), registry=registry)
            seconds.labels("all").observe(0.5)
            server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
            stack.callback(thread.join)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return int(server.server_port)

        yield start


def test_each_sample_tells_its_process_and_a_silent_process_is_told_as_down(serve: Any) -> None:
    silent = note("binlog", free_port(), 3)
    processes = Processes(note("table_writer", serve(), 1), note("table_writer.2", serve(), 2), silent)
    text = all_metrics(cast(Status, processes), os.getpid()).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert text.count("# TYPE sample_events_total counter") == 1
    events = {s.labels["process"]: s.value for s in families["sample_events"].samples if s.name.endswith("_total")}
    assert events == {"table_writer": 3, "table_writer.2": 3}
    buckets = [s for s in families["sample_seconds"].samples if s.name.endswith("_bucket")]
    assert {(s.labels["process"], s.labels["stage"], s.labels["le"]): s.value for s in buckets} == {
        (name, "all", le): value
        for name in ("table_writer", "table_writer.2")
        for le, value in (("0.1", 0), ("1.0", 1), ("+Inf", 1))
    }
    up = {s.labels["process"]: s.value for s in families["twinsheet_process_up"].samples}
    assert up == {"table_writer": 1, "table_writer.2": 1, "binlog": 0}


def test_a_process_with_our_pid_in_another_container_is_not_taken_for_us(serve: Any) -> None:
    elsewhere = Note("webhook", os.getpid(), "127.0.0.1", serve(), "another-container", time.time(), time.time())
    text = all_metrics(cast(Status, Processes(elsewhere)), os.getpid()).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {s.labels["process"] for s in families["sample_events"].samples} == {"webhook"}
