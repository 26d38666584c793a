"""Which epoch of the run a plugin means by its number: it may count from 0 or 1, and anew after a resume."""

from __future__ import annotations


class EpochNumbers:
    """Turns a plugin's own numbers into finished epochs of the run.

    Args:
        done: finished epochs of earlier attempts.
    """

    def __init__(self, done: int) -> None:
        self._done = done
        self._shift: int | None = None
        self._newest: tuple[int, int] | None = None
        self._finished = done

    @property
    def is_silent(self) -> bool:
        """Whether no epoch was reported yet."""
        return self._newest is None

    def is_repeated(self, number: int, passes: int) -> bool:
        """Say whether this is the epoch that was reported last: the same number, and no images read since."""
        return self._newest == (number, passes)

    def see(self, number: int, passes: int) -> int:
        """Take a report; gives the finished epochs of the run.

        Args:
            number: the plugin's own.
            passes: how often it has read all training images in this attempt.
        """
        if self.is_repeated(number, passes):
            return self._finished
        if self._shift is None:
            self._shift = self._first(number, passes) - number
        self._newest = (number, passes)
        self._finished = max(self._finished + 1, number + self._shift)
        return self._finished

    def _first(self, number: int, passes: int) -> int:
        done = self._done
        if number in (0, 1, done, done + 1):
            return done + 1
        # It reports only now and then: what it has read tells which way of counting it has.
        meanings = (number, number + 1, done + number, done + number + 1)
        return done + passes if done + passes in meanings else done + 1
