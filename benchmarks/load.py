"""The loads: signed webhook events and SQL updates at a steady rate, and the delays that they met."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from benchmarks.stack import LINK, TAB, TABLE, BenchStack
from config.settings import stack_values
from core.events import SHEET_OBSERVED, TABLE_CHANGED
from core.secrets import link_secret, signature


def at_rate(per_s: float, count: int) -> Iterator[int]:
    """0, 1, … at a steady rate; one that comes late does not put the others off."""
    began = time.perf_counter()
    for index in range(count):
        wait_s = began + index / per_s - time.perf_counter()
        if wait_s > 0:
            time.sleep(wait_s)
        yield index


class Webhook:
    """Sends what the script in the sheet would send, over one kept connection."""

    def __init__(self, bench: BenchStack) -> None:
        self._bench = bench
        master = stack_values(bench.folder)["webhook_secret"].split(",")[0].strip().encode()
        self._secret = link_secret(master, LINK)
        self._connection = http.client.HTTPConnection(urlsplit(bench.stack["webhook_url"]).netloc, timeout=30)
        self.q = 0

    def edit(self, row_id: str, row: int, value: str, n: int, epoch: int) -> None:
        """One edited cell.

        Raises:
            RuntimeError: the webhook did not take it.
        """
        self.q += 1
        event = f"msg_{LINK}_{self.q}"
        cell = {"row_id": row_id, "row": row, "column": "note", "value": value}
        body = {
            "link": LINK,
            "spreadsheet_id": self._bench.spreadsheet,
            "tab": TAB,
            "kind": "edit",
            "stamp": {"n": n, "q": self.q, "epoch": epoch},
            "edited_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "editor": "bench@example.com",
            "cells": [cell],
            "chunk": {"index": 0, "count": 1},
        }
        raw, stamp = json.dumps(body).encode(), str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(self._secret, event, stamp, raw),
        }
        self._connection.request("POST", f"/hooks/sheets/{LINK}", raw, headers)
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status != 202:
            raise RuntimeError(f"webhook: {answer.status} {said!r}")


def sheet_to_table(bench: BenchStack, webhook: Webhook, per_s: float, seconds: float, mark: str) -> list[float]:
    """Seconds from a webhook's receipt to the commit in MySQL, one for each edit.

    The sheet holds the new values before their events are sent, as it does when a person types.
    """
    count = int(per_s * seconds)
    rows = bench.sheets.tab(bench.spreadsheet, TAB)["values"][1 : count + 1]
    counters = bench.sheets.tab(bench.spreadsheet, "_twinsheet")["values"][1]
    bench.put(f"{TAB}!E2:E{count + 1}", [[f"{mark} {i}"] for i in range(count)])
    with _Topics(bench) as topics:
        for index in at_rate(per_s, count):
            webhook.edit(rows[index][5], index + 2, f"{mark} {index}", int(counters[1]), int(counters[2]))
        bench.put("_twinsheet!D2", [[webhook.q]])
        bench.assert_identical()
        messages = topics.read()
    row_key = {row[5]: str(row[0]) for row in rows}
    received = {
        row_key[m["cells"][0]["row_id"]]: datetime.fromisoformat(m["received_at"])
        for topic, m in messages
        if topic == SHEET_OBSERVED and m.get("kind") == "edit"
    }
    committed: dict[str, datetime] = {}
    for topic, message in messages:
        if topic == TABLE_CHANGED and message.get("kind") == "rows":
            for key in message["keys"]:
                committed.setdefault(key[0], datetime.fromisoformat(message["committed_at"]))
    return [(committed[key] - at).total_seconds() for key, at in received.items()]


def table_to_sheet(bench: BenchStack, per_s: float, seconds: float, mark: str) -> None:
    """UPDATE one row after the other, each in a transaction of its own."""
    count = int(per_s * seconds)
    connection = bench.sql()
    cursor = connection.cursor()
    for index in at_rate(per_s, count):
        cursor.execute(f"UPDATE {TABLE} SET note = %s WHERE id = %s", (f"{mark} {index}", index + 1))  # noqa: S608 -- our own table
    connection.close()
    bench.assert_identical()


def histogram(bench: BenchStack, name: str, stage: str) -> dict[float, float]:
    """Cumulative counts by upper bound in seconds, from the console's /metrics."""
    with urllib.request.urlopen(f"{bench.stack['console_url']}/metrics", timeout=30) as answer:  # noqa: S310 -- our own console
        text = answer.read().decode()
    found: dict[float, float] = {}
    for line in text.splitlines():
        if line.startswith(f"{name}_bucket{{") and f'stage="{stage}"' in line:
            bound = re.search(r'le="([^"]+)"', line)
            if bound is not None:
                key = float(bound[1].replace("+Inf", "inf"))
                found[key] = found.get(key, 0.0) + float(line.rsplit(" ", 1)[1])
    return found


class _Topics:
    """Everything that both topics get while the block runs."""

    def __init__(self, bench: BenchStack) -> None:
        from kafka import KafkaConsumer, TopicPartition

        self._consumer = KafkaConsumer(bootstrap_servers=bench.stack["kafka"], enable_auto_commit=False)
        places = [
            TopicPartition(topic, number)
            for topic in (SHEET_OBSERVED, TABLE_CHANGED)
            for number in self._consumer.partitions_for_topic(topic) or ()
        ]
        self._consumer.assign(places)
        self._places = places

    def __enter__(self) -> _Topics:
        self._consumer.seek_to_end(*self._places)
        for place in self._places:
            self._consumer.position(place)
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def read(self) -> list[tuple[str, dict[str, Any]]]:
        """What came in, in the order of each partition."""
        ends = self._consumer.end_offsets(self._places)
        found = []
        while any(self._consumer.position(place) < ends[place] for place in self._places):
            for place, records in self._consumer.poll(timeout_ms=500).items():
                found += [(place.topic, json.loads(r.value)) for r in records]
        return found


def timed(work: Callable[[], object], count: int) -> list[float]:
    """Seconds that each of ``count`` calls took."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return found
