"""The map keeps neighbours together, and pairs are those that a plain comparison finds."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import UserError
from engine.inference.image_map import LEAST_SIMILARITY, MOST_PAIRS, features_of_files, map_of, near_pairs
from tests.engine.datasets.pictures import write_picture


def silent(_done: int, _total: int, _phase: str) -> None:
    pass


class Mean:
    """Features: the mean colour."""

    def features(self, images: list[np.ndarray]) -> np.ndarray:
        return np.stack([image.reshape(-1, 3).mean(axis=0) for image in images]).astype(np.float32)


def test_that_files_give_rows_and_unreadable_ones_none(tmp_path: Path) -> None:
    files = [write_picture(tmp_path / f"{number}.png", seed=number) for number in range(3)]
    files[1].write_bytes(b"no image")

    rows = features_of_files(Mean(), files, silent)

    assert np.isnan(rows[:, 0]).tolist() == [False, True, False]
    with pytest.raises(UserError) as refused:
        features_of_files(Mean(), files[1:2], silent)
    assert refused.value.code == "images_unreadable"


class Astray:
    """A model that gives no number for light images."""

    def features(self, images: list[np.ndarray]) -> np.ndarray:
        rows = np.ones((len(images), 3), np.float32)
        rows[[image.mean() > 100 for image in images], 1] = np.nan
        return rows


def test_that_what_is_no_number_has_no_place_and_that_all_of_it_is_told(tmp_path: Path) -> None:
    files = [tmp_path / "light.png", tmp_path / "dark.png"]
    for file, tone in zip(files, (200, 10), strict=True):
        Image.new("RGB", (8, 8), (tone, tone, tone)).save(file)

    assert np.isnan(features_of_files(Astray(), files, silent)).tolist() == [[True] * 3, [False] * 3]
    with pytest.raises(UserError) as refused:
        features_of_files(Astray(), files[:1], silent)
    assert refused.value.code == "features_no_numbers"


@pytest.mark.slow
@pytest.mark.parametrize("width", [1, 2])
def test_that_few_features_make_a_map_too(width: int) -> None:
    points = map_of(np.random.default_rng(0).normal(size=(20, width)).astype(np.float32))

    assert points.shape == (20, 2)
    assert np.isfinite(points).all()


def test_that_images_which_a_model_cannot_tell_apart_stand_in_one_place() -> None:
    assert map_of(np.full((20, 16), 3.5, np.float32)).tolist() == [[0.0, 0.0]] * 20


@pytest.mark.slow
def test_that_clusters_stay_clusters_on_the_map() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 40)
    features = (rng.normal(0, 1, (120, 16)) + 20 * np.eye(16)[labels]).astype(np.float32)

    points = map_of(features)

    away = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(away, np.inf)
    assert (labels[away.argmin(axis=1)] == labels).mean() == 1
    assert np.array_equal(points, map_of(features))


def test_that_a_handful_of_images_makes_no_map() -> None:
    with pytest.raises(UserError) as refused:
        map_of(np.zeros((4, 8), np.float32))

    assert refused.value.code == "map_too_small"


def test_that_pairs_are_those_of_a_plain_comparison() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(0, 1, (60, 12)).astype(np.float32)
    features[50] = features[3] * 1.02
    features[20] = features[7] + 1e-4
    features[59] = features[58]
    interest = np.arange(60) < 40
    unit = features - features.mean(axis=0)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    expected = {
        (one, other)
        for one in range(60)
        for other in range(one + 1, 60)
        if (interest[one] or interest[other]) and float(unit[one] @ unit[other]) >= LEAST_SIMILARITY
    }

    pairs = near_pairs(features, interest, silent)

    found = list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert set(found) == expected
    assert {(3, 50), (7, 20)} <= expected
    assert (58, 59) not in expected  # neither is of the result
    assert len(found) == len(set(found))
    assert pairs.similarity.tolist() == sorted(pairs.similarity.tolist(), reverse=True)


def test_that_of_millions_of_pairs_the_most_alike_are_kept_in_little_memory() -> None:
    rng = np.random.default_rng(2)
    centres = np.eye(2, 8, dtype=np.float32)[np.arange(6_000) % 2]
    features = centres + rng.normal(0, 0.02, centres.shape).astype(np.float32)
    features[[100, 5_900]] = features[[200, 4_000]]  # alike to the last digit

    tracemalloc.start()
    pairs = near_pairs(features, np.ones(6_000, np.bool_), silent)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert {(100, 200), (4_000, 5_900)} <= set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert len(pairs.first) == MOST_PAIRS
    assert most < 300 << 20
