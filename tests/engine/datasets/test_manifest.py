"""A version is a hash of content: it stays for datasets of old, and follows objects and masks."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from engine.datasets.manifest import Item, Manifest, MaskValue, version_of

ITEMS = [
    Item(path="train/a/1.png", label=0, split="train", sha256="aa", width=3, height=4),
    Item(path="val/2.png", label=None, split="val", sha256="bb"),
]


def test_that_a_classification_dataset_keeps_the_version_it_had_before_there_were_other_tasks() -> None:
    known = "4ebbe73e"

    assert version_of(("cat", "dog"), ITEMS)[:8] == known


def test_that_a_manifest_written_before_there_were_other_tasks_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(
        '{"schema_version":1,"name":"d","task":"classification","format":"imagefolder","version":"v",'
        '"classes":["a","b"],"items":[{"path":"a/1.png","label":0,"split":"train","sha256":"aa","width":1,'
        '"height":1}],"problems":[]}'
    )

    manifest = Manifest.load(tmp_path / "m.json")

    assert (manifest.annotations, manifest.mask_values, manifest.items[0].mask) == ("", (), None)


def test_that_the_version_follows_objects_masks_and_how_masks_are_read() -> None:
    masked = [ITEMS[0].model_copy(update={"mask": "m/1.png", "mask_sha256": "cc"}), ITEMS[1]]
    versions = [
        version_of(("cat", "dog"), ITEMS),
        version_of(("cat", "dog"), ITEMS, "ee"),
        version_of(("cat", "dog"), masked),
        version_of(("cat", "dog"), [masked[0].model_copy(update={"mask_sha256": "dd"}), ITEMS[1]]),
        version_of(("cat", "dog"), masked, mask_values=[MaskValue(value=3, label=0)]),
        version_of(("cat", "dog"), masked, mask_values=[MaskValue(value=3, label=1)]),
    ]

    assert len(set(versions)) == len(versions)
    assert version_of(("cat", "dog"), masked[::-1]) == version_of(("cat", "dog"), masked)


def test_that_a_value_of_a_class_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValidationError, match="label 2 of 2 classes"):
        Manifest(
            name="d", task="segmentation", format="masks", version="v", classes=("a", "b"), items=(),
            mask_values=(MaskValue(value=0, label=2),),
        )  # fmt: skip
