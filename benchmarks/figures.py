"""Percentiles, from exact samples and from Prometheus histograms (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the report."""

    what: str
    p50_ms: float
    p99_ms: float
    count: int


def of_samples(what: str, seconds: Sequence[float]) -> Figure:
    """Percentiles of exact samples.

    Raises:
        ValueError: nothing was measured.
    """
    if not seconds:
        raise ValueError(f"{what}: nothing was measured")
    ordered = sorted(seconds)
    return Figure(what, 1000 * _at(ordered, 0.50), 1000 * _at(ordered, 0.99), len(ordered))


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def of_histogram(what: str, before: Mapping[float, float], after: Mapping[float, float]) -> Figure:
    """Percentiles of what a cumulative histogram counted between two looks, straight lines within a bucket.

    Args:
        what: name of the row.
        before: count by upper bound in seconds, at the first look.
        after: the same at the second look.

    Raises:
        ValueError: nothing was counted.
    """
    counted = {bound: after[bound] - before.get(bound, 0.0) for bound in sorted(after)}
    total = counted[max(counted)]
    if not total:
        raise ValueError(f"{what}: nothing was measured")
    return Figure(what, 1000 * _quantile(counted, 0.50 * total), 1000 * _quantile(counted, 0.99 * total), int(total))


def _quantile(counted: Mapping[float, float], rank: float) -> float:
    lower, below = 0.0, 0.0
    for bound, count in counted.items():
        if count >= rank and count > below:
            return lower if bound == float("inf") else lower + (bound - lower) * (rank - below) / (count - below)
        lower, below = bound, count
    return lower
