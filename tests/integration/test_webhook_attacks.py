"""The webhook under attack, as a process on real Kafka and MySQL: ten thousand forged requests beside good ones."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from webhook_attacks import Attack, World, attack
from webhook_place import BODY, Start, Webhook, ends, published_since, wait_for, webhooks

from sandbox.stack.servers import KafkaServer, MysqlServer

SEED = int(os.environ.get("TWINSHEET_ATTACK_SEED", "20260131"))
ATTACKS = int(os.environ.get("TWINSHEET_ATTACKS", "10000"))
THREADS = 4
GOOD_EVERY = 50
SLOW = 200
FLOOD = 500
GROWTH_BYTES_MAX = 48 * 1024 * 1024


@pytest.fixture
def start(tmp_path: Path, mysql_server: MysqlServer, kafka_server: KafkaServer) -> Iterator[Start]:
    with webhooks(tmp_path, mysql_server, kafka_server) as begin:
        yield begin


@dataclass
class Attacker:
    """One thread's connection, kept while the server keeps it."""

    port: int
    sock: socket.socket | None = None
    answers: Counter[tuple[str, int | None]] = field(default_factory=Counter)

    def send(self, one: Attack) -> int | None:
        """The status of the answer, ``None`` where none is waited for."""
        status = self._try(one)
        if status is None and one.statuses:  # a kept connection may be closed at any time; nobody closes a new one
            status = self._try(one)
        self.answers[one.kind, status] += 1
        return status

    def _try(self, one: Attack) -> int | None:
        sock = self.sock or socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.sock = None
        status, kept = None, False
        try:
            with contextlib.suppress(ConnectionError):  # refused before all of it was sent: the answer is there
                sock.sendall(one.wire)
            if one.statuses:
                answer = http.client.HTTPResponse(sock, method=one.method)
                answer.begin()
                answer.read()
                status, kept = answer.status, not (answer.will_close or one.ends)
        except (ConnectionError, http.client.BadStatusLine):
            pass
        if kept:
            self.sock = sock
        else:
            sock.close()
        return status


class Slow:
    """Connections that never come to the end of their request; some send a byte now and then."""

    def __init__(self, port: int) -> None:
        head = b"POST /hooks/sheets/orders HTTP/1.1\r\nHost: x\r\n"
        parts = [
            b"",
            b"P",
            head,
            head + b"Content-Length: 900\r\n\r\n{",
            head + b"Transfer-Encoding: chunked\r\n\r\n5",
        ]
        self._socks = []
        for number in range(SLOW):
            sock = socket.create_connection(("127.0.0.1", port), timeout=30)
            sock.sendall(parts[number % len(parts)])
            self._socks.append(sock)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._dribble)
        self._thread.start()

    def _dribble(self) -> None:
        while not self._stop.wait(0.5):
            for sock in self._socks[1::2]:
                with contextlib.suppress(OSError):
                    sock.sendall(b"1")

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        for sock in self._socks:
            sock.close()


@dataclass
class Storm:
    """What the threads of an attack share."""

    webhook: Webhook
    accepted: tuple[str, ...]
    good: list[str] = field(default_factory=list)

    def run(self, numbers: range) -> Counter[tuple[str, int | None]]:
        """Send these attacks, with a good request now and then."""
        attacker = Attacker(self.webhook.port)
        for number in numbers:
            one = attack(SEED, number, World(int(time.time()), self.accepted))
            status = attacker.send(one)
            told = f"attack({SEED}, {number}) {one.kind}: answered {status}, not one of {set(one.statuses)}"
            assert status in (one.statuses or {None}), f"{told}: {one.wire[:600]!r}"
            if number % GOOD_EVERY == 0:
                event = f"good_{number}"
                assert self.webhook.send(event)[0] == 202, "a good request beside the attacks"
                self.good.append(event)
        return attacker.answers


def test_of_ten_thousand_attacks_none_is_accepted_and_none_harms_the_server_or_the_good_requests(
    start: Start, kafka_server: KafkaServer
) -> None:
    webhook = start()
    began = ends(kafka_server)
    accepted = tuple(f"before_{number}" for number in range(5))
    assert [webhook.send(event)[0] for event in accepted] == [202] * 5
    storm = Storm(webhook, accepted)
    process = psutil.Process(webhook.process.pid)

    warm_up = ATTACKS // 10
    storm.run(range(warm_up))  # buffers, caches and threads are there from now on
    before_bytes, files = process.memory_info().rss, process.num_fds()
    with contextlib.closing(Slow(webhook.port)), ThreadPoolExecutor(THREADS) as pool:
        parts = [range(warm_up + part, ATTACKS, THREADS) for part in range(THREADS)]
        for done in [pool.submit(storm.run, part) for part in parts]:
            done.result()

    assert webhook.process.poll() is None
    growth_bytes = process.memory_info().rss - before_bytes
    assert growth_bytes < GROWTH_BYTES_MAX, f"seed {SEED}: grew by {growth_bytes} bytes"
    wait_for(lambda: process.num_fds() <= files + THREADS, "connections or files were left open")
    stored = Counter(body["event"] for body in published_since(kafka_server, began))
    assert stored == Counter([*accepted, *storm.good]), f"seed {SEED}"
    faults = [line for line in webhook.logged() if line["level"] in ("error", "critical")]
    assert not faults, f"seed {SEED}"


def test_more_slow_connections_than_there_is_room_for_keep_nobody_out(start: Start) -> None:
    webhook = start()
    with contextlib.ExitStack() as stack:
        for _ in range(FLOOD):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", webhook.port), timeout=30))
            sock.sendall(b"POST /hooks/sheets/orders HTTP/1.1\r\nContent-Length: 10\r\n\r\n{")
        assert webhook.send("beside_a_flood", BODY)[0] == 202
    assert webhook.send("after_a_flood", BODY)[0] == 202
