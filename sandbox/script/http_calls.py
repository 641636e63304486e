"""UrlFetchApp's calls: real HTTP."""

import urllib.error
import urllib.request
from email.message import Message
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from sandbox.script.execution import Call, CallRefused, Execution

ANSWER_TIMEOUT_S = 60.0
ANSWER_BYTES_MAX = 50 * 1024 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:
        return None


# Google's servers know nothing of this machine's proxies.
_following = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_staying = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def _fetch(execution: Execution, url: str, wish: dict[str, Any]) -> dict[str, Any]:
    """Fetch: ``method``, ``headers``, ``body`` (bytes as letters 0 to 255, or none), ``follow`` redirects."""
    parts, body = urlsplit(url), wish["body"]
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CallRefused(f"Attribute provided with invalid value: url ({url})")
    data = None if body is None else body.encode("latin-1")
    request = urllib.request.Request(url, data=data, method=wish["method"])  # noqa: S310  # only http and https come here
    request.add_header("User-Agent", "Mozilla/5.0 (compatible; Google-Apps-Script)")
    for name, value in wish["headers"].items():
        request.add_header(name, value)
    timeout_s = max(min(ANSWER_TIMEOUT_S, execution.remaining_s()), 0.001)
    try:
        with (_following if wish["follow"] else _staying).open(request, timeout=timeout_s) as answer:
            return _told(parts, answer.status, answer.headers, answer.read(ANSWER_BYTES_MAX))
    except urllib.error.HTTPError as answer:
        with answer:
            return _told(parts, answer.code, answer.headers, answer.read(ANSWER_BYTES_MAX))
    except TimeoutError:
        raise CallRefused(f"Timeout: {url}") from None
    except (urllib.error.URLError, HTTPException, OSError) as error:
        raise CallRefused(f"Address unavailable: {url} ({getattr(error, 'reason', error)})") from None


def _told(parts: Any, code: int, headers: Message, body: bytes) -> dict[str, Any]:
    every: dict[str, Any] = {}
    for name in headers.keys():  # noqa: SIM118  # a message's own iteration is over keys, doubled ones too
        values = headers.get_all(name) or []
        every[name] = values[0] if len(values) == 1 else values
    return {
        "code": code,
        "origin": f"{parts.scheme}://{parts.netloc}",
        "headers": {name: headers.get(name, "") for name in every},
        "allHeaders": every,
        "body": body.decode("latin-1"),
    }


CALLS: dict[str, Call] = {"http.fetch": _fetch}
