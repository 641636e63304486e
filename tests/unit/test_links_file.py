"""links.yaml: every fault with its line, comments kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from config.link_entry import LinkEntry
from config.links_edit import add_entry, check_addable, remove_entry, replace_columns
from config.links_file import parse_links, read_links
from core.errors import LinkRefused, NotLinked, SettingsError

GOOD = """\
# Our links
links:
  # the orders of the shop
  - name: orders        # do not rename
    spreadsheet: 1AbCdEf
    tab: Orders
    table: shop.orders
    columns:
      Order no.: order_no   # the key
      "Price": price
    conflicts: last_write_wins
    rules: {price: table_wins, notes: append_text, order_no: manual}

  # customers come from the CRM
  - name: customers
    spreadsheet: 1AbCdEf
    tab: Customers
    table: shop.customers
# the end
"""


def entry(name: str, **more: object) -> LinkEntry:
    return LinkEntry.model_validate(
        {"name": name, "spreadsheet": "1Xyz", "tab": name.title(), "table": f"shop.{name}"} | more
    )


def test_a_good_file_gives_its_links_in_order() -> None:
    found = parse_links(GOOD)
    assert found.faults == ()
    assert [e.name for e in found.entries] == ["orders", "customers"]
    orders = found.entries[0]
    assert orders.columns == {"Order no.": "order_no", "Price": "price"}
    assert (orders.schema_name, orders.table_name) == ("shop", "orders")
    assert orders.rules["notes"] == "append_text"
    assert found.entries[1].columns is None


def test_no_file_and_an_empty_list_mean_no_links(tmp_path: Path) -> None:
    assert read_links(tmp_path / "links.yaml") == ()
    assert parse_links("links:\n").entries == parse_links("").entries == ()


FAULTY = """\
links:
  - name: Orders!
    spreadsheet: https://docs.google.com/spreadsheets/d/1AbC/edit
    tab: 2024
    table: orders
    conflict: sheet_wins
    rules:
      price: newest
      notes: mine.py
  - name: good
    spreadsheet: 1A
    tab: T
    table: a.b
  - name: twice
    tab: T2
    table: a.b
    columns: {A: x, B: x}
    spreadsheet: 1A
  - name: good
    spreadsheet: 1A
    tab: T3
    table: a.b
  - name: same_tab
    spreadsheet: 1A
    tab: T
    table: a.c
  - 17
linkz: []
"""


def test_every_fault_is_told_with_its_line_and_good_links_survive() -> None:
    found = parse_links(FAULTY)
    told = {(f.line, f.message.split(" ", 1)[0].rstrip(":")) for f in found.faults}
    assert told >= {
        (2, "name"),
        (3, "spreadsheet"),
        (4, "tab"),
        (5, "table"),
        (6, "conflict"),
        (8, "rules.price"),
        (9, "rules.notes"),
    }
    messages = {f.line: f.message for f in found.faults}
    assert "put it in quotes" in messages[4]
    assert "two headers are tied to x" in messages[14]
    assert "second link is named good" in messages[19]
    assert "same tab" in messages[23]
    assert "has to be a mapping" in messages[27]
    assert "'linkz' is not known" in messages[28]
    assert [e.name for e in found.entries] == ["good"]


def test_all_faults_of_a_file_come_in_one_message(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    path.write_text(FAULTY)
    with pytest.raises(SettingsError) as caught:
        read_links(path)
    for line in (2, 3, 4, 5, 6, 8, 9, 14, 19, 23, 27, 28):
        assert f"line {line}:" in caught.value.message


@pytest.mark.parametrize(
    ("text", "line"),
    [("links:\n  - name: [a\n", 3), ("links:\n  - name: a\n    name: b\n", 3), ("- name: a\n", 1), ("links: 5\n", 1)],
)
def test_what_is_not_a_links_file_is_told_with_a_line(text: str, line: int) -> None:
    found = parse_links(text)
    assert [f.line for f in found.faults] == [line]


def test_adding_keeps_every_comment_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    path.write_text(GOOD)
    new = entry("stock", columns={"No: 1": "no", "ünï": "name"}, rules={"no": "shop.rules:pick"})
    add_entry(path, new)
    text = path.read_text()
    assert read_links(path)[-1] == new
    for comment in ("# Our links", "# the orders", "# do not rename", "# the key", "# customers come", "# the end"):
        assert comment in text
    assert text.startswith(GOOD.rsplit("# the end", 1)[0])


def test_a_file_written_without_indentation_keeps_its_layout(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    old = "links:\n- name: a\n  spreadsheet: 1A\n  tab: A\n  table: s.a\n"
    path.write_text(old)
    add_entry(path, entry("b"))
    assert path.read_text().startswith(old)


ONE_WAY = """\
links:
  - name: orders
    spreadsheet: 1A
    tab: Orders
    table: shop.orders
    one_way:
      total: to_sheet     # people only look at it
      source: to_table
"""


def test_columns_that_go_one_way_are_read_and_their_comments_kept(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    path.write_text(ONE_WAY)
    assert read_links(path)[0].one_way == {"total": "to_sheet", "source": "to_table"}
    add_entry(path, entry("stock", one_way={"count": "to_table"}))
    assert path.read_text().startswith(ONE_WAY)
    assert read_links(path)[-1].one_way == {"count": "to_table"}


def test_a_header_row_other_than_the_first_is_read_and_written(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    add_entry(path, entry("orders"))
    add_entry(path, entry("stock", header_row=4))
    assert [one.header_row for one in read_links(path)] == [1, 4]
    assert path.read_text().count("header_row") == 1


@pytest.mark.parametrize(
    ("row", "told"),
    [("0", "a row from 1 to 1000"), ("1001", "a row from 1 to 1000"), ("four", "a whole number"), ("4.5", "whole")],
)
def test_a_header_row_that_cannot_be_is_told_with_its_line(row: str, told: str) -> None:
    lines = ["links:", "- name: orders", "  spreadsheet: 1A", "  tab: Orders", f"  header_row: {row}", "  table: s.o"]
    (fault,) = parse_links("\n".join(lines)).faults
    assert fault.line == 5
    assert told in fault.message
    assert "header_row" in fault.message


def test_a_way_that_there_is_not_and_a_rule_that_is_never_asked_are_told_with_all_other_faults() -> None:
    sideways = ONE_WAY.replace("source: to_table", "source: sideways").replace("tab: Orders", "tab: 7")
    told = {f.line: f.message for f in parse_links(sideways).faults}
    assert set(told) == {4, 8}
    assert "to_sheet or to_table" in told[8]
    (fault,) = parse_links(ONE_WAY + "    rules: {total: max}\n").faults
    assert "total goes one way" in fault.message


def test_a_filter_is_read_as_yaml_has_it_and_what_is_none_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    path.write_text(
        ONE_WAY
        + "    where:\n      status: [new, paid]  # not the old ones\n      gone: null\n      kind: {not: draft}\n"
    )
    where = {"status": ["new", "paid"], "gone": None, "kind": {"not": "draft"}}
    assert read_links(path)[0].where == where
    add_entry(path, entry("stock", where=where))
    assert "# not the old ones" in path.read_text()
    assert read_links(path)[-1].where == where
    faulty = "    where:\n      a: []\n      b: {is: x}\n      c: [[1]]\n      d: {not: {not: x}}\n      e: 1\n"
    assert [f.line for f in parse_links(ONE_WAY + faulty).faults] == [10, 11, 12, 13]


def test_removing_leaves_everything_else_untouched(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    path.write_text(GOOD)
    remove_entry(path, "orders")
    text = path.read_text()
    assert [e.name for e in read_links(path)] == ["customers"]
    for comment in ("# Our links", "# customers come from the CRM", "# the end"):
        assert comment in text
    remove_entry(path, "customers")
    assert read_links(path) == ()
    add_entry(path, entry("again"))
    assert [e.name for e in read_links(path)] == ["again"]


@pytest.mark.parametrize(
    "text",
    [
        "links: [{name: a, spreadsheet: 1A, tab: A, table: s.a}, {name: b, spreadsheet: 1A, tab: B, table: s.b}]\n",
        "links:\n  -\n    name: a\n    spreadsheet: 1A\n    tab: A\n    table: s.a\n"
        "  -\n    name: b\n    spreadsheet: 1A\n    tab: B\n    table: s.b\n",
    ],
)
def test_unusual_layouts_can_be_changed_too(tmp_path: Path, text: str) -> None:
    path = tmp_path / "links.yaml"
    path.write_text(text)
    add_entry(path, entry("c"))
    remove_entry(path, "a")
    assert [e.name for e in read_links(path)] == ["b", "c"]


def test_removing_an_unknown_link_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    path.write_text(GOOD)
    with pytest.raises(NotLinked):
        remove_entry(path, "nobody")
    assert path.read_text() == GOOD


def test_a_faulty_file_is_never_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    path.write_text(FAULTY)
    with pytest.raises(SettingsError):
        add_entry(path, entry("stock"))
    assert path.read_text() == FAULTY


@pytest.mark.parametrize("step", [check_addable, add_entry])
@pytest.mark.parametrize(
    ("new", "told"),
    [
        (entry("orders"), "named orders already"),
        (entry("again", spreadsheet="1AbCdEf", tab="Customers"), "the same tab"),
    ],
)
def test_a_link_that_would_spoil_the_file_is_refused_before_it_is_written(
    tmp_path: Path, step: Callable[[Path, LinkEntry], None], new: LinkEntry, told: str
) -> None:
    path = tmp_path / "links.yaml"
    path.write_text(GOOD)
    with pytest.raises(LinkRefused, match=told):
        step(path, new)
    assert path.read_text() == GOOD


def test_whether_a_link_can_be_added_is_asked_without_writing_anything(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    check_addable(path, entry("stock"))
    assert not path.exists()
    path.write_text(FAULTY)
    with pytest.raises(SettingsError, match="line 27"):
        check_addable(path, entry("stock"))


def test_a_file_that_nests_without_end_is_a_fault_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    path.write_text("links: " + "[" * 5000)
    with pytest.raises(SettingsError, match="not YAML"):
        read_links(path)


def test_many_writers_at_once_lose_no_link(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    writers = [Thread(target=add_entry, args=(path, entry(f"l{i}"))) for i in range(12)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert {e.name for e in read_links(path)} == {f"l{i}" for i in range(12)}
    assert sorted(p.name for p in tmp_path.iterdir()) == [".links.yaml.lock", "links.yaml"]


def test_the_mode_of_the_file_and_a_symbolic_link_to_it_stay(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text(GOOD)
    real.chmod(0o640)
    path = tmp_path / "links.yaml"
    path.symlink_to(real)
    add_entry(path, entry("stock"))
    assert path.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "stock" in real.read_text()


def test_columns_of_one_link_are_written_anew_and_comments_stay(tmp_path: Path) -> None:
    path = tmp_path / "links.yaml"
    path.write_text(
        "# ours\nlinks:\n"
        "  - name: orders  # the first\n    spreadsheet: 1A\n    tab: Orders\n    table: shop.orders\n"
        "    columns:\n      No.: order_no  # the key\n      Old: note\n    rules: {note: manual}\n"
        "  - name: stock\n    spreadsheet: 1A\n    tab: Stock\n    table: shop.stock  # elsewhere\n"
    )
    entries = {entry.name: entry for entry in read_links(path)}
    more = {"No.": "order_no", "Old": "remark", "Größe 👟": "size"}
    orders = entries["orders"].model_copy(update={"columns": more, "rules": {"remark": "manual"}})
    orders = orders.model_copy(update={"one_way": {"size": "to_sheet"}, "where": {"remark": ["a", "b"]}})
    replace_columns(path, orders)
    stock = entries["stock"].model_copy(update={"columns": {"sku": "sku", "extra": "extra"}})
    replace_columns(path, stock)
    assert read_links(path) == (orders, stock)
    text = path.read_text()
    assert all(remark in text for remark in ("# ours", "# the first", "# the key", "# elsewhere"))
    with pytest.raises(NotLinked):
        replace_columns(path, stock.model_copy(update={"name": "nobody"}))
