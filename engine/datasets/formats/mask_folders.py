"""Masks: an image file beside each image whose pixels tell the class of every pixel."""

from __future__ import annotations

from pathlib import Path

from engine.datasets.formats.layout import SPLIT_NAMES, Found, FoundImage, unwrapped
from engine.datasets.formats.mask_pairs import Pairs, find_pairs, may_hold_masks
from engine.datasets.formats.mask_tables import find_table
from engine.datasets.formats.mask_values import classes_of_masks, classes_of_table
from engine.datasets.hashing import Progress, no_progress
from engine.datasets.problem_list import Kind, ProblemList

_BARE = Kind("image_without_label", "Add their masks, or leave them out.")
_ORPHAN = Kind("label_without_image", "Put the image where the others are, or remove the mask.")
_NOT_LISTED = Kind("image_not_listed", "Add them to a list, or leave them out.", "info")


class MaskFolders:
    """Implements `engine.datasets.formats.layout.Layout`."""

    name = "masks"
    task = "segmentation"
    example = "images/train/X.jpg with masks/train/X.png and classes.json"

    def matches(self, root: Path) -> bool:
        return root.is_dir() and may_hold_masks(root) and bool(find_pairs(_top(root)).masks)

    def read(self, root: Path, progress: Progress = no_progress) -> Found:
        top = _top(root)
        pairs = find_pairs(top)
        problems = ProblemList()
        _tell_unpaired(pairs, root, problems)
        table = find_table(top)
        masks = list(pairs.masks.values())
        classes = (
            classes_of_table(table, masks)
            if table is not None
            else classes_of_masks(masks, problems, progress)
        )
        lists = _lists(top)
        images = _images(pairs, top, lists, problems)
        tables = [*(image.mask for image in images if image.mask is not None), *lists]
        if table is not None:
            tables.append(table.file)
        return Found(
            self.name,
            images,
            classes.names,
            problems.listed(),
            self.task,
            tables,
            mask_values=classes.values,
        )


def _top(root: Path) -> Path:
    """A folder of images and masks is not stepped into, although it may be the only one."""
    top = unwrapped(root)
    return top if find_pairs(top).masks else root


def _images(pairs: Pairs, top: Path, lists: dict[Path, str], problems: ProblemList) -> list[FoundImage]:
    splits = {
        line.strip(): split
        for path, split in lists.items()
        for line in path.read_text("utf-8-sig", "replace").splitlines()
        if line.strip()
    }
    images: list[FoundImage] = []
    unlisted: list[Path] = []
    for image, mask in pairs.masks.items():
        split = splits.get(image.stem) if splits else _split_of(image, top)
        if split is None:
            unlisted.append(image)
        else:
            images.append(FoundImage(image, None, split, mask))
    if unlisted:
        told = f"{len(unlisted)} images are in no list and left out: {unlisted[0].name}."
        problems.tell(_NOT_LISTED, told, unlisted[0].relative_to(top).as_posix())
    return images


def _split_of(image: Path, top: Path) -> str:
    names = [part.lower() for part in image.relative_to(top).parts[:-1]]
    return next((SPLIT_NAMES[name] for name in reversed(names) if name in SPLIT_NAMES), "train")


def _lists(top: Path) -> dict[Path, str]:
    """The lists of Pascal VOC, with their splits."""
    folder = top / "ImageSets" / "Segmentation"
    found = sorted(folder.glob("*.txt")) if folder.is_dir() else []
    return {path: SPLIT_NAMES[path.stem.lower()] for path in found if path.stem.lower() in SPLIT_NAMES}


def _tell_unpaired(pairs: Pairs, root: Path, problems: ProblemList) -> None:
    if pairs.bare:
        first = pairs.bare[0].relative_to(root).as_posix()
        count = "One image has" if len(pairs.bare) == 1 else f"{len(pairs.bare)} images have"
        problems.tell(
            _BARE,
            f"{count} no mask and left out: {first}.".replace(
                "and left", "and is left" if len(pairs.bare) == 1 else "and are left"
            ),
            first,
        )
    for mask in pairs.orphans:
        name = mask.relative_to(root).as_posix()
        problems.tell(_ORPHAN, f"The mask {name} has no image of the same name.", name)
