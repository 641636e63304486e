"""The job of docker compose that makes the sample and links it, once."""

import sys
from pathlib import Path

from rich.console import Console

from config.settings import load_settings
from core.errors import TwinsheetError
from sandbox.stack.runfolder import RunFolder
from sandbox.stack.sample_setup import ensure_sample


def main() -> int:
    """Entry point of `python -m sandbox.compose.sample`; returns the exit code."""
    try:
        settings = load_settings(needs=("mysql_url", "kafka", "sheets"))
        folder = RunFolder(Path(settings.run_dir))
        ensure_sample(
            folder,
            sheets_endpoint=str(settings.sheets_endpoint),
            mysql_url=settings.mysql_url.get_secret_value(),
            console=Console(highlight=False),
        )
    except TwinsheetError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
