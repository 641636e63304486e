"""Rules by name: how a conflict ends in a value that neither side alone decides (docs/architecture.md).

The policies (``last_write_wins`` and so on) name a side and belong to the planner. A rule computes a value:
``max``, ``min`` and ``append_text`` are built in, ``module:function`` is a function of the user's own that takes
a :class:`CellConflict` and returns a text, or ``None`` for an empty cell. A rule has to give the same answer
for the same conflict, whenever it is asked: it may be asked again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.errors import TwinsheetError, Unfit
from core.model import Key, Link, LinkedColumn, Observed
from core.row_view import RowView
from core.values import Canonical, Codec, Serial, SheetValue


@dataclass(frozen=True, slots=True)
class CellConflict:
    """What a rule gets to know. Values are canonical texts, ``None`` is NULL."""

    link: str
    column: str
    """The table's name of the column."""
    row_id: str
    key: Key | None
    base: Canonical
    """What both sides were last known to share."""
    sheet: Canonical
    table: Canonical
    sheet_at: datetime | None = None
    """When the person edited; ``None`` when nobody knows."""
    table_at: datetime | None = None
    """When the table's change was committed; ``None`` when nobody knows."""
    sheet_actor: str = ""
    """Address of the editor, where Google tells it."""


UserRule = Callable[[CellConflict], object]
BuiltInRule = Callable[[CellConflict, Codec], Canonical]
LoadRule = Callable[[str], UserRule]

SAMPLES_MAX = 5
_CANDIDATES: tuple[SheetValue, ...] = ("text", "9.50", 42, 0, 1, True, False, Serial(46_000.0), Serial(46_001.75))
"""What cells hold, of every kind; a column takes what fits."""

"""Finds the function behind ``module:function``; raises TwinsheetError."""


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What came of asking a rule: a value of the column, or the reason why there is none."""

    value: Canonical = None
    failure: str | None = None


def largest(conflict: CellConflict, codec: Codec) -> Canonical:
    """The larger value in the column's order; any value is larger than none."""
    values = [v for v in (conflict.sheet, conflict.table) if v is not None]
    return max(values, key=codec.order_key, default=None)


def smallest(conflict: CellConflict, codec: Codec) -> Canonical:
    """The smaller value in the column's order; any value counts more than none."""
    values = [v for v in (conflict.sheet, conflict.table) if v is not None]
    return min(values, key=codec.order_key, default=None)


def append_text(conflict: CellConflict, _codec: Codec) -> Canonical:
    """Both texts, line after line, the sheet's first.

    What both sides merely added to is not repeated, and neither is a text that the other one holds already:
    so the rule, asked again about its own result, changes nothing.
    """
    sheet, table = conflict.sheet or "", conflict.table or ""
    if _holds(sheet, table):
        return conflict.sheet
    if _holds(table, sheet):
        return conflict.table
    head = f"{conflict.base}\n" if conflict.base else ""
    if not (sheet.startswith(head) and table.startswith(head)):
        head = ""
    added = table.removeprefix(head)
    return sheet if _holds(sheet.removeprefix(head), added) else f"{sheet}\n{added}"


BUILT_IN: Mapping[str, BuiltInRule] = {"max": largest, "min": smallest, "append_text": append_text}

_USER_RULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def is_user_rule(name: str) -> bool:
    """Whether the name means a function of the user's own: ``module:function``."""
    return _USER_RULE.fullmatch(name) is not None


def is_rule_name(text: str) -> bool:
    """Whether the text names a rule: a built-in one, or ``module:function``."""
    return text in BUILT_IN or is_user_rule(text)


def resolve_rule(name: str, load: LoadRule) -> BuiltInRule:
    """The rule of that name.

    Args:
        name: a built-in rule or ``module:function``.
        load: finds a function of the user's own.
    """
    built_in = BUILT_IN.get(name)
    return built_in if built_in is not None else _checked(load(name))


def apply_rule(rule: BuiltInRule, conflict: CellConflict, codec: Codec) -> RuleOutcome:
    """Ask a rule; one that raises, or answers with what the column cannot hold, is an outcome too."""
    try:
        value = codec.from_sheet(rule(conflict, codec))
        codec.to_table(value)
    except Unfit as reason:
        return RuleOutcome(failure=reason.message)
    except (Exception, SystemExit) as fault:  # noqa: BLE001 -- the user's code; the cell is parked with the reason
        return RuleOutcome(failure=f"{type(fault).__name__}: {fault}".removesuffix(": "))
    return RuleOutcome(value)


class Rules:
    """Computes the value of a conflict for the planner, by the rule that the column names.

    Args:
        load: finds a function of the user's own by ``module:function``.
    """

    def __init__(self, load: LoadRule) -> None:
        self._load = load

    def compute(self, column: LinkedColumn, view: RowView, seen: Observed, sheet: Canonical) -> Canonical:
        """The value that both sides are to hold.

        Args:
            column: the cell's column; its ``policy`` names the rule.
            view: what is known of the row.
            seen: the cell as it was observed.
            sheet: the observed value as canonical text.

        Raises:
            Unfit: the rule has no answer that the column can hold; the cell has to wait for a person.
            SettingsError: the rule cannot be loaded.
        """
        rule = resolve_rule(column.policy, self._load)
        outcome = apply_rule(rule, _conflict(column, view, seen, sheet), column.codec)
        if outcome.failure is not None:
            raise Unfit(outcome.failure)
        return outcome.value


def rule_faults(link: Link, load: LoadRule) -> list[str]:
    """What is wrong with the user's own rules of a link: each is tried on sample values of its column.

    Args:
        link: with the names of its rules.
        load: finds a function of the user's own.

    Returns:
        One line for each column whose rule cannot be loaded, raises, or answers with what the column cannot hold.
    """
    found = []
    for column in link.columns:
        if is_user_rule(column.policy) and not column.read_only:
            failure = _failure_on_samples(link, column, load)
            if failure:
                where = f"Link {link.name}, column {column.name}"
                found.append(f"{where}: {failure} Where it fails, the conflict waits for a person.")
    return found


def _failure_on_samples(link: Link, column: LinkedColumn, load: LoadRule) -> str:
    try:
        rule = resolve_rule(column.policy, load)
    except TwinsheetError as fault:
        return fault.message
    samples = sample_values(column)
    for sheet in samples:
        for table in samples:
            if column.codec.same(sheet, table):
                continue
            sample = CellConflict(link.name, column.name, "r_sample", ("1",), samples[0], sheet, table)
            failure = apply_rule(rule, sample, column.codec).failure
            if failure is not None:
                return f"the rule {column.policy} fails for sheet {sheet!r} and table {table!r}: {failure}."
    return ""


def sample_values(column: LinkedColumn) -> list[Canonical]:
    """A few different values that a column can hold, NULL among them where it may be."""
    found: list[Canonical] = [None] if column.column.nullable else []
    for candidate in (*column.codec.options, *_CANDIDATES):
        try:
            value = column.codec.from_sheet(candidate)
            column.codec.to_table(value)
        except Unfit:
            continue
        if not any(column.codec.same(value, known) for known in found):
            found.append(value)
    return found[:SAMPLES_MAX]


def _conflict(column: LinkedColumn, view: RowView, seen: Observed, sheet: Canonical) -> CellConflict:
    known = view.base.cells.get(column.name) if view.base else None
    in_base = known.value if known else None
    return CellConflict(
        link=view.link.name,
        column=column.name,
        row_id=view.row_id,
        key=view.key,
        base=seen.base if seen.source == "swap" else in_base,
        sheet=sheet,
        table=(view.table or {}).get(column.name),
        sheet_at=seen.edited_at,
        table_at=view.table_times.get(column.name),
        sheet_actor=seen.actor,
    )


def _checked(function: UserRule) -> BuiltInRule:
    def rule(conflict: CellConflict, _codec: Codec) -> Canonical:
        value = function(conflict)
        if value is None or isinstance(value, str):
            return value
        raise TypeError(f"a rule returns a text or None, not {value!r}")

    return rule


def _holds(text: str, part: str) -> bool:
    """Whether the lines of ``part`` stand in ``text`` one after the other."""
    return not part or f"\n{part}\n" in f"\n{text}\n"
