"""What every method gets to do its work."""

from dataclasses import dataclass
from typing import Any

from sandbox.google.document import Document
from sandbox.google.rest.discovery import Call
from sandbox.google.rest.errors import not_found
from sandbox.google.rest.fields import Mask
from sandbox.google.store import Store


@dataclass(frozen=True, slots=True)
class Context:
    """One checked call.

    Args:
        store: the spreadsheets.
        call: parameters and body.
        user: who calls.
        mask: the fields of the answer that are wanted.
        base_url: the sandbox's own address.
    """

    store: Store
    call: Call
    user: str
    mask: Mask
    base_url: str

    @property
    def body(self) -> dict[str, Any]:
        """The body of the call."""
        return self.call.body

    def parameter(self, name: str, default: Any = None) -> Any:
        """A path or query parameter."""
        return self.call.parameters.get(name, default)

    def document(self) -> Document:
        """The spreadsheet that the call names. Raises ApiError 404."""
        try:
            return self.store.open(self.call.parameters["spreadsheetId"])
        except KeyError:
            raise not_found() from None
