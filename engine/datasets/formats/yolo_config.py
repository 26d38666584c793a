"""What a YOLO dataset says of itself: data.yaml, Darknet's obj.data, or a bare list of classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import cast

from engine.datasets.formats.layout import SPLIT_NAMES, entries
from engine.errors import UserError

_NAME_LISTS = ("classes.txt", "obj.names", "labels.txt", "classes.names")
_MOST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class YoloConfig:
    """Classes by the number that label files use, and where each split's images are."""

    names: Mapping[int, str]
    splits: Mapping[str, list[Path]] = field(default_factory=dict[str, list[Path]])
    """Folders or lists of images; empty where the tree itself tells."""
    files: tuple[Path, ...] = ()
    """What it was read from."""
    keypoints: int = 0
    """Numbers after each box that tell keypoints."""
    declared: int | None = None
    """How many classes the file claims."""


def find_config(top: Path) -> YoloConfig | None:
    """Read what lies at the top or one folder below; None when no file says anything.

    Raises:
        UserError: `annotations_invalid` with the line.
    """
    for path in _near(top, (".yaml", ".yml")):
        config = _of_yaml(path, top)
        if config is not None:
            return config
    for path in _near(top, (".data",)):
        config = _of_darknet(path, top)
        if config is not None:
            return config
    for name in _NAME_LISTS:
        for path in _near(top, (Path(name).suffix,)):
            if path.name == name:
                return YoloConfig(_listed(path), files=(path,))
    return None


def _near(top: Path, suffixes: tuple[str, ...]) -> list[Path]:
    folders = [top, *(entry for entry in entries(top) if entry.is_dir())]
    found = [path for folder in folders for path in entries(folder) if path.suffix.lower() in suffixes]
    return [path for path in found if path.is_file() and path.stat().st_size < _MOST_BYTES]


def _of_yaml(path: Path, top: Path) -> YoloConfig | None:
    import yaml  # late: the window lists datasets without it

    try:
        read: object = yaml.safe_load(path.read_bytes())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise _invalid(path, line, error.problem or "it is no YAML") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _invalid(path, 1, "it is no YAML") from error
    if not isinstance(read, dict):
        return None
    told = cast("dict[object, object]", read)
    names = _names(told.get("names"))
    if names is None:
        return None
    base = told.get("path")
    bases = [path.parent, top]
    if isinstance(base, str):
        bases = [place / base for place in bases] + bases
    splits: dict[str, list[Path]] = {}
    for key, split in SPLIT_NAMES.items():
        places = told.get(key)
        listed = cast("list[object]", places) if isinstance(places, list) else [places]
        for place in listed:
            if isinstance(place, str) and place.strip():
                found = _resolved(place, bases, top)
                if found is not None:
                    splits.setdefault(split, []).append(found)
    count, shape = told.get("nc"), told.get("kpt_shape")
    numbers = (
        [part for part in cast("list[object]", shape) if isinstance(part, int)]
        if isinstance(shape, list)
        else []
    )
    keypoints = numbers[0] * numbers[1] if len(numbers) == 2 else 0
    return YoloConfig(names, splits, (path,), keypoints, count if isinstance(count, int) else None)


def _names(told: object) -> dict[int, str] | None:
    if isinstance(told, list):
        return {number: str(name) for number, name in enumerate(cast("list[object]", told))}
    if isinstance(told, dict):
        pairs = cast("dict[object, object]", told)
        numbered = {int(str(key)): str(name) for key, name in pairs.items() if str(key).isdigit()}
        return numbered if len(numbered) == len(pairs) and numbered else None
    return None


def _resolved(place: str, bases: list[Path], top: Path) -> Path | None:
    """Find a folder or list; `../train/images` is also looked for below, as exports write one step too many."""
    plain = place.replace("\\", "/")
    parts = [part for part in PurePosixPath(plain).parts if part != "/"]
    inner = [part for part in parts if part not in ("..", ".")]
    tails = [inner[start:] for start in range(len(inner))]
    candidates = [base / plain for base in bases] + [top.joinpath(*tail) for tail in tails]
    whole = [path.resolve() for path in candidates]
    limit = top.resolve()
    return next(
        (top / path.relative_to(limit) for path in whole if path.is_relative_to(limit) and path.exists()),
        None,
    )


def _of_darknet(path: Path, top: Path) -> YoloConfig | None:
    pairs = [line.partition("=") for line in path.read_text("utf-8-sig", "replace").splitlines()]
    told = {key.strip().lower(): value.strip() for key, sign, value in pairs if sign}
    names = _resolved(told.get("names", ""), [path.parent, top], top) if told.get("names") else None
    if names is None or not names.is_file():
        return None
    splits: dict[str, list[Path]] = {}
    for key, split in SPLIT_NAMES.items():
        place = _resolved(told[key], [path.parent, top], top) if told.get(key) else None
        if place is not None:
            splits.setdefault(split, []).append(place)
    return YoloConfig(_listed(names), splits, (path, names))


def _listed(path: Path) -> dict[int, str]:
    lines = path.read_text("utf-8-sig", "replace").splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    return {number: line.strip() or f"class_{number}" for number, line in enumerate(lines)}


def _invalid(path: Path, line: int, why: str) -> UserError:
    return UserError(
        "annotations_invalid", f"{path}, line {line}: {why}.", "Correct it, or export the dataset anew."
    )
