"""Connections of our HTTP servers: bounded in time, size and number, and never answered with a fault of ours.

waitress reads a whole request before a thread has to look at it, so a slow client costs a connection and
nothing else. What it leaves open is closed here: a client that sends a byte now and then for ever, more
connections than there is room for, framing without an end, numbers and addresses that Python does not take.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from waitress.adjustments import Adjustments
from waitress.buffers import OverflowableBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver, FixedStreamReceiver
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask
from waitress.utilities import BadRequest

CHUNK_LINE_BYTES_MAX = 1024
TRAILER_BYTES_MAX = 8 * 1024
IN_MEMORY_BYTES_MAX = 64 * 1024
"""Of one body; what is longer waits in a temporary file."""

Answer = Callable[[int, str], tuple[str, list[tuple[str, str]], bytes]]
"""Answer for a request that waitress refuses: (status, path) to (status line, headers, body)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one client may ask of us."""

    body_bytes_max: int
    """A larger body is read on, so that its sender reads the refusal, and not kept."""
    wire_bytes_max: int
    """A body that takes more than this, framing included, is not read to its end."""
    request_within_s: float = 30.0
    """A request has to be here this long after its first byte."""
    idle_s: float = 30.0
    """A connection on which nothing happens is closed after this."""
    connections_max: int = 400
    """With one more, the connection goes that has kept us waiting longest."""


class BoundedServer(TcpWSGIServer):
    """A waitress server whose connections are bounded by :class:`Limits`."""

    def __init__(self, app: Any, limits: Limits, answer: Answer, *, _sock: Any, adj: Adjustments) -> None:
        self.limits = limits
        self.channel_class = _channel(limits, answer)
        where = (_sock.family, _sock.type, _sock.proto, _sock.getsockname())
        super().__init__(app, _sock=_sock, adj=adj, sockinfo=where, bind_socket=False)

    def maintenance(self, now: float) -> None:
        """Close what has been idle or has been sending one request for too long."""
        super().maintenance(int(now))
        for channel in self._open():
            request = channel.request
            if request is not None and now - request.began_at > self.limits.request_within_s:
                channel.will_close = True

    def handle_accept(self) -> None:
        """Take a new connection, and make room for it: who is slow never keeps the others out."""
        super().handle_accept()
        surplus = len(self._open()) - self.limits.connections_max
        if surplus > 0:
            waiting = [channel for channel in self._open() if not channel.requests]
            for channel in sorted(waiting, key=_waits_since)[:surplus]:
                channel.will_close = True

    def _open(self) -> list[Any]:
        channels: Any = self.active_channels  # the stubs take the mapping for one of its values
        return list(channels.values())


def _waits_since(channel: Any) -> float:
    request = channel.request
    return float(channel.last_activity if request is None else request.began_at)


def adjustments(limits: Limits, sock: Any, threads: int) -> Adjustments:
    """waitress' own settings."""
    return Adjustments(
        sockets=[sock],
        threads=threads,
        ident="",
        max_request_body_size=limits.wire_bytes_max,
        max_request_header_size=32 * 1024,
        inbuf_overflow=IN_MEMORY_BYTES_MAX,
        channel_timeout=limits.idle_s,
        cleanup_interval=min(limits.idle_s, limits.request_within_s) / 4,
        connection_limit=limits.connections_max + 100,  # never met: handle_accept makes room before
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=True,
        expose_tracebacks=False,
    )


class _Kept(OverflowableBuffer):
    """A body up to its limit and one byte more, which tells that it is too large."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__(IN_MEMORY_BYTES_MAX)
        self._room_bytes = bytes_max + 1

    def append(self, s: bytes) -> None:
        kept = s[: self._room_bytes]
        self._room_bytes -= len(kept)
        if kept:
            super().append(kept)


class _Chunks(ChunkedReceiver):
    """A chunked body; its control lines and its trailer have an end."""

    def received(self, s: bytes) -> int:
        consumed: int = super().received(s)
        if len(self.control_line) > CHUNK_LINE_BYTES_MAX or len(self.trailer) > TRAILER_BYTES_MAX:
            self.error = BadRequest("the framing is too long")
        return consumed


def _parser(limits: Limits) -> type[HTTPRequestParser]:
    class Parser(HTTPRequestParser):
        path = ""  # waitress tells of it when a client is gone, also where it could not read it

        def __init__(self, adj: Any) -> None:
            super().__init__(adj)
            self.began_at = time.time()

        def parse_header(self, header_plus: bytes) -> None:
            try:
                super().parse_header(header_plus)
            except ValueError as error:  # a number with thousands of digits, half an IPv6 address
                raise ParsingError("a number or an address that is none") from error
            if self.chunked:
                self.body_rcv = _Chunks(_Kept(limits.body_bytes_max))
            elif self.content_length:
                self.body_rcv = FixedStreamReceiver(self.content_length, _Kept(limits.body_bytes_max))

    return Parser


def _channel(limits: Limits, answer: Answer) -> type[HTTPChannel]:
    class JsonErrorTask(ErrorTask):
        def execute(self) -> None:
            refused: Any = self.request
            self.status, headers, data = answer(refused.error.code, refused.path)
            self.response_headers = headers
            self.set_close_on_finish()
            self.content_length = len(data)
            self.write(data)

    class JsonErrorChannel(HTTPChannel):
        error_task_class = JsonErrorTask
        parser_class = _parser(limits)

    return JsonErrorChannel
