"""Links: the file is followed, and one fault never stops the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from config.link_entry import LinkEntry
from config.links import LinkEntries, Links, resolve
from core.errors import LinkRefused, MysqlUnavailable, UnsupportedType
from core.model import Link, TableColumn
from core.values import Codec
from core.values.catalog import codec_for as real_codec_for
from core.where import Condition


@dataclass(frozen=True)
class Shape:
    """A table."""

    columns: tuple[TableColumn, ...]
    key_columns: tuple[str, ...]


def column(name: str, data_type: str = "int") -> TableColumn:
    return TableColumn(name, data_type, data_type)


ORDERS = Shape((column("line"), column("note", "varchar"), column("order_no")), ("order_no", "line"))


def codec_for(described: TableColumn) -> Codec:
    if described.data_type == "geometry":
        raise UnsupportedType(f"{described.name} is geometry")
    return cast(Codec, f"codec of {described.name}")


def entry(**more: object) -> LinkEntry:
    return LinkEntry.model_validate(
        {"name": "orders", "spreadsheet": "1A", "tab": "O", "table": "shop.orders"} | more
    )


class World:
    """A links file, tables and a clock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = 0.0
        self.tables: dict[tuple[str, str], Shape] = {("shop", "orders"): ORDERS}
        self.down = False
        self.described = 0
        self.links = Links(path, self.describe, codec_for, clock=lambda: self.now)

    def describe(self, schema: str, table: str) -> Shape:
        self.described += 1
        if self.down:
            raise MysqlUnavailable("MySQL does not answer.")
        if (schema, table) not in self.tables:
            raise LinkRefused(f"There is no table {schema}.{table}.")
        return self.tables[schema, table]

    def write(self, *names: str, raw: str = "") -> None:
        items = "".join(f"- {{name: {n}, spreadsheet: 1A, tab: {n}, table: shop.{n.split('-')[0]}}}\n" for n in names)
        self.path.write_text("links:\n" + items + raw)

    def names_later(self, seconds: float = 2.0) -> list[str]:
        self.now += seconds
        return [link.name for link in self.links.current()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "links.yaml")


def test_headers_default_to_column_names_and_keys_come_in_the_keys_order() -> None:
    link = resolve(entry(), ORDERS, codec_for)
    assert link.headers == ("order_no", "note", "line")
    assert [c.name for c in link.key_columns] == ["order_no", "line"]


def test_mapping_policy_and_rules_reach_their_columns() -> None:
    columns = {"Order no.": "order_no", "Pos": "line", "Remark": "note"}
    link = resolve(entry(columns=columns, conflicts="sheet_wins", rules={"note": "append_text"}), ORDERS, codec_for)
    assert {c.header: c.policy for c in link.columns} == {
        "Order no.": "sheet_wins",
        "Pos": "sheet_wins",
        "Remark": "append_text",
    }


def test_a_link_knows_its_header_row() -> None:
    assert [resolve(entry(**given), ORDERS, codec_for).header_row for given in ({}, {"header_row": 4})] == [1, 4]


def test_columns_go_both_ways_unless_the_entry_says_otherwise() -> None:
    link = resolve(entry(one_way={"note": "to_table", "line": "to_sheet"}), ORDERS, real_codec_for)
    assert {c.name: c.direction for c in link.columns} == {
        "order_no": "both",
        "line": "to_sheet",
        "note": "to_table",
    }


def test_a_filter_becomes_conditions_in_the_spelling_of_each_column() -> None:
    where = {"line": [1, "007"], "note": {"not": None}, "order_no": {"not": [3, 4]}}
    link = resolve(entry(where=where), ORDERS, real_codec_for)
    assert {c.name: c.where for c in link.columns} == {
        "line": Condition(("1", "7")),
        "note": Condition((None,), negated=True),
        "order_no": Condition(("3", "4"), negated=True),
    }


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"columns": {"A": "order_no", "B": "line", "C": "nope"}}, "no column nope"),
        ({"columns": {"A": "order_no"}}, "key column line"),
        ({"rules": {"nope": "manual"}}, "no column nope"),
        ({"one_way": {"nope": "to_sheet"}}, "no column nope"),
        ({"columns": {"A": "order_no", "B": "line"}, "one_way": {"note": "to_sheet"}}, "note, which is not linked"),
        ({"one_way": {"line": "to_table"}}, "line cannot be to_table: a row is known by its key"),
        ({"where": {"nope": 1}}, "no column nope"),
        (
            {"columns": {"A": "order_no", "B": "line"}, "where": {"note": "x"}},
            "where names note, which is not linked",
        ),
        ({"where": {"line": "x"}, "one_way": {"order_no": "to_table"}}, "to_table.*; where: line: "),
    ],
)
def test_what_does_not_fit_the_table_is_refused_by_name(more: dict[str, object], told: str) -> None:
    with pytest.raises(LinkRefused, match=told):
        resolve(entry(**more), ORDERS, real_codec_for)


def test_a_table_without_primary_key_and_an_unknown_type_are_refused() -> None:
    with pytest.raises(LinkRefused, match="no primary key"):
        resolve(entry(), Shape((column("a"),), ()), codec_for)
    with pytest.raises(UnsupportedType):
        resolve(entry(), Shape((column("a"), column("g", "geometry")), ("a",)), codec_for)


def test_a_rule_that_cannot_be_imported_does_not_stop_its_link() -> None:
    columns = {"A": "order_no", "B": "line", "C": "note"}
    link = resolve(entry(columns=columns, rules={"note": "no_such_module:x"}), ORDERS, codec_for)
    assert [c.policy for c in link.columns if c.name == "note"] == ["no_such_module:x"]


def test_what_is_wrong_with_rules_is_told_beside_a_link_that_works(tmp_path: Path) -> None:
    world = World(tmp_path / "links.yaml")
    tried: list[str] = []

    def faults(link: Link) -> list[str]:
        tried.append(link.name)
        return [f"{link.name}: the rule fails"] if link.name == "orders" else []

    world.tables["shop", "stock"] = ORDERS
    world.links = Links(world.path, world.describe, codec_for, rule_faults=faults, clock=lambda: world.now)
    world.write("orders", "stock")
    assert world.names_later(0) == ["orders", "stock"]
    assert world.links.rule_faults("orders") == ["orders: the rule fails"]
    assert world.links.rule_faults("stock") == []
    assert world.links.faults == ()
    world.names_later()
    assert tried == ["orders", "stock"]  # once, and again only when the link changes


def test_a_changed_file_is_followed_within_two_seconds(world: World) -> None:
    assert world.names_later(0) == []
    world.write("orders")
    assert world.names_later() == ["orders"]
    version = world.links.version
    world.write("orders", "orders-copy")
    assert world.names_later() == ["orders", "orders-copy"]
    assert world.links.version == version + 1
    assert world.names_later() == ["orders", "orders-copy"]
    assert world.links.version == version + 1
    world.write("orders-copy")
    assert world.names_later() == ["orders-copy"]


def test_a_link_that_names_no_columns_goes_on_with_those_it_had_when_its_table_gets_more(tmp_path: Path) -> None:
    world = World(tmp_path / "links.yaml")
    had = {"No.": "order_no", "line": "line", "note": "note"}
    links = Links(world.path, world.describe, codec_for, linked_as={"orders": had}.get, clock=lambda: world.now)
    world.tables["shop", "orders"] = Shape((*ORDERS.columns, column("extra")), ORDERS.key_columns)
    world.write("orders", "orders-new")
    assert {link.name: link.headers for link in links.current()} == {
        "orders": ("No.", "line", "note"),
        "orders-new": ("order_no", "note", "line", "extra"),
    }
    assert links.table_columns("orders") == ("line", "note", "order_no", "extra")
    assert links.table_columns("nobody") == ()


def test_a_faulty_file_keeps_what_was_good(world: World) -> None:
    world.write("orders")
    assert world.names_later() == ["orders"]
    world.path.write_text("links: [")
    assert world.names_later() == ["orders"]
    assert "line" in world.links.faults[0]
    world.write("orders-copy")
    assert world.names_later() == ["orders-copy"]
    assert world.links.faults == ()


def test_one_faulty_link_never_stops_the_others(world: World) -> None:
    world.write("orders")
    assert world.names_later() == ["orders"]
    world.write("orders-copy", raw="- {name: orders, spreadsheet: 1A, tab: orders}\n")
    assert world.names_later() == ["orders", "orders-copy"] or world.names_later() == ["orders-copy", "orders"]
    assert "table is missing" in world.links.faults[0]


def test_a_table_that_is_made_later_is_found_without_touching_the_file(world: World) -> None:
    world.write("orders", "stock")
    assert world.names_later() == ["orders"]
    assert "no table shop.stock" in world.links.faults[0]
    world.tables["shop", "stock"] = ORDERS
    assert world.names_later(6) == ["orders", "stock"]
    assert world.links.faults == ()


def test_a_link_known_before_survives_that_mysql_is_down(world: World) -> None:
    world.write("orders")
    assert world.names_later() == ["orders"]
    world.down = True
    world.write("orders", "orders-copy")
    assert world.names_later() == ["orders"]
    world.links.refresh()
    assert world.names_later(0) == ["orders"]
    world.down = False
    assert world.names_later(6) == ["orders", "orders-copy"]


def test_an_altered_table_is_described_again_on_demand(world: World) -> None:
    world.write("orders")
    world.names_later()
    world.tables["shop", "orders"] = Shape((*ORDERS.columns, column("extra")), ORDERS.key_columns)
    world.links.refresh()
    link = world.links.get("orders")
    assert link is not None
    assert link.by_name("extra") is not None


def test_an_altered_table_is_followed_within_seconds_and_only_then_is_its_link_another(world: World) -> None:
    world.write("orders", "orders-copy")
    world.names_later()
    version = world.links.version
    for _ in range(20):
        world.names_later(1)
    assert world.links.version == version
    wider = Shape((*ORDERS.columns[:1], column("note", "text"), ORDERS.columns[2]), ORDERS.key_columns)
    world.tables["shop", "orders"] = wider
    for _ in range(8):
        world.names_later(1)
    for name in ("orders", "orders-copy"):
        link = world.links.get(name)
        assert link is not None
        assert [c.column.data_type for c in link.columns if c.name == "note"] == ["text"]


def test_one_table_is_looked_at_again_at_a_time_however_many_are_linked(world: World) -> None:
    world.write("orders", *(f"orders-{i}" for i in range(30)))
    world.names_later()
    for _ in range(60):
        before = world.described
        world.names_later(1.1)
        assert world.described <= before + 1


def test_a_link_whose_table_was_lost_goes_on_as_it_was_and_the_fault_is_told_until_it_is_back(world: World) -> None:
    world.write("orders")
    world.names_later()
    del world.tables["shop", "orders"]
    for _ in range(20):
        assert world.names_later(1) == ["orders"]
    assert "no table shop.orders" in world.links.faults[0]
    world.tables["shop", "orders"] = ORDERS
    for _ in range(7):
        world.names_later(1)
    assert world.links.faults == ()


def test_a_link_that_does_not_fit_its_table_is_named_with_the_reason_until_it_does(world: World) -> None:
    world.write("orders", "stock")
    world.names_later()
    assert list(world.links.unresolved) == ["stock"]
    assert "no table shop.stock" in world.links.unresolved["stock"]
    world.tables["shop", "stock"] = ORDERS
    del world.tables["shop", "orders"]
    for _ in range(8):
        world.names_later(1)
    assert list(world.links.unresolved) == ["orders"]
    world.down = True
    world.names_later(6)
    assert world.links.unresolved == {}, "while MySQL does not answer nobody knows"


def test_who_is_linked_is_followed_without_any_table(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    entries = LinkEntries(path)
    assert entries.get("orders") is None
    path.write_text("links:\n- {name: orders, spreadsheet: 1A, tab: O, table: shop.orders}\n")
    found = entries.get("orders")
    assert found is not None
    assert found.tab == "O"
    path.write_text("links: [")
    assert entries.get("orders") == found, "a faulty file leaves what was good last"
    path.write_text(
        "links:\n- {name: orders, spreadsheet: 1A}\n- {name: stock, spreadsheet: 1A, tab: S, table: shop.stock}\n"
    )
    assert entries.get("orders") == found, "so does a faulty entry"
    assert entries.get("stock") is not None
    path.write_text("links: []\n")
    assert entries.current() == {}
