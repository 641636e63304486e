"""The health check of a container: `python -m sandbox.compose.health [http PORT PATH]`.

Without arguments it asks what the container's own service says of itself in the run folder:
healthy is one whose main loop comes round and that waits for nothing.
"""

import os
import socket
import sys
import time
from pathlib import Path

from app.notes import read_notes
from sandbox.stack.servers import http_answers


def healthy(arguments: list[str]) -> bool:
    """Whether the service of this container works."""
    match arguments:
        case ["http", port, path]:
            return http_answers(int(port), path)
        case _:
            return _says_so(Path(os.environ["TWINSHEET_RUN_DIR"]), socket.gethostname(), time.time())


def _says_so(run_dir: Path, machine: str, now: float) -> bool:
    return any(note.machine == machine and note.working(now) for note in read_notes(run_dir))


if __name__ == "__main__":
    sys.exit(0 if healthy(sys.argv[1:]) else 1)
