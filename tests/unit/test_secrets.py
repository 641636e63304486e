"""Secrets of links: derived, spelled and signed as Standard Webhooks does it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from core.secrets import connection_code, is_signed, link_secret, read_connection_code, signature, spell_secret

MASTER = b"the master secret of this test"
STAMP = "1767225600"


def test_each_link_has_a_secret_of_its_own_that_never_changes() -> None:
    expected = hmac.new(MASTER, b"twinsheet-link:orders", hashlib.sha256).digest()
    assert link_secret(MASTER, "orders") == expected
    assert len({link_secret(MASTER, name) for name in ("orders", "order", "orders2")}) == 3
    assert link_secret(b"another", "orders") != expected


def test_the_standard_webhooks_library_agrees_with_our_signature() -> None:
    body = '{"text": "Zürich 🏔"}'
    secret = link_secret(MASTER, "orders")
    library = Webhook(spell_secret(secret))
    now = datetime.now(UTC).replace(microsecond=0)  # the library takes no other time for its own
    stamp = str(int(now.timestamp()))
    ours = signature(secret, "msg_1", stamp, body.encode())
    assert library.sign("msg_1", now, body) == ours
    headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": ours}
    assert library.verify(body, headers) == json.loads(body)


def signed(
    header: str, *, link: str = "orders", event: str = "m", timestamp: str = STAMP, body: bytes = b"{}"
) -> bool:
    masters = (b"newest master of all", MASTER)
    return is_signed(header, masters=masters, link=link, event=event, timestamp=timestamp, body=body)


@pytest.mark.parametrize("master", [b"newest master of all", MASTER])
def test_both_live_masters_open_the_door_while_rotating(master: bytes) -> None:
    good = signature(link_secret(master, "orders"), "m", STAMP, b"{}")
    assert signed(good)
    assert signed(f"v1,AAAA {good} v2,zzz")


def test_nothing_else_opens_it() -> None:
    good = signature(link_secret(MASTER, "orders"), "m", STAMP, b"{}")
    assert not signed(signature(link_secret(b"retired", "orders"), "m", STAMP, b"{}"))
    assert not signed(good, link="stock")
    assert not signed(good, event="m2")
    assert not signed(good, timestamp=STAMP + "0")
    assert not signed(good, body=b"{} ")
    for other in ("", " ", good[:-1], good + "=", good.replace("v1", "v2"), good[3:], "v1,é", good.lower()):
        assert not signed(other)


def test_another_spelling_of_the_same_bytes_is_not_the_signature() -> None:
    good = signature(link_secret(MASTER, "orders"), "m", STAMP, b"{}")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet[alphabet.index(good[-2]) ^ 1]
    twin = good[:-2] + last + "="
    assert base64.b64decode(twin[3:]) == base64.b64decode(good[3:])
    assert not signed(twin)


def test_a_connection_code_holds_address_link_and_secret_and_reads_back() -> None:
    code = connection_code("https://example.com/", "orders", MASTER)
    assert code.startswith("ts1.")
    content = json.loads(base64.urlsafe_b64decode(code.removeprefix("ts1.")))
    secret = spell_secret(link_secret(MASTER, "orders"))
    assert content == {"url": "https://example.com/hooks/sheets/orders", "link": "orders", "secret": secret}
    read = read_connection_code(f"  {code.rstrip('=')}\n")
    assert (read.url, read.link, read.secret) == (content["url"], "orders", secret)


@pytest.mark.parametrize("code", ["", "hello", "ts1.", "ts1.!!!", "ts1.e30", "ts1.W10=", "ts2.e30"])
def test_what_is_no_connection_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="connection code"):
        read_connection_code(code)
