"""Each setting of the augmentation changes what it says, and nothing when it is off."""

from __future__ import annotations

import numpy as np
import pytest

from engine.config.augmentation import AugmentationConfig, ColorJitterConfig
from engine.config.setting import Range
from engine.data.augmentation import Augmenter
from engine.data.preprocessing import centre_square, to_stored
from engine.data.streams import sample_generator
from tests.engine.data.pictures import Picture, difference, noise, smooth

SIZE = 32
SEEDS = range(24)
OFF = AugmentationConfig(random_flip=False, random_rotation=0, random_crop=False, color_jitter=None)
NO_JITTER = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
STORED = to_stored(smooth(120, 150), SIZE, "bilinear")


def samples(settings: AugmentationConfig, stored: Picture = STORED) -> list[Picture]:
    augmenter = Augmenter(settings, SIZE, "bilinear")
    return [augmenter(stored, sample_generator(0, 0, seed)) for seed in SEEDS]


def changed(**changes: object) -> AugmentationConfig:
    return OFF.model_copy(update=changes)


def jitter(**changes: float) -> ColorJitterConfig:
    return ColorJitterConfig(**{**NO_JITTER, **changes})


def plain(stored: Picture = STORED) -> Picture:
    return centre_square(stored, SIZE, "bilinear")


ONE_AT_A_TIME = {
    "random_flip": changed(random_flip=True),
    "random_rotation": changed(random_rotation=20.0),
    "random_crop": changed(random_crop=True),
    "color_jitter.brightness": changed(color_jitter=jitter(brightness=0.4)),
    "color_jitter.contrast": changed(color_jitter=jitter(contrast=0.4)),
    "color_jitter.saturation": changed(color_jitter=jitter(saturation=0.4)),
    "color_jitter.hue": changed(color_jitter=jitter(hue=0.2)),
    "random_grayscale": changed(random_grayscale=0.5),
    "gaussian_blur": changed(gaussian_blur=0.5),
    "auto_augment=randaugment": changed(auto_augment="randaugment"),
    "auto_augment=autoaugment": changed(auto_augment="autoaugment"),
}


@pytest.mark.parametrize("shape", [(120, 150), (37, 37), (300, 90)])
def test_that_with_everything_off_a_sample_is_what_validation_sees(shape: tuple[int, int]) -> None:
    stored = to_stored(noise(*shape), SIZE, "bilinear")

    for sample in samples(OFF, stored):
        np.testing.assert_array_equal(sample, plain(stored))


@pytest.mark.parametrize("shape", [(120, 150), (20, 20), (9, 200)])
def test_that_switched_off_every_other_setting_is_without_effect(shape: tuple[int, int]) -> None:
    everything = AugmentationConfig(enabled=False, auto_augment="randaugment", random_grayscale=1.0)
    stored = to_stored(noise(*shape), SIZE, "bilinear")

    for sample in samples(everything, stored):
        np.testing.assert_array_equal(sample, plain(stored))


@pytest.mark.parametrize("name", ONE_AT_A_TIME)
def test_that_each_setting_alone_changes_pixels(name: str) -> None:
    different = [difference(sample, plain()) > 0.2 for sample in samples(ONE_AT_A_TIME[name])]

    assert sum(different) > len(SEEDS) / 5


@pytest.mark.parametrize("name", ["random_flip", "random_grayscale", "gaussian_blur"])
def test_that_a_chance_of_a_half_leaves_about_half_as_they_are(name: str) -> None:
    untouched = sum(np.array_equal(sample, plain()) for sample in samples(ONE_AT_A_TIME[name]))

    assert len(SEEDS) / 5 < untouched < len(SEEDS) * 4 / 5


@pytest.mark.parametrize("name", ONE_AT_A_TIME)
def test_that_a_sample_is_a_function_of_seed_epoch_and_index(name: str) -> None:
    augmenter = Augmenter(ONE_AT_A_TIME[name], SIZE, "bilinear")

    def draw(seed: int, epoch: int, index: int) -> bytes:
        return augmenter(STORED, sample_generator(seed, epoch, index)).tobytes()

    for index in range(5):
        assert draw(1, 2, index) == draw(1, 2, index)
    assert len({draw(1, epoch, 0) for epoch in range(12)}) > 1
    assert len({draw(seed, 0, 0) for seed in range(12)}) > 1


def test_that_every_second_image_is_mirrored_and_nothing_else() -> None:
    for sample in samples(ONE_AT_A_TIME["random_flip"]):
        assert np.array_equal(sample, plain()) or np.array_equal(sample, plain()[:, ::-1])


def test_that_a_larger_angle_turns_further() -> None:
    small, large = (
        np.mean([difference(sample, plain()) for sample in samples(changed(random_rotation=degrees))])
        for degrees in (3.0, 60.0)
    )

    assert small < large


def test_that_the_crop_area_decides_how_much_of_the_image_is_seen() -> None:
    # A ramp from left to right: the spread of its values is the part that is seen.
    ramp = np.repeat(np.linspace(0, 255, 40).astype(np.uint8)[None, :, None], 40, axis=0).repeat(3, axis=2)

    def seen(low: float, high: float) -> float:
        settings = changed(random_crop=True, resize_scale=Range(min=low, max=high))
        return float(np.mean([np.ptp(sample.astype(int)) for sample in samples(settings, ramp)]))

    assert seen(0.05, 0.1) < seen(0.3, 0.5) < seen(1.0, 1.0)
    assert seen(1.0, 1.0) > 240


def test_that_grayscale_for_all_leaves_no_colour() -> None:
    for sample in samples(changed(random_grayscale=1.0)):
        assert (sample[..., 0] == sample[..., 1]).all()
        assert (sample[..., 1] == sample[..., 2]).all()


def test_that_blur_for_all_takes_detail_away() -> None:
    stored = to_stored(noise(120, 150), SIZE, "bilinear")

    for sample in samples(changed(gaussian_blur=1.0), stored):
        assert np.diff(sample.astype(int), axis=1).std() <= np.diff(plain(stored).astype(int), axis=1).std()


def test_that_jitter_of_zero_strength_is_off() -> None:
    for sample in samples(changed(color_jitter=jitter())):
        np.testing.assert_array_equal(sample, plain())


def test_that_brightness_stays_within_its_strength() -> None:
    gray = np.full((37, 37, 3), 100, np.uint8)
    means = [sample.mean() for sample in samples(changed(color_jitter=jitter(brightness=0.2)), gray)]

    assert 79 <= min(means) < 90
    assert 110 < max(means) <= 121


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (37, 37), (500, 40)])
def test_that_any_image_becomes_a_sample_of_the_asked_size(shape: tuple[int, int]) -> None:
    everything = AugmentationConfig(
        random_rotation=180, random_grayscale=0.5, gaussian_blur=0.5, auto_augment="randaugment"
    )
    for sample in samples(everything, to_stored(noise(*shape), SIZE, "bilinear")):
        assert sample.shape == (SIZE, SIZE, 3)
        assert sample.dtype == np.uint8


def test_that_the_stored_image_is_never_changed() -> None:
    stored = STORED.copy()
    stored.flags.writeable = False
    for settings in ONE_AT_A_TIME.values():
        samples(settings, stored)

    np.testing.assert_array_equal(stored, STORED)
