"""Downloads and run folders: whole or not there, private, and nobody else's files touched."""

import os
import signal
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest

from core.errors import StackError
from sandbox.compose import health, setup
from sandbox.stack.downloads import Downloads
from sandbox.stack.runfolder import RunFolder

# A child that is forked from a process with threads may wait for ever for what another thread held.
_processes = get_context("spawn")


def _slow_maker(folder: Path) -> None:
    with (folder.parent / "made.log").open("a") as log:
        log.write("made\n")
    (folder / "part1").write_text("x")
    (folder / "part2").write_text("y")


def _installer(downloads: Path, barrier: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]  # multiprocessing's barrier has no public type
    Downloads(downloads).provide("kafka-1", _slow_maker)


def _dying_installer(downloads: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "part1").write_text("x")
        os.kill(os.getpid(), signal.SIGKILL)

    Downloads(downloads).provide("kafka-1", make)


def test_two_installers_at_once_make_a_component_once(tmp_path: Path) -> None:
    barrier = _processes.Barrier(3)
    installers = [_processes.Process(target=_installer, args=(tmp_path, barrier)) for _ in range(3)]
    for installer in installers:
        installer.start()
    for installer in installers:
        installer.join()
    assert (tmp_path / "made.log").read_text() == "made\n"
    assert sorted(p.name for p in (tmp_path / "kafka-1").iterdir()) == ["part1", "part2"]


def test_a_download_cut_short_is_never_taken_for_whole(tmp_path: Path) -> None:
    killed = _processes.Process(target=_dying_installer, args=(tmp_path,))
    killed.start()
    killed.join()
    assert not (tmp_path / "kafka-1").exists()
    whole = Downloads(tmp_path).provide("kafka-1", _slow_maker)
    assert sorted(p.name for p in whole.iterdir()) == ["part1", "part2"]
    assert not list(tmp_path.glob(".partial-*"))


def test_a_failed_download_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "part1").write_text("x")
        raise StackError("no network")

    with pytest.raises(StackError, match="no network"):
        Downloads(tmp_path).provide("kafka-1", fail)
    assert not list(tmp_path.glob("*kafka-1-*"))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RunFolder]:
    """A run folder in use."""
    run = RunFolder(tmp_path / "run")
    with run.locked():
        yield run


def test_a_secret_lasts_and_only_its_owner_can_read_it(folder: RunFolder) -> None:
    secret = folder.secret("webhook_secret")
    assert folder.secret("webhook_secret") == secret
    assert (folder.path / "webhook_secret").stat().st_mode & 0o077 == 0


def test_a_secret_that_the_settings_give_replaces_the_one_made_before(folder: RunFolder) -> None:
    folder.secret("webhook_secret")
    assert folder.secret("webhook_secret", "given-by-the-settings") == "given-by-the-settings"
    assert folder.secret("webhook_secret") == "given-by-the-settings"


def test_starting_over_forgets_what_stacks_made_and_nothing_else(folder: RunFolder) -> None:
    folder.secret("webhook_secret")
    (folder.path / "mysql").mkdir()
    (folder.path / "mysql/data").write_text("rows")
    (folder.path / "sandbox.sqlite-wal").write_text("sheets")
    (folder.path / "thesis.odt").write_text("years of work")
    folder.forget()
    assert sorted(p.name for p in folder.path.iterdir()) == ["logs", "stack.lock", "thesis.odt"]


def test_a_folder_tells_whether_a_stack_runs_in_it(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert not run.is_locked()
    with run.locked():
        assert run.is_locked()
    assert not run.is_locked()


_COMPOSE_VARIABLES = {
    "TWINSHEET_MYSQL_URL": "mysql://u:p@mysql:3306/",
    "TWINSHEET_KAFKA": "kafka:9092",
    "TWINSHEET_WEBHOOK_URL": "http://webhook:8000",
    "TWINSHEET_LINKS": "/var/lib/twinsheet/links.yaml",
}


def test_compose_is_prepared_for_the_sandbox_without_a_key_and_for_google_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in _COMPOSE_VARIABLES.items():
        monkeypatch.setenv(name, value)
    run, key = RunFolder(tmp_path / "volume"), tmp_path / "key.json"
    setup.prepare(run, key)
    assert (run.read_stack() or {})["sheets_endpoint"] == "http://sandbox:8090"
    first_secret = run.secret("webhook_secret")
    key.write_text("{}")
    setup.prepare(run, key)
    assert (run.read_stack() or {})["sheets_endpoint"] is None
    assert (run.path / "google.json").stat().st_mode & 0o077 == 0
    assert run.secret("webhook_secret") == first_secret


def test_a_container_without_a_working_service_is_not_healthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWINSHEET_RUN_DIR", str(tmp_path))
    assert not health.healthy([])
