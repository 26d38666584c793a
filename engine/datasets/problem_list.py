"""Gather problems while reading: of each kind the first ones in full, the rest as a count."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from engine.protocol.results import Problem, Severity

_MOST = 20


@dataclass(frozen=True, slots=True)
class Kind:
    """What all problems of one code have in common."""

    code: str
    remedy: str
    severity: Severity = "warning"


@dataclass(slots=True)
class ProblemList:
    """Takes any number of problems, and tells of each kind no more than anyone reads."""

    _told: list[Problem] = field(default_factory=list[Problem])
    _counts: Counter[str] = field(default_factory=Counter[str])
    _kinds: dict[str, Kind] = field(default_factory=dict[str, Kind])

    def tell(self, kind: Kind, message: str, file: str = "", line: int | None = None) -> None:
        """Add one.

        Args:
            kind: of which it is.
            message: one sentence.
            file: from the root.
            line: from 1; 0 and None say nothing.
        """
        self._counts[kind.code] += 1
        self._kinds[kind.code] = kind
        if self._counts[kind.code] <= _MOST:
            self._told.append(
                Problem(
                    code=kind.code,
                    file=file,
                    line=line or None,
                    message=message.encode(
                        "utf-8", "backslashreplace"
                    ).decode(),  # JSON can hold what UTF-8 cannot
                    remedy=kind.remedy,
                    severity=kind.severity,
                )
            )

    def has_room(self, kind: Kind) -> bool:
        """Say whether another of this kind would be told in full: making its sentence may cost something."""
        return self._counts[kind.code] < _MOST

    def count(self, kind: Kind, more: int) -> None:
        """Add several that are not told one by one."""
        self._counts[kind.code] += more
        self._kinds[kind.code] = kind

    def listed(self) -> list[Problem]:
        """Give all in the order of telling, and for each kind with more of them a line that counts these."""
        rest = [(self._kinds[code], count - _MOST) for code, count in self._counts.items() if count > _MOST]
        return self._told + [
            Problem(
                code=kind.code,
                message=f"{more} more have the same problem.",
                remedy=kind.remedy,
                severity=kind.severity,
            )
            for kind, more in rest
        ]
