"""Read a large JSON object piece by piece: its members in turn, and the elements of its arrays, never all at once."""

from __future__ import annotations

import codecs
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.errors import UserError

CHUNK = 1 << 20
MOST_OF_ONE = 64 << 20
"""Characters of one value. A larger one is not what annotations are made of."""
_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


class JsonStream:
    """One file whose outermost value is an object. Use it in a `with`."""

    def __init__(self, path: Path, chunk: int = CHUNK) -> None:
        self._path = path
        self._chunk = chunk
        self._file = path.open("rb")
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._ended = False
        self._lines = 1
        self._counted = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def line(self) -> int:
        """The line that is read at present, from 1."""
        self._lines += self._text.count("\n", self._counted, self._at)
        self._counted = max(self._counted, self._at)
        return self._lines

    @property
    def bytes_read(self) -> int:
        return self._file.tell()

    def members(self) -> Generator[str]:
        """Yield the keys of the outermost object; after each, take `elements` or `value` once.

        Raises:
            UserError: `annotations_invalid` with file and line.
        """
        self._expect("{")
        if self._peek() == "}":
            return
        while True:
            key = self.value()
            if not isinstance(key, str):
                raise self._invalid("a name in quotes is missing")
            self._expect(":")
            yield key
            if self._comma_or("}"):
                return

    def elements(self) -> Iterator[tuple[int, object]]:
        """Yield line and value of each element of an array."""
        self._expect("[")
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            self._peek()
            line = self.line
            yield line, self.value()
            if self._comma_or("]"):
                return

    def value(self) -> object:
        """Give the next value whole."""
        self._peek()
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._ended:
                    raise self._invalid(error.msg, error.pos) from error
            except RecursionError as error:
                raise self._invalid("its brackets are too deep") from error
            else:
                # A number at the very end may go on in the next piece.
                if end < len(self._text) or self._ended:
                    self._at = end
                    return found
            if len(self._text) - self._at > MOST_OF_ONE:
                raise self._invalid("one value is larger than any annotation")
            self._read_more(max(self._chunk, len(self._text) - self._at))

    def skip(self) -> None:
        """Pass over the next value, an array piece by piece."""
        if self._peek() != "[":
            self.value()
            return
        for _ in self.elements():
            pass

    def is_array(self) -> bool:
        return self._peek() == "["

    def _peek(self) -> str:
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                raise self._invalid("it is cut off")
            self._read_more(self._chunk)

    def _expect(self, letter: str) -> None:
        if self._peek() != letter:
            raise self._invalid(f"{letter!r} is missing")
        self._at += 1

    def _comma_or(self, end: str) -> bool:
        """Whether the end comes next, rather than a comma."""
        letter = self._peek()
        if letter not in (",", end):
            raise self._invalid(f"',' or {end!r} is missing")
        self._at += 1
        return letter == end

    def _read_more(self, size: int) -> None:
        """Drop what is done with, and add a piece."""
        _ = self.line  # counts the lines that are dropped here
        self._counted = 0
        rest = self._text[self._at :]
        data = self._file.read(size)
        try:
            self._text = rest + self._decode.decode(data, final=not data)
        except UnicodeDecodeError as error:
            self._text, self._at = rest, 0
            raise self._invalid("it is not UTF-8") from error
        self._at = 0
        self._ended = not data

    def _invalid(self, why: str, position: int | None = None) -> UserError:
        line = self.line + self._text.count("\n", self._at, self._at if position is None else position)
        return UserError(
            "annotations_invalid",
            f"{self._path}, line {line}: {why}.",
            "Export the file anew; a JSON checker shows the place.",
        )
