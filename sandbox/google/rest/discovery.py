"""The discovery document that Google publishes: which methods there are, and what fits into a call."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from sandbox.google.rest.errors import ApiError, bad_request, violations
from sandbox.google.rest.exact import exact_reader

Place = str | tuple[Any, str | int]
"""Where a value stands: the path above it, and its name or index. A large write has a million values, and few or none
that have to be told of."""

_UNKNOWN = 'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.'
_UNKNOWN_QUERY = (
    'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
    "Field '{name}' could not be found in request message."
)
_INT_TEXT = re.compile(r"-?\d+")


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the interface."""

    id: str
    http: str
    path: re.Pattern[str]
    parameters: dict[str, dict[str, Any]]
    request: str | None
    response: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call that fits its method: path and query parameters, and the body."""

    method: Method
    parameters: dict[str, Any]
    body: dict[str, Any]
    fields: str


@cache
def document() -> dict[str, Any]:
    """The Sheets v4 discovery document that google-api-python-client ships."""
    path = files("googleapiclient") / "discovery_cache" / "documents" / "sheets.v4.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def methods() -> tuple[Method, ...]:
    """Every method of the document, the more special paths first."""
    found: list[Method] = []

    def collect(resource: dict[str, Any]) -> None:
        found.extend(_method(m) for m in resource.get("methods", {}).values())
        for child in resource.get("resources", {}).values():
            collect(child)

    collect(document())
    return tuple(sorted(found, key=lambda m: -len(m.path.pattern)))


def read_call(http: str, path: str, query: list[tuple[str, str]], body: bytes) -> Call:
    """Find the method of a call and check all that comes with it.

    Raises:
        ApiError: 404 for no such method, 400 for what does not fit.
    """
    for method in methods():
        if method.http == http and (match := method.path.fullmatch(path)):
            parameters, fields = _parameters(method, match.groupdict(), query)
            return Call(method, parameters, _body(method, body), fields)
    raise ApiError(404, f"The requested URL /{path} was not found on this server.")


def checked(schema: str, value: Any, path: str = "") -> Any:
    """A JSON value that fits a schema of the document, with its types made regular.

    Raises:
        ApiError: 400 naming every field that does not fit.
    """
    found: list[tuple[str, str]] = []
    result = _checked({"$ref": schema}, value, path, found)
    if found:
        raise violations(found)
    return result


def _method(described: dict[str, Any]) -> Method:
    parameters = described.get("parameters", {})
    pattern = re.escape(described["flatPath"]).replace(r"\{", "{").replace(r"\}", "}")
    pattern = re.sub(r"\{(\w+)\}", lambda m: f"(?P<{m[1]}>{'.+' if m[1] == 'range' else '[^/:]+'})", pattern)
    return Method(
        described["id"],
        described["httpMethod"],
        re.compile(pattern),
        parameters,
        described.get("request", {}).get("$ref"),
        described["response"]["$ref"],
    )


def _parameters(method: Method, in_path: dict[str, str], query: list[tuple[str, str]]) -> tuple[dict[str, Any], str]:
    common = document()["parameters"]
    found: list[tuple[str, str]] = []
    result: dict[str, Any] = {}
    fields = ""
    for name, text in [*in_path.items(), *query]:
        described = method.parameters.get(name)
        if described is None:
            fields = text if name in ("fields", "$fields") else fields
            if name.lstrip("$") not in common and name not in common:
                found.append(("", _UNKNOWN_QUERY.format(name=name)))
            continue
        value = _checked(described, text, name, found)
        if described.get("repeated"):
            result.setdefault(name, []).append(value)
        else:
            result[name] = value
    if found:
        raise violations(found)
    return result, fields


def _body(method: Method, body: bytes) -> dict[str, Any]:
    if method.request is None or not body.strip():
        return {}
    result: dict[str, Any]
    try:
        result = _exact_reader(method.request)(body)
    except (ValueError, RecursionError):  # it fits in other words, or not at all
        result = checked(method.request, _read(body))
    return result


@cache
def _exact_reader(schema: str) -> Callable[[bytes], Any]:
    return exact_reader(document()["schemas"], schema)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as e:
        raise bad_request(f"Invalid JSON payload received. {e}") from e


def _no_constant(name: str) -> None:
    raise ValueError(f"Unexpected token. {name}")


def _checked(schema: dict[str, Any], value: Any, path: Place, found: list[tuple[str, str]]) -> Any:
    if "$ref" in schema:
        return _object(document()["schemas"][schema["$ref"]], schema["$ref"], value, path, found)
    kind = schema.get("type")
    if kind == "array":
        return _array(schema, value, path, found)
    if kind == "object":
        return _object(schema, "", value, path, found)
    if kind == "any":
        return value
    return _scalar(schema, value, path, found)


def _object(schema: dict[str, Any], name: str, value: Any, path: Place, found: list[tuple[str, str]]) -> Any:
    if not isinstance(value, dict):
        found.append(_invalid(path, name or "map", value))
        return {}
    properties, result = schema.get("properties", {}), {}
    for key, part in value.items():
        known = key if key in properties else _camel(key)
        below = (path, key)
        if known in properties:
            if part is not None:
                result[known] = _checked(properties[known], part, below, found)
        elif "additionalProperties" in schema:
            result[key] = _checked(schema["additionalProperties"], part, below, found)
        else:
            at = _text(path)
            found.append((at, _UNKNOWN.format(name=key, at=f" at '{at}'" if at else "")))
    return result


def _array(schema: dict[str, Any], value: Any, path: Place, found: list[tuple[str, str]]) -> Any:
    if not isinstance(value, list):
        found.append(_invalid(path, "ListValue", value))
        return []
    items = schema["items"]
    if items.get("type") == "any":
        return value
    return [_checked(items, part, (path, i), found) for i, part in enumerate(value)]


def _scalar(schema: dict[str, Any], value: Any, path: Place, found: list[tuple[str, str]]) -> Any:
    kind = schema.get("type")
    try:
        return _READERS[str(kind)](schema, value)
    except (ValueError, TypeError, OverflowError):
        found.append(
            _invalid(
                path,
                {"integer": "TYPE_INT32", "number": "TYPE_DOUBLE", "boolean": "TYPE_BOOL"}.get(
                    str(kind), "TYPE_STRING"
                ),
                value,
            )
        )
        return None


def _string(schema: dict[str, Any], value: Any) -> str:
    if not isinstance(value, str) or ("enum" in schema and value not in schema["enum"]):
        raise ValueError(value)
    return value


def _integer(_schema: dict[str, Any], value: Any) -> int:
    if isinstance(value, str) and _INT_TEXT.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError(value)
    if not -(1 << 31) <= value < (1 << 31):
        raise ValueError(value)
    return int(value)


def _double(_schema: dict[str, Any], value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError(value)
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _boolean(_schema: dict[str, Any], value: Any) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


_READERS = {"string": _string, "integer": _integer, "number": _double, "boolean": _boolean}


def _invalid(path: Place, kind: str, value: Any) -> tuple[str, str]:
    shown = json.dumps(value, ensure_ascii=False)[:200]
    at = _text(path)
    return at, f"Invalid value at '{at}' ({kind}), {shown}"


def _text(path: Place) -> str:
    if isinstance(path, str):
        return path
    above, part = _text(path[0]), path[1]
    if isinstance(part, int):
        return f"{above}[{part}]"
    return f"{above}.{_snake(part)}" if above else _snake(part)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)
