"""What is measured, by the names that the console's /metrics shows."""

from __future__ import annotations

import time

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
WAITING = Gauge(
    "twinsheet_waiting", "1 while the process waits for another; twinsheet status and its log say for what"
)
COMPARING_ROWS = Gauge(
    "twinsheet_comparing_rows", "Rows of a link compared whole that are still to be looked at", ["link"]
)
WEBHOOK_REQUESTS = Counter("twinsheet_webhook_requests", "Requests to the webhook, by status", ["status"])
LAG_EVENTS = Gauge("twinsheet_lag_events", "Messages in Kafka that are not consumed yet", ["topic", "group"])
QUOTA_TOKENS = Gauge(
    "twinsheet_quota_tokens",
    "Calls to Google that a user has left in this minute, by read and write",
    ["user", "kind"],
)
QUOTA_WAIT_S = Histogram(
    "twinsheet_quota_wait_seconds",
    "How long a link's call to Google waited for its token",
    ["kind", "link"],
    buckets=(0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
QUOTA_REFUSALS = Counter("twinsheet_quota_refusals", "Calls that Google answered 429", ["user", "kind"])
CONFLICTS = Gauge("twinsheet_conflicts", "Conflicts that wait for a person", ["link"])
REJECTIONS = Gauge("twinsheet_rejections", "Sheet values that the table cannot hold and nobody mended", ["link"])
HOLDS = Gauge("twinsheet_holds", "1 while a guard holds the link", ["link"])
DIFFERING = Gauge("twinsheet_differing_cells", "Cells that differ although no event explains it", ["link"])
IDENTICAL_AS_OF_S = Gauge(
    "twinsheet_identical_as_of_timestamp_seconds",
    "Unix time as of which every cell of tab and table was last known equal",
    ["link"],
)

_SYSTEMS: tuple[tuple[type[Exception], str], ...] = (
    (KafkaUnavailable, "kafka"),
    (MysqlUnavailable, "mysql"),
    (MysqlRefused, "mysql"),
    (QuotaExhausted, "quota"),
    (SheetsUnavailable, "google"),
    (SheetsRefused, "google"),
)
FAILURES = Counter(
    "twinsheet_failures",
    "What failed and is tried again, or told, by system (kafka, mysql, google; quota is Google's 429; twinsheet is"
    " ourselves) and kind of error",
    ["system", "kind"],
)
for _kind, _system in _SYSTEMS:
    FAILURES.labels(_system, _kind.__name__)  # shown as 0 from the start, so that the first failure is seen as one


def count_failure(error: BaseException) -> None:
    """Count what failed."""
    system = next((name for kind, name in _SYSTEMS if isinstance(error, kind)), "twinsheet")
    FAILURES.labels(system, type(error).__name__).inc()


class QuotaMetrics:
    """Measures what happens at the quota's gate; implements ``adapters.quota.Watch``."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}

    def asked(self, kind: str, link: str, wait_s: float) -> None:
        """A token was taken, or is to be asked for again."""
        now = time.monotonic()
        if wait_s > 0:
            self._since.setdefault((kind, link), now)
        else:
            QUOTA_WAIT_S.labels(kind, link).observe(now - self._since.pop((kind, link), now))

    def refused(self, user: str, kind: str) -> None:
        """Google said 429."""
        QUOTA_REFUSALS.labels(user, kind).inc()
