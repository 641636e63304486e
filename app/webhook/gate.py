"""Who may come in: the checks that every request to a link passes, in the contracted order."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from config.link_entry import LinkEntry
from core.errors import WebhookRefused
from core.ports import Json
from core.secrets import is_signed

BODY_BYTES_MAX = 1024 * 1024
TOLERANCE_S = 300
_ID = re.compile(r"[\x21-\x7e]{1,128}")
_TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}")


class Directory(Protocol):
    """The links by name."""

    def get(self, name: str) -> LinkEntry | None: ...


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in."""

    link: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Guest:
    """Whoever holds the link's secret: a script in its spreadsheet."""

    link: LinkEntry
    id: str
    """The request's own id, the same on every try."""
    at: float
    """When it came, seconds since 1970."""


class Gate:
    """Lets in what is signed with the secret of its link.

    Args:
        links: by name.
        masters: live master secrets.
        clock: seconds since 1970.
    """

    def __init__(
        self, links: Directory, masters: tuple[bytes, ...], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._links = links
        self._masters = masters
        self.clock = clock

    def knows(self, link: str) -> bool:
        """Whether there is a link of that name."""
        return self._links.get(link) is not None

    def admit(self, request: Request) -> Guest:
        """Check all but the body's content.

        Raises:
            WebhookRefused: 404, 413 or 401, the first that applies in this order.
        """
        at = self.clock()
        entry = self._links.get(request.link)
        if entry is None:
            raise WebhookRefused(404, "there is no link of that name")
        if len(request.body) > BODY_BYTES_MAX:
            raise WebhookRefused(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
        return Guest(entry, self._authentic(request, at), at)

    def _authentic(self, request: Request, now: float) -> str:
        """The request's id, once its time and signature are good."""
        event = request.headers.get("webhook-id", "")
        timestamp = request.headers.get("webhook-timestamp", "")
        signatures = request.headers.get("webhook-signature", "")
        if not event or not timestamp or not signatures:
            raise WebhookRefused(401, "webhook-id, webhook-timestamp or webhook-signature is missing")
        if not _ID.fullmatch(event) or not _TIMESTAMP.fullmatch(timestamp):
            raise WebhookRefused(401, "webhook-id or webhook-timestamp is malformed")
        if abs(now - int(timestamp)) > TOLERANCE_S:
            raise WebhookRefused(401, f"webhook-timestamp is more than {TOLERANCE_S} s away from our clock")
        good = is_signed(
            signatures,
            masters=self._masters,
            link=request.link,
            event=event,
            timestamp=timestamp,
            body=request.body,
        )
        if not good:
            raise WebhookRefused(401, "no signature fits; connect the sheet again with a new connection code")
        return event


def of_link(body: Json, entry: LinkEntry) -> Json:
    """The body, once it speaks of the path's link.

    Raises:
        WebhookRefused: 400, naming what differs.
    """
    expected = {"link": entry.name, "spreadsheet_id": entry.spreadsheet, "tab": entry.tab}
    other = [name for name, value in expected.items() if body[name] != value]
    if other:
        raise WebhookRefused(400, f"{' and '.join(other)} of the body: not what the link in the path has")
    return body
