"""The command line's frame: exit codes, one message per failure, help that imports nothing heavy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import click
import pytest

import app.cli
from app.cli import main
from app.cli.output import ago, agreed
from config.link_entry import LinkEntry
from core.errors import LinkRefused, NotLinked


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [n for n in os.environ if n.startswith("TWINSHEET_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def ended(*words: str) -> int:
    """Exit code of a command."""
    with pytest.raises(SystemExit) as caught:
        main(list(words))
    assert isinstance(caught.value.code, int)
    return caught.value.code


def use(monkeypatch: pytest.MonkeyPatch, command: click.Command) -> None:
    """Let ``twinsheet status`` be another command."""
    monkeypatch.setattr("app.cli.status.status", command)


def command_that(does: Any) -> click.Command:
    return click.Command("status", callback=does, params=[click.Option(["--json", "as_json"], is_flag=True)])


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_code_that_a_command_returns_is_the_exit_code(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    use(monkeypatch, command_that(lambda as_json: code))
    assert ended("status") == code


def test_a_failure_on_purpose_is_one_message_with_its_hint_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(as_json: bool) -> None:
        raise LinkRefused("The tab has no headers.", "Write them into row 1.")

    use(monkeypatch, command_that(refuse))
    assert ended("status") == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "Error: The tab has no headers.\nWrite them into row 1.\n"
    assert ended("status", "--json") == 2
    told = capsys.readouterr()
    expected = {"kind": "LinkRefused", "message": "The tab has no headers.", "hint": "Write them into row 1."}
    assert json.loads(told.out) == {"error": expected}
    assert told.err == ""


def test_a_failure_that_nobody_foresaw_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(as_json: bool) -> None:
        raise RuntimeError("a pipe burst")

    use(monkeypatch, command_that(break_down))
    assert ended("status") == 2
    told = capsys.readouterr().err
    assert "a pipe burst" in told
    assert "Traceback" not in told
    monkeypatch.setenv("TWINSHEET_LOG_LEVEL", "debug")
    with pytest.raises(RuntimeError):
        main(["status"])


def test_a_question_that_nobody_is_there_to_answer_could_not_be_asked_and_names_the_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(as_json: bool) -> None:
        agreed()

    use(monkeypatch, command_that(ask))
    monkeypatch.setattr("sys.stdin", StringIO())
    assert ended("status") == 2
    assert "--yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", StringIO("y\n"))
    assert ended("status") == 0


def test_ctrl_c_ends_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(as_json: bool) -> None:
        raise KeyboardInterrupt

    use(monkeypatch, command_that(interrupt))
    assert ended("status") == 130
    assert capsys.readouterr().err.strip() == "Stopped."


@pytest.mark.parametrize(
    "words",
    [
        ("nope",),
        ("link", "add"),
        ("verify", "--wait", "soon"),
        ("verify", "--wait", "nan"),
        ("history", "--limit", "0"),
    ],
)
def test_misuse_is_code_2_and_json_where_json_was_asked_for(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(*words) == 2
    assert "Usage" in capsys.readouterr().err
    assert ended(*words, "--json") == 2
    told = capsys.readouterr()
    error = json.loads(told.out)["error"]
    assert error["kind"] == "Usage"
    assert error["message"]


@pytest.mark.parametrize(
    "words", [("status",), ("conflicts",), ("history",), ("rejections",), ("verify",), ("link", "list")]
)
def test_without_settings_every_command_says_what_to_set(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(*words, "--json") == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["kind"] == "SettingsError"
    assert "TWINSHEET_MYSQL_URL" in error["message"]


def test_doctor_finds_missing_settings_as_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("doctor", "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["good"] is False
    (finding,) = report["checks"]
    assert (finding["name"], finding["ok"]) == ("settings", False)
    assert ".env.example" in finding["mend"]


def test_every_command_has_help_and_json() -> None:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        assert command.help
        leaves = command.commands.values() if isinstance(command, click.Group) else [command]
        for leaf in leaves:
            if leaf.name not in ("up", "sql", "demo"):
                assert any("--json" in parameter.opts for parameter in leaf.params), leaf.name


def test_the_list_of_commands_is_shown_without_importing_what_they_need() -> None:
    code = (
        "import sys; from app.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'kafka', 'mysql', 'flask', 'googleapiclient', 'pydantic', 'structlog', 'rich'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=_root())
    assert done.returncode == 0, done.stderr
    for name in app.cli._COMMANDS:
        assert name in done.stdout


@pytest.mark.parametrize("module", ["app.plan", "app.operate", "app.take", "app.linking.manage"])
def test_what_asks_nothing_of_kafka_does_not_wait_for_its_library(module: str) -> None:
    code = f"import sys; import {module}; sys.exit('kafka' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=_root())
    assert done.returncode == 0, done.stderr


def _root() -> Path:
    return Path(__file__).parents[2]


def test_link_add_hands_its_words_on_and_prints_the_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[dict[str, Any]] = []
    report = {
        "link": "orders", "spreadsheet": "1AbC", "tab": "Orders", "table": "shop.orders",
        "connection_code": "ts1.abc",
        "plan": {"sheet_writes": 2, "table_writes": 0, "differences": []},
    }  # fmt: skip

    def add_link(settings: object, entry: LinkEntry, **words: Any) -> dict[str, Any]:
        asked.append({**words, "entry": entry.to_yaml()})
        return report

    monkeypatch.setattr("app.linking.add.add_link", add_link)
    settings(monkeypatch)
    address = "https://docs.google.com/spreadsheets/d/1AbC/edit#gid=0"
    words = ("link", "add", "orders", "--spreadsheet", address, "--tab", "Orders", "--table", "shop.orders", "--yes")
    mapping = ("--column", "Order = no.=order_no", "--rule", "price=manual", "--one-way", "note=to_sheet")
    where = ("--where", "state=[new, paid]", "--where", "gone=null", "--where", "city={not: 'a=b'}")
    assert ended(*words, "--prefer", "table", "--header-row", "4", *mapping, *where) == 0
    told = capsys.readouterr().out
    assert "ts1.abc" in told.splitlines()
    assert asked[0]["entry"] == {
        "name": "orders",
        "spreadsheet": "1AbC",
        "tab": "Orders",
        "header_row": 4,
        "table": "shop.orders",
        "columns": {"Order = no.": "order_no"},
        "rules": {"price": "manual"},
        "one_way": {"note": "to_sheet"},
        "where": {"state": ["new", "paid"], "gone": None, "city": {"not": "a=b"}},
    }
    assert asked[0]["prefer"] == "table"
    assert ended(*words, "--json") == 0
    assert json.loads(capsys.readouterr().out) == report
    assert asked[1]["confirm"] is None


@pytest.mark.parametrize(
    ("connected", "told"),
    [
        (False, "Reload the spreadsheet, choose Twinsheet → Connect, grant the permissions, and paste"),
        (True, "The sheet is connected already. To connect it again, choose Twinsheet → Connect and paste"),
    ],
)
def test_link_add_ends_with_where_to_paste_the_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], connected: bool, told: str
) -> None:
    report = {"link": "orders", "tab": "Orders", "table": "shop.orders", "connected": connected, "plan": NO_PLAN}
    monkeypatch.setattr("app.linking.add.add_link", lambda *_, **_words: report | {"connection_code": "ts1.abc"})
    settings(monkeypatch)
    words = ("link", "add", "orders", "--spreadsheet", "1AbC", "--tab", "Orders", "--table", "shop.orders", "--yes")
    assert ended(*words) == 0
    said = capsys.readouterr().out
    assert f"{told} this connection code:\n\nts1.abc\n" in said
    assert ("docs/google-setup.md" in said) is not connected


NO_PLAN: dict[str, Any] = {
    "sheet_writes": 0, "table_writes": 0, "differences": [], "unfit": [], "guard": None, "kinds": [], "columns": [],
    "repeated_keys": {"count": 0, "first": []}, "blank_keys": {"count": 0, "rows": []}, "care": [],
    "cost": {"requests": 0, "bytes": 0, "seconds": 0.0, "writes_per_minute": 60},
}  # fmt: skip
UNDECIDED = {
    "side": "neither", "kind": "undecided", "count": 1,
    "first": [{"key": ["7"], "column": "price", "sheet": "1", "table": "2"}],
}  # fmt: skip


def test_link_add_ends_with_1_where_a_person_has_to_decide(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    differences = [{"row_id": None, "key": ["7"], "column": "price", "sheet": "1", "table": "2"}]
    plan = {**NO_PLAN, "differences": differences, "kinds": [UNDECIDED]}
    monkeypatch.setattr("app.linking.add.add_link", lambda *_, **_words: {"link": "orders", "plan": plan})
    settings(monkeypatch)
    words = ("link", "add", "orders", "--spreadsheet", "1AbC", "--tab", "Orders", "--table", "shop.orders", "--yes")
    assert ended(*words) == 1
    told = capsys.readouterr().out
    assert "--prefer" in told
    assert "price" in told


ADDED: dict[str, Any] = {
    "link": "orders", "header": "Colour", "column": "colour", "added": False,
    "plan": {
        "sheet_writes": 1, "table_writes": 1,
        "differences": [{"key": ["7"], "column": "colour", "sheet": "blue", "table": "red"}],
    },
}  # fmt: skip


def test_link_add_column_shows_what_it_would_write_and_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(*_: Any, confirm: Any, **_words: Any) -> dict[str, Any]:
        return {**ADDED, "added": confirm(ADDED)}

    monkeypatch.setattr("app.linking.columns.add_column", asked)
    monkeypatch.setattr("click.confirm", lambda *_, **_words: True)
    settings(monkeypatch)
    assert ended("link", "add-column", "orders", "colour") == 0
    said = capsys.readouterr().out
    assert "into the sheet: 1, into the table: 1" in said
    assert "colour: sheet 'blue', table 'red'" in said
    assert "colour is linked to the header Colour" in said


def test_link_add_column_names_the_cells_that_differ_and_the_options_that_it_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("app.linking.columns.add_column", lambda *_, **_words: ADDED)
    settings(monkeypatch)
    assert ended("link", "add-column", "orders", "colour", "--yes") == 1
    said = capsys.readouterr().out
    assert "sheet 'blue', table 'red'" in said
    assert "--prefer sheet or --prefer table" in said
    assert "--prefer conflicts" not in said


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "Orders!"}, "Orders!"),
        ({"--tab": "_twinsheet"}, "_twinsheet"),
        ({"--table": "orders"}, "schema.table"),
        ({"--conflicts": "newest"}, "newest"),
        ({"--one-way": "note=up"}, "one_way.note has to be to_sheet or to_table"),
        ({"--rule": "price=newest"}, "newest"),
        ({"--column": "price"}, "has no = between two words"),
        ({"--where": "price=[1, [2]]"}, "has to be a value, a list of values"),
        ({"--where": "price={"}, "this is not YAML"),
    ],
)
def test_link_add_refuses_what_cannot_be_before_it_looks_anywhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], change: dict[str, str], told: str
) -> None:
    settings(monkeypatch)
    good = {"name": "orders", "--spreadsheet": "1AbC", "--tab": "Orders", "--table": "shop.orders"}
    words = good | change
    options = [word for name, value in words.items() if name != "name" for word in (name, value)]
    assert ended("link", "add", words["name"], *options, "--json") == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert told in error["message"]
    assert error["kind"] in ("LinkRefused", "Usage")


PLAN: dict[str, Any] = {
    **NO_PLAN,
    "sheet_writes": 7, "table_writes": 1,
    "guard": {"name": "deleted_in_sheet", "reason": "30 of 40 rows left the tab Orders at once."},
    "kinds": [
        {"side": "table", "kind": "insert", "count": 1, "first": [{"row": 5, "values": {"order_no": "9"}}]},
        {"side": "sheet", "kind": "cell", "count": 7, "first": [
            {"key": ["1"], "column": "price", "sheet": "1", "table": None}]},
        {"side": "neither", "kind": "unfit", "count": 1, "first": [
            {"row": 6, "column": "price", "sheet": "many", "table": None, "reason": "price: many is no number"}]},
    ],
    "columns": [{"column": "price", "header": "Price", "type": "decimal(10,2)", "to_sheet": 7, "unfit": 1}],
    "repeated_keys": {"count": 1, "first": [{"key": ["4"], "rows": [2, 8]}]},
    "blank_keys": {"count": 2, "rows": [11, 12]},
    "care": [{"column": "seen", "type": "timestamp", "what": "it stands in UTC in the sheet"}],
    "cost": {"requests": 3, "bytes": 2_500_000, "seconds": 3.0, "writes_per_minute": 60},
}  # fmt: skip


def test_plan_shows_every_kind_the_columns_the_keys_what_needs_care_and_the_cost_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = {"to_do": True, "links": [{"link": "orders", "state": "live", "in_flight": False, "plan": PLAN}]}
    asked: list[str | None] = []
    monkeypatch.setattr("app.plan.plan_links", lambda _settings, name: asked.append(name) or report)
    settings(monkeypatch)
    assert ended("plan", "orders") == 1
    told = capsys.readouterr().out
    for part in (
        "into the sheet: 7, into the table: 1", "would be held: 30 of 40 rows", "row 5: order_no=9", "and 6 more",
        "1 price: sheet '1', table nothing", "many is no number", "to sheet", "4 in rows 2, 8", "row 11, 12",
        "it stands in UTC", "3 requests (2.5 MB), about 3 s at 60 writes a minute",
    ):  # fmt: skip
        assert part in told, part
    assert ended("plan", "--json") == 1
    assert json.loads(capsys.readouterr().out) == report
    assert asked == ["orders", None]


def test_plan_ends_with_0_where_both_sides_hold_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    report = {"to_do": False, "links": [{"link": "orders", "state": "live", "plan": NO_PLAN}]}
    monkeypatch.setattr("app.plan.plan_links", lambda _settings, _name: report)
    settings(monkeypatch)
    assert ended("plan") == 0


def test_plan_of_a_link_that_is_to_be_made_takes_the_words_of_link_add(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[LinkEntry, str | None]] = []
    report = {"to_do": True, "links": [{"tab": "Orders", "table": "shop.orders", "plan": NO_PLAN}]}
    monkeypatch.setattr("app.plan.plan_new_link", lambda _settings, *words: asked.append(words) or report)
    settings(monkeypatch)
    address = "https://docs.google.com/spreadsheets/d/1AbC/edit#gid=0"
    words = ("plan", "--spreadsheet", address, "--tab", "Orders", "--table", "shop.orders", "--prefer", "table")
    assert ended(*words) == 1
    (entry, prefer) = asked[0]
    assert (entry.spreadsheet, entry.tab, entry.table, prefer) == ("1AbC", "Orders", "shop.orders", "table")


def test_what_linking_makes_is_shown_before_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {
        "tab": "Orders", "table": "shop.orders", "plan": NO_PLAN, "columns": {"id": "id", "name": "name"},
        "create_table": "CREATE TABLE `shop`.`orders` (…)", "lacks": ["GRANT CREATE …;"], "starts_from": "sheet",
        "creates_tab": False, "other_tabs": ["Stock"], "adds_headers": ["id"],
        "left_out": [{"column": "rate", "reason": "its type is FLOAT"}],
        "headerless": "Columns B to C hold values without a header",
        "total_row": 57, "mixed": [{"column": "amount", "reason": "row 3 holds '12,50 €'"}],
        "looks": [{"column": "price", "reason": "$2,500.00 (row 3) is 2500 there"}],
    }  # fmt: skip
    monkeypatch.setattr("app.plan.plan_new_link", lambda *_: {"to_do": True, "links": [made]})
    settings(monkeypatch)
    words = ("plan", "--spreadsheet", "1AbC", "--tab", "Orders", "--table", "shop.orders")
    assert ended(*words) == 1
    told = capsys.readouterr().out
    for part in (
        "CREATE TABLE `shop`.`orders` (…);",
        "GRANT CREATE …;",
        "gets the column id",
        "rate stays out",
        "Row 57 looks",
        "Column price is text in the table, and takes numbers without their look: $2,500.00 (row 3) is 2500 there.",
        "Column amount will be plain text, though it holds numbers: row 3 holds '12,50 €'.",
        "Columns B to C hold values without a header: what stands there is not linked.",
    ):
        assert part in told
    made |= {"starts_from": "table", "create_table": None, "lacks": [], "adds_headers": [], "creates_tab": True}
    assert ended(*words) == 1
    assert "The tab Orders is made: id, name." in capsys.readouterr().out


def test_what_linking_makes_is_shown_without_a_question_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {
        "link": "orders", "tab": "Ordres", "table": "shop.orders", "plan": NO_PLAN, "columns": {"id": "id"},
        "create_table": "CREATE TABLE `shop`.`orders` (…)", "starts_from": "table", "creates_tab": True,
        "other_tabs": ["Orders", "Stock"],
    }  # fmt: skip
    said: list[str] = []

    def add_link(*_: Any, confirm: Any, **_words: Any) -> dict[str, Any]:
        assert confirm(made) is True
        said.append(capsys.readouterr().out)
        return made | {"connection_code": "ts1.abc"}

    monkeypatch.setattr("app.linking.add.add_link", add_link)
    settings(monkeypatch)
    words = ("link", "add", "orders", "--spreadsheet", "1AbC", "--tab", "Ordres", "--table", "shop.orders", "--yes")
    assert ended(*words) == 0
    for part in (
        "CREATE TABLE `shop`.`orders` (…);",
        "no tab named Ordres; it has: Orders, Stock.",
        "The tab Ordres is made: id.",
    ):
        assert part in said[0]


@pytest.mark.parametrize(
    ("options", "may_create"), [(("--yes",), False), (("--yes", "--create-table"), True), ((), True)]
)
def test_a_table_is_made_by_link_add_only_after_a_yes_or_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], may_create: bool
) -> None:
    asked: list[dict[str, Any]] = []
    report = {"link": "orders", "plan": NO_PLAN}
    monkeypatch.setattr("app.linking.add.add_link", lambda *_, **words: asked.append(words) or report)
    settings(monkeypatch)
    words = ("link", "add", "orders", "--spreadsheet", "1AbC", "--tab", "Orders", "--table", "shop.orders")
    assert ended(*words, *options) == 1
    assert asked[0]["create_table"] is may_create


@pytest.mark.parametrize(
    "words",
    [("orders", "--tab", "Orders"), ("--spreadsheet", "1A"), ("orders", "--prefer", "sheet"),
     ("orders", "--conflicts", "manual"), ("orders", "--where", "a=1")],
)  # fmt: skip
def test_plan_refuses_words_that_would_say_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    settings(monkeypatch)
    assert ended("plan", *words, "--json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "Usage"


def test_link_remove_of_nothing_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def remove_link(_settings: object, name: str) -> None:
        raise NotLinked(f"There is no link named {name}.")

    monkeypatch.setattr("app.linking.manage.remove_link", remove_link)
    settings(monkeypatch)
    assert ended("link", "remove", "nobody", "--json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "NotLinked"


VERDICT: dict[str, Any] = {
    "identical": False,
    "waited_s": 0.1,
    "links": [
        {
            "link": "orders", "identical": False, "rows": 2, "as_of": "2026-01-31T12:00:00Z", "state": "live",
            "more_differences": False,
            "differences": [{"row_id": "r_a", "key": ["1"], "column": "price", "sheet": "1", "table": None}],
            "pending": [{"row_id": "r_b", "row": 7, "key": ["5"], "column": "note", "reason": "incomplete"}],
        }
    ],
}  # fmt: skip


def test_verify_ends_with_1_and_shows_every_difference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str | None, float]] = []

    def verify(_settings: object, link: str | None, wait_s: float) -> dict[str, Any]:
        asked.append((link, wait_s))
        return VERDICT

    monkeypatch.setattr("app.verify.verify", verify)
    settings(monkeypatch)
    assert ended("verify", "orders", "--wait", "60", "--json") == 1
    assert json.loads(capsys.readouterr().out) == VERDICT
    assert asked == [("orders", 60.0)]
    assert ended("verify") == 1
    told = capsys.readouterr().out
    for text in ("1 difference,", "r_a", "price", "incomplete", "7    5    r_b"):
        assert text in told
    (one,) = VERDICT["links"]
    good = one | {"identical": True, "differences": []}
    monkeypatch.setattr("app.verify.verify", lambda *_: VERDICT | {"identical": True, "links": [good]})
    assert ended("verify") == 0
    assert "identical, except 1 cell that waits for a person" in capsys.readouterr().out


def test_verify_says_where_there_are_more_differences_than_it_tells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (one,) = VERDICT["links"]
    monkeypatch.setattr("app.verify.verify", lambda *_: VERDICT | {"links": [one | {"more_differences": True}]})
    settings(monkeypatch)
    assert ended("verify") == 1
    assert "at least 1 difference," in capsys.readouterr().out


UNDONE: dict[str, Any] = {
    "link": "orders", "event": "undo_7", "state": "done", "already": 0, "notes": [],
    "rows": [{"row_id": "r_a", "key": ["9"], "kind": "back", "cells": [], "old_key": ["7"]}],
    "left": [],
}  # fmt: skip
LEFT = [{"row_id": "r_b", "key": ["3"], "column": "note", "now": "x", "then": "y", "reason": "changed since by bob"}]


def test_undo_says_what_it_did_how_to_have_it_again_and_ends_with_1_where_something_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = dict(UNDONE)
    monkeypatch.setattr("app.undo.undo", lambda *_args, **_more: answer)
    settings(monkeypatch)
    assert ended("undo", "--event", "msg_1", "--yes") == 0
    told = capsys.readouterr().out
    for text in ("Taken back in 1 row.", "key 7 has come back as 9", "twinsheet undo --event undo_7"):
        assert text in told
    answer["left"] = LEFT
    assert ended("undo", "--event", "msg_1", "--yes") == 1
    assert "changed since by bob" in capsys.readouterr().out


def test_undo_tells_what_is_done_and_what_waits_and_only_of_what_is_done_how_to_have_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paused = "orders is paused: twinsheet resume orders"
    answer = {**UNDONE, "state": "queued", "rows_open": 2, "reason": paused, "notes": ["Mind the step."]}
    monkeypatch.setattr("app.undo.undo", lambda *_args, **_more: answer)
    settings(monkeypatch)
    assert ended("undo", "--event", "msg_1", "--yes") == 1
    told = capsys.readouterr().out
    for text in (
        "Taken back in 1 row.",
        "twinsheet undo --event undo_7",
        f"2 rows are kept and taken back later, because {paused}",
        "twinsheet undo --withdraw undo_7",
        "Mind the step.",
    ):
        assert text in told
    answer |= {"rows": [], "rows_open": 1}
    assert ended("undo", "--event", "msg_1", "--yes") == 1
    told = capsys.readouterr().out
    assert "1 row is kept" in told
    assert "Taken back" not in told
    assert "--event" not in told


def test_undo_shows_the_plan_before_it_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[Any, ...]] = []

    def undo(_settings: object, wanted: Any, link: str | None, *, confirm: Any, **more: Any) -> dict[str, Any]:
        asked.append((wanted, link, more["over"]))
        cells = [{"column": "note", "now": "new", "then": None}]
        rows = [{**UNDONE["rows"][0], "kind": "change", "cells": cells, "old_key": None}]
        return {
            **UNDONE,
            "state": "done" if confirm({**UNDONE, "rows": rows, "notes": ["Mind the step."]}) else "asked",
        }

    monkeypatch.setattr("app.undo.undo", undo)
    monkeypatch.setattr("click.confirm", lambda *_args, **_more: False)
    settings(monkeypatch)
    assert ended("undo", "orders", "--by", "ann@example.com", "--since", "2026-05-04T12:00:00Z", "--over") == 1
    told = capsys.readouterr().out
    for text in ("Cells that get their values back: 1", "note", "new", "Mind the step.", "Nothing was written."):
        assert text in told
    ((wanted, link, over),) = asked
    assert (wanted.actor, wanted.since, link, over) == (
        "ann@example.com",
        datetime(2026, 5, 4, 12, 0, tzinfo=UTC),
        "orders",
        True,
    )


def test_undo_gives_up_what_waits_and_tells_what_was_done_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {**UNDONE["rows"][0], "kind": "change", "cells": [{"column": "note", "now": "new", "then": "old"}]}
    report = {"link": "orders", "event": "undo_7", "withdrawn": 2, "rows": [row], "left": []}
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr("app.withdraw.withdraw", lambda _settings, *words: asked.append(words) or report)
    monkeypatch.setattr("app.orders.this_person", lambda: "sam")
    settings(monkeypatch)
    assert ended("undo", "--withdraw", "undo_7") == 0
    assert asked == [("undo_7", "sam")]
    told = capsys.readouterr().out
    for text in (
        "2 rows of orders will not be taken back",
        "stays so: 1 row",
        "old",
        "twinsheet undo --event undo_7",
    ):
        assert text in told
    assert ended("undo", "--withdraw", "undo_7", "--json") == 0
    assert json.loads(capsys.readouterr().out) == report


@pytest.mark.parametrize(
    "words", [("--withdraw", "undo_7", "--open"), ("--withdraw", "undo_7", "orders"), ("--open", "--entry", "7")]
)
def test_undo_takes_back_or_lists_or_withdraws_and_not_two_of_them(words: tuple[str, ...]) -> None:
    assert ended("undo", *words) == 2


@pytest.mark.parametrize(
    "words", [("--since", "12 o'clock"), ("--entry", "0"), ("--as-of", "99999999999999999999d"), ("--entry",)]
)
def test_undo_refuses_words_that_are_no_time_and_no_number(words: tuple[str, ...]) -> None:
    assert ended("undo", *words) == 2


def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINSHEET_MYSQL_URL", "mysql://u:p@127.0.0.1:1/")
    monkeypatch.setenv("TWINSHEET_KAFKA", "127.0.0.1:1")
    monkeypatch.setenv("TWINSHEET_SHEETS_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("TWINSHEET_WEBHOOK_SECRET", "x" * 32)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (90, "90 s"), (150, "2 min"), (7300, "2 h"), (200_000, "2 d")]
)
def test_lengths_of_time_are_told_as_people_say_them(seconds: float, said: str) -> None:
    assert ago(seconds) == said
