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
from engine.datasets.findings import content_problems, unreadable
from engine.datasets.formats.layout import Found, FoundImage, files_below, is_image_name
from engine.datasets.formats.registry import read_layout
from engine.datasets.hashing import HashMemory, Progress, no_progress
from engine.datasets.importing import require_classes, settle_objects
from engine.datasets.manifest import Item
from engine.datasets.mask_findings import check_masks, lossy_masks, require_fitting_mask
from engine.datasets.source import is_archive, named, source_at
from engine.datasets.statistics import training_counts
from engine.errors import UserError
from engine.protocol.results import Problem, Severity

THREADS = 2
_SUFFIXES_OF = {
    "JPEG": {".jpg", ".jpeg", ".jfif"},
    "MPO": {".jpg", ".jpeg", ".jfif"},
    "PNG": {".png"},
    "BMP": {".bmp"},
    "GIF": {".gif"},
    "TIFF": {".tif", ".tiff"},
    "WEBP": {".webp"},
    "PPM": {".ppm", ".pgm"},
    "AVIF": {".avif"},
    "JPEG2000": {".jp2", ".j2k"},
}


def check_dataset(target: Path, progress: Progress = no_progress, format: str = "auto") -> list[Problem]:
    """Check a folder, a zip of one (unpacked to a scratch folder) or a table. Errors come first.

    Raises:
        UserError: when the target is no dataset at all.
    """
    source = source_at(target)
    if is_archive(source):
        with tempfile.TemporaryDirectory(prefix="lensmith-check-") as scratch:
            unpacked = Path(scratch) / "files"
            with named(source, unpacked):
                extract_zip(source, unpacked, progress)
                return _check(unpacked, unpacked, format, progress)
    return _check(source, source.parent if source.is_file() else source, format, progress)


@dataclass(frozen=True, slots=True)
class _Opened:
    """One image, tried out."""

    image: FoundImage
    facts: ImageFacts | None
    error: UserError | None


def _check(target: Path, root: Path, format: str, progress: Progress) -> list[Problem]:
    found = read_layout(target, format, progress=progress)
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
        unreadable(_name(tried.image, root), tried.image.path, tried.error)
        for tried in opened
        if tried.error is not None
    ]
    readable = [tried for tried in opened if tried.error is None]
    if not readable:
        message = f"None of the {len(opened)} images can be read."
        problems.append(
            Problem(code="no_images", message=message, remedy="Get the files again.", severity="error")
        )
    problems += _peculiarities(readable, root)
    problems += _content(found, readable, root, progress)
    problems += _foreign_files(root)
    order: dict[str, int] = {"error": 0, "warning": 1, "info": 2}
    return sorted(problems, key=lambda problem: order[problem.severity])


def _content(found: Found, readable: Sequence[_Opened], root: Path, progress: Progress) -> list[Problem]:
    """What images, objects and masks tell together."""
    problems: list[Problem] = []
    pairs = _items(found, readable, root, problems)
    items = [item for _, item in pairs]
    annotations = settle_objects(found, [image for image, _ in pairs], items, problems)
    masked = [item for item in items if item.mask is not None]
    if masked:
        problems += lossy_masks(masked)
        problems += check_masks(masked, root, found.classes, found.mask_values, progress)
    counts = training_counts(items, found.classes, annotations)
    return problems + content_problems(items, found.classes, counts, found.task)


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
        for code in _kinds_of(tried):
            kinds[code].append(_name(tried.image, root))
    return [_summed(code, names) for code, names in kinds.items()]


def _kinds_of(tried: _Opened) -> list[str]:
    facts = tried.facts
    if facts is None:
        return []
    suffix = tried.image.path.suffix.lower()
    kinds = ["wrong_extension"] if suffix not in _SUFFIXES_OF.get(facts.format, {suffix}) else []
    if facts.is_rotated:
        kinds.append("exif_rotation")
    mode = "I" if facts.mode.startswith("I;16") else facts.mode
    if facts.has_alpha:
        kinds.append("transparency")
    elif mode in _KIND_OF_MODE:
        kinds.append(_KIND_OF_MODE[mode])
    return kinds


_KIND_OF_MODE = {
    "CMYK": "cmyk",
    "I": "deep_gray",
    "F": "fractions",
    "L": "grayscale",
    "1": "grayscale",
    "P": "palette",
}
_WORDS: dict[str, tuple[str, str, Severity]] = {
    "wrong_extension": (
        "with an ending that does not fit the content",
        "Nothing is lost, as images are read by content; other programs may need the right ending.",
        "warning",
    ),
    "exif_rotation": (
        "stored turned and shown upright",
        "Nothing to do: the rotation is always applied.",
        "info",
    ),
    "transparency": (
        "with transparent parts, which are laid on white",
        "Nothing to do if white is right.",
        "info",
    ),
    "cmyk": ("in CMYK, turned into RGB", "Nothing to do; convert them yourself for exact colours.", "info"),
    "deep_gray": (
        "with more than 8 bits a pixel, of which the lower are dropped",
        "Scale them to 8 bits yourself if their range is narrow.",
        "info",
    ),
    "fractions": (
        "of fractional numbers, which are rounded and clipped to 0 … 255",
        "Scale them to 8 bits yourself if their range is another.",
        "info",
    ),
    "grayscale": ("in grayscale, given three equal channels", "Nothing to do.", "info"),
    "palette": ("with a palette, whose colours are taken", "Nothing to do.", "info"),
}


def _summed(code: str, names: list[str]) -> Problem:
    what, remedy, severity = _WORDS[code]
    return Problem(
        code=code,
        file=names[0],
        message=f"{len(names)} {'image' if len(names) == 1 else 'images'} {what}: {_listed(names)}.",
        remedy=remedy,
        severity=severity,
    )


def _items(
    found: Found, readable: Sequence[_Opened], root: Path, problems: list[Problem]
) -> list[tuple[FoundImage, Item]]:
    """The images that can be used, each with its item; masks that cannot belong to them are told."""
    hashes = HashMemory(None).hash_all([tried.image.path for tried in readable])
    numbers = {label: number for number, label in enumerate(found.classes)}
    pairs: list[tuple[FoundImage, Item]] = []
    for tried, sha in zip(readable, hashes, strict=True):
        image, facts = tried.image, tried.facts
        if not isinstance(sha, str) or facts is None:
            continue
        item = Item(
            path=_name(image, root),
            label=numbers[image.label] if image.label is not None else None,
            split=image.split,
            sha256=sha,
            width=facts.width,
            height=facts.height,
        )
        if image.mask is not None:
            mask = image.mask.relative_to(root).as_posix()
            try:
                require_fitting_mask(facts, image.mask, found.mask_values)
            except UserError as error:
                problems.append(unreadable(mask, image.mask, error))
                continue
            item = item.model_copy(update={"mask": mask})
        pairs.append((image, item))
    return pairs


def _foreign_files(root: Path) -> list[Problem]:
    """Files that are neither images nor tables or notes, in the folders of images."""
    known = {".csv", ".tsv", ".txt", ".md", ".json", ".yaml", ".yml", ".xml", ".zip", ""}
    strange = [
        path.relative_to(root).as_posix()
        for path in files_below(root)
        if not is_image_name(path) and path.suffix.lower() not in known
    ]
    if not strange:
        return []
    return [
        Problem(
            code="not_an_image",
            file=strange[0],
            message=f"Files of a kind that is not read: {_listed(strange)}.",
            remedy="Convert them to PNG or JPEG if they are images.",
            severity="info",
        )
    ]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _name(image: FoundImage, root: Path) -> str:
    return image.path.relative_to(root).as_posix()


def _error(error: UserError) -> Problem:
    return Problem(code=error.code, message=error.message, remedy=error.hint, severity="error")
