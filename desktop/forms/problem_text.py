"""What is wrong with a setting, said under its field: the engine's sentence without the setting's own name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.config.field import ConfigField

_BOUND = re.compile(r"^(must be (?:at least|at most|above|below) .+), not \S+$")
_ORDER = re.compile(r"^\([^()]*\) (may not be above) (\S+) (\([^()]*\))$")


def short_problem(name: str, message: str, fields: Mapping[str, ConfigField]) -> str:
    """Shorten a problem's sentence for the place where the setting's label stands beside it.

    Args:
        name: dotted name of the setting.
        message: full sentence that begins with that name.
        fields: all fields by name, for the labels of other settings that the sentence names.
    """
    if not message.startswith(f"{name} "):
        return message
    rest = message[len(name) + 1 :].rstrip().removesuffix(".")
    bound = _BOUND.match(rest)
    order = _ORDER.match(rest)
    if bound is not None:
        rest = bound.group(1)
    elif order is not None:
        words, other, value = order.groups()
        title = fields[other].title if other in fields else other
        rest = f"{words} {title} {value}"
    return f"{rest[:1].upper()}{rest[1:]}."
