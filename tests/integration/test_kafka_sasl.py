"""SASL and TLS to Kafka: with the right words we get in, and wrong ones are told by the name of their setting."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from certificates import Authority
from secured_servers import SaslKafka

from adapters.kafka_lag import oldest_waiting
from adapters.kafka_log import KafkaPublisher, KafkaSource, end_offsets, ensure_topics, kafka_of
from config.settings import load_settings
from core.errors import KafkaUnavailable

TOPIC = "sheet.observed"
ANSWERS_WITHIN_S = 30.0


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SaslKafka]:
    folder = tmp_path_factory.mktemp("sasl")
    server = SaslKafka(folder / "kafka", Authority(folder / "ours"), "ann", "pass-of-ann")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(kafka: SaslKafka, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The right settings, to be changed by the test."""
    right = {
        "KAFKA": kafka.secure,
        "KAFKA_SECURITY": "sasl_ssl",
        "KAFKA_USER": "ann",
        "KAFKA_PASSWORD": "pass-of-ann",
        "KAFKA_SSL_CA": str(kafka.authority.ca),
    }
    for name, value in right.items():
        monkeypatch.setenv(f"TWINSHEET_{name}", value)
    return monkeypatch


def everything_goes_through(group: str) -> None:
    """Make a topic, publish, look from outside, and consume in a group."""
    address = kafka_of(load_settings(("kafka",), env_file=None))
    ensure_topics(address, 1, topics=[TOPIC])
    with closing(KafkaPublisher(address)) as publisher:
        publisher.publish(TOPIC, "orders", {"kind": "rescan"})
    ends = end_offsets(address, [TOPIC])
    assert "orders" in oldest_waiting(address, ends, {})
    with closing(KafkaSource(address, group, [TOPIC], claim=lambda _places: {})) as source:
        deadline = time.monotonic() + ANSWERS_WITHIN_S
        while not source.poll(0.5):
            assert time.monotonic() < deadline, "nothing was delivered"


def test_the_right_password_publishes_and_consumes_over_tls(settings: pytest.MonkeyPatch) -> None:
    everything_goes_through("scram")
    settings.setenv("TWINSHEET_KAFKA_SASL_MECHANISM", "PLAIN")
    everything_goes_through("plain")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("KAFKA_PASSWORD", "not-the-password", "TWINSHEET_KAFKA_PASSWORD"),
        ("KAFKA_USER", "bob", "TWINSHEET_KAFKA_USER"),
        ("KAFKA_SASL_MECHANISM", "scram-sha-256", "TWINSHEET_KAFKA_SASL_MECHANISM"),
        ("KAFKA_SECURITY", "sasl_plaintext", "TWINSHEET_KAFKA_SECURITY"),
    ],
)
def test_what_is_wrong_is_told_by_the_name_of_its_setting(
    settings: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    settings.setenv(f"TWINSHEET_{name}", value)
    if value == "sasl_plaintext":
        settings.delenv("TWINSHEET_KAFKA_SSL_CA")
    address = kafka_of(load_settings(("kafka",), env_file=None))
    with pytest.raises(KafkaUnavailable, match=told):
        end_offsets(address, [TOPIC], timeout_s=2)


def test_a_wrong_password_is_told_alike_by_all_that_connect(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("TWINSHEET_KAFKA_PASSWORD", "not-the-password")
    address = kafka_of(load_settings(("kafka",), env_file=None))
    ways = (
        lambda: KafkaPublisher(address, ack_timeout_s=2).connect(),
        lambda: oldest_waiting(address, {(TOPIC, 0): 1}, {}),
        lambda: KafkaSource(address, "refused", [TOPIC], claim=lambda _places: {}),
    )
    for way in ways:
        with pytest.raises(KafkaUnavailable, match="TWINSHEET_KAFKA_PASSWORD") as refused:
            way()
        assert "not-the-password" not in str(refused.value)


def test_a_broker_whose_certificate_somebody_else_signed_is_not_trusted(
    settings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.setenv("TWINSHEET_KAFKA_SSL_CA", str(Authority(tmp_path / "others").ca))
    address = kafka_of(load_settings(("kafka",), env_file=None))
    with pytest.raises(KafkaUnavailable, match="TWINSHEET_KAFKA_SSL_CA"):
        end_offsets(address, [TOPIC], timeout_s=2)
