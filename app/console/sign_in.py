"""``/sign-in``: a person shows the token once, and the browser keeps a cookie for it."""

from __future__ import annotations

import re

from flask import Blueprint, Response, make_response, redirect, render_template_string, request

from app.console.access import COOKIE, NAME_CHARACTERS_MAX, Access, signed_in

FORMS = {"Referrer-Policy": "same-origin"}
"""Of pages with a form: without it a browser does not say that what it sends comes from here."""

_OWN_PATH = re.compile(r"/(?:[A-Za-z0-9_-][A-Za-z0-9_/-]*)?")
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Twinsheet</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/console.css">
</head>
<body>
<main class="sign-in">
<h1>Twinsheet</h1>
<p>The console shows data and changes it, so it asks for its token: <code>TWINSHEET_CONSOLE_TOKEN</code> of the
machine that runs it (with Docker, the log of setup tells it).</p>
{% if wrong %}<p class="told bad" role="alert">That is not the token.</p>{% endif %}
<form method="post" action="/sign-in">
<input type="hidden" name="next" value="{{ next }}">
<label for="token">Token</label>
<input id="token" name="token" type="password" required autofocus autocomplete="current-password">
<label for="name">Your name, as the history shall show it (optional)</label>
<input id="name" name="name" maxlength="{{ longest }}" autocomplete="name">
<button class="main">Sign in</button>
</form>
</main>
</body>
</html>
"""


def sign_in_blueprint(access: Access) -> Blueprint:
    """The page, what it sends, and the way out.

    Args:
        access: knows the token, and makes the cookie.
    """
    pages = Blueprint("sign_in", __name__)

    @pages.get("/sign-in")
    def ask() -> Response:
        return _page(wrong=False, place=request.args.get("next", "/"))

    @pages.post("/sign-in")
    def check() -> Response:
        place = _own(request.form.get("next", "/"))
        if not access.opens(request.form.get("token", "")):
            return _page(wrong=True, place=place)
        answer = make_response(redirect(place, 303))
        return signed_in(answer, access, request.form.get("name", ""), secure=request.is_secure)

    @pages.post("/sign-out")
    def leave() -> Response:
        answer = make_response(redirect("/sign-in", 303))
        answer.delete_cookie(COOKIE, httponly=True, samesite="Strict")
        return answer

    return pages


def _page(*, wrong: bool, place: str) -> Response:
    text = render_template_string(
        _PAGE,
        wrong=wrong,
        next=_own(place),
        longest=NAME_CHARACTERS_MAX,
    )
    return Response(text, 401 if wrong else 200, headers={"Content-Security-Policy": _POLICY, **FORMS})


def _own(place: str) -> str:
    """Where to go afterwards: a page of ours, and no other site's."""
    return place if _OWN_PATH.fullmatch(place) else "/"
