"""The calls of every service but the spreadsheet: properties, locks, caches, triggers, dialogs, bytes, log."""

import base64
import hashlib
import hmac
import time
import uuid
from typing import Any

from sandbox.script import dates
from sandbox.script.execution import Call, CallRefused, Execution, HtmlDialog, Sidebar
from sandbox.script.state import InstalledTrigger

TRIGGERS_MAX = 20
"""Google's limit of installable triggers for one script and user."""

STOPPING_S = 0.1
"""How much longer than it may a script sleeps at most: by then it has been stopped."""

_PROMPT_BUTTONS = {"OK": "OK", "OK_CANCEL": "OK", "YES_NO": "YES", "YES_NO_CANCEL": "YES"}
_DISMISSED = {"OK": "CLOSE", "OK_CANCEL": "CANCEL", "YES_NO": "CLOSE", "YES_NO_CANCEL": "CANCEL"}


# -- properties, caches, locks -------------------------------------------------------------


def _get_property(execution: Execution, scope: str, key: str) -> str | None:
    return execution.state.properties(execution.store_of(scope)).get(key)


def _all_properties(execution: Execution, scope: str) -> dict[str, str]:
    return execution.state.properties(execution.store_of(scope))


def _set_properties(execution: Execution, scope: str, values: dict[str, str], replace_all: bool) -> None:
    execution.state.set_properties(execution.store_of(scope), values, replace_all=replace_all)


def _delete_property(execution: Execution, scope: str, key: str) -> None:
    execution.state.delete_property(execution.store_of(scope), key)


def _cache_get(execution: Execution, scope: str, key: str) -> str | None:
    until, value = execution.cache.get((execution.store_of(scope), key), (0.0, ""))
    return value if time.monotonic() < until else None


def _cache_put(execution: Execution, scope: str, key: str, value: str, seconds: float) -> None:
    execution.cache[(execution.store_of(scope), key)] = (time.monotonic() + seconds, value)


def _cache_remove(execution: Execution, scope: str, key: str) -> None:
    execution.cache.pop((execution.store_of(scope), key), None)


def _try_lock(execution: Execution, scope: str, wait_ms: float) -> bool:
    wait_s = min(wait_ms / 1000, execution.remaining_s())
    return execution.locks.take(execution.store_of(scope), execution, wait_s)


def _has_lock(execution: Execution, scope: str) -> bool:
    return execution.locks.holds(execution.store_of(scope), execution)


def _release_lock(execution: Execution, scope: str) -> None:
    execution.locks.release(execution.store_of(scope), execution)


# -- triggers ------------------------------------------------------------------------------


def _create_trigger(execution: Execution, function: str, spreadsheet_id: str, event_type: str) -> dict[str, str]:
    mine = [t for t in execution.state.triggers(spreadsheet_id) if t.owner == execution.effective_user]
    if len(mine) >= TRIGGERS_MAX:
        raise CallRefused(
            "This script has too many triggers. Triggers must be deleted from the script before more can be added."
        )
    trigger = InstalledTrigger(
        uid=str(uuid.uuid4().int >> 65),
        spreadsheet_id=spreadsheet_id,
        event_type=event_type,
        function=function,
        owner=execution.effective_user,
    )
    execution.state.install(trigger)
    return _trigger_told(trigger)


def _list_triggers(execution: Execution) -> list[dict[str, str]]:
    found = execution.state.triggers(execution.spreadsheet_id)
    return [_trigger_told(trigger) for trigger in found if trigger.owner == execution.effective_user]


def _delete_trigger(execution: Execution, uid: str) -> None:
    execution.state.uninstall(uid)


def _trigger_told(trigger: InstalledTrigger) -> dict[str, str]:
    return {
        "uid": trigger.uid,
        "function": trigger.function,
        "eventType": trigger.event_type,
        "spreadsheetId": trigger.spreadsheet_id,
    }


# -- dialogs -------------------------------------------------------------------------------


def _alert(execution: Execution, title: str, text: str, buttons: str) -> str:
    _show(execution, title, text)
    return _PROMPT_BUTTONS[buttons]


def _prompt(execution: Execution, title: str, text: str, buttons: str) -> tuple[str, str]:
    dialogs = execution.dialogs
    if dialogs is None or not dialogs.answers:
        _show(execution, title, text)
        return _DISMISSED[buttons], ""
    answer, *dialogs.answers = dialogs.answers
    return _PROMPT_BUTTONS[buttons], answer


def _toast(execution: Execution, _spreadsheet_id: str, message: str, title: str, _seconds: float) -> None:
    execution.write_log("TOAST", f"{title}: {message}" if title else message)


def _menu(execution: Execution, menu: dict[str, Any]) -> None:
    if execution.dialogs is not None:
        execution.dialogs.menus.append(menu)


def _sidebar(execution: Execution, title: str, html: str) -> None:
    if execution.dialogs is not None:
        execution.dialogs.sidebar = Sidebar(title, html)


def _html_dialog(execution: Execution, title: str, html: str, width_px: int | None, height_px: int | None) -> None:
    if execution.dialogs is not None:
        execution.dialogs.dialog = HtmlDialog(title, html, width_px, height_px)


def _html_file(execution: Execution, name: str) -> str:
    if name not in execution.pages:
        raise CallRefused(f"No HTML file named {name} was found.")
    return execution.pages[name]


def _show(execution: Execution, title: str, text: str) -> None:
    if execution.dialogs is not None:
        execution.dialogs.shown.append(f"{title}: {text}" if title else text)


# -- bytes: on the way they are texts of the letters 0 to 255 --------------------------------


def _bytes_of_text(_execution: Execution, text: str, charset: str) -> str:
    return text.encode("utf-8" if _charset(charset) == "utf-8" else "ascii", "replace").decode("latin-1")


def _text_of_bytes(_execution: Execution, latin: str, charset: str | None) -> str:
    return latin.encode("latin-1").decode(_charset(charset), "replace")


def _charset(name: str | None) -> str:
    return {"US_ASCII": "ascii", "UTF_8": "utf-8"}.get(name or "UTF_8", name or "utf-8").lower()


def _hmac(_execution: Execution, algorithm: str, value: str, key: str) -> str:
    made = hmac.new(key.encode("latin-1"), value.encode("latin-1"), _hash_name(algorithm.removeprefix("HMAC_")))
    return made.digest().decode("latin-1")


def _digest(_execution: Execution, algorithm: str, value: str) -> str:
    return hashlib.new(_hash_name(algorithm), value.encode("latin-1")).digest().decode("latin-1")


def _hash_name(algorithm: str) -> str:
    return algorithm.replace("_", "").lower()


def _base64(_execution: Execution, latin: str, is_web_safe: bool) -> str:
    data = latin.encode("latin-1")
    return (base64.urlsafe_b64encode(data) if is_web_safe else base64.b64encode(data)).decode()


def _of_base64(_execution: Execution, text: str, is_web_safe: bool) -> str:
    try:
        data = base64.b64decode(text, altchars=b"-_" if is_web_safe else None, validate=True)
    except ValueError:
        raise CallRefused("Could not decode string.") from None
    return data.decode("latin-1")


# -- utilities and log ---------------------------------------------------------------------


def _uuid(_execution: Execution) -> str:
    return str(uuid.uuid4())


def _sleep(execution: Execution, ms: float) -> None:
    if ms > 300_000:
        raise CallRefused("sleep value out of range: 300000")
    time.sleep(min(ms / 1000, execution.remaining_s() + STOPPING_S))


def _format_date(_execution: Execution, date: dict[str, float], zone: str, pattern: str) -> str:
    return dates.format_date(date["$date"], zone, pattern)


def _user_key(execution: Execution) -> str:
    return hashlib.sha256(execution.active_user.encode()).hexdigest()[:32]


def _write_log(execution: Execution, level: str, text: str) -> None:
    execution.write_log(level, text)


def _read_log(execution: Execution) -> str:
    return "\n".join(execution.log)


def _clear_log(execution: Execution) -> None:
    execution.log.clear()


def _script_id(execution: Execution) -> str:
    return f"script-of-{execution.spreadsheet_id}"


CALLS: dict[str, Call] = {
    "properties.get": _get_property,
    "properties.all": _all_properties,
    "properties.set": _set_properties,
    "properties.delete": _delete_property,
    "cache.get": _cache_get,
    "cache.put": _cache_put,
    "cache.remove": _cache_remove,
    "lock.try": _try_lock,
    "lock.has": _has_lock,
    "lock.release": _release_lock,
    "triggers.create": _create_trigger,
    "triggers.list": _list_triggers,
    "triggers.delete": _delete_trigger,
    "triggers.scriptId": _script_id,
    "ui.alert": _alert,
    "ui.prompt": _prompt,
    "ui.toast": _toast,
    "ui.menu": _menu,
    "ui.sidebar": _sidebar,
    "ui.dialog": _html_dialog,
    "html.file": _html_file,
    "bytes.ofText": _bytes_of_text,
    "bytes.text": _text_of_bytes,
    "bytes.hmac": _hmac,
    "bytes.digest": _digest,
    "bytes.base64": _base64,
    "bytes.ofBase64": _of_base64,
    "utilities.uuid": _uuid,
    "utilities.sleep": _sleep,
    "utilities.formatDate": _format_date,
    "utilities.userKey": _user_key,
    "log.write": _write_log,
    "log.read": _read_log,
    "log.clear": _clear_log,
}
