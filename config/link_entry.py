"""One link as links.yaml writes it: what each field may be."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from config.rules import check_rule_name
from config.where import check_condition
from core.errors import LinkRefused
from core.model import ROW_ID_HEADER, STATE_TAB

HEADER_ROW_MAX = 1000
NAME_PATTERN = re.compile(r"[a-z0-9_-]{1,48}")
_IN_WORDS = {
    "string_type": "has to be text; put it in quotes",
    "int_type": "has to be a whole number",
    "missing": "is missing",
    "extra_forbidden": (
        "is not known here; there are name, spreadsheet, tab, header_row, table, columns, conflicts, rules, one_way"
        " and where"
    ),
    "literal_error": "has to be to_sheet or to_table",
    "dict_type": "has to be a mapping, one 'header: column' per line",
    "model_type": "has to be a mapping that begins with '- name: …'",
}


def check_name(name: str) -> str:
    """Return the name of a link, or raise ValueError when it cannot be one."""
    if not NAME_PATTERN.fullmatch(name):
        raise ValueError(f"'{name}' cannot name a link; use 1 to 48 of a-z, 0-9, _ and -")
    return name


def _check_spreadsheet(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", value):
        raise ValueError(
            f"'{value}' is no spreadsheet id; it is the part of the sheet's address between /d/ and /edit"
        )
    return value


def _check_tab(value: str) -> str:
    if not 0 < len(value) <= 100:
        raise ValueError("a tab's name has 1 to 100 characters")
    if value == STATE_TAB:
        raise ValueError(f"{STATE_TAB} is Twinsheet's own tab")
    return value


def _check_header_row(value: int) -> int:
    if not 1 <= value <= HEADER_ROW_MAX:
        raise ValueError(f"header_row has to be a row from 1 to {HEADER_ROW_MAX}")
    return value


def _check_table(value: str) -> str:
    schema, dot, table = value.partition(".")
    if not dot or not 0 < len(schema) <= 64 or not 0 < len(table) <= 64:
        raise ValueError(f"'{value}' is not schema.table, for example shop.orders")
    return value


def _check_rule(value: str) -> str:
    check_rule_name(value)
    return value


RuleName = Annotated[str, AfterValidator(_check_rule)]

BY_COLUMN = ("rules", "one_way", "where")
"""What an entry says of single columns, by their names in the table."""


class LinkEntry(BaseModel):
    """One link as links.yaml writes it, not yet compared with the table."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(check_name)]
    spreadsheet: Annotated[str, AfterValidator(_check_spreadsheet)]
    tab: Annotated[str, AfterValidator(_check_tab)]
    header_row: Annotated[int, AfterValidator(_check_header_row)] = 1
    """1-based row of the tab that holds the headers when it is linked; what stands above it is nobody's business."""
    table: Annotated[str, AfterValidator(_check_table)]
    """``schema.table``."""
    columns: dict[str, str] | None = None
    """Header to column name; ``None``: headers equal column names."""
    conflicts: RuleName = "last_write_wins"
    rules: dict[str, RuleName] = Field(default_factory=dict)
    """Column name to policy or rule."""
    one_way: dict[str, Literal["to_sheet", "to_table"]] = Field(default_factory=dict)
    """Column name to the only way that its values go."""

    where: dict[str, Annotated[Any, AfterValidator(check_condition)]] = Field(default_factory=dict)
    """Column name to what it holds in every row that the link shows (config/where.py)."""

    @model_validator(mode="after")
    def _columns_are_a_mapping_both_ways(self) -> LinkEntry:
        columns = self.columns or {}
        if self.columns == {}:
            raise ValueError("columns: is empty; leave it out where headers equal column names")
        if ROW_ID_HEADER in columns:
            raise ValueError(f"columns: {ROW_ID_HEADER} is Twinsheet's own column")
        twice = sorted({c for c in columns.values() if list(columns.values()).count(c) > 1})
        if twice:
            raise ValueError(f"columns: two headers are tied to {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _one_way_columns_have_no_rules(self) -> LinkEntry:
        both = sorted(set(self.rules) & set(self.one_way))
        if both:
            raise ValueError(f"rules: {', '.join(both)} goes one way, and has no conflicts to settle")
        return self

    @property
    def schema_name(self) -> str:
        """The table's schema."""
        return self.table.partition(".")[0]

    @property
    def table_name(self) -> str:
        """The table without its schema."""
        return self.table.partition(".")[2]

    def to_yaml(self) -> dict[str, Any]:
        """What is written into the file: only what differs from the defaults."""
        return self.model_dump(exclude_defaults=True)


def make_entry(**fields: Any) -> LinkEntry:
    """An entry out of what a person gave.

    Raises:
        LinkRefused: naming every field that cannot be so.
    """
    try:
        return LinkEntry(**fields)
    except ValidationError as error:
        told = "; ".join(in_words(fault) for fault in error.errors(include_url=False))
        raise LinkRefused(f"The link cannot be made: {told}.") from None


def condition_of(text: str) -> Any:
    """What a person wrote of a column on the command line, as links.yaml would have it.

    Raises:
        ValueError: it is no condition; the message says what would be.
    """
    try:
        return check_condition(YAML(typ="safe").load(text))
    except YAMLError:
        raise ValueError("this is not YAML") from None


def in_words(error: ErrorDetails) -> str:
    """One of pydantic's errors, for a person."""
    field = ".".join(str(step) for step in error["loc"] if step != "[key]")
    if error["type"] in _IN_WORDS:
        return f"{field} {_IN_WORDS[error['type']]}".strip()
    words = error["msg"].removeprefix("Value error, ")
    return f"{field}: {words}" if field and not words.startswith(field) else words
