"""Reads from the source which failure codes there are: what reaches the `code` of an error, a problem or a notice."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ERRORS = ("UserError", "PluginError", "RemoteError", "Refusal")
RECORDS = ("Problem", "Kind", "PluginProblem", "Failure", "Notice", "HostCheck", "RehearsalWarning")

CARRIERS = ("code", "words")
"""What a parameter is called that is passed on as a code, or as a tuple that begins with one."""


@dataclass
class FailureCodes:
    """The codes found so far, and the functions that pass one of their parameters on as a code.

    Attributes:
        places: `file:line` of every place that gives a code, by code.
        passing: which argument of which function becomes a code: its name and its position without `self`. Of a
            private function the key holds its file too.
    """

    places: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    passing: dict[str, tuple[str, int]] = field(
        default_factory=lambda: dict.fromkeys((*ERRORS, *RECORDS, "SchemaFault"), ("code", 0))
    )


def codes_in(folders: list[Path]) -> dict[str, set[str]]:
    """Give the places of every failure code below these folders.

    A code that a function is given as an argument is followed to the function's callers, by the function's name; one
    that looks up words in a dictionary of the module, to the keys of that dictionary.
    """
    files = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in files}
    found = FailureCodes()
    known = -1
    while known != len(found.passing):
        known = len(found.passing)
        for path, tree in trees.items():
            for call, scopes in _calls(tree, ()):
                for value in _code_values(call, path, scopes, found):
                    _follow(value, scopes, path, found)
    return found.places


def _calls(node: ast.AST, scopes: tuple[ast.AST, ...]) -> Iterator[tuple[ast.Call, tuple[ast.AST, ...]]]:
    """Yield every call with the definitions around it, outermost first."""
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.Lambda):
        scopes = (*scopes, node)
    if isinstance(node, ast.Call):
        yield node, scopes
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, scopes)


def _code_values(
    call: ast.Call, path: Path, scopes: tuple[ast.AST, ...], found: FailureCodes
) -> list[ast.expr]:
    passing = found.passing.get(_key(_called(call, scopes), path))
    if passing is None:
        return []
    parameter, position = passing
    named = [word.value for word in call.keywords if word.arg == parameter]
    return named or call.args[position : position + 1]


def _key(function: str, path: Path) -> str:
    return f"{path}:{function}" if function.startswith("_") else function


def _called(call: ast.Call, scopes: tuple[ast.AST, ...]) -> str:
    if isinstance(call.func, ast.Name):
        return call.func.id
    if not isinstance(call.func, ast.Attribute):
        return ""
    of_super = isinstance(call.func.value, ast.Call) and _called(call.func.value, scopes) == "super"
    if of_super and call.func.attr == "__init__":
        parents = next((scope.bases for scope in reversed(scopes) if isinstance(scope, ast.ClassDef)), [])
        return next((base.id for base in parents if isinstance(base, ast.Name) and base.id in ERRORS), "")
    return call.func.attr


def _follow(value: ast.expr, scopes: tuple[ast.AST, ...], path: Path, found: FailureCodes) -> None:
    """Note the constants that `value` may be; where it is a parameter, note that its function passes a code on."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        found.places[value.value].add(f"{path.name}:{value.lineno}")
    elif isinstance(value, ast.IfExp):
        _follow(value.body, scopes, path, found)
        _follow(value.orelse, scopes, path, found)
    elif isinstance(value, ast.Tuple):
        _follow(value.elts[0], scopes, path, found)
    elif isinstance(value, ast.Dict):
        for key in filter(None, value.keys):
            _follow(key, scopes, path, found)
    elif isinstance(value, ast.Name):
        _follow_name(value.id, scopes, path, found)


def _follow_name(name: str, scopes: tuple[ast.AST, ...], path: Path, found: FailureCodes) -> None:
    for depth in range(len(scopes) - 1, -1, -1):
        scope = scopes[depth]
        values = list(_assigned(name, scope))
        for value in values:
            _follow(value, scopes[: depth + 1], path, found)
        if values:
            return
        if isinstance(scope, ast.FunctionDef) and name in (names := _parameters(scope)):
            if name in CARRIERS:
                found.passing.setdefault(_key(scope.name, path), (name, names.index(name)))
            for table in _looked_up(name, scope):
                _follow_name(table, scopes[:1], path, found)
            return


def _parameters(function: ast.FunctionDef) -> list[str]:
    names = [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def _looked_up(name: str, function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name) and node.slice.id == name:
            yield ast.unparse(node.value)


def _assigned(name: str, scope: ast.AST) -> Iterator[ast.expr]:
    """Yield what a scope gives a name: by assignment, by unpacking something that begins with it, or in a loop."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.For | ast.comprehension):
            pairs = [(node.target, node.iter)]
        else:
            continue
        for target, value in pairs:
            first = target.elts[0] if isinstance(target, ast.Tuple) else target
            if isinstance(first, ast.Name) and first.id == name:
                yield value
