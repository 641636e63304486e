"""``twinsheet google-login`` with a browser and a token endpoint of our own."""

from __future__ import annotations

import json
import stat
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.sheets_client import SheetsClient
from app.cli import main
from tests.contract.sheets.google_stand_in import CLIENT_SECRET, REFRESH_TOKEN, Answer, Google, stand_in

SPREADSHEETS = "https://www.googleapis.com/auth/spreadsheets"
YES = "code=a-code-for-once"


class Browser:
    """Goes to Google's page, where a person says what they say, and back to where it is sent."""

    def __init__(self) -> None:
        self.asked: dict[str, list[str]] = {}
        self.says = YES
        self._thread = threading.Thread(target=self._come_back)

    def open(self, url: str, **_: object) -> bool:
        self.asked = parse_qs(urlsplit(url).query)
        self._thread.start()
        return True

    def _come_back(self) -> None:
        back = f"{self.asked['redirect_uri'][0]}?state={self.asked['state'][0]}&{self.says}"
        with urllib.request.urlopen(back, timeout=5):  # noqa: S310  (the loopback address that the product waits at)
            pass

    def close(self) -> None:
        if self._thread.ident is not None:
            self._thread.join()


class Desk:
    """A person's machine, with the client secrets that they have downloaded."""

    def __init__(self, google: Google, browser: Browser, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.google, self.browser, self.folder, self._capfd = google, browser, folder, capfd
        self.client = folder / "client.json"
        app = {
            "client_id": "42-app.apps.googleusercontent.com",
            "client_secret": CLIENT_SECRET,
            "auth_uri": f"{google.url}/auth",
            "token_uri": f"{google.url}/token",
        }
        self.client.write_text(json.dumps({"installed": app}))

    def run(self, *words: object) -> tuple[int, str, str]:
        """Exit code, what was answered, and what was told besides."""
        with pytest.raises(SystemExit) as caught:
            main(["google-login", "--client", str(self.client), *map(str, words)])
        told = self._capfd.readouterr()
        assert isinstance(caught.value.code, int)
        return caught.value.code, told.out, told.err


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # our Google has no certificate
    browser = Browser()
    monkeypatch.setattr("webbrowser.get", lambda *_: browser)
    with stand_in() as google:
        yield Desk(google, browser, tmp_path, capfd)
    browser.close()


def test_a_person_signs_in_and_the_file_opens_spreadsheets(desk: Desk) -> None:
    out = desk.folder / "user.json"
    code, said, told = desk.run("--out", out, "--account", "ann@example.com", "--json")
    assert (code, json.loads(said)) == (0, {"credentials": str(out)})
    assert "Sign in here: http" in told
    assert (desk.browser.asked["scope"], desk.browser.asked["access_type"]) == ([SPREADSHEETS], ["offline"])
    assert desk.browser.asked["login_hint"] == ["ann@example.com"]
    assert desk.browser.asked["redirect_uri"][0].startswith("http://127.0.0.1:")
    assert desk.google.granted[0]["code_verifier"]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    for secret in (REFRESH_TOKEN, CLIENT_SECRET, "token-1"):
        assert secret not in said + told
    assert "token-1" not in out.read_text()  # would be of no use within the hour
    sheets = SheetsClient(credentials=out, endpoint=desk.google.url, timeout_s=5)
    sheets.write("s", {"requests": []})
    assert desk.google.granted[-1]["refresh_token"] == REFRESH_TOKEN
    assert sheets.sign_in().shared_with == "ann@example.com"
    sheets.close()


def test_signing_in_again_replaces_the_file_and_nothing_but_a_sign_in(desk: Desk) -> None:
    key = desk.google.key(desk.folder / "key.json")
    kept = key.read_text()
    for other in (key, desk.client):
        code, _, told = desk.run("--out", other)
        assert (code, "--out" in told) == (2, True)
    assert key.read_text() == kept
    assert not desk.browser.asked
    old = desk.google.user(desk.folder / "user.json", refresh_token="1//old")
    assert desk.run("--out", old)[0] == 0
    assert json.loads(old.read_text())["refresh_token"] == REFRESH_TOKEN
    assert stat.S_IMODE(old.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("says", "answer", "told"),
    [
        ("error=access_denied", None, "access_denied"),
        (YES, (400, {"error": "invalid_grant", "error_description": "Bad code"}), "Bad code"),
        (YES, (200, {"access_token": "t", "expires_in": 9, "scope": "openid", "token_type": "Bearer"}), "rights"),
        (YES, (200, {"access_token": "t", "expires_in": 9, "token_type": "Bearer"}), "lasts"),
    ],
    ids=["no", "refused", "other rights", "not for long"],
)
def test_a_sign_in_that_comes_to_nothing_leaves_no_file_and_tells_why(
    desk: Desk, says: str, answer: Answer | None, told: str
) -> None:
    desk.browser.says, desk.google.answer = says, answer
    out = desk.folder / "user.json"
    code, said, _ = desk.run("--out", out, "--json")
    error = json.loads(said)["error"]
    assert (code, error["kind"]) == (2, "SignInRefused")
    assert told in error["message"]
    assert error["hint"]
    assert sorted(path.name for path in desk.folder.iterdir()) == ["client.json"]


@pytest.mark.parametrize("content", ["nothing", "{}", '{"web": {}}', '{"installed": {"client_id": "x"}}'])
def test_client_secrets_of_another_kind_are_refused_with_what_to_make(desk: Desk, content: str) -> None:
    desk.client.write_text(content)
    code, _, told = desk.run()
    assert (code, "Desktop app" in told, desk.browser.asked) == (2, True, {})
