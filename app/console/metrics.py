"""The metrics of all processes in one answer, each with the process it came from."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from app.metrics import CONFLICTS, DIFFERING, HOLDS, IDENTICAL_AS_OF_S, LAG_EVENTS, QUOTA_TOKENS, REJECTIONS
from app.notes import Note
from app.status import Status
from core.errors import TwinsheetError

FETCH_TIMEOUT_S = 2.0


def all_metrics(status: Status, own_pid: int) -> bytes:
    """Prometheus text of every process that is there; one that does not answer is left out and counted as down.

    Args:
        status: names the processes, and tells what the console itself measures.
        own_pid: of this process, whose metrics are at hand.
    """
    _measure(status)
    notes = status.notes()
    own_note = next((note for note in notes if _is_own(note, own_pid)), None)
    others = [note for note in notes if note is not own_note]
    texts = fetch_all(others)
    own = generate_latest(REGISTRY).decode()
    families = _merged([*zip(others, texts, strict=True), *([(own_note, own)] if own_note else [])])
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Fixed([*families, _up(others, texts)]))
    return generate_latest(registry)


class _Fixed:
    """A collector of what has been collected already."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """All of it."""
        yield from self._metrics


def _is_own(note: Note, own_pid: int) -> bool:
    return (note.machine, note.pid) == (socket.gethostname(), own_pid)


def _measure(status: Status) -> None:
    """What no single service knows: counts by link, and the length of the queues."""
    try:
        for one in status.links():
            CONFLICTS.labels(one["link"]).set(one["conflicts"])
            REJECTIONS.labels(one["link"]).set(one["rejections"])
            HOLDS.labels(one["link"]).set(one["state"] == "held")
            DIFFERING.labels(one["link"]).set(one["differing"])
            if one["identical_as_of"] is not None:
                IDENTICAL_AS_OF_S.labels(one["link"]).set(one["identical_as_of"].timestamp())
        for (topic, group), events in status.backlog().items():
            LAG_EVENTS.labels(topic, group).set(events)
        for (user, kind), left in status.quota_tokens().items():
            QUOTA_TOKENS.labels(user, kind).set(left)
    except TwinsheetError:
        for gauge in (CONFLICTS, REJECTIONS, HOLDS, DIFFERING, IDENTICAL_AS_OF_S, LAG_EVENTS, QUOTA_TOKENS):
            gauge.clear()  # no number is better than an old one


def fetch_all(notes: Sequence[Note]) -> list[str | None]:
    """The metrics of these processes, side by side; ``None`` for one that does not answer."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(_fetch, notes))


def _fetch(note: Note) -> str | None:
    try:
        with urllib.request.urlopen(note.metrics_url, timeout=FETCH_TIMEOUT_S) as answer:  # noqa: S310  (http, from a note of ours)
            return str(answer.read().decode())
    except (OSError, urllib.error.URLError, ValueError):
        return None


def _merged(told: Iterable[tuple[Note, str | None]]) -> list[Metric]:
    families: dict[str, Metric] = {}
    for note, text in told:
        for family in text_string_to_metric_families(text or ""):
            whole = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                labels = {**sample.labels, "process": note.name, "pid": str(note.pid)}
                whole.samples.append(Sample(sample.name, labels, sample.value))
    return list(families.values())


def _up(notes: Sequence[Note], texts: Sequence[str | None]) -> Metric:
    up = Metric("twinsheet_process_up", "1 where a process answers for its metrics", "gauge")
    for note, text in zip(notes, texts, strict=True):
        up.add_sample("twinsheet_process_up", {"process": note.name, "pid": str(note.pid)}, float(text is not None))
    return up
