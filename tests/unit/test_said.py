"""How numbers and faults of links are said to people."""

from __future__ import annotations

from app.said import troubles

AWAY = "Google answered 503: The service is currently unavailable."


def test_every_link_that_does_not_get_through_is_named_with_its_reason() -> None:
    assert troubles([("orders", AWAY), ("prices", ""), ("stock", AWAY), ("staff", "Sign in again.")]) == (
        f"orders, stock: {AWAY}; staff: Sign in again."
    )


def test_nothing_is_told_where_all_get_through() -> None:
    assert troubles([("orders", ""), ("prices", "")]) == ""


def test_of_two_hundred_links_that_wait_for_the_same_the_first_few_are_named_and_the_others_counted() -> None:
    assert troubles((f"orders_{i}", AWAY) for i in range(200)) == (
        f"orders_0, orders_1, orders_2, orders_3, orders_4 and 195 other links: {AWAY}"
    )
