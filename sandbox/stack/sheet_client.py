"""The sandbox as the demo uses it: the Sheets API, the person at the keyboard, and the state that both see."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlsplit

from core.errors import SheetsRefused, SheetsUnavailable

_TIMEOUT_S = 60.0


class SheetClient:
    """Calls to one sandbox.

    Args:
        endpoint: its address, without a path.
        source: the address of this machine to call from; any where it is empty.
    """

    def __init__(self, endpoint: str, source: str = "") -> None:
        self.endpoint = endpoint
        self._source = (source, 0) if source else None

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request with JSON both ways.

        Raises:
            SheetsUnavailable: no answer, or one that says to try again.
            SheetsRefused: any other answer than success; with what it says.
        """
        connection = HTTPConnection(urlsplit(self.endpoint).netloc, timeout=_TIMEOUT_S, source_address=self._source)
        headers = {"Content-Type": "application/json", "Authorization": "Bearer twinsheet-demo"}
        try:
            connection.request(
                method,
                quote(path, safe="/!?=&:,"),
                None if body is None else json.dumps(body).encode(),
                headers,
            )
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, HTTPException) as error:
            raise SheetsUnavailable(f"The sandbox at {self.endpoint} does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status in (429, 503):
            raise SheetsUnavailable(f"{method} {path}: {answer.status} {text[:300]}")
        if answer.status >= 400:
            raise SheetsRefused(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text) if text else None

    def person(self, spreadsheet: str, action: str, **body: Any) -> Any:
        """Do what a person does at the keyboard."""
        return self.call("POST", f"/person/{spreadsheet}/{action}", body)

    def tab(self, spreadsheet: str, tab: str) -> dict[str, Any]:
        """A tab's state; looking costs no quota."""
        state: dict[str, Any] = self.call("GET", f"/state/{spreadsheet}")
        found: dict[str, Any] = state["tabs"][tab]
        return found
