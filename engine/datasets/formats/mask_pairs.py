"""Which file is the mask of which image: by folders such as `images` and `masks`, or by the ends of names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from os.path import splitext
from pathlib import Path

from engine.datasets.decode import IMAGE_SUFFIXES
from engine.datasets.formats.layout import SPLIT_NAMES, image_files, names_below

_IMAGE_FOLDERS = frozenset(
    {"images", "image", "img", "imgs", "jpegimages", "rgb", "input", "inputs", "leftimg8bit", "photos"}
)
_MASK_FOLDERS = frozenset(
    {"masks", "mask", "labels", "label", "annotations", "annotation", "gt", "groundtruth", "ground_truth"}
    | {
        "segmentationclass",
        "segmentationclassaug",
        "segmentation",
        "segmentations",
        "segs",
        "targets",
        "gtfine",
    }
)
_OTHER_FOLDERS = frozenset({"segmentationobject"})
_SPLIT_WITH_MASKS = re.compile(r"^(.+?)[_-]?(annot|annotations?|masks?|labels?|gt)$")
_IMAGE_ENDS = re.compile(r"(_leftimg8bit|_image|_img|_rgb|_sat)$", re.IGNORECASE)
_MASK_ENDS = re.compile(
    r"([_-](masks?|labels?|gt|seg|segmentation|annotation|gtfine_labelids|gtfine_labeltrainids|l))$",
    re.IGNORECASE,
)

_Key = tuple[tuple[str, ...], str]
"""Folders without those that tell image from mask, and the name."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """What a tree of images and masks holds."""

    masks: dict[Path, Path]
    """The mask of each image that has one."""
    bare: list[Path]
    """Images without a mask."""
    orphans: list[Path]
    """Masks without an image."""


def may_hold_masks(top: Path) -> bool:
    """Say by names alone whether some file could be a mask; quick."""
    for folder, names in names_below(top):
        told = _told_by_folders([part.lower() for part in folder.relative_to(top).parts])
        stems = (stem for stem, suffix in map(splitext, names) if suffix.lower() in IMAGE_SUFFIXES)
        if told is None and any(map(_MASK_ENDS.search, stems)):
            return True
        if told and next(stems, None) is not None:
            return True
    return False


def find_pairs(top: Path) -> Pairs:
    """Pair all files below a folder: by their whole names, else by those without ends such as `_mask`."""
    images: list[tuple[_Key, Path]] = []
    masks: list[tuple[_Key, Path]] = []
    for path in image_files(top):
        folders = [part.lower() for part in path.relative_to(top).parts[:-1]]
        if not _OTHER_FOLDERS & set(folders):
            kind = masks if _is_mask(path, folders) else images
            kind.append(((_way(folders), path.stem), path))
    found = _Finding(images)
    orphans = [mask for key, mask in masks if not found.take(key, mask)]
    bare = [path for _, path in images if path not in found.masks]
    return Pairs(dict(sorted(found.masks.items())), sorted(bare), sorted(orphans))


class _Finding:
    """Finds the image of each mask; an image has one mask."""

    def __init__(self, images: list[tuple[_Key, Path]]) -> None:
        self.masks: dict[Path, Path] = {}
        self._images: dict[_Key, Path] = {}
        self._by_name: dict[str, list[Path]] = {}
        for (way, name), path in images:
            for spelled in dict.fromkeys((name, _IMAGE_ENDS.sub("", name))):
                self._images.setdefault((way, spelled), path)
                self._by_name.setdefault(spelled, []).append(path)

    def take(self, key: _Key, mask: Path) -> bool:
        """Note the mask with its image, if it has one that has none yet."""
        way, name = key
        for spelled in dict.fromkeys((name, _MASK_ENDS.sub("", name))):
            alone = self._by_name.get(spelled, [])
            image = self._images.get((way, spelled)) or (alone[0] if len(alone) == 1 else None)
            if image is not None and image not in self.masks:
                self.masks[image] = mask
                return True
        return False


def _is_mask(path: Path, folders: list[str]) -> bool:
    told = _told_by_folders(folders)
    return _MASK_ENDS.search(path.stem) is not None if told is None else told


def _told_by_folders(folders: list[str]) -> bool | None:
    """Whether files in such a folder are masks; None where the names of folders do not tell."""
    for folder in reversed(folders):
        if folder in _MASK_FOLDERS:
            return True
        if folder in _IMAGE_FOLDERS:
            return False
        split = _SPLIT_WITH_MASKS.match(folder)
        if split is not None and split[1] in SPLIT_NAMES:
            return True
    return None


def _way(folders: list[str]) -> tuple[str, ...]:
    """Folders that images and masks have in common: `images/train` and `masks/train`, `trainannot` and `train`."""
    kept: list[str] = []
    for folder in folders:
        if folder in _MASK_FOLDERS or folder in _IMAGE_FOLDERS:
            continue
        split = _SPLIT_WITH_MASKS.match(folder)
        name = split[1] if split is not None and split[1] in SPLIT_NAMES else folder
        kept.append(SPLIT_NAMES.get(name, name))
    return tuple(kept)
