"""Sets of MySQL's GTIDs as they grow transaction by transaction."""

from __future__ import annotations

import re

_PART = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})((?::\d+(?:-\d+)?)+)")


class GtidSet:
    """``source:1-7:9,source:…``, grown in place; the usual case, the next number, costs nothing.

    Args:
        text: as ``gtid_executed`` spells it; tagged GTIDs are not carried.

    Raises:
        ValueError: another spelling.
    """

    def __init__(self, text: str = "") -> None:
        self._sources: dict[str, list[list[int]]] = {}
        for part in filter(None, re.sub(r"\s", "", text).lower().split(",")):
            found = _PART.fullmatch(part)
            if not found:
                raise ValueError(f"no set of GTIDs: {part}")
            for interval in found[2][1:].split(":"):
                first, _, last = interval.partition("-")
                self._put(found[1], int(first), int(last or first))

    def add(self, gtid: str) -> None:
        """Take one ``source:number`` in."""
        source, _, number = gtid.lower().partition(":")
        self._put(source, int(number), int(number))

    def __str__(self) -> str:
        return ",".join(
            source + "".join(f":{first}" if first == last else f":{first}-{last}" for first, last in intervals)
            for source, intervals in sorted(self._sources.items())
        )

    def _put(self, source: str, first: int, last: int) -> None:
        intervals = self._sources.setdefault(source, [])
        if intervals and intervals[-1][1] + 1 == first:
            intervals[-1][1] = last
            return
        intervals.append([first, last])
        intervals.sort()
        merged: list[list[int]] = []
        for interval in intervals:
            if merged and interval[0] <= merged[-1][1] + 1:
                merged[-1][1] = max(merged[-1][1], interval[1])
            else:
                merged.append(interval)
        intervals[:] = merged


class MariadbPosition:
    """``domain-server-number`` of the last transaction of each domain."""

    def __init__(self, text: str = "") -> None:
        self._domains: dict[str, str] = {}
        for gtid in filter(None, text.replace(" ", "").split(",")):
            self.add(gtid)

    def add(self, gtid: str) -> None:
        """Take one ``domain-server-number`` in."""
        self._domains[gtid.partition("-")[0]] = gtid

    def __str__(self) -> str:
        return ",".join(self._domains[domain] for domain in sorted(self._domains, key=int))
