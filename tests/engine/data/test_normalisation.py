"""From pixels to the network's input, against torchvision's formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms import functional as reference

from engine.config.preprocessing import PreprocessingConfig
from engine.data.normalisation import IMAGENET_MEAN, TensorInput, chosen_normalisation, normalise
from engine.data.preprocessing import prepare_image
from tests.engine.data.pictures import noise

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def batch(count: int = 3) -> np.ndarray:
    return np.stack([noise(8, 10, seed) for seed in range(count)])


@pytest.mark.parametrize(
    ("mean", "std"), [(MEAN, STD), ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), ((0.5,) * 3, (0.5,) * 3)]
)
@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_that_it_is_the_formula_of_torchvision(
    mean: tuple[float, ...], std: tuple[float, ...], order: torch.memory_format
) -> None:
    pixels = batch()
    expected = torch.stack(
        [reference.normalize(reference.to_tensor(image), list(mean), list(std)) for image in pixels]
    )

    found = normalise(torch.from_numpy(pixels), mean, std, memory_format=order)

    assert found.shape == (3, 3, 8, 10)
    assert found.is_contiguous(memory_format=order)
    torch.testing.assert_close(found.contiguous(), expected, atol=2e-6, rtol=1e-5)


def test_that_pixels_are_not_changed_and_a_batch_of_one_is_one_of_the_batch() -> None:
    pixels = torch.from_numpy(batch())
    before = pixels.clone()
    whole = normalise(pixels, MEAN, STD)

    assert torch.equal(pixels, before)
    assert torch.equal(normalise(pixels[1:2], MEAN, STD), whole[1:2])


def test_that_constants_asked_for_in_validation_can_be_used_in_training() -> None:
    pixels = torch.from_numpy(np.zeros((1, 5, 7, 3), np.uint8))
    with torch.inference_mode():
        normalise(pixels, (0.1, 0.2, 0.3), STD)

    weight = torch.ones(1, requires_grad=True)
    (normalise(pixels, (0.1, 0.2, 0.3), STD) * weight).sum().backward()

    assert weight.grad is not None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (PreprocessingConfig(), ((0.5,) * 3, (0.25,) * 3)),
        (PreprocessingConfig(mean=(0.1, 0.2, 0.3)), ((0.1, 0.2, 0.3), (0.25,) * 3)),
        (PreprocessingConfig(std=(0.1, 0.2, 0.3)), ((0.5,) * 3, (0.1, 0.2, 0.3))),
        (PreprocessingConfig(normalize=False, mean=(0.1, 0.2, 0.3)), ((0.0,) * 3, (1.0,) * 3)),
    ],
)
def test_that_the_users_numbers_go_before_the_models_and_off_is_off(
    settings: PreprocessingConfig, expected: object
) -> None:
    assert chosen_normalisation(settings, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)) == expected


def test_that_a_model_that_says_nothing_has_the_numbers_of_imagenet() -> None:
    assert chosen_normalisation(PreprocessingConfig())[0] == IMAGENET_MEAN == MEAN


def test_that_raw_images_of_any_size_are_prepared_as_validation_does() -> None:
    images = [noise(20, 31), noise(100, 50)]
    given = TensorInput(image_size=16, mean=MEAN, std=STD, resize_method="bicubic")(images)

    pixels = np.stack([prepare_image(image, 16, "bicubic") for image in images])
    assert torch.equal(given, normalise(torch.from_numpy(pixels), MEAN, STD))
