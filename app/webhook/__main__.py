"""The webhook as a process: ``python -m app.webhook``."""

from __future__ import annotations

from collections.abc import Callable

from adapters.kafka_log import TOPICS, KafkaPublisher, ensure_topics, kafka_of
from adapters.mysql_connection import ThreadSessions, parse_url
from adapters.mysql_migrations import DEFAULT_SCHEMA
from adapters.mysql_seen import WebhookSeen
from app.in_sheet import InSheet
from app.service import Service, run_service, serve_http
from app.status import ANSWER_WITHIN_S
from app.webhook.app import make_webhook_server
from app.webhook.asks import Asks
from app.webhook.gate import Gate
from app.webhook.receiver import Receiver, SeenHereFirst
from config.links import LinkEntries


def build(service: Service) -> Callable[[], None]:
    """Connect to Kafka and MySQL, then listen."""
    settings = service.settings
    ensure_topics(kafka_of(settings), settings.kafka_partitions, topics=TOPICS)
    publisher = service.closing(KafkaPublisher(kafka_of(settings), ack_timeout_s=settings.kafka_ack_timeout_s))
    publisher.connect()
    mysql_url = settings.mysql_url.get_secret_value()
    seen = SeenHereFirst(service.closing(WebhookSeen(mysql_url)))
    sessions = service.closing(
        ThreadSessions(parse_url(mysql_url), schema=DEFAULT_SCHEMA, read_timeout_s=ANSWER_WITHIN_S)
    )
    gate = Gate(LinkEntries(settings.links), settings.master_secrets)
    receiver = Receiver(gate, seen, publisher)
    asks = Asks(gate, seen, InSheet(settings, sessions))
    return serve_http(service, make_webhook_server(gate, receiver, asks, settings), lambda: receiver.trouble)


if __name__ == "__main__":
    run_service("webhook", build, needs=("mysql_url", "kafka", "webhook_secret"))
