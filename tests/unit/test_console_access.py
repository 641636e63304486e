"""Who may see the console."""

from __future__ import annotations

import base64

import pytest
from flask import Flask

from app.console.access import Access, check_access_settings, guard, is_loopback
from app.console.app import create_app
from app.status import Status
from config.settings import load_settings
from core.errors import SettingsError


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8001", "localhost:8001", "LOCALHOST", "::1", "[::1]:8001", "127.9.9.9"]
)
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["::", "example.com:8001", "10.0.0.1", "localhost.example.com", "", "127.0.0.1.example.com"]
)
def test_everything_else_is_elsewhere(host: str) -> None:
    assert not is_loopback(host)


def test_it_refuses_to_listen_elsewhere_without_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINSHEET_CONSOLE_HOST", "::")
    with pytest.raises(SettingsError, match="TWINSHEET_CONSOLE_TOKEN"):
        check_access_settings(load_settings(needs=(), env_file=None))
    monkeypatch.setenv("TWINSHEET_CONSOLE_TOKEN", "a-token")
    check_access_settings(load_settings(needs=(), env_file=None))


def guarded(token: str) -> Flask:
    app = Flask("guarded")
    guard(app, Access(token))
    app.add_url_rule("/", "page", lambda: "page", methods=["GET", "POST"])
    app.add_url_rule("/healthz", "healthz", lambda: "ok")
    return app


def test_with_a_token_nothing_but_healthz_answers_without_it() -> None:
    client = guarded("the-token").test_client()
    basic = "Basic " + base64.b64encode(b"ann:the-token").decode()
    assert client.get("/healthz").status_code == 200
    assert client.get("/", headers={"Authorization": "Bearer the-token"}).status_code == 200
    assert client.get("/", headers={"Authorization": basic}).status_code == 200
    for wrong in (
        "Bearer the-toke",
        "Bearer ",
        "Bearer the-token2",
        "Basic dGhl",
        "Basic !!",
        "Digest x",
        "the-token",
        "Bearer é",
    ):
        answer = client.get("/", headers={"Authorization": wrong})
        assert answer.status_code == 401
        assert "WWW-Authenticate" in answer.headers
    assert client.get("/").status_code == 401


def test_without_a_token_only_those_who_ask_for_this_machine_by_name_are_answered() -> None:
    client = guarded("").test_client()
    assert client.get("/", headers={"Host": "127.0.0.1:8001"}).status_code == 200
    assert client.get("/", headers={"Host": "evil.example.com:8001"}).status_code == 403


def test_the_token_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, wanted: bytes) -> bool:
        compared.append((given, wanted))
        return False

    monkeypatch.setattr("app.console.access.hmac.compare_digest", compare)
    client = guarded("the-token").test_client()
    assert client.get("/", headers={"Authorization": "Bearer the-token"}).status_code == 401
    assert compared == [(b"the-token", b"the-token")]


@pytest.mark.parametrize(
    ("headers", "data", "status"),
    [
        ({}, "{}", 415),
        ({"Content-Type": "text/plain"}, "{}", 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "a=b", 415),
        ({"Content-Type": "application/json"}, "{", 415),
        ({"Content-Type": "application/json"}, "[]", 415),
        ({"Content-Type": "application/json", "Origin": "https://evil.example.com"}, "{}", 403),
        ({"Content-Type": "application/json", "Origin": "null"}, "{}", 403),
        ({"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"}, "{}", 403),
        ({"Content-Type": "application/json", "Sec-Fetch-Site": "same-site"}, "{}", 403),
        ({"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}, "{}", 200),
        ({"Content-Type": "application/json", "Origin": "http://127.0.0.1:8001"}, "{}", 200),
        ({"Content-Type": "application/json"}, "{}", 200),
    ],
)
@pytest.mark.parametrize("token", ["", "the-token"])
def test_nothing_is_ordered_that_a_page_of_another_site_could_have_a_browser_send(
    token: str, headers: dict[str, str], data: str, status: int
) -> None:
    basic = "Basic " + base64.b64encode(b"ann:the-token").decode()
    signed_in = {"Host": "127.0.0.1:8001", "Authorization": basic, **headers}
    assert guarded(token).test_client().post("/", headers=signed_in, data=data).status_code == status


def test_without_a_token_nothing_is_ordered_from_elsewhere() -> None:
    client = guarded("").test_client()
    asked = {"headers": {"Host": "127.0.0.1:8001"}, "json": {}}
    assert client.post("/", **asked).status_code == 200  # type: ignore[arg-type]
    elsewhere = client.post("/", environ_base={"REMOTE_ADDR": "10.0.0.5"}, **asked)  # type: ignore[arg-type]
    assert elsewhere.status_code == 403


def test_no_other_site_can_make_a_browser_change_something_or_read_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINSHEET_MYSQL_URL", "mysql://u:p@127.0.0.1:1/")
    app = create_app(Status(load_settings(needs=(), env_file=None)), "the-token")
    signed_in = {"Authorization": "Bearer the-token"}
    changing = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    }
    assert ("POST", "/_dash-update-component") in changing
    for method, path in changing:
        for strange in ({"Origin": "https://evil.example.com"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}):
            answer = app.test_client().open(path, method=method, headers=signed_in | strange)
            assert answer.status_code == 403, path
            assert "another site" in answer.text
    answer = app.test_client().get("/healthz", headers=signed_in | {"Origin": "https://evil.example.com"})
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_by_default_it_listens_on_loopback_alone() -> None:
    assert is_loopback(load_settings(needs=(), env_file=None).console_host)
