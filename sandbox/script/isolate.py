"""One run of JavaScript in V8: nothing survives it, and its time is bounded.

Every run has an isolate of its own, made and thrown away in about a millisecond. A shared one
would be no faster, and its contexts would pile up in memory.
"""

import ctypes
import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

import _STPyV8  # type: ignore[import-not-found]  # the compiled part of STPyV8, without type information
import STPyV8

HOST_NAME = "__host"
"""The global name under which the first file finds the host."""

Host = Callable[[str, str], str]
"""The one way out of a script: the name of a call and its arguments as JSON, to an answer as JSON."""

# STPyV8 cannot stop a script of another thread; V8 itself can, and says that this is safe.
_v8 = ctypes.CDLL(_STPyV8.__file__)
_current_isolate = _v8["_ZN2v87Isolate10GetCurrentEv"]
_current_isolate.restype = ctypes.c_void_p
_terminate = _v8["_ZN2v87Isolate18TerminateExecutionEv"]
_terminate.argtypes = [ctypes.c_void_p]


class ScriptFailed(Exception):
    """The script threw, or cannot be read; the message is what Google's log would show."""


class ScriptTimedOut(ScriptFailed):
    """The script ran longer than allowed and was stopped."""


@dataclass(frozen=True, slots=True)
class Source:
    """A script file: its name, as stack traces show it, and its text."""

    name: str
    text: str


def run(sources: Sequence[Source], entry: str, host: Host, time_limit_s: float) -> str:
    """Evaluate the files in one fresh global scope, then ``entry``.

    Args:
        sources: files, in order.
        entry: the expression to evaluate last; gives a text.
        host: answers the scripts' calls, on this thread. Never raises.
        time_limit_s: how long all of it may take.

    Returns:
        What ``entry`` gave.

    Raises:
        ScriptTimedOut: it took too long.
        ScriptFailed: a file cannot be read or threw while it was loaded.
    """
    with _Isolate(host, time_limit_s) as isolate:
        for source in sources:
            isolate.evaluate(source)
        return isolate.evaluate(Source("entry", entry))


class _Isolate:
    def __init__(self, host: Host, time_limit_s: float) -> None:
        self._host = host
        self._time_limit_s = time_limit_s
        self._guard = threading.Lock()
        self._address: int | None = None
        self._stopped = False

    def __enter__(self) -> "_Isolate":
        # "True" makes the isolate ours: it is disposed of, with all its memory, when we drop it.
        self._isolate = STPyV8.JSIsolate(True)
        self._isolate.enter()
        self._address = _current_isolate()
        # The class beneath STPyV8.JSContext: the one above takes a lock that it never gives back.
        self._context = _STPyV8.JSContext()
        self._context.enter()
        setattr(self._context.locals, HOST_NAME, self._host)
        self._timer = threading.Timer(self._time_limit_s, self._stop)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._guard:
            self._address = None
        self._context.leave()
        del self._context
        self._isolate.leave()
        del self._isolate

    def evaluate(self, source: Source) -> str:
        result: object = None
        try:
            result = self._context.eval(_readable(source.text), source.name)
        except Exception as error:  # noqa: BLE001  # STPyV8 raises a Python error of the kind that the script threw
            if not self._stopped:
                raise ScriptFailed(f"{error}") from None
        if self._stopped:
            raise ScriptTimedOut("Exceeded maximum execution time")
        return result if isinstance(result, str) else ""

    def _stop(self) -> None:
        with self._guard:
            if self._address is not None:
                self._stopped = True
                _terminate(self._address)


def _readable(text: str) -> str:
    """The text with letters beyond 16 bits as escapes: STPyV8 cuts them off."""
    return re.sub("[\U00010000-\U0010ffff]", lambda match: json.dumps(match[0])[1:-1], text)
