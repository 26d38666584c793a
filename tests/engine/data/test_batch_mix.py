"""Mixup and CutMix: what is mixed of the images is what is mixed of the targets."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.config.augmentation import AugmentationConfig
from engine.data.batch_mix import MixSettings, mix_batch
from engine.tasks.classification.classification import Classification

CLASSES = 4
TARGETS = torch.tensor([0, 1, 2, 3, 1, 0])


def constant_images() -> Tensor:
    """Image i holds the value i everywhere: a pixel tells whose it is."""
    return torch.arange(6.0).view(6, 1, 1, 1).expand(6, 3, 16, 20).clone()


def mixed(mixup: float, cutmix: float, seed: int) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    return mix_batch(constant_images(), TARGETS, rng, MixSettings(mixup, cutmix), CLASSES)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("mixup", "cutmix"), [(0.2, 0), (1, 0), (0, 1), (0, 0.3), (0.4, 1.0)])
def test_that_every_target_sums_to_one_and_names_only_the_two_classes(
    mixup: float, cutmix: float, seed: int
) -> None:
    _, soft = mixed(mixup, cutmix, seed)

    assert soft.shape == (6, CLASSES)
    torch.testing.assert_close(soft.sum(dim=1), torch.ones(6))
    assert (soft >= 0).all()
    for row, (own, partner) in zip(soft, zip(TARGETS, TARGETS.flip(0), strict=True), strict=True):
        assert set(row.nonzero().flatten().tolist()) <= {int(own), int(partner)}


@pytest.mark.parametrize("seed", range(20))
def test_that_the_share_of_a_mixup_is_the_same_in_pixels_and_targets(seed: int) -> None:
    images, soft = mixed(1.0, 0, seed)
    kept = float(soft[2, 2])  # its partner is of class 3

    expected = kept * torch.arange(6.0) + (1 - kept) * torch.arange(6.0).flip(0)
    torch.testing.assert_close(images[:, 0, 0, 0], expected)
    torch.testing.assert_close(images.amax(dim=(1, 2, 3)), images.amin(dim=(1, 2, 3)))


@pytest.mark.parametrize("seed", range(20))
def test_that_the_share_of_a_cutmix_is_the_area_that_was_kept(seed: int) -> None:
    images, soft = mixed(0, 1.0, seed)

    own = images[2] == 2
    assert ((images[2] == 2) | (images[2] == 3)).all()
    assert float(soft[2, 2]) == pytest.approx(float(own.float().mean()), abs=1e-6)
    pasted = ~own[0]
    rows, columns = pasted.any(dim=1), pasted.any(dim=0)
    assert int(pasted.sum()) == int(rows.sum()) * int(columns.sum())  # one box


def test_that_shares_are_spread_as_the_beta_distribution_says() -> None:
    kept = np.array([float(mixed(0.4, 0, seed)[1][2, 2]) for seed in range(2000)])

    assert kept.mean() == pytest.approx(0.5, abs=0.03)
    assert kept.var() == pytest.approx(1 / (4 * (2 * 0.4 + 1)), rel=0.1)


def test_that_with_both_on_each_has_an_equal_chance() -> None:
    is_cut = [bool((mixed(1.0, 1.0, seed)[0] % 1 == 0).all()) for seed in range(400)]

    assert 0.4 < np.mean(is_cut) < 0.6


def test_that_equal_chance_gives_equal_batches_and_the_input_is_left_alone() -> None:
    images = constant_images()
    mix_batch(images, TARGETS, np.random.default_rng(1), MixSettings(0, 1.0), CLASSES)

    assert torch.equal(images, constant_images())
    assert all(torch.equal(one, two) for one, two in zip(mixed(1, 1, 5), mixed(1, 1, 5), strict=True))


def test_that_off_is_off() -> None:
    images, targets = mixed(0, 0, 0)

    assert torch.equal(images, constant_images())
    assert targets is TARGETS


@pytest.mark.parametrize(
    ("changes", "mixes"),
    [
        ({}, False),
        ({"mixup_alpha": 0.4}, True),
        ({"cutmix_alpha": 1.0}, True),
        ({"enabled": False, "mixup_alpha": 0.4, "cutmix_alpha": 1.0}, False),
    ],
)
def test_that_the_settings_decide_whether_a_batch_is_mixed(changes: dict[str, object], mixes: bool) -> None:
    images = constant_images()
    settings = AugmentationConfig.model_validate(changes)
    found, targets = Classification().mix(images, TARGETS, np.random.default_rng(0), settings, CLASSES)

    assert (found is not images) is mixes
    assert (targets is not TARGETS) is mixes
