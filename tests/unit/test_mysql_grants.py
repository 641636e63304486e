"""Which rights are needed, which are missing, and the statement that gives them; whatever names people choose."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.mysql_grants import Grant, missing_grants, needed_grants

ORDERS = Grant(("SELECT", "INSERT", "UPDATE", "DELETE"), "shop", "orders")
ALL_FOUR = "SELECT, INSERT, UPDATE, DELETE"


def test_the_least_is_the_binlog_our_own_schema_and_four_rights_on_each_linked_table() -> None:
    statements = [grant.statement("twinsheet@10.0.0.%") for grant in needed_grants([("shop", "orders")])]
    assert statements == [
        "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `twinsheet`@`10.0.0.%`;",
        "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX ON `twinsheet`.*"
        " TO `twinsheet`@`10.0.0.%`;",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON `shop`.`orders` TO `twinsheet`@`10.0.0.%`;",
    ]


def test_the_documentation_lists_exactly_these() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "security.md").read_text()
    listed = [line for line in page.splitlines() if line.startswith("GRANT")]
    assert listed == [grant.statement("twinsheet@%") for grant in needed_grants([("shop", "orders")])]


@pytest.mark.parametrize(
    "shown",
    [
        f"GRANT {ALL_FOUR} ON `shop`.`orders` TO `u`@`%`",
        f"GRANT {ALL_FOUR}, CREATE ON `shop`.* TO `u`@`%` WITH GRANT OPTION",
        f"GRANT {ALL_FOUR}, PROCESS ON *.* TO `u`@`%`",
        "GRANT ALL PRIVILEGES ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*D8' WITH GRANT OPTION",
        "GRANT ALL PRIVILEGES ON `sh%`.* TO `u`@`%`",
        "GRANT ALL PRIVILEGES ON `_hop`.* TO `u`@`%`",
    ],
)
def test_rights_count_wherever_they_were_granted(shown: str) -> None:
    assert missing_grants([shown], [ORDERS]) == []


@pytest.mark.parametrize(
    ("shown", "lacking"),
    [
        ("GRANT SELECT, UPDATE ON `shop`.`orders` TO `u`@`%`", ("INSERT", "DELETE")),
        ("GRANT SELECT, INSERT (`a`, `b`), UPDATE, DELETE ON `shop`.`orders` TO `u`@`%`", ("INSERT",)),
        ("GRANT SELECT, INSERT (`x), DELETE, (``y`), UPDATE ON `shop`.`orders` TO `u`@`%`", ("INSERT", "DELETE")),
        (f"GRANT {ALL_FOUR} ON `shop`.`Orders` TO `u`@`%`", ORDERS.rights),
        (f"GRANT {ALL_FOUR} ON `sho%`.`orders` TO `u`@`%`", ORDERS.rights),
        (f"GRANT {ALL_FOUR} ON `shop\\_`.* TO `u`@`%`", ORDERS.rights),
        ("GRANT EXECUTE ON PROCEDURE `shop`.`orders` TO `u`@`%`", ORDERS.rights),
        ("GRANT `SELECT`@`%` TO `u`@`%`", ORDERS.rights),
        ("GRANT USAGE ON *.* TO `u`@`%`", ORDERS.rights),
    ],
)
def test_what_is_not_granted_is_missing_and_nothing_else(shown: str, lacking: tuple[str, ...]) -> None:
    assert missing_grants([shown], [ORDERS]) == [Grant(lacking, "shop", "orders")]


def test_a_schema_that_was_taken_out_again_is_not_covered_by_what_holds_everywhere() -> None:
    shown = [f"GRANT {ALL_FOUR} ON *.* TO `u`@`%`", "REVOKE DELETE ON `shop`.* FROM `u`@`%`"]
    assert missing_grants(shown, [ORDERS]) == [Grant(("DELETE",), "shop", "orders")]
    assert missing_grants(shown, [Grant(ORDERS.rights, "mart", "orders")]) == []


def test_names_in_any_case_are_one_where_the_server_folds_them() -> None:
    shown = [f"GRANT {ALL_FOUR} ON `shop`.`orders` TO `u`@`%`"]
    asked = [Grant(ORDERS.rights, "Shop", "ORDERS")]
    assert missing_grants(shown, asked, folds_names=True) == []
    assert missing_grants(shown, asked) == asked


@pytest.mark.parametrize(
    "name", ["a`b", "`", "a.b", "a b", "x`.* TO `root`@`%", "a' OR ''='", "%", "ünï😀", "SELECT"]
)
def test_no_name_gets_out_of_its_quotes(name: str) -> None:
    inside = name.replace("`", "``")
    statement = Grant(("SELECT",), name, name).statement(f"{name}@h")
    assert statement == f"GRANT SELECT ON `{inside}`.`{inside}` TO `{inside}`@`h`;"
    shown = statement.rstrip(";")
    assert missing_grants([shown], [Grant(("SELECT",), name, name)]) == []
    assert missing_grants([shown], [Grant(("SELECT",), "other", name)]) != []
