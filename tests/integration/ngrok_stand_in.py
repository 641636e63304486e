#!/usr/bin/env python3
"""Stands in for the ngrok program: its command line, its log lines and its local API, and nothing public.

What it was started with goes to the file that NGROK_STAND_IN_RECORD names, one JSON object per event.
NGROK_STAND_IN_API names the one API that it answers (tunnels or endpoints); a token "bad" is refused as ngrok does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

API = os.environ.get("NGROK_STAND_IN_API", "tunnels")
TUNNELS: dict[str, dict[str, Any]] = {}


def record(**event: Any) -> None:
    with Path(os.environ["NGROK_STAND_IN_RECORD"]).open("a") as file:
        file.write(json.dumps(event) + "\n")


def say(**fields: str) -> None:
    words = {"t": "2026-01-31T12:00:00+0000", "lvl": "info"} | fields
    print(" ".join(f'{k}="{v}"' if " " in v else f"{k}={v}" for k, v in words.items()), flush=True)  # noqa: T201  (ngrok's log)


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == f"/api/{API}":
            self.answer(200, {API: list(TUNNELS.values())})
        else:
            self.answer(404, {"msg": "no such API"})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        record(what="open", api=self.path, asked=asked)
        if self.path != f"/api/{API}":
            self.answer(404, {"msg": "no such API"})
            return
        host = (
            asked.get("domain")
            or (asked.get("url") or "").removeprefix("https://")
            or f"random-{os.getpid()}.ngrok.test"
        )
        upstream = asked.get("addr") or asked.get("upstream", {}).get("url")
        name = asked.get("name", "tunnel")
        TUNNELS[name] = {
            "id": "ep_1", "name": name, "uri": f"/api/{API}/{name}", "public_url": f"https://{host}",
            "url": f"https://{host}", "proto": "https", "config": {"addr": upstream}, "upstream": {"url": upstream},
            "metrics": {},
        }  # fmt: skip
        self.answer(201, TUNNELS[name])

    def do_DELETE(self) -> None:
        record(what="close", path=self.path)
        TUNNELS.pop(self.path.rsplit("/", 1)[-1], None)
        self.answer(204, None)

    def answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """ngrok's log has no such lines."""


def main() -> int:
    config = Path(sys.argv[sys.argv.index("--config") + 1])
    text = config.read_text()
    record(
        what="start", arguments=sys.argv[1:], config=text, mode=oct(config.stat().st_mode & 0o777), pid=os.getpid()
    )
    if '"bad"' in text:
        say(lvl="eror", msg="session closed", err="authentication failed: ERR_NGROK_105")
        return 1
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    say(msg="starting web service", obj="web", addr=f"127.0.0.1:{server.server_port}")
    say(msg="client session established", obj="tunnels.session")
    say(msg="tunnel session started", obj="tunnels.session")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    # pyngrok reads the log line by line while it waits for the API to answer
    for _ in range(50):
        say(msg="waiting", obj="stand-in")
    thread.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
