"""The gate in front of Google's quota, with a ledger in memory that several processes share."""

from __future__ import annotations

from collections.abc import Callable

from adapters.mysql_quota import Page
from adapters.quota import CommandMeter, Payer, QuotaGate
from core.errors import MysqlUnavailable
from core.quota import Ledger

PAYER = Payer("shop", "robot@example.com", {"read": 60, "write": 60}, {"read": 300, "write": 300})
START_MS = 1_800_000_000_000


class Server:
    """The one row of each kind that all processes change, and the server's clock."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self.rows: dict[str, tuple[int, Ledger]] = {}
        self.changes = 0
        self.loads = 0
        self.away = False
        self.before_change: Callable[[], object] | None = None
        """Somebody is faster."""

    def gate(self) -> QuotaGate:
        return QuotaGate(Ledgers(self), PAYER, clock_ms=lambda: self.now_ms, jitter=lambda: 1.0)


class Ledgers:
    """One process's connection to it."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def load(self, _project: str, kind: str) -> Page:
        self._there()
        self._server.loads += 1
        version, ledger = self._server.rows.get(kind, (0, Ledger()))
        return Page(version, ledger, 0)

    def change(self, _project: str, kind: str, page: Page, ledger: Ledger) -> Page | None:
        self._there()
        if self._server.before_change is not None:
            first, self._server.before_change = self._server.before_change, None
            first()
        if self._server.rows.get(kind, (0, Ledger()))[0] != page.version:
            return None
        self._server.changes += 1
        self._server.rows[kind] = (page.version + 1, ledger)
        return Page(page.version + 1, ledger, 0)

    def now_ms(self, _page: Page) -> int:
        return self._server.now_ms

    def close(self) -> None:
        """Nothing is held."""

    def _there(self) -> None:
        if self._server.away:
            raise MysqlUnavailable("MySQL does not answer.")


def take(gate: QuotaGate, link: str = "orders", kind: str = "write") -> bool:
    """Take a token and use it; whether there was one."""
    if gate.wait_s(kind, link) > 0:
        return False
    gate.called(kind)
    return True


def taken(gate: QuotaGate, link: str = "orders") -> int:
    """Tokens that can be taken at once."""
    count = 0
    while take(gate, link):
        count += 1
    return count


def test_two_processes_share_one_burst() -> None:
    server = Server()
    one, other = server.gate(), server.gate()
    alternating = [take(gate) for _ in range(10) for gate in (one, other)]
    assert alternating == [True] * 20
    assert not take(one)
    assert not take(other)
    assert take(one, kind="read")


def test_a_process_that_knows_the_ledger_needs_one_statement_for_a_token() -> None:
    server = Server()
    gate = server.gate()
    for _ in range(5):
        assert take(gate)
    assert (server.changes, server.loads) == (5, 1)


def test_a_process_that_was_overtaken_decides_anew() -> None:
    server = Server()
    one, other = server.gate(), server.gate()
    assert take(one)
    assert taken(other) == 19
    assert not take(one)
    server.now_ms += 60_500
    server.before_change = lambda: taken(other)
    assert not take(one)
    assert sum(account.calls for account in server.rows["write"][1].users.values()) == 20


def test_a_token_that_was_taken_and_not_used_is_still_in_hand() -> None:
    server = Server()
    gate = server.gate()
    assert [gate.wait_s("write", "orders") for _ in range(50)] == [0.0] * 50
    assert server.changes == 1
    gate.called("write")
    assert taken(gate) == 19


def test_calls_beyond_the_tokens_count_and_other_processes_wait_for_them() -> None:
    server = Server()
    one, other = server.gate(), server.gate()
    for _ in range(59):
        one.called("write")
    assert not take(other)


def test_a_429_shuts_the_gate_for_every_process_and_opens_it_for_every_process() -> None:
    server = Server()
    one, other = server.gate(), server.gate()
    assert take(other)
    one.refused("write")
    one.refused("write")
    assert other.wait_s("write", "customers") == 1
    assert take(other, kind="read")
    server.now_ms += 1000
    assert take(other)
    other.refused("write")
    assert one.wait_s("write", "customers") == 2


def test_without_mysql_a_process_goes_on_with_a_small_share_and_tells_it_afterwards() -> None:
    server = Server()
    gate = server.gate()
    assert take(gate)
    server.away = True
    alone = taken(gate)
    assert 3 <= alone <= 10
    server.away = False
    gate.wait_s("write", "orders")
    assert server.changes == 1  # it is not asked again at once
    server.now_ms += 1001
    assert take(gate, "another")
    assert sum(account.calls for account in server.rows["write"][1].users.values()) == 1 + alone + 1


def test_without_mysql_googles_last_word_still_holds() -> None:
    server = Server()
    gate = server.gate()
    gate.refused("write")
    server.away = True
    assert gate.wait_s("write", "orders") == 1


def test_a_commands_call_waits_for_its_turn_but_not_for_ever() -> None:
    server = Server()
    gate = server.gate()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        server.now_ms += round(1000 * seconds)

    command = CommandMeter(gate, sleep=sleep, patience_s=10)
    for _ in range(3):
        command.called("write")
    assert slept == []
    for _ in range(59):
        gate.called("write")
    command.called("write")
    assert sum(slept) == 10
    assert server.rows["write"][1].users[PAYER.user].calls == 63
