"""Ports that the stack chooses by itself keep clear of those that were chosen for it."""

import pytest

from sandbox.stack import servers
from sandbox.stack.services import controller_port


@pytest.mark.parametrize("kafka_port", [9192, 21192, 29192])
def test_the_controller_never_takes_a_port_that_the_stack_is_about_to_use(
    kafka_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "port_is_free", lambda _port: True)
    first = 20_000 + kafka_port % 10_000
    assert controller_port(kafka_port, {kafka_port, first}) not in {kafka_port, first}
