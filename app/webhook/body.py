"""The shape of an event's body, exactly as the contract has it: nothing missing, nothing else, no wrong type."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    ValidationError,
    model_validator,
)

from core.errors import WebhookRefused
from core.ports import Json

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_FAULTS_TOLD_MAX = 3
_NAMES_MAX = 50
"""Of one object; ours have a dozen."""
M = TypeVar("M", bound=BaseModel)
RowId = Annotated[str, Field(min_length=1, max_length=64)]
Counter = Annotated[int, Field(ge=0, lt=2**63)]


def _check_time(text: str) -> str:
    if not _RFC_3339.fullmatch(text):
        raise ValueError("is not a time of RFC 3339, for example 2026-01-31T12:00:00.000Z")
    try:
        datetime.fromisoformat(text).astimezone(UTC)  # the calendar knows no 30 February, and ends in 9999
    except OverflowError:
        raise ValueError("is a time that no clock shows") from None
    return text


class Strict(BaseModel):
    """Nothing but what is named here."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class SerialValue(Strict):
    """A date or time: days since 1899-12-30."""

    serial: float


class ErrorValue(Strict):
    """What a formula shows that could not be computed."""

    error: Annotated[str, Field(max_length=200)]


def _whole(value: Any) -> Any:
    """A text without its half characters (lone surrogates), which pydantic does not take for text.

    They are published as they came: the cell's column refuses them, beside that cell, and its neighbours go on.
    """
    is_plain = not isinstance(value, str) or value.isascii()
    return value if is_plain else value.encode(errors="replace").decode()


Value = Annotated[str | int | float | bool | SerialValue | ErrorValue | None, BeforeValidator(_whole)]
Formula = Annotated[str | None, BeforeValidator(_whole)]


class CellBody(Strict):
    """One cell of the edited range."""

    row_id: RowId
    row: Annotated[int, Field(ge=1, le=10_000_000)]
    column: Annotated[str, Field(min_length=1)]
    value: Value
    formula: Formula = None
    event_value: Value = None
    event_old_value: Value = None


class StampBody(Strict):
    """Place of the look in the sheet's timeline."""

    n: Counter
    q: Counter
    epoch: Counter


class ChunkBody(Strict):
    """Which part of a large edit this is."""

    index: Counter
    count: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _is_one_of_them(self) -> ChunkBody:
        if self.index >= self.count:
            raise ValueError(f"chunk {self.index} is none of {self.count}; they count from 0")
        return self


class TakeBody(Strict):
    """What a person has chosen to end the conflict of a cell with."""

    row_id: RowId
    column: Annotated[str, Field(min_length=1)]
    take: Literal["sheet", "table", "value"]
    value: Annotated[str, Field(max_length=50_000)] | None = None

    @model_validator(mode="after")
    def _names_one_value(self) -> TakeBody:
        if (self.take == "value") != (self.value is not None):
            raise ValueError("value goes with take: value, and with it alone")
        return self


class FromSheet(Strict):
    """Of which link it is, and who sits at the sheet."""

    link: str
    spreadsheet_id: str
    tab: str
    editor: Annotated[str, Field(max_length=320)] | None = None


class _Done(FromSheet):
    edited_at: Annotated[str, AfterValidator(_check_time)]


class ChoiceBody(_Done):
    """What the script sends when a person settles a conflict in the menu."""

    kind: Literal["take"]
    take: TakeBody


class EventBody(_Done):
    """What the script in the sheet sends when somebody has edited."""

    kind: Literal["edit", "structure"]
    stamp: StampBody
    cells: Annotated[list[CellBody], FailFast()] = Field(default_factory=list)
    chunk: ChunkBody | None = None


def parse_body(data: bytes) -> Json:
    """The body as plain JSON, once it is known to have the contracted shape.

    Raises:
        WebhookRefused: 400, with the first faults in one line; what was sent is not repeated.
    """
    raw = read_json(data)
    is_choice = isinstance(raw, dict) and raw.get("kind") == "take"
    in_shape(ChoiceBody if is_choice else EventBody, raw)
    body: Json = raw
    return body


def read_json(data: bytes) -> Any:
    """What a body holds.

    Raises:
        WebhookRefused: 400, it is not JSON.
    """
    try:
        return json.loads(data.decode(), object_pairs_hook=_object, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise WebhookRefused(400, "the body is not JSON") from None


def in_shape(model: type[M], raw: Any) -> M:
    """The model, once the body has its shape.

    Raises:
        WebhookRefused: 400, with the first faults in one line; what was sent is not repeated.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        faults = [_told(fault) for fault in error.errors(include_url=False, include_input=False)]
        more = f" and {len(faults) - _FAULTS_TOLD_MAX} more" if len(faults) > _FAULTS_TOLD_MAX else ""
        raise WebhookRefused(400, "; ".join(faults[:_FAULTS_TOLD_MAX]) + more) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs) or len(found) > _NAMES_MAX:
        raise ValueError("a name stands twice, or there are too many")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _told(fault: Any) -> str:
    place = ".".join(str(step)[:40] for step in fault["loc"]) or "the body"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}"
