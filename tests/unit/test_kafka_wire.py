"""Why Kafka could not be reached, out of what its library only logs."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from kafka.errors import KafkaConnectionError, KafkaTimeoutError, RequestTimedOutError, SaslAuthenticationFailedError

from adapters.kafka_address import KafkaAddress
from adapters.kafka_wire import connecting
from core.errors import KafkaUnavailable

ADDRESS = KafkaAddress(("k:9092",), (("sasl_mechanism", "PLAIN"), ("sasl_plain_password", "hunter22")))
tries = logging.getLogger("kafka.net.manager")


def told(*logged: Exception, address: KafkaAddress = ADDRESS) -> str:
    with pytest.raises(KafkaUnavailable) as caught, connecting(address, "does not answer"):
        for error in logged:
            tries.error("Connection failed: %s", error)
        raise KafkaTimeoutError("Unable to bootstrap")
    assert not tries.handlers
    return str(caught.value)


def test_the_last_try_that_says_why_is_told_and_not_that_the_time_was_over() -> None:
    refused = SaslAuthenticationFailedError("invalid credentials")
    said = told(KafkaConnectionError("socket disconnected"), refused, RequestTimedOutError("233 ms"))
    assert "invalid credentials" in said
    assert "TWINSHEET_KAFKA_PASSWORD" in said
    assert "hunter22" not in said


def test_a_broker_that_hangs_up_points_to_what_it_may_not_have_accepted() -> None:
    hung_up = KafkaConnectionError("socket disconnected")
    assert "TWINSHEET_KAFKA_PASSWORD" in told(hung_up)
    said = told(hung_up, address=KafkaAddress(("k:9092",)))
    assert "TWINSHEET_KAFKA_SECURITY" in said
    assert "PASSWORD" not in said


def test_where_nothing_says_why_that_the_time_is_over_has_to_do() -> None:
    assert "Unable to bootstrap" in told(RequestTimedOutError("1 ms"))
    assert "Unable to bootstrap" in told()


@pytest.fixture
def hardly_logged() -> Iterator[None]:
    library = logging.getLogger("kafka")
    before = library.level
    library.setLevel(logging.ERROR)
    yield
    library.setLevel(before)


@pytest.mark.usefixtures("hardly_logged")
def test_why_is_heard_however_little_is_logged() -> None:
    with pytest.raises(KafkaUnavailable, match="TWINSHEET_KAFKA_PASSWORD"), connecting(ADDRESS, "does not answer"):
        tries.warning("Bootstrap connection failed: %s", KafkaConnectionError("socket disconnected"))
        raise KafkaTimeoutError("Unable to bootstrap")
