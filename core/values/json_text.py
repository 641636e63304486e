"""JSON: compared by what it says, not by how it is written.

Canonical: one line, keys in order, no blanks, ``{"a":1,"b":[1.5,true]}``. What was typed stays in the cell as it was
typed as long as it says the same. What the column would change is refused: a key that is there twice, and a number
with more digits than a double keeps.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from core.values import Canonical
from core.values.base import ColumnCodec
from core.values.spelling import shown
from core.values.text import TextCodec

DEPTH_MAX = 100
"""MySQL's limit of arrays and objects within each other."""

_TEXTS_AND_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])', re.DOTALL)
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_WHOLE = range(-(2**63), 2**64)
"""Whole numbers that JSON columns keep; others become doubles."""
_WHOLE_CHARS_MAX = 20


JSON_AS_TEXT = "json"
"""The declared type of a LONGTEXT that was declared as JSON: MariaDB keeps such a text as it was written."""


class _Wrong(ValueError):
    """Why a text is no JSON that the column keeps."""


class JsonCodec(ColumnCodec):
    """See the module."""

    plain_text = True
    wanted = 'JSON, such as {"a": 1}, "text" or 12.5'

    def _of_text(self, text: str) -> str:
        if _depth(text) > DEPTH_MAX:
            self._refuse(f"{shown(text)} has more than {DEPTH_MAX} arrays and objects within each other")
        try:
            canonical = _canonical(text)
        except _Wrong as wrong:
            self._refuse(f"{shown(text)} {wrong}")
        except ValueError:
            self._misfit(text)
        self._cell(canonical)  # numbers grow when they are spelled out: 1e15
        return canonical

    def _of_number(self, number: float) -> str:
        if abs(number) >= 2**53:
            self._refuse(f"{shown(number)} may have lost digits as a number; format the cell as plain text")
        return self._of_text(shown(number))

    def _of_boolean(self, truth: bool) -> str:
        return "true" if truth else "false"

    def _stored(self, value: object) -> str:
        return _canonical(value) if isinstance(value, str) else super()._stored(value)

    def _parameter(self, value: str) -> object:
        try:
            json.loads(value, parse_float=_kept, parse_int=_kept)
        except _Wrong as wrong:
            self._refuse(f"{shown(value)} {wrong}")
        return value

    def same(self, a: Canonical, b: Canonical) -> bool:
        """See :class:`core.values.Codec`; 1 and 1.0 are one number, as they are to MySQL."""
        return super().same(a, b) or bool(a and b and _meaning(a) == _meaning(b))


class JsonAsTextCodec(TextCodec):
    """JSON of MariaDB: text, of which the table checks that it is JSON."""

    wanted = JsonCodec.wanted

    def _parameter(self, value: str) -> object:
        try:
            json.loads(value, strict=False, parse_int=str, parse_float=str)
        except (ValueError, RecursionError):
            self._misfit(value)
        return value


def _depth(text: str) -> int:
    depth = deepest = 0
    for found in _TEXTS_AND_BRACKETS.finditer(text):
        depth += bool(found[1]) - bool(found[2])
        deepest = max(deepest, depth)
    return deepest


def _canonical(text: str) -> str:
    read = json.loads(
        text, object_pairs_hook=_object, parse_float=_Number, parse_int=_Number, parse_constant=_refuse_constant
    )
    written = _written(read)
    if _HALF_CHARACTER.search(written):
        raise _Wrong("holds half a character (a lone surrogate)")
    return written


class _Number(str):
    """A number of JSON, spelled in one way: whole as it is, else as the shortest text that is its double.

    One with more digits than a double keeps its digits: a column may hold it, from a DECIMAL of SQL.
    """

    def __new__(cls, text: str) -> _Number:
        if _is_whole(text):
            return super().__new__(cls, int(text))
        exact = _exact(text)
        number = float(text)
        return super().__new__(cls, repr(number) if _is_kept(number, exact) else str(exact).lower())


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Wrong(f'has the key "{shown(twice)}" twice in one object')
    return found


def _written(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quoted(k)}:{_written(v)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return _quoted(value)


def _meaning(text: str) -> Any:
    """What a canonical text says; equal for two that say the same."""
    return json.loads(text, object_pairs_hook=lambda pairs: ("object", pairs), parse_int=_number, parse_float=_number)


def _number(text: str) -> tuple[str, Decimal]:
    return "number", Decimal(text)  # beside its name, because true is equal to 1


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _kept(text: str) -> None:
    """Raise for a number that the column would keep as another one."""
    if not _is_whole(text) and not _is_kept(float(text), _exact(text)):
        raise _lost(text)


def _is_whole(text: str) -> bool:
    return len(text) <= _WHOLE_CHARS_MAX and text.lstrip("-").isdigit() and int(text) in _WHOLE


def _is_kept(number: float, exact: Decimal) -> bool:
    return math.isfinite(number) and Decimal(repr(number)) == exact


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond everything
        raise _lost(text) from None


def _lost(text: str) -> _Wrong:
    return _Wrong(f"has the number {shown(text)}, which JSON columns do not keep exactly; write it as a text")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
