"""Make the virtual environment, with nothing but Python itself: the first half of the one installer.

    python3 -m sandbox.stack.bootstrap [--tests]

A run that finds everything as it should be costs a few milliseconds. Standard library only.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from core.errors import StackError, TwinsheetError
from sandbox.stack import apt
from sandbox.stack.downloads import CHECKOUT, Downloads, downloads_dir

VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin/python"
PYTHON_MIN = (3, 11)
_RUN = ("requirements.txt", "requirements-stack.txt")
_TESTS = ("requirements-dev.txt",)  # which includes the others


def fingerprint() -> str:
    """What the environment depends on; a change means that it has to be made anew."""
    digest = hashlib.sha256(repr((sys.version_info[:2], str(CHECKOUT))).encode())
    for name in (*_RUN, *_TESTS, "pyproject.toml"):
        digest.update((CHECKOUT / name).read_bytes())
    return digest.hexdigest()


def is_ready(tests: bool) -> bool:
    """Whether the environment is there, whole and as the requirements are now."""
    wanted = fingerprint()
    stamps = [_stamp(True)] if tests else [_stamp(False), _stamp(True)]
    return any(stamp.is_file() and stamp.read_text() == wanted for stamp in stamps)


def _stamp(tests: bool) -> Path:
    return VENV / f".installed-{'tests' if tests else 'run'}"


def make_environment(tests: bool) -> None:
    """Make the environment or bring it up to date; another installer at work is waited for.

    Args:
        tests: with what the tests and checks need.

    Raises:
        StackError: something could not be installed.
    """
    if is_ready(tests):
        return
    with Downloads(downloads_dir()).lock("venv"):
        if is_ready(tests):
            return
        _ensure_pip()
        _tell("Installing Python packages")
        _pip("install", *(f"-r{CHECKOUT / name}" for name in (_TESTS if tests else _RUN)))
        _pip("install", "--no-deps", "-e", str(CHECKOUT))
        _stamp(tests).write_text(fingerprint())  # last: a run cut short is not taken for whole


def _ensure_pip() -> None:
    if PYTHON.exists() and _works(str(PYTHON), "-m", "pip", "--version"):
        return
    _tell(f"Making {VENV}")
    shutil.rmtree(VENV, ignore_errors=True)
    if importlib.util.find_spec("ensurepip"):
        venv.create(VENV, with_pip=True, symlinks=True)
    else:
        venv.create(VENV, with_pip=False, symlinks=True)
        _pip_from_debian()


def _pip_from_debian() -> None:
    """Debian's and Ubuntu's Python comes without pip; its package holds it, and needs no root to be read."""
    if not apt.apt_is_here():
        raise StackError("This Python has no ensurepip.", "Install python3-venv, or another Python, and try again.")
    _tell("This Python comes without pip: fetching Debian's")
    with tempfile.TemporaryDirectory() as folder:
        apt.fetch(Path(folder), ["python3-pip-whl"], apt.debian_source(), lambda _: None, alone=True)
        wheel = next(Path(folder).glob("usr/share/python-wheels/pip-*.whl"))
        if not _works(str(PYTHON), f"{wheel}/pip", "install", "--no-index", str(wheel)):
            raise StackError("pip could not be installed.", "Install python3-venv and try again.")


def _works(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own commands


def _pip(*arguments: str) -> None:
    options = ("--disable-pip-version-check", "--no-input", "--quiet", "--progress-bar=on", "--retries=5")
    done = subprocess.run([str(PYTHON), "-m", "pip", *arguments, *options], check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise StackError("pip failed; its own words are above.", "Check the network and try again.")


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


def main(arguments: list[str]) -> int:
    """Make the environment, then hand over to the second half of the installer, which runs in it."""
    if sys.version_info < PYTHON_MIN:
        _tell(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}. Set PYTHON=... for make.")
        return 2
    tests = "--tests" in arguments
    try:
        make_environment(tests)
    except TwinsheetError as error:
        _tell(str(error))
        return 2
    if tests:  # the demo shows this half itself, where it starts
        os.execv(str(PYTHON), [str(PYTHON), "-m", "sandbox.stack.install", "--tests"])  # noqa: S606 - our own
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
