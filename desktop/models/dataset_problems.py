"""The problems of a dataset, gathered by kind, each kind with the images that it is about."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from engine.datasets.manifest import Item
from engine.protocol.results import Problem, Severity

_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}
_TITLES = {
    "image_unreadable": "Cannot be read",
    "image_too_large": "Too large to be read",
    "image_under_two_labels": "Under several classes",
    "image_in_two_splits": "In several splits",
    "image_duplicated": "Copies",
    "class_tiny": "Small classes",
    "classes_uneven": "Uneven classes",
    "name_not_text": "Names that are not UTF-8",
    "wrong_extension": "Wrong file ending",
    "exif_rotation": "Stored turned",
    "transparency": "Transparent parts",
    "cmyk": "CMYK colours",
    "deep_gray": "More than 8 bits",
    "fractions": "Fractional values",
    "grayscale": "Grayscale",
    "palette": "Palette colours",
    "not_an_image": "Other files",
    "no_images": "No images",
    "one_class": "Only one class",
    "box_invalid": "Boxes without numbers",
    "box_inverted": "Corners exchanged",
    "box_empty": "Boxes without area",
    "box_outside": "Boxes outside their image",
    "box_repeated": "Boxes that are there twice",
    "size_differs": "Another size than the labels say",
    "mask_size": "Masks of another size",
    "mask_invalid": "Masks of objects that cannot be read",
    "mask_lossy": "Masks that are JPEGs",
    "mask_float": "Masks of fractional numbers",
    "mask_value_unknown": "Mask values in no table",
    "mask_missing": "Images without a mask",
    "masks_unopened": "Masks not opened yet",
    "annotations_invalid": "Faults in label files",
    "id_repeated": "Ids that are there twice",
    "ids_sparse": "Ids with gaps",
    "label_without_image": "Labels without an image",
    "image_without_label": "Images without labels",
    "object_without_image": "Objects without an image",
    "class_unknown": "Unknown classes",
    "class_unused": "Classes without objects",
}
_BY_CONTENT = frozenset({"image_under_two_labels", "image_in_two_splits", "image_duplicated"})
_LABEL_SUFFIXES = frozenset({".json", ".xml", ".txt", ".csv", ".tsv", ".yaml", ".yml"})
_IN = re.compile(r" (?:in|of) ")
_LONGEST_NAME = 8
"""Words of a file name with spaces that are looked for in a sentence."""
_REST = re.compile(r" and [\d,]+ more$")


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """All problems of one code.

    Attributes:
        code: as the engine gives it.
        severity: of the worst of them.
        title: of the kind, for people.
        problems: one or more.
        files: what they are about, relative to the dataset's root; also files that are left out of it.
    """

    code: str
    severity: Severity
    title: str
    problems: tuple[Problem, ...]
    files: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many there are: of files where they are known, else of problems."""
        return len(self.files) or len(self.problems)


def group_problems(problems: Sequence[Problem], items: Sequence[Item]) -> list[ProblemGroup]:
    """Gather problems by code, the worst first, else in the order in which they were found."""
    by_code: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_code[problem.code].append(problem)
    groups = [
        ProblemGroup(
            code,
            min((problem.severity for problem in found), key=_ORDER.__getitem__),
            _TITLES.get(code, code.replace("_", " ").capitalize()),
            tuple(found),
            tuple(_files_of(code, found, items)),
        )
        for code, found in by_code.items()
    ]
    return sorted(groups, key=lambda group: _ORDER[group.severity])


def place_of(problem: Problem) -> str:
    """Give file and line as editors spell them: `labels/a.txt:3`."""
    return f"{problem.file}:{problem.line}" if problem.line else problem.file


def as_text(groups: Sequence[ProblemGroup]) -> str:
    """Write all problems down, one a line, to be pasted elsewhere."""
    lines: list[str] = []
    for group in groups:
        for problem in group.problems:
            parts = (problem.severity, problem.code, place_of(problem), problem.message, problem.remedy)
            lines.append("\t".join(parts))
    return "\n".join(lines)


def count_by_severity(problems: Iterable[Problem]) -> dict[Severity, int]:
    """Count problems; severities without any are missing."""
    counts: dict[Severity, int] = {}
    for problem in problems:
        counts[problem.severity] = counts.get(problem.severity, 0) + 1
    return counts


def _files_of(code: str, problems: Sequence[Problem], items: Sequence[Item]) -> list[str]:
    if code in _BY_CONTENT:
        return _same_content(code, items)
    known = {item.path for item in items}
    of_mask = {item.mask: item.path for item in items if item.mask is not None}
    files: dict[str, None] = {}
    for problem in problems:
        if problem.file in of_mask:
            files[of_mask[problem.file]] = None
        elif problem.file and (problem.file in known or not _tells_labels(problem.file)):
            files[problem.file] = None
        files.update(dict.fromkeys(name for name in _named_in(problem.message) if name in known))
        image = _image_in(problem.message, known)
        if image:
            files[image] = None
    return list(files)


def _tells_labels(file: str) -> bool:
    """A file of labels is no picture to look at; which image a fault in it is about, its sentence says."""
    return PurePosixPath(file).suffix.lower() in _LABEL_SUFFIXES


def _image_in(message: str, known: Collection[str]) -> str:
    """The image in `The box of cell (1 2 3 4) in images/a b.jpg has no area`; empty where none is named."""
    for found in _IN.finditer(message):
        words = message[found.end() :].split(" ")[:_LONGEST_NAME]
        for count in range(len(words), 0, -1):
            name = " ".join(words[:count]).rstrip(".;:,")
            if name in known:
                return name
    return ""


def _same_content(code: str, items: Sequence[Item]) -> list[str]:
    """The engine names only the first few of many; the hashes tell all."""
    by_content: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_content[item.sha256].append(item)
    return [
        item.path
        for group in by_content.values()
        if len(group) > 1 and code in _kinds_of(group)
        for item in group
    ]


def _kinds_of(group: Sequence[Item]) -> set[str]:
    kinds: set[str] = set()
    if len({item.label for item in group}) > 1:
        kinds.add("image_under_two_labels")
    if len({item.split for item in group}) > 1:
        kinds.add("image_in_two_splits")
    return kinds or {"image_duplicated"}


def _named_in(message: str) -> list[str]:
    """The file names at the end of a message that lists some: `3 images stored turned: a.jpg, b.jpg and 1 more.`"""
    _, colon, listed = message.partition(": ")
    return _REST.sub("", listed.rstrip(".")).split(", ") if colon else []
