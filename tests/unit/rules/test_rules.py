"""Promises of the rules that compute a value for a conflict."""

from __future__ import annotations

import os.path
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.rules import load_user_rule
from core.errors import SettingsError, Unfit
from core.model import CellBase, Link, LinkedColumn, Observed, RowBase, SheetCell, Stamp, TableColumn
from core.row_view import RowView
from core.rules import (
    BUILT_IN,
    CellConflict,
    RuleOutcome,
    Rules,
    UserRule,
    append_text,
    apply_rule,
    is_rule_name,
    resolve_rule,
    rule_faults,
    sample_values,
)
from core.values import Canonical
from core.values.catalog import codec_for

NOTES = codec_for(TableColumn("notes", "text", "text", charset="utf8mb4"))
QTY = codec_for(TableColumn("qty", "int", "int", nullable=False))
PRICE = codec_for(TableColumn("price", "decimal", "decimal(10,2)", precision=10, scale=2))
DUE = codec_for(TableColumn("due", "date", "date"))
STATUS = codec_for(TableColumn("status", "enum", "enum", options=("new", "paid", "closed")))

texts = st.text(st.sampled_from("ab\n "), max_size=8)


def conflict(base: Canonical, sheet: Canonical, table: Canonical) -> CellConflict:
    return CellConflict("orders", "notes", "r_1", ("7",), base, sheet, table)


def no_user_rules(name: str) -> UserRule:
    raise AssertionError(f"{name} should not have been loaded")


def answer(function: UserRule) -> Any:
    return resolve_rule("shop:rule", lambda _name: function)


@pytest.mark.parametrize(
    ("name", "codec", "sheet", "table", "expected"),
    [
        ("max", QTY, "9", "10", "10"),
        ("min", QTY, "9", "10", "9"),
        ("max", QTY, "-9", "-10", "-9"),
        ("max", PRICE, "9.50", "10.00", "10.00"),
        ("min", DUE, "2024-05-06", "1850-01-31", "1850-01-31"),
        ("max", NOTES, "Z", "a", "a"),
        ("max", NOTES, "9", "10", "9"),
        ("max", STATUS, "new", "closed", "closed"),
        ("min", STATUS, "paid", "closed", "paid"),
        ("max", PRICE, None, "-1.00", "-1.00"),
        ("min", PRICE, "3.00", None, "3.00"),
    ],
)
def test_max_and_min_go_by_the_order_of_the_column_and_prefer_a_value_to_none(
    name: str, codec: Any, sheet: Canonical, table: Canonical, expected: Canonical
) -> None:
    rule = resolve_rule(name, no_user_rules)
    assert apply_rule(rule, conflict(None, sheet, table), codec) == RuleOutcome(expected)


@pytest.mark.parametrize(
    ("base", "sheet", "table", "expected"),
    [
        ("called", "call Ann", "call Bob", "call Ann\ncall Bob"),
        ("called", "called\nAnn", "called\nBob", "called\nAnn\nBob"),
        (None, "Ann", "Bob", "Ann\nBob"),
        ("x", "cat", "concatenate", "cat\nconcatenate"),
        ("x", "Ann\nBob", "Bob", "Ann\nBob"),
        ("x", "Bob", "Ann\nBob", "Ann\nBob"),
        ("x", None, "Bob", "Bob"),
        ("x", "Ann", None, "Ann"),
        ("x", "ends\n", "Bob", "ends\n\nBob"),
    ],
)
def test_append_text_keeps_both_texts_once(
    base: Canonical, sheet: Canonical, table: Canonical, expected: str
) -> None:
    assert append_text(conflict(base, sheet, table), NOTES) == expected


@given(base=texts, sheet=texts, table=texts)
def test_append_text_asked_again_about_its_own_result_changes_nothing(base: str, sheet: str, table: str) -> None:
    result = append_text(conflict(base, sheet, table), NOTES)
    for again in (conflict(base, result, table), conflict(base, sheet, result), conflict(result, result, table)):
        assert append_text(again, NOTES) == result


@given(base=texts, sheet=texts, table=texts)
def test_append_text_loses_no_line_of_either_side(base: str, sheet: str, table: str) -> None:
    result = append_text(conflict(base, sheet, table), NOTES) or ""
    assert set(filter(None, sheet.split("\n") + table.split("\n"))) <= set(result.split("\n"))


@pytest.mark.parametrize("name", [*BUILT_IN, "shop:pick", "shop.rules:pick_one", "_a.b2:_c"])
def test_built_in_rules_and_functions_of_modules_are_rule_names(name: str) -> None:
    assert is_rule_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "maximum", "shop", "shop:", ":pick", "shop pick", "1a:b", "a..b:c", "a.:c", "a:b:c", "manual", "a:b\n"],
)
def test_other_texts_are_no_rule_names(name: str) -> None:
    assert not is_rule_name(name)


def test_a_rule_of_the_users_own_sees_the_conflict_and_gives_the_value() -> None:
    seen: list[CellConflict] = []

    def pick(cell: CellConflict) -> str:
        seen.append(cell)
        return "12.5"

    assert apply_rule(answer(pick), conflict("1.00", "2.00", "3.00"), PRICE) == RuleOutcome("12.50")
    assert seen == [conflict("1.00", "2.00", "3.00")]


def test_a_rule_that_raises_is_an_outcome_with_its_reason() -> None:
    def fails(_cell: CellConflict) -> str:
        raise ZeroDivisionError("division by zero")

    outcome = apply_rule(answer(fails), conflict("1", "2", "3"), QTY)
    assert outcome == RuleOutcome(failure="ZeroDivisionError: division by zero")


@pytest.mark.parametrize(
    ("value", "failure"),
    [
        ("many", "qty: many is not a whole number from -2147483648 to 2147483647"),
        (None, "qty: must not be empty"),
        (7, "TypeError: a rule returns a text or None, not 7"),
    ],
)
def test_an_answer_that_the_column_cannot_hold_is_a_failure(value: object, failure: str) -> None:
    assert apply_rule(answer(lambda _cell: value), conflict("1", "2", "3"), QTY) == RuleOutcome(failure=failure)


def test_text_appended_in_a_column_of_numbers_is_a_failure_and_not_a_value() -> None:
    assert apply_rule(append_text, conflict("1", "2", "3"), QTY).failure is not None


WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
COLUMN = LinkedColumn("Qty", TableColumn("qty", "int", "int", nullable=False), QTY, "shop:pick")
LINK = Link("orders", "1Ab", "Orders", "shop", "orders", (COLUMN,))
VIEW = RowView(
    LINK,
    "r_1",
    RowBase("r_1", ("7",), {"qty": CellBase("1")}),
    {"qty": "3"},
    table_times={"qty": WHEN},
)
SEEN = Observed("r_1", "qty", SheetCell(2), Stamp(), "edit", WHEN, "ann@example.com")


def test_the_planner_gets_the_value_of_the_columns_rule_and_the_rule_all_that_is_known() -> None:
    asked: list[CellConflict] = []

    def load(name: str) -> UserRule:
        assert name == "shop:pick"
        return lambda cell: asked.append(cell) or "5"  # type: ignore[func-returns-value] # append answers None

    assert Rules(load).compute(COLUMN, VIEW, SEEN, "2") == "5"
    expected = CellConflict("orders", "qty", "r_1", ("7",), "1", "2", "3", WHEN, WHEN, "ann@example.com")
    assert asked == [expected]


def test_for_an_edit_that_our_write_found_base_is_what_the_edit_replaced() -> None:
    rules = Rules(lambda _name: lambda cell: cell.base)
    found = replace(SEEN, source="swap", base="8")
    assert rules.compute(COLUMN, VIEW, found, "2") == "8"


def test_a_rule_without_an_answer_leaves_the_cell_to_a_person() -> None:
    with pytest.raises(Unfit, match="must not be empty"):
        Rules(lambda _name: lambda _cell: None).compute(COLUMN, VIEW, SEEN, "2")


@pytest.mark.parametrize(
    ("described", "values"),
    [
        (TableColumn("a", "int", "int", nullable=False), 3),
        (TableColumn("a", "decimal", "decimal(5,2)", precision=5, scale=2), 4),
        (TableColumn("a", "varchar", "varchar(20)", length_chars=20, charset="utf8mb4"), 3),
        (TableColumn("a", "date", "date"), 3),
        (TableColumn("a", "datetime", "datetime"), 3),
        (TableColumn("a", "tinyint", "tinyint(1)"), 3),
        (TableColumn("a", "enum", "enum('new','packed')", options=("new", "packed")), 3),
    ],
    ids=lambda value: value.data_type if isinstance(value, TableColumn) else "",
)
def test_a_rule_is_tried_on_different_values_that_the_column_can_hold(described: TableColumn, values: int) -> None:
    column = LinkedColumn("A", described, codec_for(described), "shop:pick")
    found = sample_values(column)
    assert len(found) >= values
    assert (None in found) == described.nullable
    asked: list[CellConflict] = []

    def pick(cell: CellConflict) -> Canonical:
        asked.append(cell)
        return cell.sheet

    link = replace(LINK, columns=(column,))
    assert rule_faults(link, lambda _name: pick) == []
    assert {c.sheet for c in asked} == {c.table for c in asked} == set(found)
    assert all(c.sheet != c.table for c in asked)


def test_a_rule_that_raises_on_a_sample_is_told_in_one_line_with_link_column_and_error() -> None:
    def fails(cell: CellConflict) -> str:
        return str(int(cell.sheet or "") // int(cell.table or ""))

    (line,) = rule_faults(LINK, lambda _name: fails)
    assert line.startswith("Link orders, column qty: the rule shop:pick fails for sheet ")
    assert "ZeroDivisionError" in line
    assert "\n" not in line


def test_a_rule_that_ends_the_program_is_one_that_fails() -> None:
    def ends(_cell: CellConflict) -> str:
        raise SystemExit(3)

    (line,) = rule_faults(LINK, lambda _name: ends)
    assert "SystemExit: 3" in line


def test_a_rule_that_cannot_be_imported_is_told_with_link_and_column() -> None:
    with_rule = replace(LINK, columns=(replace(COLUMN, policy="no_such_module:pick"),))
    (line,) = rule_faults(with_rule, load_user_rule)
    assert line.startswith("Link orders, column qty: The rule no_such_module:pick cannot be imported")


def test_policies_and_built_in_rules_are_not_tried() -> None:
    columns = tuple(replace(COLUMN, policy=name) for name in ("manual", "max", "append_text", "table_wins"))
    assert rule_faults(replace(LINK, columns=columns), load_user_rule) == []


def test_a_function_is_imported_by_its_name_and_one_that_is_not_there_is_told() -> None:
    assert load_user_rule("os.path:basename") is os.path.basename
    for name, said in (("os.path:nothing", "no function nothing"), ("no_such_module:x", "cannot be imported")):
        with pytest.raises(SettingsError, match=said):
            load_user_rule(name)
    with pytest.raises(SettingsError, match="not of the form"):
        load_user_rule("nothing")


def test_a_module_that_ends_the_program_when_it_is_read_cannot_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ends_the_program.py").write_text("raise SystemExit(1)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(SettingsError, match="cannot be imported"):
        load_user_rule("ends_the_program:pick")


def test_a_rule_that_cannot_be_loaded_says_so() -> None:
    def load(name: str) -> UserRule:
        raise SettingsError(f"The rule {name} cannot be imported.")

    with pytest.raises(SettingsError, match="shop:pick"):
        Rules(load).compute(COLUMN, VIEW, SEEN, "2")
