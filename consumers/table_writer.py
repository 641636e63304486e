"""Process table_writer: Kafka ``sheet.observed`` → MySQL. Start as many as there are partitions."""

from __future__ import annotations

from collections.abc import Callable

from adapters.clock import SystemClock
from app.service import Service, run_service
from app.service_parts import links_of, process_name, source_of, store_of
from config.rules import load_user_rule
from consumers.table_work import GROUP, TableWork
from core.events import SHEET_OBSERVED
from core.rules import Rules

POLL_S = 0.5


def build(service: Service) -> Callable[[], None]:
    """Connect and check; the answer runs until the service is asked to stop."""
    store, links, owner = store_of(service), links_of(service, tries_rules=True), process_name(GROUP)
    source = source_of(service, store, GROUP, [SHEET_OBSERVED], owner)
    rules = Rules(load_user_rule)
    work = TableWork(
        store,
        source,
        links.get,
        rules.compute,
        owner=owner,
        clock=SystemClock(),
        describe_anew=links.refresh,
    )

    def run() -> None:
        while not service.stop.is_set():
            work.step(POLL_S)
            service.beat()

    return run


if __name__ == "__main__":
    run_service(GROUP, build)
