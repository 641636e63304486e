"""Which tables a linked table's rows refer to, as the change feed asks for it."""

from __future__ import annotations

from typing import Any

from adapters.mysql_cascades import parents_of
from adapters.mysql_ddl import ForeignKey
from core.errors import MysqlRefused

VISITS = """CREATE TABLE `visits` (
  `id` int NOT NULL,
  `customer` int NOT NULL,
  `place` int DEFAULT NULL COMMENT 'FOREIGN KEY (`x`) REFERENCES `y` (`z`)',
  CONSTRAINT `c` FOREIGN KEY (`customer`) REFERENCES `customers` (`id`) ON DELETE CASCADE,
  CONSTRAINT `p` FOREIGN KEY (`place`, `id`) REFERENCES `geo`.`places` (`id`, `nr`)
)"""


class Server:
    """Knows two tables; every other one is gone."""

    def query(self, sql: str, _parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        shown = {"`shop`.`visits`": VISITS, "`shop`.`customers`": "CREATE TABLE `customers` (`id` int NOT NULL)"}
        for name, statement in shown.items():
            if sql.endswith(name):
                return [(name, statement)]
        raise MysqlRefused("Table doesn't exist.")


def test_each_foreign_key_names_its_parent_and_a_table_that_is_gone_stops_nobody() -> None:
    tables = [("shop", "visits"), ("shop", "dropped"), ("shop", "customers")]
    assert parents_of(Server(), tables) == {
        ("shop", "visits"): (
            ForeignKey(("shop", "customers"), frozenset({"id"}), "CASCADE", "RESTRICT"),
            ForeignKey(("geo", "places"), frozenset({"id", "nr"}), "RESTRICT", "RESTRICT"),
        )
    }
