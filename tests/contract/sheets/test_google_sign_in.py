"""Signing in to Google, and staying signed in, against a token endpoint of our own."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.google_sign_in import SCOPES, identity, sign_in
from adapters.sheets_client import SheetsClient
from app.doctor import servers as doctor
from app.doctor.finding import looked
from config.settings import load_settings
from core.errors import SettingsError, SheetsRefused, SheetsUnavailable, SignInRefused
from sandbox.stack.servers import free_port
from tests.contract.sheets.google_stand_in import CLIENT_SECRET, REFRESH_TOKEN, ROBOT, Google, stand_in

REVOKED = (400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
SPREADSHEETS = "https://www.googleapis.com/auth/spreadsheets"


@pytest.fixture
def google() -> Iterator[Google]:
    with stand_in() as google:
        yield google


@pytest.fixture(params=["service account", "authorized user"])
def file(request: pytest.FixtureRequest, google: Google, tmp_path: Path) -> Path:
    path = tmp_path / "google.json"
    return google.key(path) if request.param == "service account" else google.user(path)


@pytest.fixture
def key(google: Google, tmp_path: Path) -> Path:
    """Where the kind of the file makes no difference."""
    return google.key(tmp_path / "google.json")


def client_of(google: Google, file: Path, **options: Any) -> SheetsClient:
    return SheetsClient(credentials=file, endpoint=google.url, **{"timeout_s": 5.0, "read_attempts": 2, **options})


def write(client: SheetsClient) -> Any:
    return client.write("s", {"requests": []})


def read(client: SheetsClient) -> Any:
    return client.read("s", [], "sheets")


def claims(asked: dict[str, str]) -> dict[str, Any]:
    """What a service account's assertion says."""
    content = asked["assertion"].split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    return found


def test_a_token_is_used_as_long_as_it_lives(google: Google, key: Path) -> None:
    client = client_of(google, key)
    assert [write(client), read(client), write(client)] == [{"spreadsheetId": "s"}] * 3
    assert len(google.granted) == 1
    client.close()


def test_a_token_that_ends_is_renewed_before_the_call_and_no_call_fails(google: Google, file: Path) -> None:
    google.lives_s = 1
    client = client_of(google, file)
    for call in (write, read, write):
        google.forget()
        call(client)
    assert google.calls == [200, 200, 200]
    assert len(google.granted) == 3
    client.close()


def test_a_token_that_was_withdrawn_is_renewed_and_the_call_sent_again(google: Google, key: Path) -> None:
    client = client_of(google, key)
    write(client)
    google.forget()
    assert write(client) == {"spreadsheetId": "s"}
    assert google.calls == [200, 401, 200]
    client.close()


def test_a_call_is_sent_again_once_and_no_more(google: Google, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google, "good", frozenset())
    monkeypatch.setattr(google, "token", lambda _asked: (200, {"access_token": "t", "expires_in": 3600}))
    client = client_of(google, key)
    with pytest.raises(SignInRefused):
        write(client)
    assert google.calls == [401, 401]
    client.close()


def test_a_sign_in_that_google_refuses_is_told_with_what_to_do_and_is_no_fault_of_a_link(
    google: Google, file: Path
) -> None:
    google.answer = REVOKED
    client = client_of(google, file)
    for call in (write, read):
        with pytest.raises(SignInRefused, match="expired or revoked") as raised:
            call(client)
        assert str(file) in raised.value.hint
        assert not isinstance(raised.value, SheetsRefused)
    assert google.calls == []
    assert len(google.granted) == 2  # a person has to act: trying again at once is of no use
    client.close()


def test_whoever_signs_in_again_does_not_have_to_start_anything_again(google: Google, key: Path) -> None:
    google.answer = REVOKED
    client = client_of(google, key)
    with pytest.raises(SignInRefused):
        write(client)
    key.unlink()
    with pytest.raises(SignInRefused, match=r"google\.json"):
        write(client)
    google.answer = None
    google.user(key, refresh_token="1//another")
    assert write(client) == {"spreadsheetId": "s"}
    assert google.granted[-1]["refresh_token"] == "1//another"
    client.close()


def test_a_token_endpoint_that_decides_nothing_is_asked_again(google: Google, file: Path) -> None:
    client = client_of(google, file, read_attempts=1)
    for answer in (
        (503, {"error": "backend_error"}),
        (502, "<html>Bad Gateway</html>"),
        (429, {"error": "rate_limited"}),
        (407, "<html>Who are you?</html>"),
        (200, "<html>Welcome to our hotel</html>"),
    ):
        google.answer = answer
        for call in (write, read):
            with pytest.raises(SheetsUnavailable) as raised:
                call(client)
            assert type(raised.value) is SheetsUnavailable, answer
    google.answer = None
    assert write(client) == {"spreadsheetId": "s"}
    client.close()


def test_a_read_waits_out_a_token_endpoint_that_is_away_for_a_moment(google: Google, tmp_path: Path) -> None:
    google.answer = (503, {})
    client = client_of(google, google.key(tmp_path / "k"))
    with pytest.raises(SheetsUnavailable):
        read(client)
    assert len(google.granted) == 2
    client.close()


def test_a_token_endpoint_that_is_not_there_is_asked_again(google: Google, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/token"
    for file in (google.key(tmp_path / "k", token_uri=nowhere), google.user(tmp_path / "u", token_uri=nowhere)):
        client = client_of(google, file)
        with pytest.raises(SheetsUnavailable) as raised:
            write(client)
        assert type(raised.value) is SheetsUnavailable
        client.close()


def test_a_token_endpoint_that_never_answers_holds_nobody_up(google: Google, key: Path) -> None:
    google.silent.set()
    client = client_of(google, key, timeout_s=0.2, read_attempts=1)
    for call in (write, read):
        with pytest.raises(SheetsUnavailable) as raised:
            call(client)
        assert type(raised.value) is SheetsUnavailable
    client.close()


def test_nothing_but_spreadsheets_is_asked_for(google: Google, tmp_path: Path) -> None:
    wide = {"scopes": [SPREADSHEETS, "https://www.googleapis.com/auth/drive"], "token": "of another program"}
    for file in (google.key(tmp_path / "k"), google.user(tmp_path / "u", **wide)):
        client = client_of(google, file)
        write(client)
        client.close()
    assert google.calls == [200, 200]  # the other program's token was not used
    assert SCOPES == (SPREADSHEETS,)
    assert claims(google.granted[0])["scope"] == google.granted[1]["scope"] == SPREADSHEETS


def test_a_service_account_acts_as_the_person_who_is_named(google: Google, tmp_path: Path) -> None:
    file = google.key(tmp_path / "k")
    client = client_of(google, file, subject="ann@example.com")
    assert client.sign_in().shared_with == "ann@example.com"
    said = claims(google.granted[0])
    assert (said["iss"], said["sub"], said["scope"]) == (ROBOT, "ann@example.com", SPREADSHEETS)
    google.answer = (401, {"error": "unauthorized_client", "error_description": "Client is unauthorized."})
    with pytest.raises(SignInRefused, match="unauthorized_client") as raised:
        client.sign_in()
    for told in ("ann@example.com", "Admin console", "123456789", SPREADSHEETS):
        assert told in raised.value.hint
    client.close()


def test_only_a_service_account_can_act_as_somebody_else(google: Google, tmp_path: Path) -> None:
    for file in (google.user(tmp_path / "u"), None):
        for use in (lambda f: SheetsClient(credentials=f, subject="ann@x.org"), lambda f: identity(f, "ann@x.org")):
            with pytest.raises(SettingsError, match="TWINSHEET_GOOGLE_SUBJECT"):
                use(file)


def test_each_kind_names_whose_quota_is_used_and_gives_no_secret_away(google: Google, tmp_path: Path) -> None:
    key, user = google.key(tmp_path / "k"), google.user(tmp_path / "u")
    assert identity(key) == ("project", ROBOT)
    assert identity(key, "ann@example.com") == ("project", "ann@example.com")
    project, person = identity(user)
    assert project == "42"
    assert (project, person) == identity(user)
    assert person != identity(google.user(tmp_path / "v", refresh_token="1//another"))[1]
    named = google.user(tmp_path / "w", account="bob@example.com", quota_project_id="billed")
    assert identity(named) == ("billed", "bob@example.com")
    told = f"{identity(key)}{identity(user)}{sign_in(user).shared_with}{sign_in(user).mend}{sign_in(key).mend}"
    for secret in (REFRESH_TOKEN, CLIENT_SECRET, "PRIVATE KEY"):
        assert secret not in told


def test_the_doctor_says_whom_to_share_with_and_what_a_refusal_is_about(google: Google, tmp_path: Path) -> None:
    key, user = google.key(tmp_path / "k"), google.user(tmp_path / "u")
    for file, subject, told in (
        (key, "", ROBOT),
        (key, "ann@example.com", "ann@example.com"),
        (user, "", "twinsheet google-login"),
        (google.user(tmp_path / "v", account="bob@example.com"), "", "bob@example.com"),
    ):
        settings = load_settings((), env_file=None).model_copy(
            update={"google_credentials": file, "google_subject": subject}
        )
        (finding,) = looked("google", partial(doctor.google, settings))
        assert finding.ok
        assert told in finding.detail
    google.answer = REVOKED
    (finding,) = looked("google", partial(doctor.google, settings))
    assert (finding.ok, "revoked" in finding.detail, "google-login" in finding.mend) == (False, True, True)


def test_a_file_with_something_missing_is_named(google: Google, tmp_path: Path) -> None:
    damages: list[Callable[[dict[str, Any]], Any]] = [
        lambda user: user.pop("refresh_token"),
        lambda user: user.pop("client_id"),
    ]
    for damage in damages:
        file = google.user(tmp_path / "damaged.json")
        user = json.loads(file.read_text())
        damage(user)
        file.write_text(json.dumps(user))
        with pytest.raises(SettingsError, match=r"damaged\.json") as raised:
            SheetsClient(credentials=file)
        assert CLIENT_SECRET not in str(raised.value)
