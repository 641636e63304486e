"""One edit is followed through all processes by one search in their logs, and what happens is measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from main_job_world import MainJob, Orders, wait_for
from prometheus_client.parser import text_string_to_metric_families

REFUSALS = {"503": ("google", "503"), "429": ("quota", "quota")}
"""By Google's status: the system that the failure is counted for, and a word that the log has for it."""
Labels = frozenset[tuple[str, str]]


class Trail:
    """The logs and the metrics of a running stack."""

    def __init__(self, job: MainJob) -> None:
        self._logs = job.folder.logs
        self._console = urlsplit(job.stack["console_url"]).netloc

    def lines(self, *words: str) -> dict[str, dict[str, Any]]:
        """By service, the last line that holds all of these words."""
        found: dict[str, dict[str, Any]] = {}
        for path in sorted(self._logs.glob("*.log")):
            for line in path.read_text(errors="replace").splitlines():
                if line.startswith("{") and all(word in line for word in words):
                    told = json.loads(line)
                    found[told["service"]] = told
        return found

    def metrics(self) -> dict[tuple[str, Labels], float]:
        """By name and labels, summed over processes."""
        with closing(HTTPConnection(self._console, timeout=60)) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        values: dict[tuple[str, Labels], float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                kept = frozenset((n, v) for n, v in sample.labels.items() if n not in ("process", "pid"))
                values[sample.name, kept] = values.get((sample.name, kept), 0) + sample.value
        return values

    def value(self, name: str, **labels: str) -> float:
        """All with these labels together; 0 where there is none."""
        return sum(
            value for (one, theirs), value in self.metrics().items() if one == name and theirs >= labels.items()
        )


@pytest.fixture
def trail(main_job: MainJob) -> Iterator[Trail]:
    yield Trail(main_job)
    main_job.lift_quota()


def newest(orders: Orders, column: str, new: str) -> Mapping[str, Any]:
    """The entry of `twinsheet history` that says how this value came."""
    told = orders.job.told("history", orders.name, "--limit", "20")["items"]
    return next((item for item in told if (item["column"], item["new"]) == (column, new)), {})


def named(orders: Orders, text: str) -> Mapping[str, Any]:
    """The entry of an edit once it tells who made it: where a scan was faster, the trigger adds that."""
    entry = newest(orders, "notes", text)
    return entry if entry.get("actor") else {}


def told_by_its_trigger(orders: Orders) -> Mapping[str, Any]:
    """Types until an edit's own trigger tells of it first: a scan may read the cell before the trigger runs."""
    for attempt in range(10):
        text = f"followed from the sheet {attempt}"
        orders.type_cell(3, "Notes", text)
        entry = wait_for(partial(named, orders, text), "the edit in history, with who made it")
        if entry["event"].startswith("msg_"):
            return entry
    raise AssertionError("scans told of ten edits, their triggers of none")


def test_an_edit_in_the_sheet_is_followed_by_its_event_id_from_the_webhook_to_history(
    trail: Trail, orders: Orders
) -> None:
    entry = told_by_its_trigger(orders)
    found = wait_for(
        lambda: {"webhook", "table_writer"} <= set(told := trail.lines(entry["event"])) and told, "both in the logs"
    )
    assert (found["webhook"]["event"], found["table_writer"]["event"]) == ("accepted", "taken_in")
    for told in (found["webhook"], found["table_writer"]):
        assert told["link"] == orders.name
        assert entry["row_id"] in told["rows"]
    assert [stage["stage"] for stage in entry["way"]] == ["edited", "webhook", "kafka", "table"]
    assert orders.job.told("history", "--event", entry["event"])["items"] == [entry]


def test_a_change_in_the_table_is_followed_by_its_transaction_from_the_binlog_to_history(
    trail: Trail, orders: Orders
) -> None:
    orders.sql("UPDATE {table} SET notes = 'followed from the table' WHERE order_no = 4")
    entry = wait_for(lambda: newest(orders, "notes", "followed from the table"), "the change in history")
    transaction = entry["event"].split()[-1]
    found = wait_for(
        lambda: {"binlog", "sheet_writer"} <= set(told := trail.lines(transaction)) and told, "both in the logs"
    )
    change = next(c for c in found["binlog"]["changes"] if c["transaction"] == transaction)
    assert (change["link"], change["keys"]) == (orders.name, [["4"]])
    assert found["sheet_writer"]["link"] == orders.name
    assert entry["row_id"] in found["sheet_writer"]["rows"]
    assert entry["event"] == f"{found['sheet_writer']['event_id']} {transaction}"
    assert [stage["stage"] for stage in entry["way"]] == ["committed", "binlog", "kafka", "sheet"]
    assert all(stage["delay_s"] >= 0 for stage in entry["way"])
    assert orders.job.told("history", orders.name, "--event", transaction)["items"] == [entry]


def test_every_stage_of_both_ways_is_measured_and_what_waits_for_a_person_is_counted(
    trail: Trail, orders: Orders
) -> None:
    ways = {
        "twinsheet_sheet_to_table_seconds": ("edited_to_received", "received_to_published", "received_to_committed"),
        "twinsheet_table_to_sheet_seconds": ("committed_to_published", "committed_to_request", "request"),
    }
    counts = [(f"{way}_count", frozenset({("stage", stage)})) for way, stages in ways.items() for stage in stages]
    counts.append(("twinsheet_webhook_requests_total", frozenset({("status", "202")})))
    before = trail.metrics()
    orders.type_cell(5, "Quantity", "many")
    orders.sql("UPDATE {table} SET notes = 'measured' WHERE order_no = 5")
    wait_for(lambda: orders.seen(5)["Notes"] == "measured", "the change in the sheet")
    wait_for(lambda: all(trail.metrics()[one] > before.get(one, 0) for one in counts), f"growth of {counts}")
    wait_for(lambda: trail.value("twinsheet_rejections", link=orders.name) == 1, "the rejection counted")
    for name in ("twinsheet_conflicts", "twinsheet_holds"):
        assert (name, frozenset({("link", orders.name)})) in trail.metrics()
    waits = frozenset({("topic", "sheet.observed"), ("group", "table_writer")})
    assert ("twinsheet_lag_events", waits) in trail.metrics()
    orders.type_cell(5, "Quantity", "7")
    wait_for(lambda: trail.value("twinsheet_rejections", link=orders.name) == 0, "the rejection mended")


@pytest.mark.parametrize("status", REFUSALS)
def test_what_google_refuses_is_counted_and_the_log_says_what_is_waited_for(
    main_job: MainJob, trail: Trail, orders: Orders, status: str
) -> None:
    system, word = REFUSALS[status]
    before = trail.value("twinsheet_failures_total", system=system)
    main_job.faults(error_rates={status: 1.0})
    orders.sql("UPDATE {table} SET notes = %s WHERE order_no = 6", f"refused with {status}")
    wait_for(lambda: trail.value("twinsheet_failures_total", system=system) > before, "the failure counted")
    told = wait_for(lambda: trail.lines("unavailable", orders.name, word), "a line that says so")
    assert all(line["reason"] and line["retry_in_s"] >= 0 for line in told.values())
    main_job.lift_quota()
    wait_for(lambda: orders.seen(6)["Notes"] == f"refused with {status}", "the change in the sheet")
