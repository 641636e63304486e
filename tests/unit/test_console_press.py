"""Parts of a page that is drawn anew every few seconds: what has not changed is left as it is, with its buttons."""

from __future__ import annotations

from typing import Any

from dash import html, no_update

from app.console.pages.press import redrawn


def button(name: str) -> list[Any]:
    return [html.Div([html.P("Held"), html.Button(name, id={"act": "restore"})], className="box")]


def test_a_browser_that_has_seen_nothing_is_shown_everything() -> None:
    head, ways, _seen = redrawn(None, button("Restore …"), html.Ul())
    assert isinstance(head[0], html.Div)
    assert isinstance(ways, html.Ul)


def test_what_has_not_changed_is_left_as_it_is() -> None:
    *_, seen = redrawn(None, button("Restore …"), html.Ul())
    assert redrawn(seen, button("Restore …"), html.Ul()) == (no_update, no_update, no_update)
    head, ways, now = redrawn(seen, button("Restore …"), html.Ul([html.Li("12")]))
    assert head is no_update
    assert isinstance(ways, html.Ul)
    assert redrawn(now, button("Restore …"), html.Ul([html.Li("12")])) == (no_update,) * 3


def test_a_change_deep_inside_is_a_change() -> None:
    *_, seen = redrawn(None, button("Restore …"))
    head, _now = redrawn(seen, button("Resume"))
    assert head[0].children[1].children == "Resume"
