"""How another machine stands, in one word and a sentence: from what was found on it and what is being done with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from engine.errors import UserError
from engine.protocol.hosts import HostCheck, HostFacts

HostKind = Literal[
    "unknown", "checking", "ready", "needs_preparing", "preparing", "unreachable", "needs_attention"
]
Verb = Literal["add", "edit", "remove", "test", "prepare", "unlock", "status", "forget-key", "clean"]
UNREACHABLE: Final = "host_unreachable"
_CHECKING: Final = ("add", "edit", "test", "unlock")
_PREPARED_BY_US: Final = ("environment",)
"""Checks whose failure preparing mends."""
_LOG_LINES: Final = 2_000


@dataclass(frozen=True, slots=True)
class HostState:
    """What can be said of a machine now.

    Attributes:
        kind: one word for programs.
        sentence: for people: what is the matter, or what it is ready with.
        hint: what to do next; empty when nothing need be done.
        code: of the failure, where one is the matter.
    """

    kind: HostKind
    sentence: str
    hint: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class HostWork:
    """A verb of the command line under way for one machine.

    Attributes:
        verb: which.
        done: of `total`.
        total: 0 when it is not known.
        phase: what it does at the moment.
        is_ending: it was told to leave off.
    """

    verb: Verb
    done: int = 0
    total: int = 0
    phase: str = ""
    is_ending: bool = False


@dataclass(frozen=True, slots=True)
class HostLog:
    """What a long verb has said so far, or said when it was last run."""

    lines: tuple[str, ...] = ()

    def with_line(self, line: str) -> HostLog:
        """One line more, unless it was just said, as a phase or as a line; of very many the first are let go."""
        if any(known.startswith(line) for known in self.lines[-2:]):
            return self
        return replace(self, lines=(*self.lines, line)[-_LOG_LINES:])

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def host_state(facts: HostFacts | None, work: HostWork | None, trouble: UserError | None) -> HostState:
    """Say how a machine stands.

    Args:
        facts: what was last found on it; None when it was never asked.
        work: what is under way for it.
        trouble: why the last attempt to do something with it failed; None when it did not.
    """
    if work is not None and work.verb == "prepare":
        said = "It is told to leave off." if work.is_ending else work.phase
        return HostState("preparing", said or "Its environment is being prepared.")
    if work is not None and work.verb in _CHECKING:
        return HostState("checking", work.phase or "It is being asked.")
    if trouble is not None:
        kind: HostKind = "unreachable" if trouble.code == UNREACHABLE else "needs_attention"
        return HostState(kind, trouble.message, trouble.hint, trouble.code)
    if facts is None or not facts.checked:
        return HostState("unknown", "It was not asked yet.", "Test it.")
    return _state_of_facts(facts)


def _state_of_facts(facts: HostFacts) -> HostState:
    failed = [check for check in facts.checks if check.state == "failed"]
    away = next((check for check in failed if check.code == UNREACHABLE), None)
    if away is not None:
        return HostState("unreachable", away.message, away.hint, away.code)
    other = next((check for check in failed if check.name not in _PREPARED_BY_US), None)
    if other is not None:
        return HostState("needs_attention", other.message, other.hint, other.code)
    environment = facts.environment
    if environment.state == "missing":
        return HostState("needs_preparing", "It has no environment for training yet.", "Prepare it once.")
    if environment.state == "outdated":
        sentence = "Its environment was made for another version of Lensmith."
        return HostState("needs_preparing", sentence, "Prepare it anew.")
    broken = next((check for check in failed if check.name in _PREPARED_BY_US), None)
    if broken is not None:
        return _broken_environment(broken, is_own=environment.state == "own")
    return HostState("ready", _ready_sentence(facts))


def _broken_environment(check: HostCheck, *, is_own: bool) -> HostState:
    kind: HostKind = "needs_attention" if is_own else "needs_preparing"
    return HostState(kind, check.message, check.hint, check.code)


def _ready_sentence(facts: HostFacts) -> str:
    warned = sum(check.state == "warning" for check in facts.checks)
    torch = f" with torch {facts.environment.torch}" if facts.environment.torch else ""
    noted = {0: "", 1: " One check has a warning."}.get(warned, f" {warned} checks have warnings.")
    return f"It can train{torch}.{noted}"
