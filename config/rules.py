"""Names of conflict policies and rules: the policies, the built-in rules, and ``module:function``."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any

from core.errors import SettingsError
from core.planner import POLICIES

BUILT_IN_RULES = ("max", "min", "append_text")
_USER_RULE = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<function>[A-Za-z_]\w*)")


def check_rule_name(name: str) -> None:
    """Raise ValueError unless ``name`` is a policy, a built-in rule, or looks like ``module:function``."""
    if name in POLICIES or name in BUILT_IN_RULES or _USER_RULE.fullmatch(name):
        return
    known = ", ".join((*POLICIES, *BUILT_IN_RULES))
    raise ValueError(f"'{name}' is no conflict policy or rule; there are {known}, or your own as module:function")


def is_user_rule(name: str) -> bool:
    """Whether the name means a function of the user's own."""
    return _USER_RULE.fullmatch(name) is not None


def load_user_rule(name: str) -> Callable[..., Any]:
    """Import ``module:function``.

    Raises:
        SettingsError: the module cannot be imported, or has no such function.
    """
    found = _USER_RULE.fullmatch(name)
    if found is None:
        raise SettingsError(f"'{name}' is not of the form module:function.")
    hint = "The module has to be importable from where the services start (PYTHONPATH)."
    try:
        module = importlib.import_module(found["module"])
    except Exception as error:
        raise SettingsError(f"The rule {name} cannot be imported: {error}.", hint) from error
    function = getattr(module, found["function"], None)
    if not callable(function):
        raise SettingsError(f"The module {found['module']} has no function {found['function']}.", hint)
    rule: Callable[..., Any] = function
    return rule
