"""What a scan has found is told piece by piece, as the table writer takes it in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.events import SHEET_OBSERVED
from core.ports import Delivery
from producers.scan_telling import EVENTS_AHEAD, GO_ON_AFTER_S, Telling

PLACE = (SHEET_OBSERVED, 0)


class Kafka:
    """What was published, and a clock."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.applied: dict[tuple[str, int], int] = {}
        self.now_s = 0.0

    def publish_many(self, messages: Any) -> None:
        self.bodies += [body["piece"] for _, _, body in messages]

    def monotonic(self) -> float:
        return self.now_s

    def come_back(self, telling: Telling, first: int) -> None:
        for offset in range(first, len(self.bodies)):
            body = {"event": "scan_1", "piece": self.bodies[offset]}
            telling.heard(Delivery(*PLACE, offset, "orders", body, datetime(2026, 1, 1, tzinfo=UTC)))


@pytest.fixture
def kafka() -> Kafka:
    return Kafka()


@pytest.fixture
def telling(kafka: Kafka) -> Telling:
    told = Telling(kafka, lambda: kafka.applied, kafka)  # type: ignore[arg-type]  # as much of them as it needs
    told.begin("orders", ({"event": "scan_1", "piece": n} for n in range(5)), "scan_1")
    return told


def test_the_next_piece_waits_until_the_table_writer_has_taken_one_in(kafka: Kafka, telling: Telling) -> None:
    telling.go_on()
    assert kafka.bodies == [0, 1]
    kafka.come_back(telling, 0)
    telling.go_on()
    assert kafka.bodies == [0, 1]
    kafka.applied[PLACE] = 2
    telling.go_on()
    telling.go_on()
    assert kafka.bodies == [0, 1, 2, 3]


def test_while_the_table_writer_applies_one_piece_the_next_one_waits_for_it(kafka: Kafka, telling: Telling) -> None:
    kafka.come_back(telling, 0)
    kafka.applied[PLACE] = 1
    telling.go_on()
    telling.go_on()
    assert kafka.bodies == [0, 1, 2]


def test_when_all_was_told_the_link_is_free_for_its_next_scan(kafka: Kafka, telling: Telling) -> None:
    for told in (EVENTS_AHEAD, 2 * EVENTS_AHEAD):
        assert telling.is_busy("orders")
        kafka.come_back(telling, len(kafka.bodies) - EVENTS_AHEAD)
        kafka.applied[PLACE] = told
        telling.go_on()
    assert kafka.bodies == [0, 1, 2, 3, 4]
    assert not telling.is_busy("orders")


def test_a_piece_that_nobody_takes_in_holds_the_rest_back_for_a_while_only(kafka: Kafka, telling: Telling) -> None:
    kafka.now_s = GO_ON_AFTER_S
    telling.go_on()
    assert kafka.bodies == [0, 1, 2, 3]


def test_what_is_left_of_a_link_that_is_somebody_elses_now_is_not_told(kafka: Kafka, telling: Telling) -> None:
    telling.forget("orders")
    kafka.now_s = GO_ON_AFTER_S
    telling.go_on()
    assert kafka.bodies == [0, 1]
