"""Whose connection it was."""

from __future__ import annotations

from typing import Any

from adapters.mysql_accounts import ASK_EVERY_S, KEPT_S, Accounts


class Server:
    """A list of connections, and how often it was asked for."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.asked = 0
        self.open: dict[int, str] = {}

    def query(self, _sql: str, _params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        self.asked += 1
        return [(number, user, "10.0.0.5:4711", "shop", "Sleep", 0, "", None) for number, user in self.open.items()]


def accounts(server: Server) -> Accounts:
    return Accounts(server, lambda: server.now_s)  # type: ignore[arg-type]  # a session that tells connections alone


def test_a_connection_that_is_open_is_known_and_asked_for_once() -> None:
    server = Server()
    server.open = {7: "shop", 8: "import"}
    known = accounts(server)
    assert [known.user_of(number) for number in (7, 8, 7)] == ["shop", "import", "shop"]
    assert server.asked == 1


def test_of_a_closed_connection_and_of_a_server_that_tells_none_nobody_knows_the_user() -> None:
    server = Server()
    known = accounts(server)
    assert known.user_of(None) == ""
    assert server.asked == 0
    assert known.user_of(7) == ""


def test_connections_that_come_and_go_with_each_statement_do_not_hold_the_feed_up() -> None:
    server = Server()
    known = accounts(server)
    for number in range(1000):
        known.user_of(number)
    assert server.asked == 1
    server.now_s += 2 * ASK_EVERY_S
    server.open = {2000: "shop"}
    assert known.user_of(2000) == "shop"


def test_a_connection_that_was_handed_on_is_asked_for_again_after_a_while() -> None:
    server = Server()
    server.open = {7: "shop"}
    known = accounts(server)
    assert known.user_of(7) == "shop"
    server.open = {7: "import"}
    assert known.user_of(7) == "shop"
    server.now_s += 2 * KEPT_S
    assert known.user_of(7) == "import"
