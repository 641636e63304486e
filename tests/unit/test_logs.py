"""What a log line may tell."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from app.logs import configure_logs


@pytest.fixture
def logs_put_back() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()


def failing(password: str) -> None:
    held = {"url": f"mysql://u:{password}@h/"}
    raise RuntimeError("it broke" if held else "")


@pytest.mark.usefixtures("logs_put_back")
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_the_lines_and_no_value_of_a_variable(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(log_format, "debug", service="webhook")
    try:
        failing("-".join(("hunter", "two")))  # whole in no line of the source, which a traceback shows
    except RuntimeError:
        structlog.get_logger("ours").exception("failed")
        logging.getLogger("theirs").exception("failed")
    shown = capsys.readouterr().err
    assert shown.count("it broke") >= 2
    assert "failing" in shown
    assert "hunter-two" not in shown
