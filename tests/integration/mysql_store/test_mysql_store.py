"""What only a real server shows of connections, collisions and locks."""

# ruff: noqa: S608  (the tests' own schema names stand in statements)

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import mysql.connector
import pytest
from contract.store.store_places import ServerPlace

from adapters import mysql_connection
from adapters.mysql_connection import MysqlSession, connect, parse_url
from adapters.mysql_seen import WebhookSeen
from adapters.mysql_store import MysqlStore, open_store
from core.errors import MysqlRefused, MysqlUnavailable
from core.ports import Intent, LinkState
from sandbox.stack.programs import MysqlProgram
from sandbox.stack.servers import MysqlServer, free_port


def test_a_session_is_strict_in_utc_and_reads_what_is_committed(session: MysqlSession) -> None:
    zone, charset = session.query("SELECT @@SESSION.time_zone, @@SESSION.character_set_client")[0]
    assert (zone, charset) == ("+00:00", "utf8mb4")
    modes = session.query("SELECT @@SESSION.sql_mode")[0][0]
    assert "STRICT_ALL_TABLES" in modes
    assert session.query("SHOW STATUS LIKE 'Ssl_cipher'") != []


def test_nobody_at_the_address_is_told_as_unavailable() -> None:
    with pytest.raises(MysqlUnavailable, match="does not answer"):
        connect(parse_url(f"mysql://u:hunter2@127.0.0.1:{free_port()}/"))


def test_a_wrong_password_is_refused_and_not_shown(any_mysql: MysqlServer) -> None:
    url = f"mysql://{any_mysql.user}:hunter2@{any_mysql.host}:{any_mysql.port}/"
    with pytest.raises(MysqlRefused, match="TWINSHEET_MYSQL_URL") as told:
        connect(parse_url(url))
    assert "hunter2" not in str(told.value)


def kill(place: ServerPlace, tx_or_session: Any) -> None:
    """End a connection from outside, as a restart of the server or a firewall would."""
    number = tx_or_session._connection.connection_id
    place.session.query(f"KILL {number}")


def test_a_connection_lost_between_transactions_costs_nothing(place: ServerPlace, store: MysqlStore) -> None:
    store.run(lambda tx: tx.insert_row(place.orders, {"order_no": "A"}))
    kill(place, store._session)
    assert len(store.run(lambda tx: list(tx.all_keys(place.orders)))) == 1


def test_a_process_that_stands_still_within_a_transaction_holds_the_others_up_for_a_bounded_time(
    place: ServerPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.open().begin() as tx:
        tx.put_link(LinkState("orders", "sheet-1", 7, "Orders", "shop", "orders", "live", None, 0, 0))
    monkeypatch.setattr(mysql_connection, "STANDSTILL_S", 1)
    zombie = place.open()
    with pytest.raises(MysqlUnavailable), zombie.begin() as asleep:
        asleep.link_state("orders", lock=True)
        place.open().run(lambda tx: tx.set_link_state("orders", "paused", None))  # as soon as the server lets go
        asleep.set_link_state("orders", "held", "by a zombie")
    assert place.open().run(lambda tx: tx.link_state("orders")).state == "paused"
    assert zombie.run(lambda tx: tx.link_state("orders")).state == "paused"


@pytest.mark.parametrize("number", [1021, 1114, 1026])
def test_a_server_without_room_is_told_as_unavailable_and_refuses_nothing_for_good(
    number: int,
) -> None:
    full = mysql.connector.Error(msg="The table is full", errno=number)
    told = mysql_connection.translate(full, parse_url("mysql://u:p@127.0.0.1/"))
    assert isinstance(told, MysqlUnavailable)
    assert "room on the server's disk" in told.hint


def test_a_connection_lost_within_a_transaction_takes_it_back_and_run_tries_again(
    place: ServerPlace, store: MysqlStore
) -> None:
    tries = []

    def work(tx: Any) -> int:
        tries.append(1)
        tx.insert_row(place.orders, {"order_no": "A"})
        if len(tries) == 1:
            kill(place, tx)
        tx.insert_row(place.orders, {"order_no": "B"})
        return len(tries)

    assert store.run(work) == 2
    with store.begin() as tx:
        assert len(list(tx.all_keys(place.orders))) == 2


def test_a_connection_lost_at_the_commit_is_told_and_not_tried_again(place: ServerPlace, store: MysqlStore) -> None:
    tries = []

    def work(tx: Any) -> None:
        tries.append(1)
        tx.insert_row(place.orders, {"order_no": "A"})
        kill(place, tx)

    with pytest.raises(MysqlUnavailable):
        store.run(work)
    assert tries == [1]
    with store.begin() as tx:
        assert list(tx.all_keys(place.orders)) == []


def test_two_transactions_that_lock_each_other_out_both_get_through(place: ServerPlace) -> None:
    with place.open().begin() as tx:
        one, two = tx.insert_rows(place.orders, [{"order_no": "A"}, {"order_no": "B"}])
    both_hold_one = threading.Barrier(2)
    tries: list[str] = []

    def swap(first: Any, second: Any, name: str) -> None:
        def work(tx: Any) -> None:
            tries.append(name)
            tx.update_row(place.orders, first, {"note": name})
            if tries.count(name) == 1:
                both_hold_one.wait(timeout=20)
            tx.update_row(place.orders, second, {"note": name})

        store = place.open()
        store.run(work)
        store.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(swap, one, two, "x"), pool.submit(swap, two, one, "y")]:
            done.result(timeout=60)
    assert len(tries) == 3
    with place.open().begin() as tx:
        notes = {row["note"] for row in tx.rows(place.orders, [one, two]).values()}
    assert len(notes) == 1


def test_rows_that_are_read_stay_as_they_are_until_the_commit(place: ServerPlace, store: MysqlStore) -> None:
    with store.begin() as tx:
        key, other = tx.insert_rows(place.orders, [{"order_no": "A"}, {"order_no": "B"}])
    place.session.query("SET SESSION innodb_lock_wait_timeout = 1")
    table = f"{place.orders.schema}.orders"
    with store.begin() as tx:
        tx.rows(place.orders, [key])
        with pytest.raises(MysqlUnavailable):
            place.session.query(f"UPDATE {table} SET note = 'x' WHERE id = {key[0]}")
        place.session.query(f"UPDATE {table} SET note = 'free' WHERE id = {other[0]}")


def test_a_row_of_a_composite_key_is_locked_alone(place: ServerPlace, store: MysqlStore) -> None:
    with store.begin() as tx:
        tx.insert_rows(place.stock, [{"warehouse": w, "sku": str(i)} for w in ("a", "b") for i in range(300)])
    place.session.query("SET SESSION innodb_lock_wait_timeout = 1")
    with store.begin() as tx:
        assert len(tx.rows(place.stock, [("a", "1"), ("b", "2")])) == 2
        place.session.query(f"UPDATE {place.stock.schema}.stock SET amount = 1 WHERE sku NOT IN ('1', '2')")


def test_nobody_opens_a_write_while_a_transaction_counts_on_there_being_none(place: ServerPlace) -> None:
    one, two = place.open(), place.open()
    one.run(lambda tx: tx.put_link(LinkState("orders", "s", 1, "Orders", "shop", "orders", "live", None, 0, 0)))
    with one.begin() as tx:
        assert tx.intent("orders") is None
        with pytest.raises(MysqlUnavailable, match="Another transaction"), two.begin() as other:
            other._run("SET SESSION innodb_lock_wait_timeout = 1")
            other.open_intent(Intent("orders", 1, 1, {}))
    two.run(lambda tx: tx.open_intent(Intent("orders", 1, 1, {})))
    assert one.run(lambda tx: tx.intent("orders")) == Intent("orders", 1, 1, {})


def test_one_unreadable_statement_does_not_spoil_the_next_transaction(store: MysqlStore) -> None:
    with pytest.raises(MysqlRefused), store.begin() as tx:
        tx._select("SELECT nonsense FROM nowhere")
    with store.begin() as tx:
        assert tx.link_states() == []


def test_a_server_that_is_killed_and_comes_back_is_used_again_by_the_same_store(
    mysql_program: MysqlProgram, new_mysql: Callable[[MysqlProgram], MysqlServer]
) -> None:
    server = new_mysql(mysql_program)
    server.start()
    store, seen = open_store(server.url), WebhookSeen(server.url)
    state = LinkState("orders", "s", 1, "Orders", "shop", "orders", "live", None, 0, 0)
    store.run(lambda tx: tx.put_link(state))
    seen.remember("orders", "msg_1")
    server.kill()
    with pytest.raises(MysqlUnavailable, match="does not answer"):
        store.run(lambda tx: tx.link_states())
    with pytest.raises(MysqlUnavailable):
        seen.seen("orders", "msg_1")
    server.start()
    assert store.run(lambda tx: tx.link_states()) == [state]
    assert seen.seen("orders", "msg_1")
    store.close()
    seen.close()
