"""As whom Google is called: a service account, a person it acts as, or a person who signed in themselves.

Each of them asks Google for one right alone, to see and edit spreadsheets, and gives its token to nobody but the
Sheets API.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from core.errors import SettingsError

Json = dict[str, Any]

SCOPES = ("https://www.googleapis.com/auth/spreadsheets",)
SANDBOX_TOKEN = "twinsheet"  # noqa: S105  the sandbox takes any token; each one is a user with a quota
AUTHORIZED_USER = "authorized_user"
"""Type of the file that a person's sign-in is kept in, as Google's own tools write it."""
LOGIN = "twinsheet google-login"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Credentials, and what may be told of them."""

    credentials: Any
    """google-auth's."""
    project: str
    """Of Google Cloud, whose quota is used."""
    user: str
    """In that project, whose quota is used; nothing that opens anything."""
    account: str = ""
    """Address that spreadsheets have to be shared with; empty where Google does not tell it."""
    mend: str = ""
    """What a person does when Google refuses it."""

    @property
    def shared_with(self) -> str:
        """Whom a spreadsheet has to be shared with, as a person reads it."""
        return self.account or f"the Google account that signed in with {LOGIN}"


def sign_in(path: Path | None, subject: str = "", token: str = SANDBOX_TOKEN) -> SignIn:
    """Credentials out of a file; nothing is sent.

    Args:
        path: a service account's JSON key, or an authorized user's file; without it ``token`` is sent.
        subject: address of the person as whom a service account acts, by delegation in their whole domain.
        token: bearer token for an endpoint that needs no key.

    Raises:
        SettingsError: the file cannot be used, or there is no service account to act as ``subject``.
    """
    if path is None:
        _no_service_account_for(subject)
        return _static(token)
    try:
        key = _read(path)
        if key.get("type") != AUTHORIZED_USER:
            return _service_account(path, key, subject)
        _no_service_account_for(subject)
        return _authorized_user(path, key)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The Google credentials {path} cannot be used: {error}.",
            "Set TWINSHEET_GOOGLE_CREDENTIALS to a service account's JSON key, or to the file that"
            f" {LOGIN} has made.",
        ) from error


def identity(path: Path | None, subject: str = "", token: str = SANDBOX_TOKEN) -> tuple[str, str]:
    """Project and user whose quota is used, by names that give no secret away.

    Raises:
        SettingsError: as :func:`sign_in`.
    """
    found = sign_in(path, subject, token)
    return found.project, found.user


def authorized_http(credentials: Any, pool: Any) -> Any:
    """A pool of urllib3 whose requests carry the token: renewed before it ends, and once when Google says 401.

    Raises:
        google.auth.exceptions.TransportError: (from a request) the token endpoint does not answer.
        google.auth.exceptions.RefreshError: (from a request) it gives us no token.
    """
    from google.auth.transport.urllib3 import AuthorizedHttp

    kind: Any = AuthorizedHttp  # google-auth is untyped
    http = kind(credentials, http=pool, max_refresh_attempts=1)
    http._request = _TokenEndpoint(http._request)
    return http


class _TokenEndpoint:
    """How google-auth asks for tokens, with every answer that decides nothing told as no answer.

    google-auth itself would take a broken proxy's page for a refusal. It would also show the token to another API of
    Google's, to ask which regions the account may work in; Sheets does not care, so nothing but tokens is asked for.
    """

    def __init__(self, request: Any) -> None:
        self._request = request

    def __call__(self, url: str, method: str = "GET", **options: Any) -> Any:
        from google.auth import exceptions

        no_answer: Any = exceptions.TransportError  # google-auth is untyped
        if method != "POST":
            raise no_answer(f"{url} is not asked")
        answer = self._request(url, method=method, **options)
        if answer.status >= 500 or answer.status in (408, 429) or not _is_object(answer.data):
            raise no_answer(f"{url} answered {answer.status}")
        return answer


def _read(path: Path) -> Json:
    key = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(key, dict):
        raise ValueError("it holds no JSON object")  # noqa: TRY004  (of the file, not of an argument)
    return key


def _service_account(path: Path, key: Json, subject: str) -> SignIn:
    from google.oauth2 import service_account

    kind: Any = service_account.Credentials  # google-auth is untyped
    found = kind.from_service_account_info(key, scopes=SCOPES, subject=subject or None)
    email = str(found.service_account_email)
    mend = f"Check that {email} and its key still exist in Google Cloud, and this machine's clock; put a new key into"
    mend = f"{mend} {path}. It is read again by itself."
    if subject:
        client = key.get("client_id") or f"of {email}"
        mend = (
            f"Check that {subject} exists, and that Google's Admin console lets the client {client} act for its"
            f" domain with the scope {SCOPES[0]}. {mend}"
        )
    return SignIn(found, str(found.project_id or "unknown"), subject or email, subject or email, mend)


def _authorized_user(path: Path, key: Json) -> SignIn:
    from google.oauth2.credentials import Credentials

    kind: Any = Credentials  # google-auth is untyped
    # a token that another program has left in the file may open more than we ask for
    found = kind.from_authorized_user_info({**key, "token": None, "expiry": None}, scopes=SCOPES)
    if key.get("token_uri"):
        found = found.with_token_uri(str(key["token_uri"]))
    project = str(found.quota_project_id or str(found.client_id).partition("-")[0])
    account = str(key.get("account") or "")
    user = account or f"sign-in {_fingerprint(str(found.refresh_token))}"
    mend = f"Sign in again: {LOGIN} --client CLIENT_SECRETS.json --out {path}. It is read again by itself."
    return SignIn(found, project, user, account, mend)


def _static(token: str) -> SignIn:
    from google.oauth2.credentials import Credentials

    kind: Any = Credentials  # google-auth is untyped
    mend = "Set TWINSHEET_GOOGLE_CREDENTIALS (docs/google-setup.md)."
    return SignIn(kind(token=token), "none", f"token {_fingerprint(token)}", mend=mend)


def _no_service_account_for(subject: str) -> None:
    if subject:
        raise SettingsError(
            f"TWINSHEET_GOOGLE_SUBJECT is {subject}, but only a service account can act as somebody else.",
            "Set TWINSHEET_GOOGLE_CREDENTIALS to its JSON key, or leave TWINSHEET_GOOGLE_SUBJECT empty.",
        )


def _fingerprint(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()[:12]


def _is_object(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict)
    except ValueError:
        return False
