"""On which line of a JSON text each of its values stands."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

JsonPath = tuple[str | int, ...]
"""From the root: keys of objects and positions in lists."""
_SPACE = re.compile(r"[ \t\r\n]*")
_STRINGS = json.JSONDecoder()
_PLAIN = re.compile(r"[^\s,\]}]+")


def lines_of(text: str) -> dict[JsonPath, int]:
    """Give the line (from 1) of every value by its path; for a value with a key, the key's line.

    Raises:
        ValueError: the text is not JSON.
    """
    json.loads(text)  # so that the scan may trust it
    return _Scan(text).run()


def nearest_line(lines: Mapping[JsonPath, int], path: JsonPath) -> int | None:
    """Give the line of a value, or of the nearest thing around it that is there."""
    while path not in lines and path:
        path = path[:-1]
    return lines.get(path)


class _Scan:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[JsonPath, int] = {}

    def run(self) -> dict[JsonPath, int]:
        self._lines[()] = 1
        self._value((), self._after_space(0))
        return self._lines

    def _value(self, path: JsonPath, start: int) -> int:
        """Scan the value at `start`, and give the position after it."""
        first = self._text[start]
        if first == "{":
            return self._items(path, start, "}")
        if first == "[":
            return self._items(path, start, "]")
        if first == '"':
            return _STRINGS.raw_decode(self._text, start)[1]
        found = _PLAIN.match(self._text, start)
        return found.end() if found else start + 1

    def _items(self, path: JsonPath, start: int, closing: str) -> int:
        position = self._after_space(start + 1)
        number = 0
        while self._text[position] != closing:
            key: str | int = number
            line = self._line(position)
            if closing == "}":
                key, position = _STRINGS.raw_decode(self._text, position)
                position = self._after_space(self._after_space(position) + 1)  # past the colon
            self._lines[*path, key] = line
            position = self._after_space(self._value((*path, key), position))
            if self._text[position] == ",":
                position = self._after_space(position + 1)
            number += 1
        return position + 1

    def _after_space(self, position: int) -> int:
        found = _SPACE.match(self._text, position)
        return found.end() if found else position

    def _line(self, position: int) -> int:
        return self._text.count("\n", 0, position) + 1
