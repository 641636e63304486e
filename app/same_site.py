"""Requests that change something: from programs and from our own pages, and from no other site's page.

A site that a person happens to visit can have the browser send requests to this machine. A browser says where they
come from (``Sec-Fetch-Site``, ``Origin``); programs send neither, and are let through.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ANOTHER_SITE = "This request comes from another site's page."


def refused(request: Request) -> str | None:
    """Why a request that changes something is not accepted; ``None`` where it is."""
    if request.method in SAFE_METHODS:
        return None
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return ANOTHER_SITE
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return ANOTHER_SITE
    return None
