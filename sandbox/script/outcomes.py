"""What came of running a function: what Google lists of it, and what the person saw."""

from dataclasses import dataclass
from typing import Any

from sandbox.script.execution import HtmlDialog, Sidebar


@dataclass(frozen=True, slots=True)
class Ran:
    """An execution that has ended, as Google's list of executions shows it.

    Args:
        function: which function ran.
        kind: ``trigger``, ``menu``, ``sidebar`` or ``editor``.
        user: who caused it.
        started_at: RFC 3339.
        duration_s: how long it took.
        status: ``completed``, ``failed`` or ``timed_out``.
        error: what the script threw; empty when it completed.
        log: what it logged.
    """

    function: str
    kind: str
    user: str
    started_at: str
    duration_s: float
    status: str
    error: str
    log: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Args:
        status: as in ``Ran``.
        error: as in ``Ran``.
        message: what was thrown, without where.
        value: what the function gave, as far as Google lets it through.
    """

    status: str
    error: str = ""
    message: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Clicked:
    """What a person saw after a click in the menu.

    Args:
        ok: whether the function ended without an error.
        messages: the dialogs shown, in order.
        error: what the script threw; empty when it did not.
        sidebar: the page shown in the sidebar, if one was.
        dialog: the page shown in a dialog, if one was.
    """

    ok: bool
    messages: tuple[str, ...]
    error: str
    sidebar: Sidebar | None
    dialog: HtmlDialog | None


@dataclass(frozen=True, slots=True)
class Called:
    """What came back to a page that called a function of the script.

    Args:
        ok: whether the function ended without an error.
        value: what it gave; None where Google does not let it through.
        error: the message that a failure handler reads; empty when there is none.
        messages: the dialogs shown, in order.
        sidebar: the page shown in the sidebar, if one was.
        dialog: the page shown in a dialog, if one was.
    """

    ok: bool
    value: Any
    error: str
    messages: tuple[str, ...]
    sidebar: Sidebar | None
    dialog: HtmlDialog | None
