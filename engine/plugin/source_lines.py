"""Where in a plugin's Python files something is written: a class, a method, a setting, a preset's value."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.plugin.json_lines import JsonPath


@dataclass(frozen=True, slots=True)
class Place:
    """A file and a line in it, counted from 1."""

    file: str
    line: int | None = None


class ModelSource:
    """The text of one model class."""

    def __init__(self, path: Path, class_name: str) -> None:
        self.path = path
        self._tree = _parse(path)
        classes = (node for node in ast.walk(self._tree) if isinstance(node, ast.ClassDef))
        self._class = next((node for node in classes if node.name == class_name), None)

    def of_class(self) -> Place:
        return Place(str(self.path), self._class.lineno if self._class else None)

    def of_method(self, name: str) -> Place:
        """Give the line of a method's `def`; the class's where it has none of its own."""
        method = self._method(name)
        return Place(str(self.path), method.lineno) if method is not None else self.of_class()

    def of_argument(self, line: int, keyword: str) -> Place:
        """Give the line of `keyword=...` in the innermost call that begins on `line`, or `line` itself."""
        calls = [node for node in ast.walk(self._tree) if isinstance(node, ast.Call) and node.lineno == line]
        for call in reversed(calls):
            for argument in call.keywords:
                if argument.arg == keyword:
                    return Place(str(self.path), argument.value.lineno)
        return Place(str(self.path), line)

    def of_schema(self, path: JsonPath, field_name: str = "") -> Place:
        """Find a part of the schema: a field's key, or a preset's value; as near to it as the text allows.

        Args:
            path: as in `SchemaFault`.
            field_name: of the field that `path` leads to.
        """
        if path[:1] == ("presets",):
            return self._preset_value(str(path[1]), str(path[2]) if len(path) > 2 else "")
        within = self._method("get_config_schema") or self._tree
        for call in _calls_with(within, "name", field_name) or _calls_with(self._tree, "name", field_name):
            wanted = str(path[2]) if len(path) > 2 else "name"
            found = next((argument for argument in call.keywords if argument.arg == wanted), None)
            return Place(str(self.path), found.value.lineno if found else call.lineno)
        return self._text_line(field_name) or self.of_method("get_config_schema")

    def of_text(self, text: str, method: str) -> Place:
        """Give the line of a string literal inside a method, or the method's line."""
        within = self._method(method)
        for node in ast.walk(within) if within is not None else []:
            if isinstance(node, ast.Constant) and node.value == text:
                return Place(str(self.path), node.lineno)
        return self.of_method(method)

    def _preset_value(self, preset: str, name: str) -> Place:
        for values in _values_of_key(self._tree, preset):
            for key in values.keys if isinstance(values, ast.Dict) else []:
                if isinstance(key, ast.Constant) and key.value == name:
                    return Place(str(self.path), key.lineno)
        return self._text_line(name) or self._text_line(preset) or self.of_method("get_config_schema")

    def _text_line(self, text: str) -> Place | None:
        """Give the line of the first string literal with this text, inside the class if it can be."""
        for root in (self._class, self._tree):
            for node in ast.walk(root) if root is not None else []:
                if isinstance(node, ast.Constant) and node.value == text and text:
                    return Place(str(self.path), node.lineno)
        return None

    def _method(self, name: str) -> ast.FunctionDef | None:
        body = self._class.body if self._class else []
        return next((node for node in body if isinstance(node, ast.FunctionDef) and node.name == name), None)


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])


def _calls_with(root: ast.AST, keyword: str, value: str) -> list[ast.Call]:
    """List the calls that are given `keyword="value"`, or the text as their first argument."""
    return [
        node
        for node in ast.walk(root)
        if isinstance(node, ast.Call)
        and any(
            isinstance(given, ast.Constant) and given.value == value
            for given in [argument.value for argument in node.keywords if argument.arg == keyword]
        )
    ]


def _values_of_key(root: ast.AST, key: str) -> Iterator[ast.expr]:
    for node in ast.walk(root):
        if isinstance(node, ast.Dict):
            for name, value in zip(node.keys, node.values, strict=True):
                if isinstance(name, ast.Constant) and name.value == key:
                    yield value
