"""What only a look now and then tells: delays of each hop, from the metrics of all processes, and calls to Google."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from app.console.forecast import Forecast, Used, forecast

KEPT = 240
"""An hour of one look every 15 s."""
HOPS_OVER_S = 300.0
_FAMILIES = {
    "twinsheet_sheet_to_table_seconds": "sheet_to_table",
    "twinsheet_table_to_sheet_seconds": "table_to_sheet",
}

Stage = tuple[str, str]
"""Way and name of the stage, as the metrics have it."""
Buckets = dict[Stage, dict[float, float]]
"""Events that took no longer than so many seconds, counted since the processes began."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One stage of the way, over the last minutes."""

    events: int
    p50_s: float
    p95_s: float


class Samples:
    """Keeps an hour of samples; one thread writes, others may read."""

    def __init__(self) -> None:
        self.number = 0
        """Grows with every sample."""
        self._buckets: deque[tuple[float, Buckets]] = deque(maxlen=KEPT)
        self._quota: dict[tuple[str, str], deque[Used]] = {}
        self._limits: dict[tuple[str, str], tuple[int, int]] = {}

    def add_metrics(self, now_s: float, texts: Sequence[str]) -> None:
        """Keep what all processes have counted until now."""
        self._buckets.append((now_s, _buckets(texts)))
        self.number += 1

    def add_quota(self, now_s: float, calls: Mapping[tuple[str, str], tuple[int, int, int]]) -> None:
        """Keep, by (user, kind): calls of the last minute, the limit of a minute, and links that wait."""
        for account, (used, limit, waiting) in calls.items():
            self._quota.setdefault(account, deque(maxlen=KEPT)).append(Used(now_s, used))
            self._limits[account] = (limit, waiting)

    def hops(self, now_s: float) -> dict[Stage, Hop]:
        """Every stage that anything went through in the last minutes."""
        recent = [one for one in list(self._buckets) if one[0] >= now_s - HOPS_OVER_S]
        if not recent:
            return {}
        first, last = recent[0][1], recent[-1][1]
        found = {stage: _since(first.get(stage, {}), counts) for stage, counts in last.items()}
        return {
            stage: Hop(int(max(counts.values())), _quantile(counts, 0.5), _quantile(counts, 0.95))
            for stage, counts in found.items()
            if max(counts.values(), default=0) > 0
        }

    def quota(self) -> dict[tuple[str, str], tuple[list[Used], int, Forecast]]:
        """By (user, kind): the samples, the limit, and what will become of it."""
        return {
            account: (samples := list(kept), limit, forecast(samples, limit, waiting))
            for account, kept in self._quota.items()
            for limit, waiting in [self._limits[account]]
        }


def _buckets(texts: Sequence[str]) -> Buckets:
    found: Buckets = {}
    for text in texts:
        for family in text_string_to_metric_families(text):
            way = _FAMILIES.get(family.name)
            for sample in family.samples if way else ():
                if sample.name.endswith("_bucket"):
                    counts = found.setdefault((way or "", sample.labels["stage"]), {})
                    le = float(sample.labels["le"])
                    counts[le] = counts.get(le, 0.0) + sample.value
    return found


def _since(before: Mapping[float, float], now: Mapping[float, float]) -> dict[float, float]:
    """What was counted in between; all of it where a process has begun anew."""
    between = {le: count - before.get(le, 0.0) for le, count in now.items()}
    return dict(now) if min(between.values(), default=0.0) < 0 else between


def _quantile(counts: Mapping[float, float], share: float) -> float:
    """Between the edges of the bucket in which it lies, as Prometheus reckons it."""
    wanted, below, edge = max(counts.values()) * share, 0.0, 0.0
    for le in sorted(counts):
        if counts[le] >= wanted:
            if le == float("inf"):
                return edge
            return edge + (le - edge) * (wanted - below) / ((counts[le] - below) or 1)
        below, edge = counts[le], le
    return edge
