"""The first container of docker compose: prepares the shared volume for all the others.

It makes the secrets that the settings do not give, writes `stack.json` so that every service and
`docker compose exec console twinsheet ...` find them, and gives the volume to the services' user.
"""

import os
import shutil
import sys
from pathlib import Path

from sandbox.stack.runfolder import RunFolder

_KEY_GIVEN = Path("/run/google.json")
_USER = "twinsheet"


def prepare(folder: RunFolder, key_given: Path) -> None:
    """Fill the volume.

    Args:
        folder: the volume.
        key_given: the Google key file; no regular file where there is none.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.secret("webhook_secret", os.environ.get("TWINSHEET_WEBHOOK_SECRET", ""))
    token = folder.secret("console_token", os.environ.get("TWINSHEET_CONSOLE_TOKEN", ""))
    key = folder.path / "google.json"
    if key_given.is_file():
        shutil.copyfile(key_given, key)
        key.chmod(0o600)
    else:
        key.unlink(missing_ok=True)
    stack: dict[str, object] = {
        "mysql_url": os.environ["TWINSHEET_MYSQL_URL"],
        "kafka": os.environ["TWINSHEET_KAFKA"],
        "webhook_url": os.environ["TWINSHEET_WEBHOOK_URL"],
        "console_url": "http://console:8001",
        "links_file": os.environ["TWINSHEET_LINKS"],
        "sheets_endpoint": None if key.is_file() else "http://sandbox:8090",
        "pids": {},
    }
    folder.write_stack(stack)
    sys.stdout.write(f"The console's token is {token}\n")


def main() -> None:
    """Entry point of `python -m sandbox.compose.setup`."""
    folder = RunFolder(Path(os.environ["TWINSHEET_RUN_DIR"]))
    prepare(folder, _KEY_GIVEN)
    for path in (folder.path, *folder.path.iterdir()):
        shutil.chown(path, _USER)


if __name__ == "__main__":
    main()
