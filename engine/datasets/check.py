"""Open every image with the real decoder and say what is wrong with a dataset, each problem with its remedy."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from engine.datasets.archive import extract_zip
from engine.datasets.decode import ImageFacts, decode_image, read_facts
from engine.datasets.formats.layout import Found, FoundImage, entries, is_image_name
from engine.datasets.formats.registry import read_layout
from engine.datasets.hashing import HashMemory, Progress, no_progress
from engine.datasets.importing import content_problems, require_classes, unreadable
from engine.datasets.manifest import Item
from engine.errors import UserError
from engine.protocol.results import Problem, Severity

THREADS = 2
_SUFFIXES_OF = {
    "JPEG": {".jpg", ".jpeg", ".jfif"},
    "MPO": {".jpg", ".jpeg"},
    "PNG": {".png"},
    "BMP": {".bmp"},
    "GIF": {".gif"},
    "TIFF": {".tif", ".tiff"},
    "WEBP": {".webp"},
    "PPM": {".ppm", ".pgm"},
}


def check_dataset(target: Path, progress: Progress = no_progress, format: str = "auto") -> list[Problem]:
    """Check a folder, a zip of one (unpacked to a scratch folder) or a table. Errors come first.

    Raises:
        UserError: when the target is no dataset at all.
    """
    if target.is_file() and target.suffix.lower() == ".zip":
        with tempfile.TemporaryDirectory(prefix="lensmith-check-") as scratch:
            unpacked = Path(scratch) / "files"
            extract_zip(target, unpacked, progress)
            return _check(unpacked, unpacked, format, progress)
    root = target.parent if target.is_file() else target
    return _check(target, root, format, progress)


@dataclass(frozen=True, slots=True)
class _Opened:
    """One image, tried out."""

    image: FoundImage
    facts: ImageFacts | None
    error: UserError | None


def _check(target: Path, root: Path, format: str, progress: Progress) -> list[Problem]:
    found = read_layout(target, format)
    problems = list(found.problems)
    try:
        require_classes(found, root)
    except UserError as error:
        problems.append(_error(error))
    opened: list[_Opened] = []
    with ThreadPoolExecutor(THREADS, thread_name_prefix="check") as pool:
        for tried in pool.map(_open, found.images):
            opened.append(tried)
            progress(len(opened), len(found.images), "Opening images")
    problems += [
        unreadable(_name(tried.image, root), tried.error) for tried in opened if tried.error is not None
    ]
    readable = [tried for tried in opened if tried.error is None]
    if not readable:
        message = f"None of the {len(opened)} images can be read."
        problems.append(
            Problem(code="no_images", message=message, remedy="Get the files again.", severity="error")
        )
    problems += _peculiarities(readable, root)
    problems += content_problems(_items(found, readable, root), found.classes)
    problems += _foreign_files(root)
    order: dict[str, int] = {"error": 0, "warning": 1, "info": 2}
    return sorted(problems, key=lambda problem: order[problem.severity])


def _open(image: FoundImage) -> _Opened:
    try:
        facts = read_facts(image.path)
        decode_image(image.path)
    except UserError as error:
        return _Opened(image, None, error)
    return _Opened(image, facts, None)


def _peculiarities(opened: Sequence[_Opened], root: Path) -> list[Problem]:
    """What is decoded all the same, but may surprise: one line a kind, with the first files."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for tried in opened:
        name, facts = _name(tried.image, root), tried.facts
        if facts is None:
            continue
        if tried.image.path.suffix.lower() not in _SUFFIXES_OF.get(
            facts.format, {tried.image.path.suffix.lower()}
        ):
            kinds["wrong_extension"].append(name)
        if facts.is_rotated:
            kinds["exif_rotation"].append(name)
        if facts.has_alpha:
            kinds["transparency"].append(name)
        elif facts.mode == "CMYK":
            kinds["cmyk"].append(name)
        elif facts.mode.startswith("I") or facts.mode == "F":
            kinds["deep_gray"].append(name)
        elif facts.mode in ("L", "1"):
            kinds["grayscale"].append(name)
        elif facts.mode == "P":
            kinds["palette"].append(name)
    return [_summed(code, names) for code, names in kinds.items()]


_WORDS: dict[str, tuple[str, str, Severity]] = {
    "wrong_extension": (
        "have an ending that does not fit their content",
        "They are read by content; rename them for other programs.",
        "warning",
    ),
    "exif_rotation": (
        "are stored turned and shown upright",
        "Nothing to do: the rotation is always applied.",
        "info",
    ),
    "transparency": (
        "have transparent parts, which are laid on white",
        "Nothing to do if white is right.",
        "info",
    ),
    "cmyk": ("are CMYK and become RGB", "Nothing to do; convert them yourself for exact colours.", "info"),
    "deep_gray": (
        "have more than 8 bits a pixel; the lower bits are dropped",
        "Scale them to 8 bits yourself if their range is narrow.",
        "info",
    ),
    "grayscale": ("are grayscale and get three equal channels", "Nothing to do.", "info"),
    "palette": ("have a palette, whose colours are taken", "Nothing to do.", "info"),
}


def _summed(code: str, names: list[str]) -> Problem:
    what, remedy, severity = _WORDS[code]
    listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return Problem(
        code=code,
        file=names[0],
        message=f"{len(names)} images {what}: {listed}.",
        remedy=remedy,
        severity=severity,
    )


def _items(found: Found, readable: Sequence[_Opened], root: Path) -> list[Item]:
    hashes = HashMemory(None).hash_all([tried.image.path for tried in readable])
    numbers = {label: number for number, label in enumerate(found.classes)}
    return [
        Item(
            path=_name(tried.image, root),
            label=numbers[tried.image.label] if tried.image.label is not None else None,
            split=tried.image.split,
            sha256=sha,
        )
        for tried, sha in zip(readable, hashes, strict=True)
    ]


def _foreign_files(root: Path) -> list[Problem]:
    """Files that are neither images nor tables or notes, in the folders of images."""
    known = {".csv", ".tsv", ".txt", ".md", ".json", ".yaml", ".yml", ".xml", ".zip", ""}
    strange = [
        path.relative_to(root).as_posix()
        for path in _files_below(root)
        if not is_image_name(path) and path.suffix.lower() not in known
    ]
    if not strange:
        return []
    listed = ", ".join(strange[:3]) + (f" and {len(strange) - 3} more" if len(strange) > 3 else "")
    return [
        Problem(
            code="not_an_image",
            file=strange[0],
            message=f"{len(strange)} files are of a kind that is not read: {listed}.",
            remedy="Convert them to PNG or JPEG if they are images.",
            severity="info",
        )
    ]


def _files_below(folder: Path) -> list[Path]:
    files: list[Path] = []
    for entry in entries(folder):
        files += _files_below(entry) if entry.is_dir() else [entry]
    return files


def _name(image: FoundImage, root: Path) -> str:
    return image.path.relative_to(root).as_posix()


def _error(error: UserError) -> Problem:
    return Problem(code=error.code, message=error.message, remedy=error.hint, severity="error")
