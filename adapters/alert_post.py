"""Tells the user's webhook of an alert: as Standard Webhooks has it, or as Slack takes it."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError

from standardwebhooks.webhooks import Webhook

from core.errors import AlertNotTold

TIMEOUT_S = 10.0


class AlertPost:
    """Sends each alert by one POST; whoever takes it answers with any status from 200 to 299.

    Args:
        url: the user's webhook, http or https.
        secret: signs the body, ``whsec_`` and base64; empty for Slack, which takes none.
    """

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._webhook = Webhook(secret) if secret else None
        self._opener = urllib.request.build_opener(_NoRedirect())

    def send(self, number: str, data: dict[str, Any]) -> None:
        """Send one piece of news.

        Args:
            number: the same for every try, so that whoever takes it twice can tell.
            data: as JSON has it; ``message`` is the sentence for a person, ``state`` whether it begins or ends.

        Raises:
            AlertNotTold: nobody took it.
        """
        now = datetime.now(UTC)
        headers = {"content-type": "application/json", "user-agent": "Twinsheet"}
        if self._webhook is None:
            body = json.dumps(_slack(data))
        else:
            body = json.dumps(
                {"type": f"twinsheet.alert.{data['state']}", "timestamp": now.isoformat(), "data": data}
            )
            stamp = str(int(now.timestamp()))
            signed = self._webhook.sign(number, now, body)
            headers |= {"webhook-id": number, "webhook-timestamp": stamp, "webhook-signature": signed}
        self._post(body.encode(), headers)

    def _post(self, body: bytes, headers: dict[str, str]) -> None:
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310 -- the settings let http(s) in alone
        try:
            with self._opener.open(request, timeout=TIMEOUT_S):
                return
        except HTTPError as error:
            raise AlertNotTold(f"The webhook for alerts answered {error.code}.") from error
        except (URLError, HTTPException, OSError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise AlertNotTold(f"The webhook for alerts does not answer: {reason}.") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET without its body: it counts as refused."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _slack(data: dict[str, Any]) -> dict[str, Any]:
    sign = {"begins": ":warning: ", "ends": ":white_check_mark: over: "}.get(str(data["state"]), "")
    return {"text": f"{sign}{data['message']}"}
