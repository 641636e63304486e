"""Serves the interface: who calls, may they, which method is it, and what went wrong on purpose."""

import json
import time
from collections.abc import Callable
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from sandbox.google.calls import CallCounts
from sandbox.google.document import DocumentError, GridError
from sandbox.google.faults import Faults
from sandbox.google.quota import Quota
from sandbox.google.rest import metadata, spreadsheets, values
from sandbox.google.rest.context import Context
from sandbox.google.rest.discovery import Call, read_call
from sandbox.google.rest.errors import ApiError, bad_request, denied, quota_exceeded
from sandbox.google.rest.fields import response_mask
from sandbox.google.store import Store

LOSE_REPLY = "sandbox.lose_reply"
"""Key in the WSGI environment: the server cuts the connection instead of answering."""

ANONYMOUS = "anonymous"

METHODS: dict[str, Callable[[Context], dict[str, Any]]] = {
    "sheets.spreadsheets.get": spreadsheets.get,
    "sheets.spreadsheets.getByDataFilter": spreadsheets.get_by_data_filter,
    "sheets.spreadsheets.create": spreadsheets.create,
    "sheets.spreadsheets.batchUpdate": spreadsheets.batch_update,
    "sheets.spreadsheets.sheets.copyTo": spreadsheets.copy_to,
    "sheets.spreadsheets.developerMetadata.get": metadata.get,
    "sheets.spreadsheets.developerMetadata.search": metadata.search,
    "sheets.spreadsheets.values.get": values.get,
    "sheets.spreadsheets.values.batchGet": values.batch_get,
    "sheets.spreadsheets.values.batchGetByDataFilter": values.batch_get_by_data_filter,
    "sheets.spreadsheets.values.update": values.update,
    "sheets.spreadsheets.values.batchUpdate": values.batch_update,
    "sheets.spreadsheets.values.batchUpdateByDataFilter": values.batch_update_by_data_filter,
    "sheets.spreadsheets.values.append": values.append,
    "sheets.spreadsheets.values.clear": values.clear,
    "sheets.spreadsheets.values.batchClear": values.batch_clear,
    "sheets.spreadsheets.values.batchClearByDataFilter": values.batch_clear_by_data_filter,
}

_READS = {"get", "getByDataFilter", "search", "batchGet", "batchGetByDataFilter"}


class Service:
    """Carries out calls.

    Args:
        store: the spreadsheets.
        faults: what goes wrong on purpose.
        counts: where calls are counted.
        quota: the quotas.
    """

    def __init__(self, store: Store, faults: Faults, counts: CallCounts, quota: Quota) -> None:
        self._store, self._faults, self._counts, self._quota = store, faults, counts, quota

    def answer(self, path: str) -> Response:
        """Answer the current request."""
        try:
            return json_response(self._carry_out(path))
        except ApiError as e:
            return json_response(e.body(), e.code)
        except (DocumentError, GridError) as e:
            error = bad_request(str(e))
            return json_response(error.body(), error.code)

    def _carry_out(self, path: str) -> dict[str, Any]:
        user = user_of_request()
        call = read_call(*_asked(path))
        name = call.method.id.removeprefix("sheets.")
        kind = "Read" if name.rsplit(".", 1)[-1] in _READS else "Write"
        spreadsheet_id = call.parameters.get("spreadsheetId", "")
        self._counts.called(spreadsheet_id, name)
        if spreadsheet_id in self._faults.settings.denied:
            raise denied()
        self._spoil(kind)
        self._check_quota(kind, user)
        result = self._result(call, user)
        self._counts.done(spreadsheet_id or result.get("spreadsheetId", ""), kind)
        if kind == "Write" and self._faults.loses_reply():
            request.environ[LOSE_REPLY] = True
        return result

    def _result(self, call: Call, user: str) -> dict[str, Any]:
        mask = response_mask(call.fields, call.method.response)
        context = Context(self._store, call, user, mask, request.url_root.rstrip("/"))
        kept: dict[str, Any] = mask.kept(METHODS[call.method.id](context))
        return kept

    def _spoil(self, kind: str) -> None:
        if self._faults.settings.latency_s:
            time.sleep(self._faults.settings.latency_s)
        status = self._faults.error()
        if status == 429:
            raise quota_exceeded(kind, "", self._quota.project_limit(kind))
        if status is not None:
            raise ApiError(status, "The service is currently unavailable." if status == 503 else f"Fault {status}")

    def _check_quota(self, kind: str, user: str) -> None:
        refused = self._quota.refuses(kind, user)
        if refused is not None:
            raise quota_exceeded(kind, *refused)


def blueprint(service: Service) -> Blueprint:
    """The routes under ``/v4``."""
    api = Blueprint("sheets", __name__)

    @api.route("/v4/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def call(path: str) -> Response:
        return service.answer(f"v4/{path}")

    return api


def _asked(path: str) -> tuple[str, str, list[tuple[str, str]], bytes]:
    """Method, path, query and body; clients send a long query as a form, with the method in a header."""
    overridden = request.headers.get("X-HTTP-Method-Override", "").upper()
    query = list(request.args.items(multi=True))
    if overridden and request.mimetype == "application/x-www-form-urlencoded":
        return overridden, path, query + list(request.form.items(multi=True)), b""
    return overridden or request.method, path, query, request.get_data()


def user_of_request() -> str:
    """Who calls: the bearer token stands for the user; without one it is ``anonymous``.

    Raises:
        ApiError: 403 for the token ``denied``.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return request.args.get("access_token", ANONYMOUS)
    if token.strip() == "denied":
        raise denied()
    return token.strip()


def json_response(body: dict[str, Any], status: int = 200) -> Response:
    """A JSON answer; half characters, which no text can carry, become question marks."""
    try:
        content = msgspec.json.encode(body)
    except UnicodeEncodeError:
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(content, status, content_type="application/json; charset=UTF-8")
