"""Process sheet_scanner: the tabs themselves → Kafka ``sheet.observed``."""

from __future__ import annotations

from collections.abc import Callable

from adapters.clock import SystemClock
from adapters.kafka_log import KafkaPublisher, kafka_of
from adapters.mysql_migrations import DEFAULT_SCHEMA
from adapters.sheets_tab import GoogleSheet
from app.parts import quota_gate
from app.resting import Resting
from app.service import Service, run_service
from app.service_parts import links_of, process_name, service_client, session_of, source_of, store_of
from config.settings import SERVICE_NEEDS
from core.events import SHEET_OBSERVED
from producers.agreement_check import AgreementCheck
from producers.scan_judging import GROUP
from producers.scan_work import ScanWork

POLL_S = 0.5


def build(service: Service) -> Callable[[], None]:
    """Connect and check; the answer runs until the service is asked to stop."""
    settings = service.settings
    store, links, owner = store_of(service), links_of(service), process_name(GROUP)
    gate = quota_gate(settings)
    client = service.closing(service_client(settings, gate))
    publisher = service.closing(KafkaPublisher(kafka_of(settings)))
    source = source_of(
        service, store, GROUP, [SHEET_OBSERVED], owner, lost=lambda _places: work.look_at_all(), unhurried=True
    )
    clock, resting = SystemClock(), Resting(settings, session_of(service, DEFAULT_SCHEMA))
    work = ScanWork(
        store=store,
        sheet=GoogleSheet(client),
        gate=gate,
        publisher=publisher,
        source=source,
        check=AgreementCheck(store, resting, clock),
        links=links.current,
        is_ours=lambda name: source.owns(SHEET_OBSERVED, name),
        owner=owner,
        interval_s=settings.scan_interval_s,
        delay_s=settings.scan_delay_s,
        clock=clock,
        table_columns=links.table_columns,
    )

    def run() -> None:
        while not service.stop.is_set():
            work.step(POLL_S)
            service.beat(work.trouble)

    return run


if __name__ == "__main__":
    run_service(GROUP, build, needs=(*SERVICE_NEEDS, "sheets"))
