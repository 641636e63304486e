"""Calls to the Google Sheets API: credentials, connections, time limits, and our errors for Google's.

Nothing here sends a write twice. The transport is urllib3 and not googleapiclient's own httplib2, because
httplib2 sends a request again by itself when the connection is cut before the answer: a swap write that
took effect would then run a second time and overwrite what the first had seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn, Protocol

from adapters.compact_json import dump
from adapters.google_sign_in import SANDBOX_TOKEN, SignIn, authorized_http, sign_in
from adapters.sheets_json import parse
from core.errors import (
    QuotaExhausted,
    ReplyLost,
    SettingsError,
    SheetsRefused,
    SheetsUnavailable,
    SignInRefused,
)

Json = dict[str, Any]

READ_ATTEMPTS = 4
BACKOFF_FIRST_S = 0.25
BACKOFF_MAX_S = 8.0


class Meter(Protocol):
    """Is told of every call; :class:`adapters.quota.QuotaGate` is one."""

    def called(self, kind: str) -> None:
        """A ``read`` or ``write`` is about to go out."""

    def refused(self, kind: str) -> None:
        """Google said 429."""

    def close(self) -> None:
        """No more calls."""


class SheetsClient:
    """A client that any number of threads may share; it connects with the first call.

    Args:
        credentials: path of a service account's JSON key or of a person's sign-in; without it ``token`` is sent.
        subject: address of the person as whom a service account acts.
        token: bearer token for an endpoint that needs no key.
        endpoint: where the API is, without ``/v4``; Google's own when empty.
        timeout_s: how long one answer may take.
        read_attempts: how often a read is tried before SheetsUnavailable is raised.
        meter: counts the calls, and closes with the client; ``None`` where nobody counts.

    Raises:
        SettingsError: the file cannot be used, or not with a ``subject``.
    """

    def __init__(
        self,
        *,
        credentials: Path | None = None,
        subject: str = "",
        token: str = SANDBOX_TOKEN,
        endpoint: str = "",
        timeout_s: float = 60.0,
        read_attempts: int = READ_ATTEMPTS,
        meter: Meter | None = None,
    ) -> None:
        self._read_sign_in = partial(sign_in, credentials, subject, token)
        self._signed_in = self._read_sign_in()
        self._is_refused = False
        """Whether Google last refused our sign-in: a person mends the file, so it is read again."""
        self._transport = _Transport(self._signed_in.credentials, timeout_s)
        self._spreadsheets = _build(self._transport, endpoint).spreadsheets()
        self._read_attempts = read_attempts
        self._meter = meter

    def sign_in(self) -> SignIn:
        """Ask Google for a fresh token, with ``credentials``; as whom it lets us in.

        Raises:
            SignInRefused: it does not.
            SheetsUnavailable: it does not answer.
        """
        with self._signing_in():
            self._transport.renew_token()
        return self._signed_in

    def read(self, spreadsheet_id: str, filters: Sequence[Json], fields: str) -> Json:
        """Read ranges by id, title or metadata in one call (``spreadsheets.getByDataFilter``).

        Args:
            spreadsheet_id: the spreadsheet.
            filters: DataFilters.
            fields: partial response.
        """
        request = self._spreadsheets.getByDataFilter(
            spreadsheetId=spreadsheet_id,
            body=dump({"dataFilters": list(filters)}),
            fields=fields,
            prettyPrint=False,
        )
        return self._read(request)

    def properties(self, spreadsheet_id: str, fields: str) -> Json:
        """Read what is not cells (``spreadsheets.get`` without ranges)."""
        request = self._spreadsheets.get(spreadsheetId=spreadsheet_id, fields=fields, prettyPrint=False)
        return self._read(request)

    def write(self, spreadsheet_id: str, body: Json, fields: str = "spreadsheetId") -> Json:
        """One ``spreadsheets.batchUpdate``, sent once.

        Raises:
            ReplyLost: nobody knows whether it took effect.
        """
        request = self._spreadsheets.batchUpdate(
            spreadsheetId=spreadsheet_id, body=dump(body), fields=fields, prettyPrint=False
        )
        return self._execute(request, writes=True)

    def close(self) -> None:
        """Let go of the connections."""
        self._transport.close()
        if self._meter is not None:
            self._meter.close()

    def _read(self, request: Any) -> Json:
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        retrying = Retrying(
            retry=retry_if_exception(_worth_repeating),
            stop=stop_after_attempt(self._read_attempts),
            wait=wait_random_exponential(multiplier=BACKOFF_FIRST_S, max=BACKOFF_MAX_S),
            reraise=True,
        )
        return retrying(self._execute, request, writes=False)

    def _execute(self, request: Any, *, writes: bool) -> Json:
        import urllib3.exceptions
        from googleapiclient.errors import HttpError

        request.postproc = _parsed
        kind = "write" if writes else "read"
        if self._meter is not None:
            self._meter.called(kind)
        try:
            with self._signing_in():
                answer: Json = request.execute(http=self._transport)
        except HttpError as error:
            refusal = _refusal(error, writes, self._signed_in)
            self._is_refused = isinstance(refusal, SignInRefused)
            if self._meter is not None and isinstance(refusal, QuotaExhausted):
                self._meter.refused(kind)
            raise refusal from error
        except urllib3.exceptions.HTTPError as error:
            _broken_off(error, writes)
        except ValueError as error:
            _no_answer(f"Google's answer cannot be read: {error}.", writes, error)
        return answer

    @contextmanager
    def _signing_in(self) -> Iterator[None]:
        """Our errors for google-auth's. All of them come before the request or after a 401: nothing took effect."""
        from google.auth import exceptions as failed

        if self._is_refused:
            self._sign_in_anew()
        try:
            yield
        except failed.GoogleAuthError as error:
            why = str(error.args[0] if error.args else error).rstrip(".")
            if isinstance(error, failed.TransportError) or error.retryable:
                raise SheetsUnavailable(f"Google's sign-in does not answer: {why}.") from error
            self._is_refused = True
            raise SignInRefused(f"Google does not let us sign in: {why}.", self._signed_in.mend) from error

    def _sign_in_anew(self) -> None:
        """Take the file as it is by now."""
        try:
            self._signed_in = self._read_sign_in()
        except SettingsError as error:
            raise SignInRefused(error.message, error.hint) from error
        self._transport.sign_in_as(self._signed_in.credentials)
        self._is_refused = False


class _Transport:
    """What googleapiclient expects of an ``http``, on a pool of urllib3 connections that threads share."""

    def __init__(self, credentials: Any, timeout_s: float) -> None:
        import urllib3

        timeout = urllib3.Timeout(connect=min(10.0, timeout_s), read=timeout_s)
        # of the pool and not of each request, because google-auth sets none when it asks for tokens
        self._pool = urllib3.PoolManager(num_pools=4, maxsize=8, retries=False, timeout=timeout)
        self.sign_in_as(credentials)

    def sign_in_as(self, credentials: Any) -> None:
        """Send these from the next request on."""
        self._http = authorized_http(credentials, self._pool)

    def renew_token(self) -> None:
        """Ask for a fresh token; raises google-auth's errors."""
        self._http.credentials.refresh(self._http._request)

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **_unused: Any,
    ) -> tuple[Any, bytes]:
        """Send once; raises urllib3's errors."""
        import httplib2

        answer = self._http.urlopen(
            method, uri, body=body, headers=dict(headers or {}), retries=False, redirect=False
        )
        # googleapiclient reads the status out of httplib2's kind of response
        return httplib2.Response({**dict(answer.headers.items()), "status": str(answer.status)}), answer.data

    def close(self) -> None:
        """Close the pool."""
        self._pool.clear()


def _build(transport: _Transport, endpoint: str) -> Any:
    """The service out of the shipped discovery document, so that no network is needed."""
    from googleapiclient.discovery import build_from_document

    shipped = resources.files("googleapiclient.discovery_cache") / "documents" / "sheets.v4.json"
    document = _slim(json.loads(shipped.read_text(encoding="utf-8")))
    options = {"api_endpoint": endpoint.rstrip("/")} if endpoint else None
    return build_from_document(document, http=transport, client_options=options, model=_spelled_bodies())


def _spelled_bodies() -> Any:
    """The library's model, for bodies that are text already: of any other it would make a text of its own besides."""
    from googleapiclient.model import JsonModel

    model = JsonModel()
    model.serialize = str.encode
    return model


def _slim(document: Json) -> Json:
    """The document without what only documents: the library writes every nested message out as help text of
    every method that takes it, which takes 75 MB.
    """
    document["schemas"] = {name: {"id": name, "type": "object", "properties": {}} for name in document["schemas"]}
    return document


def _parsed(_response: Any, content: bytes) -> Json:
    return parse(content)


def _worth_repeating(error: BaseException) -> bool:
    """Google was not there. A 429 is for the gate, which knows when to come again, a sign-in for a person."""
    return isinstance(error, SheetsUnavailable) and not isinstance(error, QuotaExhausted | SignInRefused)


def _broken_off(error: Exception, writes: bool) -> NoReturn:
    """Raise what a failed connection means: before the request was sent nothing can have taken effect."""
    from urllib3 import exceptions as broken

    unsent = isinstance(error, broken.NewConnectionError | broken.ConnectTimeoutError | broken.ProxyError)
    unsent = unsent or (isinstance(error, broken.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error))
    if unsent:
        raise SheetsUnavailable(f"Google Sheets cannot be reached: {error}.") from error
    _no_answer(f"Google Sheets did not answer: {error}.", writes, error)


def _no_answer(message: str, writes: bool, error: Exception) -> NoReturn:
    raise (ReplyLost(message) if writes else SheetsUnavailable(message)) from error


def _refusal(error: Any, writes: bool, signed_in: SignIn) -> Exception:
    """Our error for Google's answer.

    A 5xx to a write leaves open whether it took effect, so it counts as a lost reply.
    """
    status = int(error.resp.status)
    said = _said(error.content)
    if status == 429 or said.get("status") == "RESOURCE_EXHAUSTED":
        return QuotaExhausted("Google's quota is used up for the moment.")
    if status >= 500 or status == 408:
        message = f"Google answered {status}: {said.get('message') or 'no reason given'}."
        return ReplyLost(message) if writes else SheetsUnavailable(message)
    if status == 401:
        return SignInRefused("Google does not accept our credentials.", signed_in.mend)
    return _for_good(status, str(said.get("message") or error), signed_in.shared_with)


def _for_good(status: int, message: str, shared_with: str) -> SheetsRefused:
    if status == 403 and "disabled" in message:
        hint = "Enable the Google Sheets API in that Google Cloud project."
        return SheetsRefused(f"Google refused: {message}", hint)
    if status == 403:
        hint = f"Share it with {shared_with} as an editor."
        return SheetsRefused("Google does not let us into the spreadsheet.", hint)
    if status == 404:
        return SheetsRefused(
            "Google knows no such spreadsheet.",
            "Bring it back out of Drive's bin, or check the id: it stands in the sheet's address after /d/.",
        )
    if "No grid with id" in message:
        return SheetsRefused(
            "The tab is gone from the spreadsheet.", "Bring it back: Ctrl-Z, or File → Version history."
        )
    return SheetsRefused(f"Google refused: {message}")


def _said(content: bytes) -> Json:
    try:
        said = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return said if isinstance(said, dict) else {"message": str(said)}
