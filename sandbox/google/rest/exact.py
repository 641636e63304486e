"""Reads JSON that fits a schema of the discovery document to the letter, in one go.

A large write has a million values, and nearly always nothing in them is to be told of. What is refused here may fit
all the same, such as a number given as text: :func:`sandbox.google.rest.discovery.checked` tells.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from operator import or_
from types import GenericAlias
from typing import Annotated, Any, Literal

import msgspec

Schema = Mapping[str, Any]

_INT32 = Annotated[int, msgspec.Meta(ge=-(1 << 31), le=(1 << 31) - 1)]
_SCALARS: dict[str, Any] = {"string": str, "boolean": bool, "number": float, "integer": _INT32}
_ANYTHING_BUT_NULL: Any = reduce(or_, (bool, int, float, str, list[Any], dict[str, Any]))


def exact_reader(schemas: Mapping[str, Schema], name: str) -> Callable[[bytes], Any]:
    """What reads the JSON of a schema; it raises ValueError for what does not fit to the letter.

    Args:
        schemas: all of the document, by name; none refers to itself.
        name: of the one to read.
    """
    decode = msgspec.json.Decoder(_Types(schemas).named(name)).decode
    return lambda text: msgspec.to_builtins(decode(text))


class _Types:
    """The schemas as types of msgspec: a field that is null or that the schema does not have fits none of them."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        self._made: dict[str, Any] = {}

    def named(self, name: str) -> Any:
        """The type of an object; its cells are many and in no cycle, so the garbage collector need not know them."""
        if name not in self._made:
            parts = self._schemas[name].get("properties", {}).items()
            fields = [(part, self._of(schema) | msgspec.UnsetType, msgspec.UNSET) for part, schema in parts]
            self._made[name] = msgspec.defstruct(name, fields, forbid_unknown_fields=True, gc=False)
        return self._made[name]

    def _of(self, schema: Schema) -> Any:
        if "$ref" in schema:
            return self.named(schema["$ref"])
        kind = schema["type"]
        if kind == "array":
            items = schema["items"]
            return GenericAlias(list, Any if items.get("type") == "any" else self._of(items))
        if kind == "object":
            return GenericAlias(dict, (str, self._of(schema["additionalProperties"])))
        if kind == "any":
            return _ANYTHING_BUT_NULL
        return Literal[tuple(schema["enum"])] if "enum" in schema else _SCALARS[kind]
