"""Process sheet_writer: Kafka ``table.changed`` → Sheets API. Start as many as there are partitions."""

from __future__ import annotations

from collections.abc import Callable

from adapters.clock import SystemClock
from adapters.kafka_log import Place
from adapters.meanwhile import CallThread
from adapters.sheets_marks import GoogleMarks
from adapters.sheets_prepare import row_ids
from adapters.sheets_tab import GoogleSheet
from app.parts import quota_gate
from app.service import Service, run_service
from app.service_parts import links_of, process_name, service_client, source_of, store_of
from config.settings import SERVICE_NEEDS
from consumers.sheet_link import Tools
from consumers.sheet_work import GROUP, SheetWork
from core.events import SHEET_OBSERVED, TABLE_CHANGED

POLL_S = 0.5


def build(service: Service) -> Callable[[], None]:
    """Connect and check; the answer runs until the service is asked to stop."""
    store, links, owner = store_of(service), links_of(service), process_name(GROUP)
    gate = quota_gate(service.settings)
    client = service.closing(service_client(service.settings, gate))
    tools = Tools(
        store, GoogleSheet(client), GoogleMarks(client), gate, row_ids().__next__, SystemClock(), CallThread()
    )
    fresh: list[frozenset[Place]] = []
    source = source_of(
        service,
        store,
        GROUP,
        [TABLE_CHANGED, SHEET_OBSERVED],
        owner,
        claimed=fresh.append,
        released=lambda places: work.released(places),  # noqa: PLW0108 -- work needs the source first
        lost=fresh.append,
    )
    work = SheetWork(source, tools, links.get, owner, links.refresh)

    def run() -> None:
        version = -1
        while not service.stop.is_set():
            work.step(POLL_S)
            ours = [link.name for link in links.current() if source.owns(TABLE_CHANGED, link.name)]
            if fresh:  # what happened to these links while nobody was theirs is found by comparing
                fresh.clear()
                work.compare(ours)
            elif links.version != version:
                work.follow_links(ours)
            version = links.version
            unfit = links.unresolved
            work.set_aside({name: why for name, why in unfit.items() if source.owns(TABLE_CHANGED, name)})
            service.doing(work.progress)
            service.beat(work.trouble)

    return run


if __name__ == "__main__":
    run_service(GROUP, build, needs=(*SERVICE_NEEDS, "sheets"))
