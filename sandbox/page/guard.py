"""By which names the page's server may be asked for data: a name that somebody else pointed at this machine shows in
``Host``."""

import ipaddress
from urllib.parse import urlsplit


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
