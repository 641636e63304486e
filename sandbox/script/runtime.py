"""Runs a spreadsheet's script: its menu and its sidebar when a person clicks, its triggers after their changes."""

import json
import random
import threading
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sandbox.google.events import Edited, Event, Selection
from sandbox.google.store import Store
from sandbox.script import http_calls, isolate, platform_calls, sheet_calls
from sandbox.script.execution import Call, CallRefused, Dialogs, Execution, Locks, event_told
from sandbox.script.jobs import Job, call_job, run_job
from sandbox.script.lanes import Lanes
from sandbox.script.outcomes import Called, Clicked, Ended, Ran
from sandbox.script.scripts import Scripts
from sandbox.script.state import InstalledTrigger, PropertiesFull, ScriptState

EDIT_QUEUE_DEPTH = 2
"""How many onEdit events Google lets run or wait; the rest is dropped."""

EXECUTIONS_KEPT = 100
CALLS: dict[str, Call] = sheet_calls.CALLS | platform_calls.CALLS | http_calls.CALLS


class TriggerFaults(Protocol):
    """What may go wrong with triggers; read anew for every event."""

    @property
    def trigger_delay_s(self) -> float:
        """How long a trigger waits before it runs."""

    @property
    def trigger_loss(self) -> float:
        """The share of events that no trigger hears of, 0 to 1."""


@dataclass(frozen=True, slots=True)
class NoFaults:
    """Triggers as Google runs them on a good day."""

    trigger_delay_s: float = 0.0
    trigger_loss: float = 0.0


class NoSuchItem(LookupError):
    """The menu has no item of that label."""


class ScriptRuntime:
    """The scripts of all spreadsheets; every spreadsheet is bound to the same files.

    Args:
        store: the spreadsheets.
        data_dir: where properties and triggers are kept.
        apps_script_dir: the script's files.
        faults: how triggers are delayed and lost.
        time_limit_s: how long one execution may take (Google: 6 minutes).
        randomness: decides which events are lost.
    """

    def __init__(
        self,
        store: Store,
        data_dir: Path,
        apps_script_dir: Path,
        faults: TriggerFaults | None = None,
        *,
        time_limit_s: float = 30.0,
        randomness: random.Random | None = None,
    ) -> None:
        self._store = store
        self._state = ScriptState(data_dir / "scripts.sqlite3")
        self._scripts = Scripts(apps_script_dir)
        self._faults = faults or NoFaults()
        self._time_limit_s = time_limit_s
        self._random = randomness or random.Random()  # noqa: S311  # chooses which triggers to lose, no secret
        self.locks = Locks()
        self._lanes = Lanes()
        self._cache: dict[tuple[str, str], tuple[float, str]] = {}
        self._guard = threading.Lock()
        self._ran: dict[str, deque[Ran]] = defaultdict(lambda: deque(maxlen=EXECUTIONS_KEPT))

    # -- triggers --------------------------------------------------------------------------

    def notify(self, event: Event) -> None:
        """Queue the triggers that listen to a person's change. Returns at once."""
        is_edit = isinstance(event, Edited)
        event_type = "ON_EDIT" if is_edit else "ON_CHANGE"
        if not self._state.triggers(event.spreadsheet_id, event_type):
            return
        loss = self._faults.trigger_loss
        if loss > 0 and self._random.random() < loss:
            return
        self._lanes.put(
            (event.spreadsheet_id, event_type),
            lambda: self._fire(event, event_type),
            delay_s=self._faults.trigger_delay_s,
            depth=EDIT_QUEUE_DEPTH if is_edit else None,
        )

    def rest(self, timeout_s: float = 30.0) -> bool:
        """Wait until no trigger runs or waits; False when it took too long."""
        return self._lanes.rest(timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop: what waits is dropped, what runs may end."""
        self._lanes.close(timeout_s)
        self._state.close()

    # -- the menu --------------------------------------------------------------------------

    def connect(self, spreadsheet_id: str, code: str, user: str) -> Clicked:
        """Click Twinsheet → Connect and paste a connection code.

        Raises:
            KeyError: no such spreadsheet.
        """
        return self.menu(spreadsheet_id, "Connect", user, [code])

    def menu(
        self,
        spreadsheet_id: str,
        item: str,
        user: str,
        answers: Sequence[str] = (),
        selection: Selection | None = None,
    ) -> Clicked:
        """Click an item of the script's menus.

        Args:
            spreadsheet_id: the spreadsheet.
            item: the item's label.
            user: who clicks.
            answers: what they type into prompts, in order; then they press Cancel.
            selection: what they have selected; the first cell of the first tab if left out.

        Raises:
            KeyError: no such spreadsheet.
            NoSuchItem: no such item.
        """
        functions = dict(_items(self.menus(spreadsheet_id, user)))
        if item not in functions:
            raise NoSuchItem(f"The menu has no item {item!r}. It has: {', '.join(functions) or 'none'}.")
        dialogs = Dialogs(answers=list(answers))
        job = run_job(functions[item], "menu")
        _, ended = self._on_thread(job, self._execution(spreadsheet_id, user, user, dialogs, selection))
        return Clicked(
            ended.status == "completed", tuple(dialogs.shown), ended.error, dialogs.sidebar, dialogs.dialog
        )

    def call(
        self,
        spreadsheet_id: str,
        function: str,
        arguments: Sequence[Any],
        user: str,
        selection: Selection | None = None,
    ) -> Called:
        """Call a function from a page in the sidebar or a dialog, as ``google.script.run`` does.

        Args:
            spreadsheet_id: the spreadsheet.
            function: a public function of the script.
            arguments: what JSON can hold.
            user: who has the page before them.
            selection: what they have selected; the first cell of the first tab if left out.

        Raises:
            KeyError: no such spreadsheet.
        """
        self._store.open(spreadsheet_id)
        dialogs = Dialogs()
        job = call_job(function, arguments)
        _, ended = self._on_thread(job, self._execution(spreadsheet_id, user, user, dialogs, selection))
        return Called(
            ok=ended.status == "completed",
            value=ended.value,
            error=ended.message,
            messages=tuple(dialogs.shown),
            sidebar=dialogs.sidebar,
            dialog=dialogs.dialog,
        )

    def menus(self, spreadsheet_id: str, user: str) -> list[dict[str, Any]]:
        """The menus that the script adds when the spreadsheet is opened.

        Raises:
            KeyError: no such spreadsheet.
        """
        self._store.open(spreadsheet_id)
        dialogs = Dialogs()
        job = run_job("onOpen", "menu", {"kind": "open"})
        self._on_thread(job, self._execution(spreadsheet_id, user, user, dialogs))
        return dialogs.menus

    def run(self, spreadsheet_id: str, function: str, user: str) -> dict[str, Any]:
        """Run a function as from the script editor; no dialog can be shown there.

        Returns:
            The execution, as ``executions`` lists it.

        Raises:
            KeyError: no such spreadsheet.
        """
        self._store.open(spreadsheet_id)
        ran, _ = self._on_thread(run_job(function, "editor"), self._execution(spreadsheet_id, user, user))
        return asdict(ran)

    # -- looking back ----------------------------------------------------------------------

    def executions(self, spreadsheet_id: str) -> list[dict[str, Any]]:
        """The last executions, newest first."""
        with self._guard:
            return [asdict(ran) for ran in reversed(self._ran[spreadsheet_id])]

    def triggers(self, spreadsheet_id: str) -> list[InstalledTrigger]:
        """The triggers installed for a spreadsheet."""
        return self._state.triggers(spreadsheet_id)

    # -- inside ----------------------------------------------------------------------------

    def _fire(self, event: Event, event_type: str) -> None:
        for trigger in self._state.triggers(event.spreadsheet_id, event_type):
            job = run_job(trigger.function, "trigger", event_told(event, trigger.uid))
            self._execute(job, self._execution(event.spreadsheet_id, event.user, trigger.owner))

    def _on_thread(self, job: Job, execution: Execution) -> tuple[Ran, Ended]:
        """Run on a thread of its own: V8 keeps hold of the thread that it first ran on."""
        box: list[tuple[Ran, Ended]] = []
        thread = threading.Thread(
            target=lambda: box.append(self._execute(job, execution)), name=f"script {job.function}", daemon=True
        )
        thread.start()
        thread.join()
        return box[0]

    def _execution(
        self,
        spreadsheet_id: str,
        user: str,
        owner: str,
        dialogs: Dialogs | None = None,
        selection: Selection | None = None,
    ) -> Execution:
        return Execution(
            store=self._store,
            state=self._state,
            locks=self.locks,
            spreadsheet_id=spreadsheet_id,
            active_user=user,
            effective_user=owner,
            deadline=time.monotonic() + self._time_limit_s,
            time_zone=self._scripts.time_zone(),
            pages=self._scripts.pages(),
            dialogs=dialogs,
            selection=selection,
            cache=self._cache,
        )

    def _execute(self, job: Job, execution: Execution) -> tuple[Ran, Ended]:
        started, started_at = time.monotonic(), datetime.now(UTC)
        ended = self._attempt(job, execution)
        ran = Ran(
            function=job.function,
            kind=job.kind,
            user=execution.active_user,
            started_at=started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            duration_s=round(time.monotonic() - started, 4),
            status=ended.status,
            error=ended.error,
            log=tuple(execution.log),
        )
        with self._guard:
            self._ran[execution.spreadsheet_id].append(ran)
        return ran, ended

    def _attempt(self, job: Job, execution: Execution) -> Ended:
        context = {
            "spreadsheetId": execution.spreadsheet_id,
            "activeUser": execution.active_user,
            "effectiveUser": execution.effective_user,
            "timeZone": execution.time_zone,
            "hasUi": execution.dialogs is not None,
            "selection": _selected(execution.selection),
        }
        sources = [self._scripts.services(context), *self._scripts.sources()]
        try:
            told = json.loads(isolate.run(sources, job.entry, _host_of(execution), self._time_limit_s))
        except isolate.ScriptTimedOut as timeout:
            return Ended("timed_out", str(timeout), str(timeout))
        except isolate.ScriptFailed as failure:
            return Ended("failed", str(failure), str(failure))
        finally:
            self.locks.release_all(execution)
        return Ended("failed" if "error" in told else "completed", **told)


def _selected(selection: Selection | None) -> dict[str, Any] | None:
    if selection is None:
        return None
    area = selection.area
    return {"sheetId": selection.sheet_id, "area": [area.row, area.column, area.rows, area.columns]}


def _host_of(execution: Execution) -> isolate.Host:
    """What answers the script's calls. An exception must not get through to V8, so every one becomes an answer."""

    def host(name: str, arguments: str) -> str:
        try:
            value = CALLS[name](execution, *json.loads(arguments))
            return json.dumps({"value": value})
        except (CallRefused, PropertiesFull, ValueError) as refusal:
            return json.dumps({"error": str(refusal)})
        except Exception as error:  # noqa: BLE001  # a defect of the sandbox, told to the script as Google tells its own
            execution.write_log("SANDBOX", f"{name}: {error!r}")
            return json.dumps({"error": f"We're sorry, a server error occurred. ({name}: {error!r})"})

    return host


def _items(menus: list[dict[str, Any]]) -> list[tuple[str, str]]:
    found = []
    for menu in menus:
        for item in menu["items"]:
            if "menu" in item:
                found += _items([item["menu"]])
            elif "function" in item:
                found.append((item["label"], item["function"]))
    return found
