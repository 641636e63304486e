"""What `twinsheet demo` and `twinsheet up` say when they are stopped."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from sandbox.stack import demo


@pytest.mark.parametrize(("command", "options", "code"), [("up", [], 0), ("demo", [], 0), ("demo", ["--check"], 1)])
def test_who_stops_a_stack_while_it_starts_is_told_so_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, options: list[str], code: int
) -> None:
    @contextmanager
    def starting(*_: object, **__: object) -> Iterator[None]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setenv("TWINSHEET_RUN_DIR", str(tmp_path))
    monkeypatch.setattr(demo, "running_stack", starting)
    ended = CliRunner().invoke(getattr(demo, f"{command}_command"), options, standalone_mode=False)
    assert ended.exception is None
    assert ended.output == "Stopped. The data stays; start again to go on.\n"
    assert (ended.return_value or 0) == code
