"""Structured logs: JSON lines, or coloured on a terminal; the same for our own and for the libraries' messages."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

_LOUD_LIBRARIES = ("kafka", "googleapiclient.discovery_cache", "waitress.queue", "pymysqlreplication", "pyngrok")


def configure_logs(log_format: str, level: str, **fields: object) -> None:
    """Send every log line to standard error.

    Args:
        log_format: ``json``, ``console``, or ``auto`` (console where standard error is a terminal).
        level: ``debug``, ``info``, ``warning`` or ``error``.
        fields: put on every line, e.g. ``service="webhook"``.
    """
    as_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.contextvars.clear_contextvars()
    structlog.configure(
        processors=[*shared, _with_fields(fields), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level.upper())
    handler.setFormatter(_formatter(as_json=as_json, foreign=[*shared, _with_fields(fields)]))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _LOUD_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _with_fields(fields: dict[str, object]) -> Processor:
    def add(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {**fields, **event}

    return add


def _formatter(*, as_json: bool, foreign: list[Processor]) -> logging.Formatter:
    """Tracebacks without the values of variables, which may be passwords."""
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        tracebacks = ExceptionDictTransformer(show_locals=False)
        last += [structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer()]
    else:
        last.append(structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback))
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=foreign, processors=last)
