"""How a person's browser is let in, and for whom its requests count."""

from __future__ import annotations

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from app.console.access import SIGNED_IN_FOR_S, Access, guard
from app.console.sign_in import sign_in_blueprint

BROWSER = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
}
HERE = {"Origin": "http://localhost"}


class Clock:
    """Tells the time that a test sets."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def door(token: str, clock: Clock | None = None) -> FlaskClient:
    """A console whose one page tells for whom it takes the visitor."""
    access = Access(token, clock or Clock())
    app = Flask("door")
    guard(app, access)
    app.register_blueprint(sign_in_blueprint(access))
    app.add_url_rule("/", "page", lambda: access.actor(request))
    return app.test_client()


def sign_in(client: FlaskClient, **form: str) -> int:
    return client.post("/sign-in", data={"token": "the-token", **form}, headers=HERE).status_code


def test_whoever_shows_the_token_once_is_let_in_under_the_name_that_they_gave() -> None:
    client = door("the-token")
    assert client.get("/", headers=BROWSER).headers["Location"] == "/sign-in?next=/"
    assert "Token" in client.get("/sign-in").text
    assert sign_in(client, name="Ann Ünal") == 303
    assert client.get("/", headers=BROWSER).text == "Ann Ünal (console)"
    assert client.post("/sign-out", headers=HERE).status_code == 303
    assert client.get("/").status_code == 401


def test_a_wrong_token_lets_nobody_in() -> None:
    client = door("the-token")
    assert sign_in(client, token="the-toke") == 401
    assert sign_in(client, token="") == 401
    assert client.get("/").status_code == 401


def test_no_script_can_read_the_cookie_and_no_other_site_sends_it_and_it_does_not_hold_the_token() -> None:
    answer = door("the-token").post("/sign-in", data={"token": "the-token"}, headers=HERE)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "the-token" not in cookie


def test_the_cookie_is_good_for_a_week_and_for_one_token(clock: Clock) -> None:
    client = door("the-token", clock)
    assert sign_in(client) == 303
    cookie = client.get_cookie("twinsheet")
    assert cookie is not None
    other = door("another-token", clock)
    other.set_cookie("twinsheet", cookie.value)
    assert other.get("/").status_code == 401
    clock.now_s += SIGNED_IN_FOR_S - 1
    assert client.get("/").text == "console"
    clock.now_s += 2
    assert client.get("/").status_code == 401


@pytest.mark.parametrize(
    "value", ["", ".", "..", "9999999999.", "9999999999..", "9999999999.QW5u.00", "x" * 9000, "é"]
)
def test_a_cookie_that_was_made_up_lets_nobody_in(value: str) -> None:
    client = door("the-token")
    assert client.get("/", headers={"Cookie": f"twinsheet={value}"}).status_code == 401
    assert door("").get("/", headers={"Cookie": f"twinsheet={value}"}).status_code == 200


def test_signing_in_leads_back_to_the_page_that_was_asked_for_and_to_no_other_site() -> None:
    client = door("the-token")
    for wanted, place in {
        "/links/orders/history": "/links/orders/history",
        "//evil.example.com": "/",
        "https://evil.example.com/": "/",
        "/\\evil.example.com": "/",
        "/links/..//evil.example.com": "/",
    }.items():
        assert wanted == place or wanted not in client.get("/sign-in", query_string={"next": wanted}).text
        answer = client.post("/sign-in", data={"token": "the-token", "next": wanted}, headers=HERE)
        assert answer.headers["Location"] == place


def test_another_sites_form_signs_nobody_in() -> None:
    strange = {"Origin": "https://evil.example.com"}
    answer = door("the-token").post("/sign-in", data={"token": "the-token"}, headers=strange)
    assert answer.status_code == 403


def test_without_a_token_the_user_of_this_machine_is_who_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.console.access.this_person", lambda: "ann")
    assert door("").get("/").text == "ann (console)"
