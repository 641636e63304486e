"""The part of Drive v3 that spreadsheets need: create, get, list, update, delete and copy."""

import json
import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from sandbox.google.document import Document
from sandbox.google.rest.errors import ApiError, bad_request, not_found
from sandbox.google.rest.fields import parse_mask
from sandbox.google.rest.service import json_response, user_of_request
from sandbox.google.store import Store

SPREADSHEET = "application/vnd.google-apps.spreadsheet"
_SHORT = "kind,id,name,mimeType"
_PAGE_MAX = 1000
_CLAUSE = re.compile(r"""\s*(\w+)\s*(=|!=|contains)\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(true|false))\s*""")
_IGNORED = {"supportsAllDrives", "includeItemsFromAllDrives", "corpora", "spaces", "prettyPrint", "alt", "key"}
"""Parameters that change nothing where there is one drive and one kind of file."""


def blueprint(store: Store) -> Blueprint:
    """The routes under ``/drive/v3/files``."""
    api = Blueprint("drive", __name__)
    drive = Drive(store)
    routes: tuple[tuple[str, str, Callable[..., dict[str, Any] | None]], ...] = (
        ("", "GET", drive.list),
        ("", "POST", drive.create),
        ("/<file_id>", "GET", drive.get),
        ("/<file_id>", "PATCH", drive.update),
        ("/<file_id>", "DELETE", drive.delete),
        ("/<file_id>/copy", "POST", drive.copy),
        ("/<file_id>/comments", "GET", drive.comments),
        ("/<file_id>/permissions", "GET", drive.permissions),
    )
    for path, method, handler in routes:
        api.add_url_rule(f"/drive/v3/files{path}", f"{method}{path}", _answering(handler), methods=[method])
    return api


_ORDERS: dict[str, Callable[[Document], str]] = {
    "name": lambda d: d.title.casefold(),
    "name_natural": lambda d: d.title.casefold(),
    "createdTime": lambda d: d.created,
    "modifiedTime": lambda d: d.modified,
    "folder": lambda _d: "",
}


class Drive:
    """The files of the drive: the spreadsheets of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self) -> dict[str, Any]:
        """``files.create``."""
        _check_parameters({"fields"})
        body = _body({"name", "mimeType", "parents"})
        if body.get("mimeType", SPREADSHEET) != SPREADSHEET:
            raise bad_request(f"The sandbox creates files of type {SPREADSHEET} only")
        return _file(self._store.create(body.get("name") or "Untitled"), _fields())

    def get(self, file_id: str) -> dict[str, Any]:
        """``files.get``."""
        _check_parameters({"fields", "acknowledgeAbuse"})
        return _file(self._open(file_id), _fields())

    def list(self) -> dict[str, Any]:
        """``files.list``: newest change first."""
        _check_parameters({"fields", "q", "pageSize", "pageToken", "orderBy"})
        wanted = _query(request.args.get("q", ""))
        found = [d for d in (self._store.open(i) for i in self._store.ids()) if wanted(d)]
        _order(found, request.args.get("orderBy", ""))
        size = _number("pageSize", 100, 1, _PAGE_MAX)
        start = _number("pageToken", 0, 0, len(found))
        mask = parse_mask(request.args.get("fields", f"kind,incompleteSearch,nextPageToken,files({_SHORT})"))
        answer: dict[str, Any] = {"kind": "drive#fileList", "incompleteSearch": False}
        answer["files"] = [_whole_file(d) for d in found[start : start + size]]
        if start + size < len(found):
            answer["nextPageToken"] = str(start + size)
        kept: dict[str, Any] = mask.kept(answer)
        return kept

    def update(self, file_id: str) -> dict[str, Any]:
        """``files.update``: the name."""
        _check_parameters({"fields"})
        body, document = _body({"name", "mimeType"}), self._open(file_id)
        if body.get("name"):
            with document.change(user_of_request()):
                document.set_props(title=body["name"])
        return _file(document, _fields())

    def delete(self, file_id: str) -> None:
        """``files.delete``."""
        _check_parameters(set())
        self._open(file_id)
        self._store.delete(file_id)

    def copy(self, file_id: str) -> dict[str, Any]:
        """``files.copy``."""
        _check_parameters({"fields", "ignoreDefaultVisibility"})
        body, document = _body({"name", "mimeType", "parents"}), self._open(file_id)
        copy = self._store.copy(document.id, body.get("name") or f"Copy of {document.title}")
        return _file(copy, _fields())

    def comments(self, file_id: str) -> dict[str, Any]:
        """``comments.list``: nobody comments here, but copying a file asks for them."""
        self._open(file_id)
        return {"kind": "drive#commentList", "comments": []}

    def permissions(self, file_id: str) -> dict[str, Any]:
        """``permissions.list``: everybody who calls may write."""
        self._open(file_id)
        anyone = {"kind": "drive#permission", "id": "anyoneWithLink", "type": "anyone", "role": "writer"}
        return {"kind": "drive#permissionList", "permissions": [anyone]}

    def _open(self, file_id: str) -> Document:
        try:
            return self._store.open(file_id)
        except KeyError:
            raise ApiError(404, f"File not found: {file_id}.") from not_found()


def _answering(handler: Callable[..., dict[str, Any] | None]) -> Callable[..., Response]:
    def answer(**arguments: str) -> Response:
        try:
            user_of_request()
            body = handler(**arguments)
        except ApiError as e:
            return json_response(_refusal(e), e.code)
        return Response(status=204) if body is None else json_response(body)

    return answer


_REASONS = {400: "badRequest", 403: "insufficientFilePermissions", 404: "notFound"}


def _refusal(error: ApiError) -> dict[str, Any]:
    """An error as Drive tells it: with a reason."""
    body = error.body()
    reason = _REASONS.get(error.code, "backendError")
    body["error"]["errors"] = [{"message": error.message, "domain": "global", "reason": reason}]
    return body


def _whole_file(document: Document) -> dict[str, Any]:
    return {
        "kind": "drive#file",
        "id": document.id,
        "name": document.title,
        "mimeType": SPREADSHEET,
        "createdTime": document.created,
        "modifiedTime": document.modified,
        "version": str(document.version),
        "trashed": False,
        "starred": False,
        "parents": ["root"],
        "webViewLink": f"{request.url_root}spreadsheets/d/{document.id}/edit",
    }


def _file(document: Document, fields: str) -> dict[str, Any]:
    found: dict[str, Any] = parse_mask(fields).kept(_whole_file(document))
    return found


def _fields() -> str:
    return request.args.get("fields") or _SHORT


def _check_parameters(known: set[str]) -> None:
    unknown = sorted(set(request.args) - known - _IGNORED)
    if unknown:
        raise bad_request(f"The sandbox's Drive does not support the parameter {unknown[0]}")


def _body(known: set[str]) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError) as e:
        raise bad_request(f"Parse Error: {e}") from e
    if not isinstance(body, dict) or set(body) - known:
        raise bad_request(f"The sandbox's Drive takes a JSON object with: {', '.join(sorted(known))}")
    for name, value in body.items():
        if not isinstance(value, list if name == "parents" else str):
            raise bad_request(f"Invalid value for: {name}")
    return body


def _number(name: str, default: int, least: int, most: int) -> int:
    """A whole number among the parameters. Raises ApiError 400."""
    text = request.args.get(name, str(default))
    if not text.isdecimal() or not least <= int(text) <= most:
        raise bad_request(f"Invalid value '{text}'. Values must be within the range: [{least}, {most}]")
    return int(text)


def _order(found: list[Document], text: str) -> None:
    """Sort by ``orderBy``, such as ``folder,modifiedTime desc,name``; the last key counts least."""
    for part in reversed([p.strip() for p in text.split(",") if p.strip()]):
        name, _, direction = part.partition(" ")
        if name not in _ORDERS or direction not in ("", "desc"):
            raise bad_request(f"The sandbox's Drive does not order by {part}")
        found.sort(key=_ORDERS[name], reverse=direction == "desc")


def _query(text: str) -> Callable[[Document], bool]:
    """A search such as ``mimeType = '…' and name contains 'x' and trashed = false``."""
    clauses = []
    at = 0
    while at < len(text.strip()):
        match = _CLAUSE.match(text, at)
        if not match:
            raise bad_request(f"Invalid Value: q={text}")
        clauses.append(_clause(match))
        at = match.end()
        if at < len(text) and not text[at:].lower().startswith("and "):
            raise bad_request(f"The sandbox's Drive joins clauses with 'and' only: q={text}")
        at += len("and ") if at < len(text) else 0
    return lambda document: all(clause(document) for clause in clauses)


def _clause(match: re.Match[str]) -> Callable[[Document], bool]:
    field, operator = match[1], match[2]
    wanted = re.sub(r"\\(.)", r"\1", next(g for g in match.groups()[2:] if g is not None))
    if field not in ("name", "mimeType", "trashed"):
        raise bad_request(f"The sandbox's Drive does not search by {field}")

    def holds(document: Document) -> bool:
        value = {"name": document.title, "mimeType": SPREADSHEET, "trashed": "false"}[field]
        if operator == "contains":
            return wanted.casefold() in value.casefold()
        return (value == wanted) is (operator == "=")

    return holds
