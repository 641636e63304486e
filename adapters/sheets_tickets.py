"""Tickets: a write that was given up can never take effect later.

Google has no compare-and-swap, but the ids of developer metadata are unique within a spreadsheet, and a request
of a batch that fails undoes the whole batch. So every swap write creates an entry with an id of its own: a second
copy of the write fails whole, and so does one whose ticket was used up by somebody who had given it up.
The last few entries of a link stay on its tab, and the used-up ones far longer; a write clears away older ones.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

LANDED_KEPT = 8
"""Entries of landed writes that stay: a copy of a write cannot be under way for that many later ones."""
GIVEN_UP_KEPT = 300
"""Writes after which a given-up one is forgotten; Google takes 30,000 characters of metadata on a sheet."""
_GIVEN_UP = "x"


@dataclass(frozen=True, slots=True)
class Ticket:
    """An entry on the tab."""

    metadata_id: int
    n: int
    is_given_up: bool


def ticket_key(link: str) -> str:
    """Key of the metadata of a link's tickets."""
    return f"twinsheet.once.{link}"


def marks_name(link: str) -> str:
    """Under this name the markings of a link count their tickets; no link can be named so."""
    return f"{link}/marks"


def ticket_id(link: str, n: int, epoch: int) -> int:
    """Id of a write's ticket; Google wants a positive number of 31 bits.

    Two writes rarely share one; the later is refused then, and planned again under its next number.
    """
    return zlib.crc32(f"{link} {n} {epoch}".encode()) & 0x7FFFFFFF or 1


def use(tab_id: int, link: str, n: int, epoch: int, *, given_up: bool = False) -> Json:
    """The request that uses a write's ticket up; it fails where that was done before."""
    entry = {
        "metadataId": ticket_id(link, n, epoch),
        "metadataKey": ticket_key(link),
        "metadataValue": f"{n}{_GIVEN_UP if given_up else ''}",
        "visibility": "DOCUMENT",
        "location": {"sheetId": tab_id},
    }
    return {"createDeveloperMetadata": {"developerMetadata": entry}}


def tickets_of(metadata: Iterable[Mapping[str, Any]], link: str) -> tuple[Ticket, ...]:
    """A link's tickets among the metadata of its tab, oldest first."""
    found = []
    for entry in metadata:
        text = str(entry.get("metadataValue") or "")
        number = text.removesuffix(_GIVEN_UP)
        if entry.get("metadataKey") == ticket_key(link) and number.isdecimal():
            found.append(Ticket(int(entry["metadataId"]), int(number), text != number))
    return tuple(sorted(found, key=lambda t: (t.n, t.metadata_id)))


def outdated(tickets: Iterable[Ticket], n: int) -> list[Ticket]:
    """Tickets that write ``n`` may clear away."""
    landed = [t for t in tickets if not t.is_given_up]
    given_up = [t for t in tickets if t.is_given_up]
    return [*landed[: max(0, len(landed) - LANDED_KEPT)], *(t for t in given_up if t.n < n - GIVEN_UP_KEPT)]


def clear(tickets: Iterable[Ticket]) -> Iterator[Json]:
    """Requests that remove tickets which are there."""
    for ticket in tickets:
        lookup = {"developerMetadataLookup": {"metadataId": ticket.metadata_id}}
        yield {"deleteDeveloperMetadata": {"dataFilter": lookup}}
