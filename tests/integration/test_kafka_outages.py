"""Kafka that is away, comes back, is half set up or slow to forget: what publisher, source and topics do then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from uuid import uuid4

import pytest
from kafka.admin import KafkaAdminClient

from adapters.kafka_log import KafkaPublisher, KafkaSource, end_offsets, ensure_topics, lag
from core.errors import KafkaUnavailable, SettingsError, Stalled
from core.ports import Delivery
from sandbox.stack.servers import KafkaServer, free_port

PATIENCE_S = 30.0


@pytest.fixture
def topic(kafka_server: KafkaServer) -> str:
    name = f"topic.{uuid4().hex[:8]}"
    ensure_topics(kafka_server.bootstrap, 2, topics=[name])
    return name


@contextmanager
def reading(bootstrap: str, topic: str, **more: object) -> Iterator[KafkaSource]:
    arguments: dict[str, object] = {"claim": lambda _places: {}, **more}
    with ExitStack() as stack:
        source = KafkaSource(bootstrap, f"group.{topic}", [topic], **arguments)  # type: ignore[arg-type]  # by name
        stack.callback(source.close)
        yield source


def until(what: Callable[[], object], why: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, why


def collect(source: KafkaSource, found: list[Delivery], count: int = 1) -> Callable[[], bool]:
    """Polls once a call, and tells whether enough has come."""

    def poll() -> bool:
        found.extend(source.poll(0.2))
        return len(found) >= count

    return poll


def add_partitions(bootstrap: str, topic: str, count: int, known_to: KafkaSource) -> None:
    """Till a member knows of them: by itself it would ask within ten seconds."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.create_partitions({topic: count})
    consumer = known_to._consumer
    until(lambda: consumer.topics() and len(consumer.partitions_for_topic(topic)) == count, "the new partitions")


def published_by_many(publisher: KafkaPublisher) -> list[BaseException | None]:
    """What eight threads that publish at once end with."""

    def publish(number: int) -> BaseException | None:
        time.sleep(number * 0.1)  # so that some are on their way when the first fails
        try:
            publisher.publish("t", f"link{number}", {})
        except BaseException as error:  # noqa: BLE001  (handed to the test)
            return error
        return None

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(publish, range(8)))


def within(timeout_s: float, call: Callable[[], object]) -> None:
    """The call raises KafkaUnavailable, and does not hang: the bound is several times what is promised."""
    began = time.monotonic()
    with pytest.raises(KafkaUnavailable, match="TWINSHEET_KAFKA"):
        call()
    assert time.monotonic() - began < timeout_s


def test_a_kafka_that_is_not_there_is_told_in_bounded_time_by_everyone() -> None:
    nobody = f"127.0.0.1:{free_port()}"
    within(20, KafkaPublisher(nobody, ack_timeout_s=1).connect)
    within(20, lambda: KafkaPublisher(nobody, ack_timeout_s=1).publish("t", "orders", {}))
    within(30, lambda: KafkaSource(nobody, "g", ["t"], claim=lambda _places: {}))
    within(20, lambda: ensure_topics(nobody, 1, timeout_s=1))
    within(20, lambda: end_offsets(nobody, ["t"], timeout_s=1))


def test_a_consumer_that_stops_fetching_while_messages_wait_is_given_up_and_a_quiet_one_is_not(
    kafka_server: KafkaServer, topic: str
) -> None:
    now = [0.0]
    publisher = KafkaPublisher(kafka_server.bootstrap)
    with reading(kafka_server.bootstrap, topic, clock=lambda: now[0]) as source:
        publisher.publish(topic, "orders", {"n": 1})
        until(collect(source, []), "the first message")
        for _ in range(10):
            now[0] += 6
            assert source.poll(0) == []  # nothing waits: no harm in silence
        source._consumer.pause(*source._consumer.assignment())
        publisher.publish(topic, "orders", {"n": 2})
        for _ in range(2):
            now[0] += 6
            assert source.poll(0) == []
        now[0] += 6
        with pytest.raises(Stalled, match="delivers none"):
            source.poll(0)
    publisher.close()
    with reading(kafka_server.bootstrap, topic) as source:
        found: list[Delivery] = []
        until(collect(source, found, 2), "everything, from a new source")


def test_a_topic_that_is_made_anew_is_noticed_told_and_read_from_its_beginning(
    kafka_server: KafkaServer, topic: str
) -> None:
    now = [0.0]
    lost: list[tuple[str, int]] = []
    publisher = KafkaPublisher(kafka_server.bootstrap)
    with reading(kafka_server.bootstrap, topic, lost=lost.extend, clock=lambda: now[0]) as source:
        publisher.publish_many([(topic, "orders", {"n": n}) for n in range(5)])
        until(collect(source, [], 5), "the messages")
        before, (place,) = source.topic_ids(), [p for p in source.assigned() if source._next[p]]
        make_anew(kafka_server.bootstrap, topic)
        fresh = KafkaPublisher(kafka_server.bootstrap)
        fresh.publish_many([(topic, "orders", {"n": n}) for n in range(10, 17)])  # more than were read
        found: list[Delivery] = []

        def told() -> bool:
            now[0] += 1
            source._consumer.topics()  # by itself it would look within ten seconds
            with suppress(KafkaUnavailable):
                found.extend(source.poll(0.1))
            return bool(lost) and {d.body["n"] for d in found} == set(range(10, 17))

        until(told, "the loss told, and all that the new topic holds")
        assert place in lost
        assert source.topic_ids() != before
    fresh.close()
    publisher.close()


def make_anew(bootstrap: str, topic: str) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.delete_topics([topic])
        until(lambda: topic not in admin.list_topics(), "the topic gone")
    ensure_topics(bootstrap, 2, topics=[topic])


def test_members_that_poll_in_turn_share_out_partitions_that_are_added(kafka_server: KafkaServer, topic: str) -> None:
    with reading(kafka_server.bootstrap, topic) as leader, reading(kafka_server.bootstrap, topic) as other:
        until(lambda: leader.poll(0.1) or len(leader.assigned()) == 2, "both partitions")
        until(lambda: leader.poll(0.1) or other.poll(0.1) or len(other.assigned()) == 1, "one partition each")
        add_partitions(kafka_server.bootstrap, topic, 4, leader)
        until(lambda: leader.poll(0.1) or not leader.assigned(), "the leader to give up what it had")
        until(
            lambda: other.poll(0.1) or len(other.assigned()) == 2, "half of them, while the leader does other things"
        )
        until(lambda: leader.poll(0.1) or len(leader.assigned()) == 2, "the other half")
        assert not leader.assigned() & other.assigned()


def test_while_the_group_shares_out_partitions_anew_nobody_claims_what_they_had(
    kafka_server: KafkaServer, topic: str
) -> None:
    now = [0.0]
    claimed: list[tuple[str, int]] = []

    def claim(places: frozenset[tuple[str, int]]) -> dict[tuple[str, int], int]:
        claimed.extend(places)
        return {}

    with (
        reading(kafka_server.bootstrap, topic, claim=claim, clock=lambda: now[0]) as leader,
        reading(kafka_server.bootstrap, topic) as other,
    ):
        until(lambda: leader.poll(0.1) or len(leader.assigned()) == 2, "both partitions")
        until(
            lambda: leader.poll(0.1) or other.poll(0.1) or len(leader.assigned()) == len(other.assigned()) == 1,
            "one partition each, the leader's claimed anew",
        )
        claimed.clear()
        add_partitions(kafka_server.bootstrap, topic, 4, leader)
        until(lambda: leader.poll(0.1) or not leader.assigned(), "the leader to give up what it had")
        now[0] += 300  # as long as the broker waits for the other
        assert leader.poll(0.1) == []
        assert claimed == []
        now[0] += 100
        with pytest.raises(Stalled, match="shared out"):
            leader.poll(0.1)
        until(lambda: leader.poll(0.1) or other.poll(0.1) or len(leader.assigned()) == 2, "two partitions each")
        assert set(claimed) == leader.assigned()


def test_a_member_that_has_left_does_not_join_anew(kafka_server: KafkaServer, topic: str) -> None:
    with reading(kafka_server.bootstrap, topic) as leaver:
        until(lambda: leaver.poll(0.1) or len(leaver.assigned()) == 2, "both partitions")
        leaver.close()
        assert not leaver._consumer._coordinator.need_rejoin()


def test_while_kafka_is_away_publishing_and_polling_fail_and_when_it_is_back_both_go_on(
    new_kafka: Callable[[], KafkaServer],
) -> None:
    server = new_kafka()
    server.start()
    ensure_topics(server.bootstrap, 1, topics=["t"])
    publisher = KafkaPublisher(server.bootstrap, ack_timeout_s=2)
    publisher.publish("t", "orders", {"n": 1})
    with reading(server.bootstrap, "t") as source:
        found: list[Delivery] = []
        until(collect(source, found), "the first message")

        server.kill()
        within(20, lambda: publisher.publish("t", "orders", {"n": 2}))
        assert [type(error) for error in published_by_many(publisher)] == [KafkaUnavailable] * 8
        failed: list[KafkaUnavailable] = []

        def poll() -> list[KafkaUnavailable]:
            try:
                source.poll(0.2)
            except KafkaUnavailable as error:
                failed.append(error)
            return failed

        until(poll, "the source to notice")

        server.start()

        def published() -> bool:
            try:
                publisher.publish("t", "orders", {"n": 3})
            except KafkaUnavailable:
                return False
            return True

        until(published, "the publisher to go on")

        def third() -> bool:
            try:
                found.extend(source.poll(0.2))
            except KafkaUnavailable:
                return False
            return any(d.body == {"n": 3} for d in found)

        until(third, "the source to go on")
    publisher.close()


def test_a_restarted_member_of_the_same_name_has_its_partitions_back_at_once(
    kafka_server: KafkaServer, topic: str
) -> None:
    long_session: dict[str, object] = {"member": "table_writer.1", "session_timeout_s": 300.0}
    with reading(kafka_server.bootstrap, topic, **long_session) as killed:
        until(lambda: killed.poll(0.1) or len(killed.assigned()) == 2, "the first member's partitions")
        with reading(kafka_server.bootstrap, topic, **long_session) as restarted:
            until(lambda: restarted.poll(0.1) or len(restarted.assigned()) == 2, "the partitions, without a timeout")


def test_a_message_as_large_as_the_webhook_takes_goes_through(kafka_server: KafkaServer, topic: str) -> None:
    publisher = KafkaPublisher(kafka_server.bootstrap)
    publisher.publish(topic, "orders", {"text": "x" * 1_500_000})
    with reading(kafka_server.bootstrap, topic) as source:
        found: list[Delivery] = []
        until(collect(source, found), "the message")
    publisher.close()
    assert len(found[0].body["text"]) == 1_500_000


def test_a_message_that_is_no_json_is_delivered_as_unreadable_and_stops_nobody(
    kafka_server: KafkaServer, topic: str
) -> None:
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=kafka_server.bootstrap)
    producer.send(topic, b"\xff{", key=b"orders")
    producer.send(topic, b'{"n": 1}', key=b"orders")
    producer.flush()
    producer.close()
    with reading(kafka_server.bootstrap, topic) as source:
        found: list[Delivery] = []
        until(collect(source, found, 2), "both messages")
    assert [d.body.get("kind") for d in found] == ["unreadable", None]


def test_many_processes_may_make_the_topics_at_once_and_again(kafka_server: KafkaServer) -> None:
    names = [f"a.{uuid4().hex[:8]}", f"b.{uuid4().hex[:8]}"]
    failures: list[BaseException] = []

    def make() -> None:
        try:
            ensure_topics(kafka_server.bootstrap, 3, topics=names)
        except BaseException as error:  # noqa: BLE001  (handed to the test)
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ensure_topics(kafka_server.bootstrap, 3, topics=names)
    assert failures == []
    assert set(end_offsets(kafka_server.bootstrap, names)) == {(name, p) for name in names for p in range(3)}


def test_topics_with_different_numbers_of_partitions_are_refused(kafka_server: KafkaServer, topic: str) -> None:
    other = f"other.{uuid4().hex[:8]}"
    with pytest.raises(SettingsError, match="different numbers of partitions"):
        ensure_topics(kafka_server.bootstrap, 5, topics=[topic, other])


def test_lag_counts_what_nobody_has_consumed(kafka_server: KafkaServer, topic: str) -> None:
    publisher = KafkaPublisher(kafka_server.bootstrap)
    publisher.publish_many([(topic, "orders", {}) for _ in range(5)])
    publisher.close()
    ends = end_offsets(kafka_server.bootstrap, [topic])
    (at,) = [place for place, end in ends.items() if end]
    assert lag(ends, {}) == 5
    assert lag(ends, {at: 3}) == 2
    assert lag(ends, {at: 5, ("gone", 0): 9}) == 0
