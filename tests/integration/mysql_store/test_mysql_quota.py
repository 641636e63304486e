"""The ledger of calls to Google in MySQL and MariaDB: one row that many processes change at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from contract.store.store_places import ServerPlace

from adapters.mysql_connection import MysqlSession
from adapters.mysql_quota import MysqlQuota
from adapters.quota import Payer, QuotaGate
from core.quota import Account, Ledger, Place

PAYER = Payer("shop", "robot@example.com", {"read": 60, "write": 60}, {"read": 300, "write": 300})
FULL = Ledger(
    {"robot@example.com": Account(((3_600_000_000, "Ünï ☂'", 2),), {"orders": Place(5, 7, True)}, 11, 13, 1)}
)

Open = Callable[[], MysqlQuota]


@pytest.fixture
def opened(place: ServerPlace) -> Iterator[Open]:
    with ExitStack() as stack:

        def one() -> MysqlQuota:
            found = MysqlQuota(place.address, place.state_schema)
            stack.callback(found.close)
            return found

        yield one


def test_a_ledger_comes_back_as_it_was_written(opened: Open) -> None:
    quota = opened()
    page = quota.load("shop", "write")
    assert page.ledger == Ledger()
    changed = quota.change("shop", "write", page, FULL)
    assert changed is not None
    assert opened().load("shop", "write").ledger == changed.ledger == FULL
    assert opened().load("shop", "read").ledger == Ledger()
    assert opened().load("other", "write").ledger == Ledger()


def test_who_rests_on_an_older_ledger_changes_nothing(opened: Open) -> None:
    one, other = opened(), opened()
    page = one.load("shop", "write")
    assert other.change("shop", "write", other.load("shop", "write"), FULL) is not None
    assert one.change("shop", "write", page, Ledger()) is None
    assert one.load("shop", "write").ledger == FULL


def test_times_are_the_servers(opened: Open, session: MysqlSession, place: ServerPlace) -> None:
    hours = 3 * 3_600_000
    ours = MysqlQuota(place.address, place.state_schema, clock_ms=lambda: hours)
    page = ours.load("shop", "write")
    server_ms = int(session.query("SELECT CAST(UNIX_TIMESTAMP(CURRENT_TIMESTAMP(3)) * 1000 AS SIGNED)")[0][0])
    assert abs(ours.now_ms(page) - server_ms) < 60_000
    ours.close()


def test_who_is_wrong_about_the_servers_clock_looks_again(place: ServerPlace) -> None:
    clock = [0]
    ours = MysqlQuota(place.address, place.state_schema, clock_ms=lambda: clock[0])
    page = ours.load("shop", "write")
    clock[0] += 10_000  # as if the server's clock were set back by that
    assert ours.change("shop", "write", page, FULL) is None
    assert ours.change("shop", "write", ours.load("shop", "write"), FULL) is not None
    ours.close()


def test_many_processes_at_once_never_take_more_tokens_than_there_are(opened: Open) -> None:
    gates = [QuotaGate(opened(), PAYER) for _ in range(6)]
    taken: list[int] = []

    def take(number: int, gate: QuotaGate) -> None:
        for _ in range(20):
            if gate.wait_s("write", f"link {number}") == 0:
                gate.called("write")
                taken.append(number)

    threads = [threading.Thread(target=take, args=one) for one in enumerate(gates)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    account = opened().load(PAYER.project, "write").ledger.users[PAYER.user]
    assert account.calls == len(taken)
    assert 20 <= len(taken) <= 59
    assert all(taken.count(number) >= 2 for number in range(6))
