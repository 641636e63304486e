"""What is measured, by the names that the console's /metrics shows."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

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
FAILURES = Counter("twinsheet_failures", "What failed, by kind of error; it is tried again, or told", ["kind"])
WAITING = Gauge(
    "twinsheet_waiting", "1 while the process waits for another; twinsheet status and its log say for what"
)
COMPARING_ROWS = Gauge(
    "twinsheet_comparing_rows", "Rows of a link compared whole that are still to be looked at", ["link"]
)
WEBHOOK_REQUESTS = Counter("twinsheet_webhook_requests", "Requests to the webhook, by status", ["status"])
LAG_EVENTS = Gauge("twinsheet_lag_events", "Messages in Kafka that are not consumed yet", ["topic", "group"])
QUOTA_TOKENS = Gauge("twinsheet_quota_tokens", "Calls to Google that may be made now, by read and write", ["kind"])
CONFLICTS = Gauge("twinsheet_conflicts", "Conflicts that wait for a person", ["link"])
REJECTIONS = Gauge("twinsheet_rejections", "Sheet values that the table cannot hold and nobody mended", ["link"])
HOLDS = Gauge("twinsheet_holds", "1 while a guard holds the link", ["link"])
