"""The webhook as a process: ``python -m app.webhook``."""

from __future__ import annotations

from collections.abc import Callable

from adapters.kafka_log import TOPICS, KafkaPublisher, ensure_topics, kafka_of
from adapters.mysql_seen import WebhookSeen
from app.service import Service, run_service, serve_http
from app.webhook.app import make_webhook_server
from app.webhook.receiver import Receiver, SeenHereFirst
from config.links import LinkEntries


def build(service: Service) -> Callable[[], None]:
    """Connect to Kafka and MySQL, then listen."""
    settings = service.settings
    ensure_topics(kafka_of(settings), settings.kafka_partitions, topics=TOPICS)
    publisher = service.closing(KafkaPublisher(kafka_of(settings), ack_timeout_s=settings.kafka_ack_timeout_s))
    publisher.connect()
    seen = service.closing(WebhookSeen(settings.mysql_url.get_secret_value()))
    receiver = Receiver(LinkEntries(settings.links), settings.master_secrets, SeenHereFirst(seen), publisher)
    return serve_http(service, make_webhook_server(receiver, settings), lambda: receiver.trouble)


if __name__ == "__main__":
    run_service("webhook", build, needs=("mysql_url", "kafka", "webhook_secret"))
