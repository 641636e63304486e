"""The change feed as a process: ``python -m producers.binlog``. MySQL's binlog to Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from prometheus_client import Gauge

from adapters.binlog_lease import BinlogLease
from adapters.binlog_server import BinlogServer
from adapters.kafka_log import KafkaPublisher, ensure_topics, kafka_of
from adapters.mysql_accounts import Accounts
from adapters.mysql_binlog import BinlogReader, Watch
from adapters.mysql_cascades import parents_of, silent_cascades
from adapters.mysql_connection import ThreadSessions, parse_url
from adapters.mysql_migrations import DEFAULT_SCHEMA, migrate
from adapters.mysql_months import HistoryMonths
from app.history_keeping import HistoryKeeper
from app.metrics import TABLE_TO_SHEET_S
from app.parts import links_for
from app.service import Service, run_service
from core.table_times import TableTimes
from producers.binlog_feed import BinlogFeed
from producers.binlog_messages import Messages

BEHIND_S = Gauge("twinsheet_binlog_behind_seconds", "Age of the change that the change feed reads; 0 when it rests")


def build(service: Service) -> Callable[[], None]:
    """Connect to Kafka and MySQL, check that the binlog tells everything, and be the reader or stand by."""
    settings = service.settings
    address = parse_url(settings.mysql_url.get_secret_value())
    migrate(address)
    service.closing(HistoryKeeper(HistoryMonths(address), settings.history_kept_months).start())
    session = service.closing(ThreadSessions(address))
    server = BinlogServer(session)
    server.check()
    ensure_topics(kafka_of(settings), settings.kafka_partitions)
    publisher = service.closing(KafkaPublisher(kafka_of(settings), ack_timeout_s=settings.kafka_ack_timeout_s))
    publisher.connect()
    watch = Watch(folds_names=server.folds_names)
    outbox, own = (DEFAULT_SCHEMA, "outbox"), (DEFAULT_SCHEMA, "binlog_position")
    open_reader = partial(
        BinlogReader, address, watch=watch, own=own, is_mariadb=server.is_mariadb, stop=service.stop
    )
    return BinlogFeed(
        server=server,
        open_reader=open_reader,
        watch=watch,
        lease=service.closing(BinlogLease(address)),
        publisher=publisher,
        links=links_for(settings.links, session),
        messages=Messages(outbox=outbox, times=TableTimes(), fold=watch.fold, user_of=Accounts(session).user_of),
        stop=service.stop,
        cascades=partial(silent_cascades, session),
        parents=partial(parents_of, session),
        beat=service.beat,
        stand_by=service.stand_by,
        published=observe,
        reading=tell_lag,
    ).run


def observe(at: datetime, _exact: bool) -> None:
    """Measure from commit to acknowledgement by Kafka."""
    TABLE_TO_SHEET_S.labels("committed_to_published").observe(max(0.0, time.time() - at.timestamp()))


def tell_lag(at: datetime | None) -> None:
    """Show how old the change is that is being read."""
    BEHIND_S.set(max(0.0, time.time() - at.timestamp()) if at else 0.0)


if __name__ == "__main__":
    run_service("binlog", build)
