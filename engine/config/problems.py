"""What is wrong with a configuration: one record a setting, and the one error that carries all of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.errors import UserError

MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One setting that cannot be used as given. `message` is a full sentence that names the setting."""

    name: str
    message: str


class ConfigError(UserError):
    """Every problem of one configuration at once, with code `config_invalid`."""

    def __init__(self, problems: Sequence[FieldProblem], hint: str = "") -> None:
        self.problems = list(problems)
        named = [problem.message for problem in self.problems[:MOST_NAMED]]
        if len(self.problems) > MOST_NAMED:
            named.append(f"And {len(self.problems) - MOST_NAMED} more.")
        count = f"{len(self.problems)} settings cannot be used: " if len(self.problems) > 1 else ""
        super().__init__("config_invalid", count + " ".join(named), hint or "Correct them and start again.")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known name that `word` was most likely meant to be, or None."""
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None
