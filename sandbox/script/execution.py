"""One execution of a script function: who runs it, for whom, until when, and what it left behind."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.google.events import Edited, Event, Selection
from sandbox.google.store import Store
from sandbox.script.state import ScriptState

LOG_LINES_MAX = 200


class CallRefused(Exception):
    """A service refuses a call; the message is what the script gets thrown."""


@dataclass(frozen=True, slots=True)
class Sidebar:
    """A page in the sidebar.

    Args:
        title: above it.
        html: the page.
    """

    title: str
    html: str


@dataclass(frozen=True, slots=True)
class HtmlDialog:
    """A page in a dialog.

    Args:
        title: above it.
        html: the page.
        width_px: how wide it wants to be; None when the script did not say.
        height_px: how high.
    """

    title: str
    html: str
    width_px: int | None
    height_px: int | None


@dataclass
class Dialogs:
    """A person at the screen while a function runs: answers ready, everything shown written down.

    Args:
        answers: what they type into prompts, in order; when there is none left they press Cancel.
        sidebar: the last page that was shown in the sidebar.
        dialog: the last page that was shown in a dialog.
    """

    answers: Sequence[str] = ()
    shown: list[str] = field(default_factory=list)
    menus: list[dict[str, Any]] = field(default_factory=list)
    sidebar: Sidebar | None = None
    dialog: HtmlDialog | None = None


class Locks:
    """LockService of all scripts: who holds which lock."""

    def __init__(self) -> None:
        self._guard = threading.Condition()
        self._holders: dict[str, object] = {}

    def take(self, name: str, holder: object, wait_s: float) -> bool:
        """Wait for a lock; True once the holder has it (again)."""
        with self._guard:
            free = self._guard.wait_for(lambda: self._holders.get(name, holder) is holder, max(wait_s, 0))
            if free:
                self._holders[name] = holder
            return free

    def holds(self, name: str, holder: object) -> bool:
        """Whether the holder has the lock."""
        with self._guard:
            return self._holders.get(name) is holder

    def release(self, name: str, holder: object) -> None:
        """Give a lock back, if the holder has it."""
        with self._guard:
            if self._holders.get(name) is holder:
                del self._holders[name]
                self._guard.notify_all()

    def release_all(self, holder: object) -> None:
        """Give everything back that the holder still has."""
        with self._guard:
            for name in [name for name, who in self._holders.items() if who is holder]:
                del self._holders[name]
            self._guard.notify_all()


@dataclass(eq=False)
class Execution:
    """What the services need to know about the run that calls them.

    Args:
        store: all spreadsheets.
        state: properties and triggers.
        locks: LockService.
        spreadsheet_id: the spreadsheet that the script is bound to.
        active_user: who acts.
        effective_user: whose rights the function runs with.
        deadline: when it is stopped, on ``time.monotonic()``.
        time_zone: the script's own.
        pages: the script's HTML files by name.
        dialogs: the person at the screen; None in a trigger, where no dialog can be shown.
        selection: what that person has selected.
        install: tells the runtime that triggers have changed.
    """

    store: Store
    state: ScriptState
    locks: Locks
    spreadsheet_id: str
    active_user: str
    effective_user: str
    deadline: float
    time_zone: str
    pages: Mapping[str, str] = field(default_factory=dict)
    dialogs: Dialogs | None = None
    selection: Selection | None = None
    cache: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def remaining_s(self) -> float:
        """How long it may still run."""
        return max(self.deadline - time.monotonic(), 0.0)

    def store_of(self, scope: str) -> str:
        """Name of the store of a scope (``document``, ``script``, ``user``) for properties, locks and caches."""
        user = self.effective_user if scope == "user" else ""
        return f"{scope}/{self.spreadsheet_id}/{user}"

    def write_log(self, level: str, text: str) -> None:
        """Add a line to the execution's log; the oldest go."""
        self.log.append(f"{level} {text}")
        del self.log[:-LOG_LINES_MAX]


Call = Callable[..., Any]
"""A service call: the execution, then the script's arguments; gives something that JSON can hold."""


def event_told(event: Event, trigger_uid: str) -> dict[str, Any]:
    """An event as the scripts' side reads it."""
    if not isinstance(event, Edited):
        return {"kind": "change", "changeType": str(event.change_type), "triggerUid": trigger_uid}
    area = event.range
    return {
        "kind": "edit",
        "sheetId": event.sheet_id,
        "area": [area.row, area.column, area.rows, area.columns],
        "value": told(event.value),
        "oldValue": told(event.old_value),
        "triggerUid": trigger_uid,
    }


def told(value: str | float | bool | None) -> str | None:
    """A value as Google's edit event tells it: always a text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
