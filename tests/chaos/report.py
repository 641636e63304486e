"""What a run tells of itself: a timeline while it goes on, and a summary at its end."""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def quantile(values: list[float], share: float) -> float:
    """The value that so large a share does not exceed; 0 for none."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if ordered else 0.0


class Timeline:
    """What happened when; each entry is a line of `timeline.jsonl` at once, should the run be cut short.

    Args:
        folder: where the report goes.
        quiet: print nothing.
    """

    def __init__(self, folder: Path, *, quiet: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._quiet = quiet
        self._began = time.monotonic()
        self._lines = folder / "timeline.jsonl"
        self.entries: list[Json] = []

    @property
    def elapsed_s(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._began

    def tell(self, what: str, **detail: Any) -> None:
        """Add an entry."""
        entry: Json = {"at_s": round(self.elapsed_s, 2), "what": what, **detail}
        self.entries.append(entry)
        with self._lines.open("a") as lines:
            lines.write(json.dumps(entry, ensure_ascii=False) + "\n")
        if not self._quiet:
            told = "  ".join(f"{name}={value}" for name, value in detail.items())
            print(f"{entry['at_s']:9.2f} s  {what}  {told}", flush=True)  # noqa: T201 -- a program's output

    @contextmanager
    def span(self, what: str, **detail: Any) -> Iterator[Json]:
        """Tell when something began and how long it took; what it yields may be filled with more to tell."""
        began = time.monotonic()
        more: Json = {}
        self.tell(f"{what} …", **detail)
        yield more
        self.tell(what, took_s=round(time.monotonic() - began, 2), **more)

    def summary(self) -> Json:
        """Counts, recovery times, and what was found."""
        recovered: dict[str, list[float]] = defaultdict(list)
        for entry in self.entries:
            if entry["what"] == "recovered":
                recovered[entry["after"]].append(entry["recovery_s"])
        single = [s for after, times in recovered.items() if after.startswith("kill ") for s in times]
        kills = Counter(e["process"] for e in self.entries if e["what"] == "kill")
        return {
            "kills": sum(kills.values()),
            "kills_by_process": dict(sorted(kills.items())),
            "single_kills_recovery_s": _spread(single),
            "recovery_s": {after: _spread(times) for after, times in sorted(recovered.items())},
            "scenarios": dict(Counter(e["scenario"] for e in self.entries if e["what"] == "scenario")),
            "skipped": {e["scenario"]: e["why"] for e in self.entries if e["what"] == "skipped"},
            "checks": sum(e["what"] == "both sides compared" for e in self.entries),
            "faults": [fault for e in self.entries for fault in e.get("faults", ())],
        }

    def write(self, **more: Any) -> Path:
        """Write `report.json` and `report.md`; the path of the latter."""
        told = {"ended_at": datetime.now(UTC).isoformat(timespec="seconds"), **more, **self.summary()}
        (self.folder / "report.json").write_text(json.dumps({**told, "timeline": self.entries}, indent=1))
        path = self.folder / "report.md"
        path.write_text(_markdown(told, self.entries))
        return path


def _spread(times: list[float]) -> Json:
    if not times:
        return {"count": 0}
    return {
        "count": len(times),
        "p50": quantile(times, 0.5),
        "p95": quantile(times, 0.95),
        "max": round(max(times), 2),
        "mean": round(statistics.fmean(times), 2),
    }


def _markdown(told: Json, entries: list[Json]) -> str:
    lines = ["# Chaos: what was done to it, and what came of it", ""]
    lines += [f"- {name}: {value}" for name, value in told.items() if name not in ("recovery_s", "faults")]
    lines += ["", "| after | times | p50 s | p95 s | max s |", "|---|---|---|---|---|"]
    for after, spread in told["recovery_s"].items():
        lines.append(f"| {after} | {spread['count']} | {spread['p50']} | {spread['p95']} | {spread['max']} |")
    lines += ["", "## Faults", "", *([f"- {fault}" for fault in told["faults"]] or ["none"]), "", "## Timeline", ""]
    for entry in entries:
        rest = ", ".join(f"{k} {v}" for k, v in entry.items() if k not in ("at_s", "what"))
        lines.append(f"- {entry['at_s']:.2f} s: {entry['what']} {rest}".rstrip())
    return "\n".join([*lines, ""])
