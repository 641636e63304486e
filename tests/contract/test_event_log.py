"""What every event log promises: acknowledged means kept, a link's order is kept, offsets are the reader's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from event_log_places import PARTITIONS, KafkaLogPlace, LogPlace, MemoryLogPlace

from core.errors import KafkaUnavailable, MysqlUnavailable
from core.ports import Delivery, EventSource

PATIENCE_S = 20.0
Place = tuple[str, int]


@pytest.fixture(params=["memory", "kafka"])
def place(request: pytest.FixtureRequest) -> Iterator[LogPlace]:
    opened: LogPlace
    if request.param == "memory":
        opened = MemoryLogPlace()
    else:
        opened = KafkaLogPlace(request.getfixturevalue("kafka_server").bootstrap)
    yield opened
    opened.close()


def nothing_stored(_places: frozenset[Place]) -> Mapping[Place, int]:
    return {}


def read(*sources: EventSource, until: Callable[[list[Delivery]], Any]) -> list[Delivery]:
    """Poll the sources in turn until enough has come."""
    deadline = time.monotonic() + PATIENCE_S
    found: list[Delivery] = []
    while not until(found):
        assert time.monotonic() < deadline, f"not enough came: {found}"
        for source in sources:
            found += source.poll(0.1)
    return found


def count(number: int) -> Callable[[list[Delivery]], bool]:
    return lambda found: len(found) >= number


def test_what_was_published_is_delivered_whole_with_its_time(place: LogPlace) -> None:
    half = {"value": "half a character: \ud83d"}
    body = {"kind": "edit", "cells": [{"value": "häß 😀"}, {"value": 0.1}, {"value": None}, half], "n": 2**53 - 1}
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    place.publisher().publish(place.topics[0], "orders", body)
    (found,) = read(place.source("g", claim=nothing_stored), until=count(1))
    assert (found.topic, found.link, found.body, found.offset) == (place.topics[0], "orders", body, 0)
    assert before <= found.published_at <= datetime.now(UTC)


def test_the_events_of_a_link_come_in_the_order_of_their_publishing(place: LogPlace) -> None:
    publisher = place.publisher()
    publisher.publish_many([(place.topics[0], f"link{n % 7}", {"n": n}) for n in range(700)])
    publisher.publish_many([(place.topics[0], f"link{n % 7}", {"n": n}) for n in range(700, 1400)])
    found = read(place.source("g", claim=nothing_stored), until=count(1400))
    for link in range(7):
        assert [d.body["n"] for d in found if d.link == f"link{link}"] == list(range(link, 1400, 7))


def test_reading_begins_at_the_offsets_that_the_reader_keeps(place: LogPlace) -> None:
    place.publisher().publish_many([(place.topics[0], "orders", {"n": n}) for n in range(10)])
    (at,) = [p for p, end in place.end_offsets().items() if end]
    source = place.source("g", claim=lambda places: {at: 7} if at in places else {})
    found = read(source, until=count(3))
    assert [d.body["n"] for d in found] == [7, 8, 9]
    assert source.poll(0.1) == []


def test_after_a_seek_the_same_events_are_delivered_again(place: LogPlace) -> None:
    place.publisher().publish_many([(place.topics[0], "orders", {"n": n}) for n in range(5)])
    source = place.source("g", claim=nothing_stored)
    found = read(source, until=count(5))
    source.seek(found[2].topic, found[2].partition, found[2].offset)
    again = read(source, until=count(3))
    assert [d.body["n"] for d in again] == [2, 3, 4]


def test_a_reader_alone_claims_each_partition_once(place: LogPlace) -> None:
    everything = sorted((topic, p) for topic in place.topics for p in range(PARTITIONS))
    for group in ("g1", "g2", "g3"):  # a new broker's first group takes its time, whatever the reader does
        assert sorted(claimed_alone(place, group)) == everything


def claimed_alone(place: LogPlace, group: str) -> list[Place]:
    """What the only member of a group claims, until a while after it has its partitions."""
    claimed: list[Place] = []

    def claim(places: frozenset[Place]) -> Mapping[Place, int]:
        claimed.extend(places)
        return {}

    source = place.source(group, claim=claim)
    read(source, until=lambda _: source.assigned())
    for _ in range(5):
        source.poll(0.1)
    return claimed


def test_a_reader_that_never_waits_in_poll_gets_its_partitions_while_it_does_other_things(place: LogPlace) -> None:
    source = place.source("g", claim=nothing_stored)
    deadline = time.monotonic() + PATIENCE_S
    while len(source.assigned()) < 2 * PARTITIONS:
        assert time.monotonic() < deadline
        assert source.poll(0) == []
        place.end_offsets()


def test_all_events_of_a_link_come_to_one_member_whatever_their_topic(place: LogPlace) -> None:
    links = [f"link{n}" for n in range(20)]
    place.publisher().publish_many([(topic, link, {}) for topic in place.topics for link in links])
    members = [place.source("g", claim=nothing_stored) for _ in range(2)]
    by_member: dict[int, list[Delivery]] = {0: [], 1: []}
    deadline = time.monotonic() + PATIENCE_S
    while not all(len(m.assigned()) == PARTITIONS for m in members) or sum(map(len, by_member.values())) < 40:
        assert time.monotonic() < deadline
        for index, member in enumerate(members):
            held = member.assigned()
            came = member.poll(0.1)
            if member.assigned() != held:
                by_member[index].clear()  # as a reader does: what it has not committed is delivered anew
            by_member[index] += came
    seen = [{d.link for d in found} for found in by_member.values()]
    assert not seen[0] & seen[1]
    assert seen[0] | seen[1] == set(links)
    numbers = [{partition for _, partition in member.assigned()} for member in members]
    assert not numbers[0] & numbers[1]


def test_the_partitions_of_a_member_that_leaves_go_to_the_others_which_claim_them(place: LogPlace) -> None:
    claimed: list[Place] = []
    revoked: list[Place] = []

    def claim(places: frozenset[Place]) -> Mapping[Place, int]:
        claimed.extend(places)
        return {}

    stays = place.source("g", claim=claim, revoked=revoked.extend)
    leaves = place.source("g", claim=nothing_stored)
    read(stays, leaves, until=lambda _: len(stays.assigned()) == len(leaves.assigned()) == PARTITIONS)
    claimed.clear()
    held = set(stays.assigned())
    leaves.close()
    read(stays, until=lambda _: len(stays.assigned()) == 2 * PARTITIONS)
    assert set(claimed) == {(t, p) for t in place.topics for p in range(PARTITIONS)}
    assert held <= set(revoked)


def test_nothing_is_delivered_before_the_claim_and_a_failed_claim_is_tried_again(place: LogPlace) -> None:
    place.publisher().publish(place.topics[0], "orders", {"n": 1})
    tries: list[frozenset[Place]] = []

    def claim(places: frozenset[Place]) -> Mapping[Place, int]:
        tries.append(places)
        if len(tries) == 1:
            raise MysqlUnavailable("not now")
        return {}

    source = place.source("g", claim=claim)
    with pytest.raises(MysqlUnavailable):
        read(source, until=count(1))
    assert source.assigned() == frozenset()
    found = read(source, until=count(1))
    assert [d.body for d in found] == [{"n": 1}]


def test_stored_offsets_that_are_gone_are_told_and_reading_goes_on_with_what_is_there(place: LogPlace) -> None:
    place.publisher().publish_many([(place.topics[0], "orders", {"n": n}) for n in range(10)])
    (at,) = [p for p, end in place.end_offsets().items() if end]
    place.forget(at[0], {at[1]: 6})
    lost: list[Place] = []
    found = read(place.source("g", claim=lambda _: {at: 2}, lost=lost.extend), until=count(4))
    assert [d.body["n"] for d in found] == [6, 7, 8, 9]
    assert set(lost) == {at}  # again after each rebalance


def test_stored_offsets_past_the_end_are_told_too(place: LogPlace) -> None:
    place.publisher().publish_many([(place.topics[0], "orders", {"n": n}) for n in range(3)])
    (at,) = [p for p, end in place.end_offsets().items() if end]
    lost: list[Place] = []
    found = read(place.source("g", claim=lambda _: {at: 50}, lost=lost.extend), until=count(3))
    assert [d.body["n"] for d in found] == [0, 1, 2]
    assert set(lost) == {at}  # again after each rebalance


def test_events_that_vanish_unread_are_told(place: LogPlace) -> None:
    publisher = place.publisher()
    lost: list[Place] = []
    source = place.source("g", claim=nothing_stored, lost=lost.extend)
    publisher.publish(place.topics[0], "orders", {"n": 0})
    (first,) = read(source, until=count(1))
    at = (first.topic, first.partition)
    assert source.poll(0) == []  # from here on the broker answers with whatever comes, from 1 on
    publisher.publish_many([(place.topics[0], "orders", {"n": n}) for n in range(1, 8)])
    place.forget(at[0], {at[1]: 5})
    source.seek(*at, 2)  # so that an answer from before they vanished is not taken
    found = read(source, until=lambda seen: seen and seen[-1].body["n"] == 7)
    assert [d.body["n"] for d in found] == [5, 6, 7]
    assert set(lost) == {at}  # again after each rebalance


def test_a_closed_publisher_refuses(place: LogPlace) -> None:
    publisher = place.publisher()
    publisher.publish(place.topics[0], "orders", {})
    publisher.close()
    with pytest.raises(KafkaUnavailable):
        publisher.publish(place.topics[0], "orders", {})
