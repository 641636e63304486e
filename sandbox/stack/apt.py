"""Debian packages without root: fetched with a private apt configuration and unpacked into a folder.

Standard library only, because the bootstrap needs it before anything is installed.
"""

import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from core.errors import StackError

Say = Callable[[str], None]

# Hooks of the machine's own apt work on the machine's own folders; they have no business here.
_CONFIG = """\
Dir::State "{state}";
Dir::State::status "{state}/status";
Dir::Cache "{cache}";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Acquire::Retries "3";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
"""
_OWN_SOURCES = """\
Dir::Etc::sourcelist "{sources}";
Dir::Etc::sourceparts "/dev/null";
"""
_KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
)


def apt_is_here() -> bool:
    """Whether this machine has apt and dpkg."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg"))


def main_archive(print_uris: str, codename: str) -> str:
    """The address of the distribution's main archive, as the machine's own settings have it.

    Args:
        print_uris: what `apt-get update --print-uris` printed.
        codename: the release that runs here; its plain suite names the main archive.

    Raises:
        StackError: the settings name no such archive.
    """
    found = re.findall(r"^'(\S+?)/dists/([^/\s]+)/InRelease'", print_uris, flags=re.MULTILINE)
    plain = {codename, "stable", "oldstable", "testing", "unstable", "sid"}
    for base, suite in found:
        if suite in plain:
            return str(base)
    raise StackError(
        f"apt's settings on this machine name no Debian archive for {codename}.",
        "Set TWINSHEET_MYSQL_URL to a MySQL server of your own.",
    )


def debian_source(suite: str | None = None) -> str | None:
    """The one apt source line for a Debian suite, or None where the machine's own sources serve.

    Args:
        suite: a Debian suite such as `unstable`; None for the suite that runs here.
    """
    release = platform.freedesktop_os_release()
    if release.get("ID") != "debian":
        return None  # Ubuntu and its like carry what we need in their own suites
    codename = release.get("VERSION_CODENAME", "unstable")
    archive = main_archive(_run("apt-get", "update", "--print-uris"), codename)
    signed = next((f"[signed-by={ring}] " for ring in _KEYRINGS if Path(ring).is_file()), "")
    return f"deb {signed}{archive} {suite or codename} main\n"


def newest(names: Sequence[str], pattern: str) -> str:
    """The package whose name fits: the one without a version, or that with the highest.

    Args:
        names: all package names that apt knows.
        pattern: a regular expression whose first group is the version in the name, if any.

    Raises:
        StackError: none fits.
    """
    matches = {name: match for name in names if (match := re.fullmatch(pattern, name))}
    fitting = {name: (match[1] or "") if match.lastindex else "" for name, match in matches.items()}
    if not fitting:
        raise StackError(f"apt knows no package {pattern} on this machine.", "Run `apt-get update` and try again.")

    def rank(name: str) -> tuple[bool, list[int]]:
        version = fitting[name]
        return not version, [int(part) for part in re.findall(r"\d+", version)]

    return max(fitting, key=rank)


def fetch(folder: Path, patterns: Sequence[str], source: str | None, say: Say, *, alone: bool = False) -> None:
    """Unpack packages, with everything that they need down to the C library, into a folder.

    Args:
        folder: an empty folder, filled as `/` would be.
        patterns: one regular expression for each package, as `newest` takes it.
        source: the apt source line to use, or None for the machine's own sources.
        say: told what is going on.
        alone: without what they need.

    Raises:
        StackError: apt or dpkg failed.
    """
    scratch = folder / ".apt"
    config = _private_config(scratch, source)
    say("reading package lists")
    _run("apt-get", "-c", str(config), "update", "-q")
    known = _run("apt-cache", "-c", str(config), "pkgnames").split()
    wanted = [newest(known, pattern) for pattern in patterns]
    say(f"downloading {wanted[0]}")
    archives = scratch / "cache/archives"
    how = ["download"] if alone else ["install", "-y", "--download-only"]
    _run("apt-get", "-c", str(config), *how, "-q", *wanted, folder=archives)
    say(f"unpacking {wanted[0]}")
    for package in sorted(archives.glob("*.deb")):
        _run("dpkg", "-x", str(package), str(folder))
    for unused in (scratch, *(folder / "usr/share" / part for part in ("doc", "man", "locale", "perl"))):
        shutil.rmtree(unused, ignore_errors=True)


def install(*packages: str) -> None:
    """Install packages on the machine itself, as root.

    Raises:
        StackError: apt failed.
    """
    with suppress(StackError):  # one source that is away does not matter where another has the packages
        _run("apt-get", "update", "-q")
    options = ("-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300")
    _run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", *options, *packages)


def _private_config(scratch: Path, source: str | None) -> Path:
    state, cache = scratch / "state", scratch / "cache"
    (state / "lists/partial").mkdir(parents=True)
    (cache / "archives/partial").mkdir(parents=True)
    (state / "status").touch()
    text = _CONFIG.format(state=state, cache=cache)
    if source:
        sources = scratch / "sources.list"
        sources.write_text(source)
        text += _OWN_SOURCES.format(sources=sources)
    config = scratch / "apt.conf"
    config.write_text(text)
    return config


def _run(*command: str, folder: Path | None = None) -> str:
    # Only names from this file and paths of ours get here; no shell is involved.
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        told = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise StackError(
            f"`{' '.join(command[:1])}` failed: {told[-1] if told else f'exit {done.returncode}'}",
            "Check the network and apt's settings, then try again.",
        )
    return done.stdout
