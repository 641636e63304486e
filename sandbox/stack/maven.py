"""Java and web libraries by their Maven coordinates, resolved with Python alone (jgo)."""

import os
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from core.errors import StackError

Progress = Callable[[int, int], None]
_SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_DOWNLOADS_AT_ONCE = 8
_TIMEOUT_S = 60
_TRIES = 3


def fetch_jars(folder: Path, coordinates: list[str], progress: Progress, *, transitive: bool = True) -> None:
    """Put the jars of some artifacts, and of all they need, into a folder.

    Args:
        folder: an existing folder; the jars come to lie in it side by side.
        coordinates: `group:artifact:version` of each.
        progress: told the number of jars that are there and of all.
        transitive: whether to bring what the artifacts need, too.

    Raises:
        StackError: a jar could not be had or is broken.
    """
    _trust_this_machines_certificates()
    for attempt in Retrying(
        retry=retry_if_exception_type(StackError),
        stop=stop_after_attempt(_TRIES),
        wait=wait_random_exponential(max=5),
        reraise=True,
    ):
        with attempt:
            _fetch_or_say_why(folder, coordinates, progress, transitive)


def _fetch_or_say_why(folder: Path, coordinates: list[str], progress: Progress, transitive: bool) -> None:
    try:
        _fetch(folder, coordinates, progress, transitive)
    except StackError:
        raise
    # jgo, requests and urllib3 each have errors of their own: all mean that it was not to be had.
    except Exception as error:
        raise StackError(
            f"Cannot download {', '.join(coordinates)}: {error}",
            "Check the network (and ~/.config/jgo.conf, if you use a Maven mirror), then try again.",
        ) from error


def _fetch(folder: Path, coordinates: list[str], progress: Progress, transitive: bool) -> None:
    repository = folder / ".repository"
    shutil.rmtree(repository, ignore_errors=True)  # a jar of an earlier try may be cut short
    context = _context(repository)
    artifacts: dict[tuple[str, str], Any] = {}
    for coordinate in coordinates:
        # One at a time: together, the versions that one of them manages would bend the others'.
        wanted = [context.create_dependency(coordinate)]
        inputs, further = context.resolver.resolve(wanted, transitive=transitive)
        for dependency in [*inputs, *(further if transitive else [])]:
            artifacts.setdefault((dependency.groupId, dependency.artifactId), dependency.artifact)
    with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
        for done, jar in enumerate(pool.map(lambda artifact: artifact.resolve(), artifacts.values()), start=1):
            _assert_whole(jar)
            shutil.move(jar, folder / jar.name)
            progress(done, len(artifacts))
    shutil.rmtree(repository)


def _context(repository: Path) -> Any:
    """A Maven context with the user's own mirrors, if jgo's settings name some."""
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext

    mirrors = dict(GlobalSettings.load().repositories)
    return MavenContext(repo_cache=repository, local_repos=[], remote_repos=mirrors or None, timeout=_TIMEOUT_S)


def _assert_whole(jar: Path) -> None:
    with zipfile.ZipFile(jar) as archive:
        broken = archive.testzip()  # reads every entry and compares its checksum
    if broken:
        raise StackError(f"{jar.name} arrived broken ({broken}).", "Try again.")


def _trust_this_machines_certificates() -> None:
    # Behind a company proxy the machine's own store knows the proxy's certificate; requests' does not.
    if _SYSTEM_CERTIFICATES.is_file():
        os.environ.setdefault("REQUESTS_CA_BUNDLE", str(_SYSTEM_CERTIFICATES))
