"""Who may ask the page's server: programs, and the page itself, but no other site's page in the same browser.

A site that a person happens to visit can send requests to this machine. A browser says where they come
from (``Sec-Fetch-Site``, ``Origin``); and a name that somebody pointed at this machine shows in ``Host``.
Programs send none of the first two, and are let through.
"""

import ipaddress
from urllib.parse import urlsplit

from flask import Request

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def refused(request: Request) -> str | None:
    """Why a request that changes something is not accepted; None where it is."""
    if request.method in SAFE_METHODS:
        return None
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return "This request comes from another site's page."
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return "This request comes from another site's page."
    return None


def named_by_address(host: str) -> bool:
    """Whether a Host header is ``localhost`` or an IP address, which no other site can take for its own."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
