"""The classes of a dataset as a model knows them: matched by name, renamed where the user says so, or left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.config.problems import nearest
from engine.datasets.annotations import Annotations
from engine.datasets.manifest import Item, Manifest, MaskValue
from engine.errors import UserError

_BETWEEN_WORDS = re.compile(r"[\s_\-]+")
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class ClassMatch:
    """Which class of a model each class of a dataset is."""

    model: tuple[str, ...]
    dataset: tuple[str, ...]
    places: tuple[int | None, ...]
    """For each class of the dataset its position among the model's; None leaves it out."""

    @property
    def is_same(self) -> bool:
        """Say whether both have the same classes in the same order."""
        return self.model == self.dataset and self.places == tuple(range(len(self.model)))

    @property
    def renamed(self) -> tuple[tuple[str, str], ...]:
        """Name in the dataset and name in the model, where they differ."""
        pairs = ((name, self.model[place]) for name, place in self._placed())
        return tuple((name, known) for name, known in pairs if name != known)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Classes of the dataset that are none of the model's."""
        return tuple(name for name, place in zip(self.dataset, self.places, strict=True) if place is None)

    @property
    def missing(self) -> tuple[str, ...]:
        """Classes of the model of which the dataset knows nothing."""
        there = set(self.places)
        return tuple(name for place, name in enumerate(self.model) if place not in there)

    def document(self) -> dict[str, object]:
        """The match as plain JSON."""
        return {
            "matched": {name: self.model[place] for name, place in self._placed()},
            "left_out": list(self.left_out),
            "missing": list(self.missing),
        }

    def _placed(self) -> list[tuple[str, int]]:
        pairs = zip(self.dataset, self.places, strict=True)
        return [(name, place) for name, place in pairs if place is not None]


def match_classes(
    dataset: Sequence[str], model: Sequence[str], mapping: Mapping[str, str | None] | None = None
) -> ClassMatch:
    """Match by name; names that differ in case, spaces, dashes and underscores alone are taken for the same.

    Args:
        dataset: its classes.
        model: its classes.
        mapping: for classes of the dataset the model's; None leaves one out.

    Raises:
        UserError: `map_unknown` for a mapping that names what is not there.
    """
    mapping = mapping or {}
    _require_known(mapping, dataset, model)
    exact = {name: place for place, name in enumerate(model)}
    alike = _unique_by_words(model)
    places: list[int | None] = []
    for name in dataset:
        if name in mapping:
            wanted = mapping[name]
            places.append(None if wanted is None else exact[wanted])
        elif name in exact:
            places.append(exact[name])
        else:
            place = alike.get(_words(name))
            # A class that is there by its own name is not taken for another's.
            places.append(None if place is None or model[place] in dataset else place)
    return ClassMatch(tuple(model), tuple(dataset), tuple(places))


def require_meaning(match: ClassMatch, name: str) -> None:
    """See that a measurement would say something: a class alone cannot be confused, and none cannot be found.

    Args:
        match: of the classes.
        name: of the dataset.

    Raises:
        UserError: `classes_differ`.
    """
    placed = {place for place in match.places if place is not None}
    if len(placed) >= min(2, len(match.dataset), len(match.model)):
        return
    there = "no class" if not placed else f"only the class {match.model[min(placed)]}"
    raise UserError(
        "classes_differ",
        f"The dataset {name} has {there} in common with the model. It has {_listed(match.dataset)}; "
        f"the model knows {_listed(match.model)}.",
        "Say which class is which (`--map NAME=NAME`, or the table of classes in the window), "
        "or choose another dataset.",
    )


def with_classes(manifest: Manifest, match: ClassMatch) -> Manifest:
    """The same dataset, looked at with a model's classes: what is left out has no label any more.

    The version stays: its files and splits are the same.
    """
    if match.is_same:
        return manifest
    items = [_with_class(item, match) for item in manifest.items]
    return manifest.model_copy(
        update={"classes": match.model, "items": tuple(items), "mask_values": _mask_values(manifest, match)}
    )


def objects_with_classes(annotations: Annotations, match: ClassMatch) -> Annotations:
    """The objects of the classes that are not left out, with the model's class numbers."""
    places = np.array([-1 if place is None else place for place in match.places], dtype=np.int64)
    labels = places[annotations.labels] if len(annotations.labels) else annotations.labels
    kept = labels >= 0
    rings = np.repeat(kept, np.diff(annotations.ring_starts))
    points = np.repeat(rings, np.diff(annotations.point_starts))
    runs = np.repeat(kept, np.diff(annotations.run_starts))
    return Annotations(
        object_starts=np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)[annotations.object_starts],
        boxes=annotations.boxes[kept],
        labels=labels[kept],
        crowd=annotations.crowd[kept],
        difficult=annotations.difficult[kept],
        areas=annotations.areas[kept],
        ring_starts=_starts(np.diff(annotations.ring_starts)[kept]),
        point_starts=_starts(np.diff(annotations.point_starts)[rings]),
        points=annotations.points[points],
        run_starts=_starts(np.diff(annotations.run_starts)[kept]),
        runs=annotations.runs[runs],
        run_sizes=annotations.run_sizes[kept],
    )


def is_labelled(manifest: Manifest, item: Item) -> bool:
    """Say whether an image can be measured on: it has a class or a mask, or is of a dataset of objects.

    There an image without objects shows what is none.
    """
    return item.label is not None or item.mask is not None or bool(manifest.annotations)


def _with_class(item: Item, match: ClassMatch) -> Item:
    label = None if item.label is None else match.places[item.label]
    stratum = None if item.stratum is None else match.places[item.stratum]
    if (label, stratum) == (item.label, item.stratum):
        return item
    return item.model_copy(update={"label": label, "stratum": stratum})


def _mask_values(manifest: Manifest, match: ClassMatch) -> tuple[MaskValue, ...]:
    if manifest.task != "segmentation":
        return manifest.mask_values
    values = manifest.mask_values or tuple(
        MaskValue(value=number, label=number) for number in range(len(manifest.classes))
    )
    return tuple(
        value if value.label is None else value.model_copy(update={"label": match.places[value.label]})
        for value in values
    )


def _starts(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _words(name: str) -> str:
    return _BETWEEN_WORDS.sub(" ", unicodedata.normalize("NFKC", name)).strip().casefold()


def _unique_by_words(names: Sequence[str]) -> dict[str, int]:
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(_words(name), []).append(place)
    return {words: places[0] for words, places in found.items() if len(places) == 1}


def _require_known(mapping: Mapping[str, str | None], dataset: Sequence[str], model: Sequence[str]) -> None:
    for name, wanted in mapping.items():
        for told, known, whose in ((name, dataset, "dataset"), (wanted, model, "model")):
            if told is None or told in known:
                continue
            close = nearest(told, known)
            raise UserError(
                "map_unknown",
                f"The {whose} has no class {told!r}.",
                f"Did you mean {close}?" if close else f"It has: {_listed(known)}.",
            )


def _listed(names: Sequence[str]) -> str:
    rest = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + rest if names else "none"
