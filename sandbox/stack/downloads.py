"""The download folder: what is in it is whole, however many installers run and however they end."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def downloads_dir() -> Path:
    """The folder that keeps downloads between runs: `TWINSHEET_DOWNLOADS_DIR` or `.downloads/`."""
    return Path(os.environ.get("TWINSHEET_DOWNLOADS_DIR") or CHECKOUT / ".downloads").resolve()


class Downloads:
    """Makes each component once and keeps it.

    A component is built in a folder of its own and renamed into place when it is whole:
    an installer that dies halfway leaves nothing that a later one could take for whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def provide(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return the folder of a component, making it first if it is missing.

        Args:
            name: the component with its version, such as `kafka-4.4.0`.
            make: fills the empty folder that it is given; raises if it cannot.
        """
        final = self.folder / name
        if final.is_dir():
            return final
        with self.lock(name):
            if not final.is_dir():  # another installer may have made it while this one waited
                self._make(name, make, final)
        return final

    def _make(self, name: str, make: Callable[[Path], None], final: Path) -> None:
        for left_behind in self.folder.glob(f".partial-{name}-*"):
            shutil.rmtree(left_behind)
        partial = Path(tempfile.mkdtemp(prefix=f".partial-{name}-", dir=self.folder))
        try:
            make(partial)
            partial.chmod(0o755)
            os.sync()  # a power cut after the rename must not leave empty files behind whole names
            partial.rename(final)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock of a component; the kernel lets go of it when the process ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f".lock-{name}").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
