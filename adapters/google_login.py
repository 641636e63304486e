"""A person signs in to Google in their browser, and the sign-in is kept in a file.

This is the flow of an installed app: Google sends the browser back to a port of this machine's loopback address.
"""

from __future__ import annotations

import json
import os
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from adapters.google_sign_in import AUTHORIZED_USER, SCOPES
from core.errors import SettingsError, SheetsUnavailable, SignInRefused

LOOPBACK = "127.0.0.1"
NOT_KEPT = ("token", "expiry", "granted_scopes")
"""An access token ends within the hour; what lasts is the refresh token."""
_AGAIN = "Run the command again, and say yes to all that Google asks."


def google_login(client: Path, out: Path, account: str = "", wait_s: float = 300.0) -> None:
    """Send a person to Google and keep what it answers in a file that its owner alone can read.

    The address to open is told on standard error, and opened where there is a browser.

    Args:
        client: client secrets of an OAuth client of the type *Desktop app*, as Google Cloud gives them.
        out: the file; an earlier sign-in in it is replaced.
        account: address of the account that is to sign in; Google suggests it, and the file tells it.
        wait_s: how long the person may take.

    Raises:
        SettingsError: ``client`` cannot be used, or ``out`` is something else than a sign-in.
        SignInRefused: Google or the person said no, or nobody came back in time.
        SheetsUnavailable: Google does not answer.
    """
    flow = _flow(client)
    _check_out(out)
    options = {"login_hint": account} if account else {}
    with _told(), redirect_stdout(sys.stderr):  # standard output is for answers
        found = flow.run_local_server(
            host=LOOPBACK,
            port=0,
            authorization_prompt_message="Sign in here: {url}",
            success_message="Twinsheet may now edit your spreadsheets. You may close this window.",
            open_browser=_has_browser(),
            timeout_seconds=wait_s,
            prompt="consent",  # without it Google gives no refresh token the second time
            **options,
        )
    if not found.refresh_token:
        raise SignInRefused("Google gave no sign-in that lasts.", _AGAIN)
    kept = {"type": AUTHORIZED_USER, **json.loads(found.to_json(strip=NOT_KEPT))}
    _write(out, {**kept, "account": account})


def _flow(client: Path) -> Any:
    from google_auth_oauthlib.flow import InstalledAppFlow

    mend = "In Google Cloud: Credentials → Create credentials → OAuth client ID → Desktop app, then Download JSON."
    kind: Any = InstalledAppFlow  # untyped
    try:
        flow = kind.from_client_secrets_file(str(client), scopes=SCOPES)
    except (OSError, ValueError) as error:
        raise SettingsError(f"The client secrets {client} cannot be used: {error}.", mend) from error
    if flow.client_type != "installed" or "client_secret" not in flow.client_config:
        raise SettingsError(f"{client} is not of an OAuth client of the type Desktop app.", mend)
    return flow


def _check_out(out: Path) -> None:
    """A service account's key, say, can never be made again."""
    try:
        if not out.exists() or json.loads(out.read_text()).get("type") == AUTHORIZED_USER:
            return
    except (OSError, ValueError, AttributeError) as error:
        raise SettingsError(
            f"{out} is there, and is no sign-in: {error}.", "Name another file with --out."
        ) from error
    raise SettingsError(f"{out} is there, and is no sign-in.", "Name another file with --out.")


@contextmanager
def _told() -> Iterator[None]:
    """Our errors for what can go wrong between a browser, Google and us."""
    import requests
    from google_auth_oauthlib.flow import WSGITimeoutError
    from oauthlib.oauth2 import OAuth2Error

    try:
        yield
    except WSGITimeoutError as error:
        raise SignInRefused("Nobody has come back from Google's page.", _AGAIN) from error
    except OAuth2Error as error:
        raise SignInRefused(f"Google does not let us sign in: {error.description or error.error}.", _AGAIN) from error
    except Warning as error:  # oauthlib's way to tell that other rights were granted than asked for
        raise SignInRefused("Google gave other rights than to edit spreadsheets.", _AGAIN) from error
    except requests.RequestException as error:
        raise SheetsUnavailable(f"Google's sign-in does not answer: {error}.") from error


def _has_browser() -> bool:
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _write(out: Path, kept: dict[str, Any]) -> None:
    """All or nothing, and never readable by others."""
    new = out.with_name(f"{out.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(kept, file, indent=2)
    new.replace(out)
