"""What changed between two versions of a dataset, or between two datasets: images, labels, splits, objects, masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from engine.datasets.annotations import Annotations
from engine.datasets.dataset_folder import Step
from engine.datasets.library import Library
from engine.datasets.manifest import Item, Manifest
from engine.datasets.object_changes import ObjectChange, changed_objects
from engine.errors import UserError


@dataclass(frozen=True, slots=True)
class Version:
    """One side of a comparison."""

    manifest: Manifest
    annotations: Annotations | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One image that is still there, with another label, split or path."""

    path: str
    before: str
    """Empty for none."""
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs. Images are told by their paths in the new version, those that are gone by the old one's."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[Change, ...] = ()
    """The same content under another path."""
    replaced: tuple[str, ...] = ()
    """Another content under the same path."""
    relabelled: tuple[Change, ...] = ()
    moved: tuple[Change, ...] = ()
    """Images in another split."""
    remasked: tuple[str, ...] = ()
    """Images with another mask, with one for the first time, or without one now."""
    objects: tuple[ObjectChange, ...] = ()
    """Images whose objects changed."""
    classes_added: tuple[str, ...] = ()
    classes_removed: tuple[str, ...] = ()
    reads_masks_otherwise: bool = False
    """The table of mask values is another one."""
    reorders_classes: bool = False
    """The same classes in another order: a model's outputs mean others."""

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, field.name) for field in fields(self))

    def counts(self) -> dict[str, int]:
        """Count the changes by kind; those that there are none of too."""
        return {
            "images_added": len(self.added),
            "images_removed": len(self.removed),
            "images_renamed": len(self.renamed),
            "images_replaced": len(self.replaced),
            "images_relabelled": len(self.relabelled),
            "images_moved": len(self.moved),
            "images_remasked": len(self.remasked),
            "images_with_other_objects": len(self.objects),
            "objects_added": sum(change.added for change in self.objects),
            "objects_removed": sum(change.removed for change in self.objects),
            "objects_changed": sum(change.changed for change in self.objects),
            "classes_added": len(self.classes_added),
            "classes_removed": len(self.classes_removed),
        }

    def sentences(self) -> list[str]:
        """Say the changes in short: `12 images added`."""
        counts = self.counts()
        lines = [f"{_many(counts[key], one)} {what}" for key, one, what in _WORDS if counts[key]]
        lines += [f"classes added: {', '.join(self.classes_added)}"] if self.classes_added else []
        lines += [f"classes removed: {', '.join(self.classes_removed)}"] if self.classes_removed else []
        lines += ["the classes have another order"] if self.reorders_classes else []
        lines += ["the table of mask values is another one"] if self.reads_masks_otherwise else []
        return lines


_WORDS = (
    ("images_added", "image", "added"),
    ("images_removed", "image", "removed"),
    ("images_renamed", "image", "under another path"),
    ("images_replaced", "image", "with another content"),
    ("images_relabelled", "image", "relabelled"),
    ("images_moved", "image", "moved to another split"),
    ("images_remasked", "image", "with another mask"),
    ("objects_added", "object", "added"),
    ("objects_removed", "object", "removed"),
    ("objects_changed", "object", "changed"),
)


def version_at(library: Library, name: str, version: str | None = None) -> Version:
    """Read one side of a comparison: the present version, or another by its hash.

    Raises:
        UserError: `dataset_unknown`, `version_unknown`, `manifest_damaged`, `annotations_damaged`.
    """
    manifest = library.get(name, version)
    return Version(manifest, library.annotations(manifest))


def version_like(steps: Sequence[Step], name: str, beginning: str) -> str:
    """Give the version of a dataset whose hash begins so.

    Raises:
        UserError: `version_unknown`, `version_ambiguous`.
    """
    found = list(dict.fromkeys(step.version for step in steps if step.version.startswith(beginning)))
    if len(found) == 1:
        return found[0]
    known = ", ".join(dict.fromkeys(step.version[:12] for step in steps))
    if found:
        raise UserError(
            "version_ambiguous",
            f"{beginning!r} may mean several versions of {name}: {', '.join(each[:16] for each in found)}.",
            "Give more of the version's letters.",
        )
    raise UserError(
        "version_unknown", f"The dataset {name} has no version {beginning}.", f"Its versions are: {known}."
    )


def compare(old: Version, new: Version) -> Difference:
    """Say what is in one version and not in the other. Equal content under another path counts as renamed."""
    before = {item.path: place for place, item in enumerate(old.manifest.items)}
    after = {item.path: place for place, item in enumerate(new.manifest.items)}
    gone = [item for item in old.manifest.items if item.path not in after]
    come = [item for item in new.manifest.items if item.path not in before]
    renamed = _renamed(gone, come)
    taken = set(renamed.values())
    pairs = [(before[path], place) for path, place in after.items() if path in before]
    pairs += [(before[path], after[other]) for path, other in renamed.items()]
    both = [(old.manifest.items[one], new.manifest.items[other]) for one, other in pairs]
    classes = (old.manifest.classes, new.manifest.classes)
    return Difference(
        added=tuple(item.path for item in come if item.path not in taken),
        removed=tuple(item.path for item in gone if item.path not in renamed),
        renamed=tuple(Change(other, path, other) for path, other in renamed.items()),
        replaced=tuple(b.path for a, b in both if a.sha256 != b.sha256),
        relabelled=tuple(
            Change(b.path, _label(a, classes[0]), _label(b, classes[1]))
            for a, b in both
            if _label(a, classes[0]) != _label(b, classes[1])
        ),
        moved=tuple(Change(b.path, a.split, b.split) for a, b in both if a.split != b.split),
        remasked=tuple(b.path for a, b in both if a.mask_sha256 != b.mask_sha256),
        objects=_objects(old, new, pairs),
        classes_added=tuple(name for name in classes[1] if name not in classes[0]),
        classes_removed=tuple(name for name in classes[0] if name not in classes[1]),
        reads_masks_otherwise=_table(old.manifest) != _table(new.manifest),
        reorders_classes=set(classes[0]) == set(classes[1]) and classes[0] != classes[1],
    )


def _objects(old: Version, new: Version, pairs: Sequence[tuple[int, int]]) -> tuple[ObjectChange, ...]:
    if old.annotations is None or new.annotations is None:
        return ()
    is_same = (
        old.manifest.annotations == new.manifest.annotations and old.manifest.classes == new.manifest.classes
    )
    if is_same and all(one == other for one, other in pairs):
        return ()
    paths = [new.manifest.items[other].path for _, other in pairs]
    return changed_objects(
        (old.annotations, new.annotations), (old.manifest.classes, new.manifest.classes), pairs, paths
    )


def _renamed(gone: Sequence[Item], come: Sequence[Item]) -> Mapping[str, str]:
    """Old path to new path of images that lie elsewhere now; of equal ones the first goes to the first."""
    waiting: dict[str, list[str]] = {}
    for item in reversed(come):
        waiting.setdefault(item.sha256, []).append(item.path)
    return {item.path: waiting[item.sha256].pop() for item in gone if waiting.get(item.sha256)}


def _label(item: Item, classes: Sequence[str]) -> str:
    return classes[item.label] if item.label is not None else ""


def _table(manifest: Manifest) -> frozenset[tuple[object, object, str | None]]:
    """How masks are read, by names: the same table in another order reads the same."""
    return frozenset(
        (entry.value, entry.colour, None if entry.label is None else manifest.classes[entry.label])
        for entry in manifest.mask_values
    )


def _many(count: int, one: str) -> str:
    return f"{count:,} {one}{'' if count == 1 else 's'}"
