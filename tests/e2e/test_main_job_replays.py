"""Events are level-triggered: a recorded log applied again, doubled, late and shuffled, ends in the same state."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from main_job_world import MainJob, Orders, wait_for

from adapters.kafka_log import KafkaPublisher, end_offsets
from adapters.kafka_wire import delivery
from core.events import SHEET_OBSERVED, TABLE_CHANGED

SEED = 20260601
ROWS = 25
Message = tuple[str, str, dict[str, Any]]
Text = tuple[str, str, str | None]
"""Row id, column, and what it held."""
TEXTS = {"customer": "Customer", "item": "Item", "notes": "Notes"}
"""Columns of text with their headers: what is told of others may be spelled as in the sheet."""


def recorded(orders: Orders) -> list[Message]:
    """Everything that was ever published of a link, each topic in its order."""
    kafka = str(orders.job.stack["kafka"])
    ends = end_offsets(kafka)
    found: list[Message] = []
    with closing(KafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)) as consumer:
        places = [TopicPartition(*place) for place, end in ends.items() if end]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)

        def read() -> bool:
            for batch in consumer.poll(timeout_ms=500).values():
                found.extend((d.topic, d.link, d.body) for d in map(delivery, batch) if d.link == orders.name)
            return all(consumer.position(p) >= ends[p.topic, p.partition] for p in places)

        wait_for(read, "the whole log")
    return found


def work_on(orders: Orders) -> None:
    """A session of people and programs, some of it at the same time in the same cells."""
    for number in range(1, 9):
        orders.type_cell(number, "Notes", f"typed {number}")
        orders.sql("UPDATE {table} SET item = %s WHERE order_no = %s", f"stored {number}", number)
    orders.job.told("pause", orders.name)  # so that these are conflicts
    for number in range(9, 13):
        orders.type_cell(number, "Item", f"typed {number}")
        orders.sql("UPDATE {table} SET item = %s WHERE order_no = %s", f"stored {number}", number)
    orders.job.told("resume", orders.name)
    row = orders.next_row()
    orders.type(f"B{row}:D{row}", ["Pasted Pat", "Lamp", "4"])
    orders.type_cell(13, "Quantity", "a dozen")  # which the table cannot hold
    orders.sql("INSERT INTO {table} (customer, item, quantity) VALUES ('Born Bob', 'Lamp', 1)")
    orders.sql("DELETE FROM {table} WHERE order_no = 14")
    orders.person("delete_rows", tab=orders.tab, at=orders.row(15), count=1)
    orders.sql("UPDATE {table} SET order_no = 900 WHERE order_no = 16")
    orders.person("sort", tab=orders.tab, range=f"A2:J{orders.next_row() - 1}", column="C")
    for number in range(1, 5):  # and written over once more
        orders.type_cell(number, "Notes", f"typed again {number}")
        orders.verify()
        orders.sql("UPDATE {table} SET notes = %s WHERE order_no = %s", f"stored again {number}", number)
    orders.verify()


def texts_of_copied(orders: Orders) -> set[Text]:
    """What rows hold that the history tells of by one line, without their values: those that the link began with."""
    rows = {str(row["Order no."]): row for row in orders.sheet_rows()}
    copied = [h for h in orders.records("history") if h["what"] == "copied"]
    return {
        (h["row_id"], column, text)
        for h in copied
        for column, header in TEXTS.items()
        for text in (None, rows[h["key"][0]][header] or None)
    }


def state_of(orders: Orders, at_first: set[Text]) -> dict[str, Any]:
    """All that a person could tell two states apart by: a value that comes too late is told once more, and changes
    nothing."""
    history = orders.records("history")
    conflicts = sorted(
        (c["row_id"], c["column"], str(c["sheet"]), str(c["table"])) for c in orders.records("conflicts")
    )
    rejections = sorted((r["row_id"], r["column"], str(r["value"])) for r in orders.records("rejections"))
    return {
        "sheet": orders.sheet_rows(),
        "table": orders.sql("SELECT * FROM {table} ORDER BY order_no"),
        "conflicts": conflicts,
        "rejections": rejections,
        "written": sorted(
            (h["row_id"], h["column"] or "", str(h["old"]), str(h["new"]), h["side"], h["what"])
            for h in history
            if h["what"] != "overtaken"
        ),
        "texts told": at_first
        | {
            (h["row_id"], h["column"], value)
            for h in history
            for value in (h["old"], h["new"])
            if h["column"] in TEXTS
        },
        "state": orders.status()["state"],
    }


def publish(orders: Orders, messages: Sequence[Message]) -> None:
    """Publish them as they come, and wait until both sides rest."""
    with closing(KafkaPublisher(str(orders.job.stack["kafka"]))) as publisher:
        publisher.publish_many(messages)
    orders.verify()


@pytest.fixture
def worked_on(main_job: MainJob) -> Iterator[tuple[Orders, set[Text]]]:
    """A link with a session behind it, and the texts that it began with; both sides rest."""
    orders = main_job.orders(ROWS)
    wait_for(lambda: {h["what"] for h in orders.records("history")} & {"copied", "inserted"}, "the first rows told")
    at_first = texts_of_copied(orders)
    work_on(orders)
    yield orders, at_first
    orders.remove()


def test_a_recorded_log_applied_three_times_doubled_late_and_shuffled_ends_in_the_same_state(
    worked_on: tuple[Orders, set[Text]],
) -> None:
    orders, at_first = worked_on
    before, log = state_of(orders, at_first), recorded(orders)
    assert {topic for topic, _, _ in log} == {SHEET_OBSERVED, TABLE_CHANGED}
    assert before["conflicts"]
    assert before["rejections"]

    dice = random.Random(SEED)
    late = [dice.randrange(len(log)) for _ in range(5)]
    for again in (log, [m for start in late for m in log[start:]], [m for m in log for _ in range(2)]):
        publish(orders, again)  # as after a crash: from an earlier place on, in order
        assert differences(before, state_of(orders, at_first)) == {}

    publish(orders, dice.sample(3 * log, 3 * len(log)))  # as Kafka never would
    assert differences(before, state_of(orders, at_first)) == {}


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What of a state is another one."""
    return {
        part: [[one for one in these if one not in those] for these, those in ((was, is_now), (is_now, was))]
        for part, was in before.items()
        if (is_now := after[part]) != was
    }
