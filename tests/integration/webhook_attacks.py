"""Forged, broken and hostile requests to the webhook, each made from a seed and a number alone.

``attack(seed, number, world)`` always makes the same one, but for the time that it is stamped with.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from webhook_place import BODY, MASTER

from core.secrets import link_secret, signature

PATH = "/hooks/sheets/orders"
BODY_BYTES_MAX = 1024 * 1024
OWN = link_secret(MASTER, "orders")
NEITHER = frozenset({400, 401})
_BOMB = gzip.compress(bytes(30_000_000), 9)
_MANY_NAMES = b"{" + b",".join(b'"k%d":1' % n for n in range(60_000)) + b"}"
_ASKER = ("link", "spreadsheet_id", "tab", "editor")
_DEEP = (b"[" * 5_000, b'{"a":' * 5_000, b"[" * 200_000, b'{"link":' + b"[" * 900 + b"]" * 900 + b"}")


@dataclass(frozen=True)
class World:
    """What an attacker has: the clock, and requests that were accepted before."""

    now: int
    accepted: tuple[str, ...]


@dataclass(frozen=True)
class Attack:
    """One request as it goes over the wire, and how it may be answered."""

    kind: str
    wire: bytes
    statuses: frozenset[int]
    """Empty where nobody waits for an answer."""
    method: str = "POST"
    ends: bool = False
    """The connection is of no use afterwards."""


_HEADERS = (
    "no colon",
    "Na me: x",
    ": x",
    "X: a\rb",
    "X: a\nb",
    "X: \0",
    "\x7fX: y",
    " folded: x",
    "Content-Length: -1",
    f"Content-Length: {'9' * 5000}",
    "Content-Length: 1e3",
    "Content-Length: ",
    "Content-Length: 5, 5",
    "Host",
    "Transfer-Encoding: gzip",
    "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: \x0bchunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: chunked, chunked, x",
)
_STARTS = (
    f"post {PATH} HTTP/1.1",
    f"POST  {PATH} HTTP/1.1",
    f"POST {PATH} HTTP/1.1 x",
    f"POST {PATH} HTTP/11",
    "POST",
    f"POST {PATH}\t HTTP/1.1",
    f" POST {PATH} XTTP/1.1",
    "\0",
    "POST http://[/ HTTP/1.1",
    "PRI * HTTP/2.0",
    "CONNECT localhost:443 HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    f"P\xd6ST {PATH} HTTP/1.1",
    f"{PATH} POST HTTP/1.1",
)
_PATHS = (
    "/hooks%2fsheets%2forders",
    "/hooks/sheets%2Forders",
    "/hooks/sheets/%6frders",
    "/%68ooks/sheets/orders",
    "//hooks/sheets/orders",
    "/hooks//sheets/orders",
    "/hooks/sheets//orders",
    "/hooks/./sheets/orders",
    "/x/../hooks/sheets/orders",
    "/hooks/sheets/../sheets/orders",
    "/hooks/sheets/orders/",
    "/hooks/sheets/orders/..",
    "/hooks/sheets/orders%00",
    "/hooks/sheets/orders;x=1",
    "/hooks/sheets/orders%20",
    "/hooks/sheets/ORDERS",
    "/HOOKS/sheets/orders",
    "\\hooks\\sheets\\orders",
    "hooks/sheets/orders",
    "/hooks/sheets/orders%0d%0aX:y",
    "http://localhost/hooks/sheets/orders",
    "http://evil.example/healthz",
    "/hooks/sheets/orders#x",
    "/",
    "*",
    "/hooks/sheets/%ff%fe",
    "/hooks/sheets/%f0%9f%98%80",
    "/hooks/sheets/\xe9",
    "/" + "a/" * 9_000,
    "/metrics",
    "/readyz",
    "/api/links",
    "/static/../app.py",
    "/hooks/sheets/" + "o" * 20_000,
    "/console",
    "/hooks/sheets/",
)

Make = Callable[[random.Random, World], Attack]


def attack(seed: int, number: int, world: World) -> Attack:
    """The attack of that number."""
    dice = random.Random(f"{seed}:{number}")
    make = dice.choices(list(_KINDS), weights=list(_KINDS.values()))[0]
    return make(dice, world)


# --- requests --------------------------------------------------------------------------------


def signed(
    dice: random.Random, world: World, data: bytes, *, secret: bytes = OWN, shift_s: int = 0
) -> dict[str, str]:
    """Headers of a request with this body, of an id that nobody knows."""
    event, at = f"attack_{dice.getrandbits(64):016x}", str(world.now + shift_s)
    return {
        "webhook-id": event,
        "webhook-timestamp": at,
        "webhook-signature": signature(secret, event, at, data),
    }


def wire(data: bytes, headers: Mapping[str, str] | list[tuple[str, str]], **said: Any) -> bytes:
    """The request's bytes; ``start`` is its first line, ``length`` what it says of its length (``None``: nothing)."""
    start = said.get("start", f"POST {PATH} HTTP/1.1")
    pairs = list(headers.items()) if isinstance(headers, Mapping) else headers
    length = said.get("length", len(data))
    more = [] if length is None else [("Content-Length", str(length))]
    lines = [start, "Host: localhost", *(f"{name}: {value}" for name, value in [*pairs, *more])]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + data


def good_body(dice: random.Random) -> dict[str, Any]:
    """A body as the script sends it."""
    cell = {"row_id": f"r_{dice.getrandbits(40):010x}", "row": dice.randrange(2, 999), "column": "Price"}
    value = dice.choice([12.5, "x" * dice.randrange(40), True, None, {"serial": 45418.5}])
    return json.loads(json.dumps(BODY)) | {"cells": [cell | {"value": value}]}  # type: ignore[no-any-return]


def good_data(dice: random.Random) -> bytes:
    """The same as bytes."""
    return json.dumps(good_body(dice)).encode()


# --- bits, bytes and spellings ---------------------------------------------------------------


def flipped_bit(dice: random.Random, world: World) -> Attack:
    data = good_data(dice)
    headers = signed(dice, world, data)
    place = dice.choice(["body", *headers])
    if place == "body":
        changed = _flip(dice, data)
        return Attack("bit of body", wire(changed, headers), frozenset({401}))
    value = _flip(dice, headers[place].encode()).decode("latin-1")
    return Attack(f"bit of {place}", wire(data, headers | {place: value}), NEITHER, ends=True)


def _flip(dice: random.Random, data: bytes) -> bytes:
    changed, at = bytearray(data), dice.randrange(len(data))
    changed[at] ^= 1 << dice.randrange(8)
    return bytes(changed)


def changed_body(dice: random.Random, world: World) -> Attack:
    data = bytearray(good_data(dice))
    headers = signed(dice, world, bytes(data))
    at = dice.randrange(len(data))
    kind = dice.choice(["insert", "delete", "cut", "append"])
    if kind == "insert":
        data.insert(at, dice.randrange(256))
    elif kind == "delete":
        del data[at]
    elif kind == "cut":
        del data[at:]
    else:
        data += dice.randbytes(dice.randrange(1, 9))
    return Attack(f"{kind} in body", wire(bytes(data), headers), frozenset({401}))


def spelled_otherwise(dice: random.Random, world: World) -> Attack:
    data = good_data(dice)
    headers = signed(dice, world, data)
    at, made = headers["webhook-timestamp"], headers["webhook-signature"]
    name, value = dice.choice(
        [
            (
                "webhook-timestamp",
                dice.choice([f"0{at}", f"+{at}", f"{at}.0", f"{at}e0", f"{at} 0", f"{at}_", "\xb9"]),
            ),
            (
                "webhook-timestamp",
                dice.choice([f"{at}0", f"-{at}", hex(int(at)), "nan", "inf", "9" * 5000, f"{at},{at}"]),
            ),
            ("webhook-signature", made.lower() if made != made.lower() else "v1,"),
            ("webhook-signature", made.rstrip("=")),
            (
                "webhook-signature",
                dice.choice([made + "=", made[3:], "v1" + made[3:], "v2," + made[3:], "v1a," + made[3:]]),
            ),
            (
                "webhook-signature",
                " ".join("v1," + base64.b64encode(dice.randbytes(32)).decode() for _ in range(300)),
            ),
            ("webhook-signature", "v1," + base64.b64decode(made[3:]).hex()),
            ("webhook-id", headers["webhook-id"] + dice.choice([" x", "\t", ".", "\xa0", "\xe9"]) + "."),
        ]
    )
    return Attack(f"spelling of {name}", wire(data, headers | {name: value}), frozenset({401}))


# --- replays, clocks, secrets ----------------------------------------------------------------


def replay(dice: random.Random, world: World) -> Attack:
    """An accepted id again, well signed, with its own or with another body: told as repeated, not stored."""
    event = dice.choice(world.accepted)
    data = dice.choice([json.dumps(BODY).encode(), good_data(dice), b"not json"])
    at = str(world.now + dice.randrange(-200, 200))
    headers = {"webhook-id": event, "webhook-timestamp": at, "webhook-signature": signature(OWN, event, at, data)}
    return Attack("replay", wire(data, headers), frozenset({200}))


def replay_elsewhere(dice: random.Random, world: World) -> Attack:
    """What was signed for one link, sent to another."""
    data = json.dumps(good_body(dice) | dice.choice([{}, {"link": "stock", "tab": "Stock"}])).encode()
    headers = signed(dice, world, data)
    return Attack(
        "replay at another link", wire(data, headers, start="POST /hooks/sheets/stock HTTP/1.1"), frozenset({401})
    )


def wrong_clock(dice: random.Random, world: World) -> Attack:
    data = good_data(dice)
    away_s = dice.choice([330, 301 + 30, 3600, 86_400, 10**8]) * dice.choice([1, -1])
    return Attack("clock", wire(data, signed(dice, world, data, shift_s=away_s)), frozenset({401}))


def wrong_secret(dice: random.Random, world: World) -> Attack:
    data = good_data(dice)
    secret = dice.choice(
        [
            link_secret(MASTER, "stock"),
            link_secret(MASTER, "orders2"),
            link_secret(MASTER, ""),
            link_secret(b"another master secret", "orders"),
            MASTER,
            OWN[:-1],
            b"whsec_" + base64.b64encode(OWN),
            b"",
            dice.randbytes(32),
        ]
    )
    return Attack("secret", wire(data, signed(dice, world, data, secret=secret)), frozenset({401}))


# --- headers ---------------------------------------------------------------------------------


def odd_header(dice: random.Random, world: World) -> Attack:
    data = good_data(dice)
    headers = signed(dice, world, data)
    name = dice.choice(list(headers))
    value, rest = headers[name], [(n, v) for n, v in headers.items() if n != name]
    kind = dice.choice(["missing", "empty", "twice", "non-ASCII", "very long", "underscore", "too long"])
    pairs = {
        "missing": rest,
        "empty": [*rest, (name, dice.choice(["", " ", "\t"]))],
        "twice": [*rest, (name, "x"), (name, value)]
        if name != "webhook-signature"
        else [*rest, (name, value[:-2]), (name, "v1,x")],
        "non-ASCII": [*rest, (name, value + dice.choice(["\xe9", "\xff\xfe", "\xc3\xa9", "\x80"]))],
        "very long": [*rest, (name, value + "x" * dice.randrange(200, 20_000))],
        "underscore": [*rest, (name.replace("-", "_"), value)],
        "too long": [*rest, (name, value + "x" * 40_000)],
    }[kind]
    if kind == "too long":
        return Attack("header too long", wire(data, pairs), frozenset({431}), ends=True)
    return Attack(f"header {kind}", wire(data, pairs), frozenset({401}))


def broken_header(dice: random.Random, world: World) -> Attack:
    data = good_data(dice)
    good = signed(dice, world, data)
    line = dice.choice(_HEADERS)
    raw = wire(data, good, length=None).replace(b"Host: localhost\r\n", line.encode("latin-1") + b"\r\n", 1)
    return Attack("broken header", raw, frozenset({400, 401, 413}), ends=True)


# --- bodies that are signed and wrong --------------------------------------------------------


def wrong_shape(dice: random.Random, world: World) -> Attack:
    """One field of a type that it never has, one too few, one too many."""
    body = good_body(dice)
    place: dict[str, Any] = dice.choice([body, body["stamp"], body["cells"][0], body["chunk"]])
    name = dice.choice(sorted(place))
    optional = {"editor", "chunk", "cells"}
    kind = dice.choice(["type", "drop", "add"])
    if kind == "drop" and name not in optional:
        del place[name]
    elif kind == "add":
        place[dice.choice(["event", "received_at", "x\ud800", "__class__", ""])] = dice.choice([1, "x", None, [], {}])
    else:
        place[name] = dice.choice([[[]], {"a": {}}, {"serial": "x"}, {"serial": None}, {"serial": 1, "error": "x"}])
    data = json.dumps(body).encode()
    return Attack(f"{kind} in shape", wire(data, signed(dice, world, data)), frozenset({400}))


def wrong_value(dice: random.Random, world: World) -> Attack:
    wrong: list[dict[str, Any]] = [
        {"link": "stock"}, {"link": ""}, {"link": "orders\0"}, {"spreadsheet_id": "other"}, {"tab": "Stock"},
        {"tab": "orders"}, {"tab": "\ud800"}, {"editor": "\udfff@x"}, {"editor": "x" * 321}, {"kind": "delete"},
        {"kind": "take"}, {"kind": "scan"}, {"kind": "replan"}, {"kind": "rescan"}, {"edited_at": "now"},
        {"edited_at": "2026-02-30T00:00:00Z"}, {"edited_at": "9999-12-31T23:59:59-14:00"}, {"edited_at": "٢٠٢٦"},
        {"stamp": {"n": -1, "q": 0, "epoch": 0}}, {"stamp": {"n": 2**64, "q": 0, "epoch": 0}},
        {"stamp": {"n": 1.0, "q": 0, "epoch": 0}}, {"chunk": {"index": 1, "count": 1}},
        {"cells": [{"row_id": "r", "row": 10**9, "column": "a", "value": 1}]},
        {"cells": [{"row_id": "\ud800", "row": 2, "column": "a", "value": 1}]},
        {"cells": [{"row_id": "r", "row": 2, "column": "", "value": 1}]},
        {"cells": [{"row_id": "r", "row": 2, "column": "a", "value": [1]}] * 3000},
        {"cells": [1] * 20_000}, {"cells": {str(n): n for n in range(5000)}},
    ]  # fmt: skip
    data = json.dumps(good_body(dice) | dice.choice(wrong)).encode()
    return Attack("value", wire(data, signed(dice, world, data)), frozenset({400}))


def question(dice: random.Random, world: World) -> Attack:
    """What a sheet may ask, forged or meaningless; and events where questions are asked."""
    known = {name: value for name, value in good_body(dice).items() if name in _ASKER}
    asks: list[Any] = [
        {"what": "state", "link": "stock"},
        {"what": "history", "row_id": ""}, {"what": "history", "row_id": "\ud800"},
        {"what": "history", "cursor": "x" * 201}, {"what": "undo"}, {"what": "undo", "entry": 1, "event": "x"},
        {"what": "undo", "entry": -1}, {"what": "undo", "entry": "1"},
        {"what": "undo", "as_of": "2026-01-01T00:00:00Z"},
        {"what": "approve"}, {"what": ["state"]}, [], None, "state", {},
    ]  # fmt: skip
    is_forged = dice.random() < 0.5
    body = known | {"ask": {"what": "undo", "event": "msg_1", "shown": "x"} if is_forged else dice.choice(asks)}
    data = json.dumps(dice.choice([body, good_body(dice)])).encode()
    secret = dice.choice([link_secret(MASTER, "stock"), dice.randbytes(32)]) if is_forged else OWN
    headers = signed(dice, world, data, secret=secret)
    start = f"POST {PATH}/ask HTTP/1.1"
    return Attack("question", wire(data, headers, start=start), frozenset({401 if is_forged else 400}))


def no_json(dice: random.Random, world: World) -> Attack:
    good = good_data(dice)
    cell = b'"cells": [{"row_id": "r", "row": 2, "column": "a", "value": %s}]'
    plain = json.dumps({k: v for k, v in BODY.items() if k != "cells"}).encode()[:-1]
    data = dice.choice(
        [
            dice.choice(_DEEP),
            *(
                plain + b", " + cell % v + b"}"
                for v in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"0x1", b"01", b"9" * 5000)
            ),
            plain + b', "link": "orders"}',
            plain + b', "cells": [{"row_id": "r", "row_id": "s", "row": 2, "column": "a", "value": 1}]}',
            b"\xef\xbb\xbf" + good,
            good.decode().encode("utf-16"),
            good.decode().encode("utf-32-le"),
            good + good,
            good[: dice.randrange(len(good))],
            good.replace(b'"', b"'"),
            good.replace(b"ann@", b"\xff\xfe@"),
            good.replace(b"ann@", b"\xed\xa0\x80@"),
            good.replace(b"ann@", b"\0@"),
            good[:-1] + b",}",
            _MANY_NAMES,
            *(b"", b"null", b"true", b"[]", b'"x"', b"{}", b"7", b"// x\n" + good),
            dice.randbytes(dice.randrange(1, 400)),
        ]
    )
    return Attack("no JSON", wire(data, signed(dice, world, data)), frozenset({400}))


def too_large(dice: random.Random, world: World) -> Attack:
    size = dice.choice([1, 2, 100, 500_000]) + BODY_BYTES_MAX
    data = good_data(dice)[:-1] + b" " * size + b"}"
    raw = wire(data, signed(dice, world, data))
    return Attack("too large", raw, frozenset({413}), ends=True)


def compressed(dice: random.Random, world: World) -> Attack:
    data = dice.choice([gzip.compress(good_data(dice)), _BOMB, b"\x1f\x8b" + dice.randbytes(50)])
    coding = dice.choice(["gzip", "deflate", "br", "zstd", "gzip, gzip", "identity"])
    headers = {**signed(dice, world, data), "Content-Encoding": coding}
    return Attack("compressed", wire(data, headers), frozenset({400}))


# --- methods, paths, framing -----------------------------------------------------------------


def wrong_method(dice: random.Random, world: World) -> Attack:
    data = good_data(dice)
    method = dice.choice(["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "PO-ST"])
    raw = wire(data, signed(dice, world, data), start=f"{method} {PATH} HTTP/1.1")
    return Attack(f"method {method}", raw, frozenset({405}), method=method)


def broken_start(dice: random.Random, world: World) -> Attack:
    data = good_data(dice)
    start = dice.choice(_STARTS)
    raw = wire(data, signed(dice, world, data), start=start)
    return Attack("broken start", raw, frozenset({400, 404, 405}), ends=True)


def path_trick(dice: random.Random, world: World) -> Attack:
    data = good_data(dice)
    path = dice.choice(_PATHS)
    raw = wire(data, signed(dice, world, data), start=f"POST {path} HTTP/1.1")
    return Attack("path", raw, frozenset({400, 404}), ends=True)


def lying_length(dice: random.Random, world: World) -> Attack:
    """More or fewer bytes than were said: what is left over is another request, and none that is good."""
    data = good_data(dice)
    raw = wire(data, signed(dice, world, data), length=max(0, len(data) - dice.randrange(1, 60)))
    if dice.random() < 0.5:
        return Attack("short length", raw, frozenset({401}), ends=True)
    said = len(data) + dice.choice([1, 1000, 10**6, 10**12])
    return Attack("long length", wire(data, signed(dice, world, data), length=said), frozenset(), ends=True)


def lying_chunks(dice: random.Random, world: World) -> Attack:
    data = good_data(dice)
    headers = {**signed(dice, world, data), "Transfer-Encoding": dice.choice(["chunked", "Chunked", ", chunked"])}
    size, middle = f"{len(data):x}".encode(), len(data) // 2
    body, statuses = dice.choice(
        [
            (b"-1\r\n" + data + b"\r\n0\r\n\r\n", NEITHER),
            (b"xyz\r\n" + data + b"\r\n0\r\n\r\n", NEITHER),
            (b"0x" + size + b"\r\n" + data + b"\r\n0\r\n\r\n", NEITHER),
            (size + b";" + b"x" * 9_000 + b"\r\n" + data + b"\r\n0\r\n\r\n", NEITHER),
            (b"f" * 2_000, NEITHER),
            (f"{middle:x}".encode() + b"\r\n" + data + b"\r\n0\r\n\r\n", NEITHER),
            (f"{middle:x}".encode() + b"\r\n" + data[:middle] + b"\r\n0\r\n\r\n", NEITHER),
            (b"0\r\n\r\n", NEITHER),
            (b"0\r\n" + b"X: y\r\n" * 4_000 + b"\r\n", NEITHER),
            (f"{len(data) + 9:x}".encode() + b"\r\n" + data, frozenset[int]()),
            (size + b"\r\n" + data + b"\r\n", frozenset[int]()),
            (b"fffffffffffffffff\r\n" + data, frozenset[int]()),
        ]
    )
    length = dice.choice([None, None, 0, 5, len(data)])
    return Attack("chunks", wire(body, headers, length=length), statuses, ends=True)


def garbage(dice: random.Random, world: World) -> Attack:
    """Several requests at once, and noise behind or instead of them."""
    noise = dice.randbytes(dice.randrange(1, 900)).replace(b"\r\n\r\n", b"") + b"\r\n\r\n"
    data = good_data(dice)
    unsigned = wire(data, {}) * dice.randrange(1, 9)
    kind = dice.choice(["noise", "pipelined", "TLS"])
    if kind == "noise":
        return Attack("noise", noise, frozenset(), ends=True)
    if kind == "pipelined":
        return Attack("pipelined", unsigned + noise, frozenset({401}), ends=True)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + dice.randbytes(60)
    return Attack("TLS", hello, frozenset(), ends=True)


_KINDS: dict[Make, int] = {
    flipped_bit: 24,
    changed_body: 10,
    spelled_otherwise: 8,
    replay: 8,
    replay_elsewhere: 4,
    wrong_clock: 6,
    wrong_secret: 8,
    odd_header: 8,
    broken_header: 4,
    wrong_shape: 8,
    wrong_value: 4,
    question: 4,
    no_json: 6,
    too_large: 1,
    compressed: 2,
    wrong_method: 3,
    broken_start: 3,
    path_trick: 5,
    lying_length: 3,
    lying_chunks: 4,
    garbage: 3,
}
