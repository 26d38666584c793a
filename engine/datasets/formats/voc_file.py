"""One Pascal VOC file: the image's name and size and its objects, each with the line where it begins."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from engine.datasets.problem_list import Kind, ProblemList
from engine.errors import UserError

MOST_BYTES = 64 << 20
_MOST_DEPTH = 32
_INVALID = Kind("annotations_invalid", "Correct the object, or draw it anew.")


@dataclass(slots=True)
class Node:
    """One element of XML."""

    tag: str
    line: int
    text: str = ""
    children: list[Node] = field(default_factory=list["Node"])

    def child(self, tag: str) -> Node | None:
        return next((child for child in self.children if child.tag == tag), None)

    def said(self, *way: str) -> str:
        """The text at the end of a way down; empty where there is none."""
        node: Node | None = self
        for tag in way:
            node = node.child(tag) if node is not None else None
        return node.text.strip() if node is not None else ""


@dataclass(frozen=True, slots=True)
class VocObject:
    """One object."""

    name: str
    box: tuple[float, float, float, float]
    difficult: bool
    line: int


@dataclass(frozen=True, slots=True)
class VocFile:
    """What a file says."""

    image: str
    width: int
    height: int
    objects: list[VocObject]


def read_voc(path: Path, name: str, problems: ProblemList) -> VocFile:
    """Read a file; an object that cannot be used is told by line and left out.

    Args:
        path: of the file.
        name: of it from the root.
        problems: takes what is wrong.

    Raises:
        UserError: `annotations_invalid` when it is no XML of this kind.
    """
    top = parse_xml(path)
    if top.tag != "annotation":
        raise _invalid(path, top.line, f"it is about {top.tag!r}, not 'annotation'")
    objects: list[VocObject] = []
    for node in top.children:
        if node.tag != "object":
            continue
        found = _object(node)
        if isinstance(found, str):
            problems.tell(_INVALID, f"Line {node.line}: an object {found}; it is left out.", name, node.line)
        else:
            objects.append(found)
    size = (_whole(top.said("size", "width")), _whole(top.said("size", "height")))
    return VocFile(top.said("filename"), *size, objects)


def parse_xml(path: Path) -> Node:
    """Read XML with the lines of its elements; entities of its own are refused, as they can grow without end.

    Raises:
        UserError: `annotations_invalid`.
    """
    if path.stat().st_size > MOST_BYTES:
        raise _invalid(path, 1, f"it is larger than {MOST_BYTES >> 20} MB, as no labels of one image are")
    parser = expat.ParserCreate()
    top = Node("", 0)
    way = [top]

    def begin(tag: str, _attributes: dict[str, str]) -> None:
        if len(way) > _MOST_DEPTH:
            raise _invalid(path, parser.CurrentLineNumber, "its elements lie too deep")
        node = Node(tag, parser.CurrentLineNumber)
        way[-1].children.append(node)
        way.append(node)

    def end(_tag: str) -> None:
        way.pop()

    def text(said: str) -> None:
        way[-1].text += said

    def refuse(*_declaration: object) -> None:
        raise _invalid(path, parser.CurrentLineNumber, "it declares entities, which are not read")

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler, parser.EntityDeclHandler = text, refuse
    try:
        parser.Parse(path.read_bytes(), True)
    except expat.ExpatError as error:
        raise _invalid(path, error.lineno, expat.ErrorString(error.code)) from error
    except (LookupError, ValueError) as error:  # an encoding that nobody knows
        raise _invalid(path, 1, str(error)) from error
    return top.children[0]


def _object(node: Node) -> VocObject | str:
    name = node.said("name")
    if not name:
        return "has no name"
    corners: list[float] = []
    for tag in ("xmin", "ymin", "xmax", "ymax"):
        try:
            corners.append(float(node.said("bndbox", tag)))
        except ValueError:
            return f"({name}) has no number for {tag}"
    if not all(map(math.isfinite, corners)):
        return f"({name}) has a corner that is no number"
    left, top, right, bottom = corners
    return VocObject(
        name, (left, top, right, bottom), node.said("difficult") in ("1", "true", "True"), node.line
    )


def _whole(text: str) -> int:
    try:
        number = float(text)
    except ValueError:
        return 0
    return int(number) if math.isfinite(number) and 0 < number < 1 << 31 else 0


def _invalid(path: Path, line: int, why: str) -> UserError:
    return UserError(
        "annotations_invalid", f"{path}, line {line}: {why}.", "Correct the file, or export it anew."
    )
