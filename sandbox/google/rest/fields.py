"""Google's field masks: ``sheets(properties.title,data/rowData/values(note,userEnteredValue))``."""

from __future__ import annotations

import re
from typing import Any

from sandbox.google.rest.discovery import document
from sandbox.google.rest.errors import ApiError, bad_request, violations

_TOKEN = re.compile(r"\s*([A-Za-z_$][\w$]*|[*.,/()])")


class Mask:
    """A tree of wanted fields. A leaf wants everything below it."""

    def __init__(self, children: dict[str, Mask] | None = None) -> None:
        self.children = children or {}

    @property
    def everything(self) -> bool:
        """Whether all fields are wanted."""
        return not self.children or "*" in self.children

    def wants(self, *path: str) -> bool:
        """Whether a field is wanted, wholly or in part."""
        mask: Mask | None = self
        for name in path:
            mask = mask.below(name) if mask is not None else None
        return mask is not None

    def below(self, name: str) -> Mask | None:
        """The mask below a field; None if it is not wanted."""
        if not self.children:
            return self
        return self.children.get(name) or self.children.get("*")

    def add(self, name: str) -> Mask:
        """The node of a field, made when absent."""
        return self.children.setdefault(name, Mask())

    def kept(self, value: Any) -> Any:
        """A JSON value without what the mask does not want."""
        if not self.children or isinstance(value, Kept):
            return value
        if isinstance(value, list):
            return [self.kept(part) for part in value]
        if not isinstance(value, dict):
            return value
        if (rest := self.children.get("*")) is not None:
            return {name: self.children.get(name, rest).kept(part) for name, part in value.items()}
        # a mask names few of the fields that there are
        return {name: mask.kept(value[name]) for name, mask in self.children.items() if name in value}

    def merged(self, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        """``old`` with the masked fields as in ``new``; a masked field that ``new`` lacks goes."""
        if self.everything:
            return new
        result = dict(old)
        for name, mask in self.children.items():
            if mask.everything or name not in new:
                part = new.get(name)
            else:
                part = mask.merged(old.get(name) or {}, new[name])
            if part is None:
                result.pop(name, None)
            else:
                result[name] = part
        return result


class Kept(list[Any]):
    """A list made with its mask in mind: nothing in it is left to take away."""


def parse_mask(text: str) -> Mask:
    """Read a mask; an empty text wants everything.

    Raises:
        ApiError: 400 if it is malformed.
    """
    tokens = _tokens(text)
    root = Mask()
    if tokens:
        rest = _list(tokens, root, text)
        if rest:
            raise _malformed(text)
    return root


def response_mask(text: str, schema: str) -> Mask:
    """Read the mask of an answer: it must name fields that the schema has.

    Raises:
        ApiError: 400 as Google answers.
    """
    mask = parse_mask(text)
    unknown = unknown_field(mask, schema)
    if unknown is not None:
        said = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{unknown}'."
        raise ApiError(400, "Request contains an invalid argument.", violations([(unknown, said)]).details)
    return mask


def update_mask(text: str, schema: str) -> Mask:
    """Read the mask of an update: it must be there, and name fields that the schema has.

    Raises:
        ApiError: 400 as Google answers.
    """
    if not text.strip():
        raise bad_request("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    mask = parse_mask(text)
    unknown = unknown_field(mask, schema)
    if unknown is not None:
        raise bad_request(f"Invalid field: {unknown}")
    return mask


def unknown_field(mask: Mask, schema: str) -> str | None:
    """The first path of a mask that a schema of the discovery document does not have."""
    return _unknown(mask, {"$ref": schema}, "")


def _unknown(mask: Mask, schema: dict[str, Any], path: str) -> str | None:
    while "$ref" in schema or "items" in schema:
        schema = document()["schemas"][schema["$ref"]] if "$ref" in schema else schema["items"]
    if "additionalProperties" in schema or schema.get("type") == "any":
        return None
    properties = schema.get("properties", {})
    for name, below in mask.children.items():
        here = f"{path}.{name}" if path else name
        if name != "*" and name not in properties:
            return here
        found = None if name == "*" else _unknown(below, properties[name], here)
        if found is not None:
            return found
    return None


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if not match:
            raise _malformed(text)
        tokens.append(match[1])
        at = match.end()
    return tokens


def _list(tokens: list[str], parent: Mask, text: str) -> list[str]:
    while True:
        tokens = _item(tokens, parent, text)
        if not tokens or tokens[0] != ",":
            return tokens
        tokens = tokens[1:]


def _item(tokens: list[str], parent: Mask, text: str) -> list[str]:
    if not tokens or tokens[0] in ".,/()":
        raise _malformed(text)
    node, tokens = parent.add(tokens[0]), tokens[1:]
    while tokens and tokens[0] in "./":
        if len(tokens) < 2 or tokens[1] in ".,/()":
            raise _malformed(text)
        node, tokens = node.add(tokens[1]), tokens[2:]
    if tokens and tokens[0] == "(":
        tokens = _list(tokens[1:], node, text)
        if not tokens or tokens[0] != ")":
            raise _malformed(text)
        tokens = tokens[1:]
    return tokens


def _malformed(text: str) -> Exception:
    return bad_request(f"Request contains an invalid argument: invalid field selection {text}")
