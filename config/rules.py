"""Names of conflict policies and rules: the policies, the built-in rules, and ``module:function``."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from core.errors import SettingsError
from core.planner import POLICIES
from core.rules import BUILT_IN, is_rule_name, is_user_rule


def check_rule_name(name: str) -> None:
    """Raise ValueError unless ``name`` is a policy, a built-in rule, or looks like ``module:function``."""
    if name in POLICIES or is_rule_name(name):
        return
    known = ", ".join((*POLICIES, *BUILT_IN))
    raise ValueError(f"'{name}' is no conflict policy or rule; there are {known}, or your own as module:function")


def load_user_rule(name: str) -> Callable[..., Any]:
    """Import ``module:function``.

    Raises:
        SettingsError: the module cannot be imported, or has no such function.
    """
    if not is_user_rule(name):
        raise SettingsError(f"'{name}' is not of the form module:function.")
    module_name, _, function_name = name.partition(":")
    hint = "The module has to be importable from where the services start (PYTHONPATH)."
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # whatever the user's module does when it is read
        raise SettingsError(f"The rule {name} cannot be imported: {error}.", hint) from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise SettingsError(f"The module {module_name} has no function {function_name}.", hint)
    rule: Callable[..., Any] = function
    return rule
