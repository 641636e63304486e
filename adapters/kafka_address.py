"""Where Kafka is and how to get in: the one place that builds what every client of ours connects with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from config.settings import Settings


@dataclass(frozen=True, slots=True)
class KafkaAddress:
    """Bootstrap servers, and what they want to see; the password shows in no text form.

    Args:
        servers: each ``host:port``.
        security: arguments of kafka-python's clients for TLS and SASL.
    """

    servers: tuple[str, ...]
    security: tuple[tuple[str, str | bool], ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return ", ".join(self.servers)

    @property
    def signs_in(self) -> bool:
        """Whether a user and password are shown."""
        return "sasl_mechanism" in dict(self.security)

    @property
    def arguments(self) -> dict[str, Any]:
        """What a producer, a consumer or an admin client takes to connect."""
        return {"bootstrap_servers": list(self.servers), **dict(self.security)}


Bootstrap = str | Sequence[str] | KafkaAddress
"""Where Kafka is; a Kafka without TLS and SASL by its servers alone, comma-separated or a list."""


def kafka_address(bootstrap: Bootstrap) -> KafkaAddress:
    """The address, however it was given."""
    if isinstance(bootstrap, KafkaAddress):
        return bootstrap
    parts = bootstrap.split(",") if isinstance(bootstrap, str) else bootstrap
    return KafkaAddress(tuple(part.strip() for part in parts if part.strip()))


def kafka_of(settings: Settings) -> KafkaAddress:
    """The address that the settings name."""
    found: dict[str, str | bool] = {}
    if settings.kafka_security != "plaintext":
        found["security_protocol"] = settings.kafka_security.upper()
    if settings.kafka_security.startswith("sasl"):
        found["sasl_mechanism"] = settings.kafka_sasl_mechanism.upper()
        found["sasl_plain_username"] = settings.kafka_user
        found["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    files = {
        "ssl_cafile": settings.kafka_ssl_ca,
        "ssl_certfile": settings.kafka_ssl_cert,
        "ssl_keyfile": settings.kafka_ssl_key,
    }
    found |= {name: str(path) for name, path in files.items() if path is not None}
    return KafkaAddress(tuple(settings.kafka_servers), tuple(found.items()))
