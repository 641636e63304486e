"""Secrets of links: one per link, derived from the master, and the codes and signatures made with them.

Every editor of a sheet can read its script's properties. A link's secret therefore opens that link and nothing
else, and tells nothing of the master secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

SECRET_PREFIX = "whsec_"  # noqa: S105  (the prefix that Standard Webhooks gives to secrets)
CODE_PREFIX = "ts1."
_HOOKS = "/hooks/sheets/"


def link_secret(master: bytes, link: str) -> bytes:
    """The 32 bytes that sign the events of one link."""
    return hmac.new(master, f"twinsheet-link:{link}".encode(), hashlib.sha256).digest()


def spell_secret(secret: bytes) -> str:
    """A secret as Standard Webhooks writes it: ``whsec_`` and base64."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def signature(secret: bytes, event: str, timestamp: str, body: bytes) -> str:
    """Standard Webhooks' symmetric signature: ``v1,`` and base64 of HMAC-SHA256 over ``id.timestamp.body``.

    Args:
        secret: of the link.
        event: the header ``webhook-id``.
        timestamp: the header ``webhook-timestamp``, seconds since 1970.
        body: as received, to the byte.
    """
    signed = f"{event}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def is_signed(header: str, *, masters: Iterable[bytes], link: str, event: str, timestamp: str, body: bytes) -> bool:
    """Whether one of the signatures in ``webhook-signature`` (separated by spaces) was made with a live secret.

    Compares whole texts in constant time: another spelling of the same bytes is not the signature.
    """
    given = [one.encode() for one in header.split(" ")]
    good = False
    for master in masters:
        expected = signature(link_secret(master, link), event, timestamp, body).encode()
        for one in given:
            good |= hmac.compare_digest(expected, one)
    return good


@dataclass(frozen=True, slots=True)
class Connection:
    """What the script in the sheet needs to know to reach us."""

    url: str
    """``https://…/hooks/sheets/<link>``"""
    link: str
    secret: str
    """``whsec_`` and base64."""


def connection_code(webhook_url: str, link: str, master: bytes) -> str:
    """The one string that a person pastes into the sheet's menu, Twinsheet → Connect.

    Args:
        webhook_url: public address of the webhook, without a path.
        link: name of the link.
        master: the newest master secret.
    """
    url = webhook_url.rstrip("/") + _HOOKS + link
    secret = spell_secret(link_secret(master, link))
    content = json.dumps({"url": url, "link": link, "secret": secret}, separators=(",", ":"))
    return CODE_PREFIX + base64.urlsafe_b64encode(content.encode()).decode()


def read_connection_code(code: str) -> Connection:
    """The inverse of :func:`connection_code`.

    Raises:
        ValueError: this is no connection code.
    """
    found = re.fullmatch(r"ts1\.([A-Za-z0-9_-]+)=*", code.strip())
    if found is None:
        raise ValueError("a connection code begins with ts1. and has only letters, digits, _ and -")
    text = found[1]
    try:
        content = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return Connection(url=str(content["url"]), link=str(content["link"]), secret=str(content["secret"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("this connection code is damaged; copy the whole line again") from error
