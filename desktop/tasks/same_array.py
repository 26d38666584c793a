"""An array as the key of what was computed of it: results at other bounds share the arrays that were measured."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.models.result import Column


@dataclass(frozen=True, slots=True, eq=False)
class SameArray:
    """Equals another one of the very same array; never of another with the same numbers."""

    array: Column

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameArray) and other.array is self.array

    def __hash__(self) -> int:
        return id(self.array)
