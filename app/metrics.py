"""What is measured, by the names that the console's /metrics shows."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from core.errors import (
    KafkaUnavailable,
    MysqlRefused,
    MysqlUnavailable,
    QuotaExhausted,
    SheetsRefused,
    SheetsUnavailable,
)

_MS = (1, 2.5, 5, 7.5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 250, 500)
_BUCKETS_S = (*(ms / 1000 for ms in _MS), 1, 2.5, 5, 10, 30, 60, 300)

SHEET_TO_TABLE_S = Histogram(
    "twinsheet_sheet_to_table_seconds",
    "From an edit in the sheet to its commit in the table, by stage: edited_to_received, received_to_published,"
    " received_to_committed",
    ["stage"],
    buckets=_BUCKETS_S,
)
TABLE_TO_SHEET_S = Histogram(
    "twinsheet_table_to_sheet_seconds",
    "From a commit in the table to its write in the sheet, by stage: committed_to_published, committed_to_request,"
    " request",
    ["stage"],
    buckets=_BUCKETS_S,
)
WEBHOOK_REQUESTS = Counter("twinsheet_webhook_requests", "Requests to the webhook, by status", ["status"])
LAG_EVENTS = Gauge("twinsheet_lag_events", "Messages in Kafka that are not consumed yet", ["topic", "group"])
QUOTA_TOKENS = Gauge("twinsheet_quota_tokens", "Calls to Google that may be made now, by read and write", ["kind"])
CONFLICTS = Gauge("twinsheet_conflicts", "Conflicts that wait for a person", ["link"])
REJECTIONS = Gauge("twinsheet_rejections", "Sheet values that the table cannot hold and nobody mended", ["link"])
HOLDS = Gauge("twinsheet_holds", "1 while a guard holds the link", ["link"])
DIFFERING = Gauge("twinsheet_differing_cells", "Cells that differ although no event explains it", ["link"])
IDENTICAL_AS_OF_S = Gauge(
    "twinsheet_identical_as_of_timestamp_seconds",
    "Unix time as of which every cell of tab and table was last known equal",
    ["link"],
)

FAILURES = Counter(
    "twinsheet_failures",
    "Calls that an outside system did not answer or refused, by system: kafka, mysql, google, quota (Google's 429)",
    ["system"],
)
_SYSTEMS: tuple[tuple[type[Exception], str], ...] = (
    (KafkaUnavailable, "kafka"),
    (MysqlUnavailable, "mysql"),
    (MysqlRefused, "mysql"),
    (QuotaExhausted, "quota"),
    (SheetsUnavailable, "google"),
    (SheetsRefused, "google"),
)
for _kind, _system in _SYSTEMS:
    FAILURES.labels(_system)  # shown as 0 from the start, so that the first failure is seen as one


def count_failure(error: BaseException) -> None:
    """Count what an outside system refused or did not answer; nothing else is counted."""
    system = next((name for kind, name in _SYSTEMS if isinstance(error, kind)), None)
    if system is not None:
        FAILURES.labels(system).inc()
