"""The build of torch follows from the GPUs and the driver, and the user has the last word."""

from __future__ import annotations

import pytest

import dev
from engine.errors import UserError
from engine.executors.ssh.torch_build import (
    TORCH,
    TORCHVISION,
    WHEEL_INDEX,
    build_named,
    choose_builds,
    require_build_name,
)
from engine.protocol.hosts import GpuFacts


def gpus(*capabilities: str) -> list[GpuFacts]:
    return [GpuFacts(index=i, name=f"GPU {i}", capability=told) for i, told in enumerate(capabilities)]


@pytest.mark.parametrize(
    ("capabilities", "driver", "tried"),
    [
        ((), "", ["cpu", "default"]),
        (
            ("6.1",),
            "580.65.06",
            ["cu126", "default", "cpu"],
        ),  # Pascal under a new driver: no kernels in CUDA 13
        (("8.6",), "575.57.08", ["cu126", "default", "cpu"]),
        (("8.9",), "590.10", ["cu130", "default", "cu126", "cpu"]),
        (("7.5",), "580.00", ["cu130", "default", "cu126", "cpu"]),
        (("9.0",), "580.159.04", ["cu130", "default", "cu126", "cpu"]),
        (("12.0",), "590.10", ["cu130", "default", "cpu"]),  # Blackwell: CUDA 12's build cannot do
        (("12.0",), "575.57", ["cpu", "default"]),
        (("6.1", "8.6"), "580.82", ["cu126", "default", "cpu"]),
        (("6.1", "12.0"), "580.82", ["cu130", "default", "cpu"]),
        (("3.5", "8.6"), "580.82", ["cu130", "default", "cu126", "cpu"]),  # the old one counts for nothing
        (("3.7",), "470.256", ["cpu", "default"]),
        (("8.6",), "525.60.13", ["cu126", "default", "cpu"]),
        (("8.6",), "520.61", ["cpu", "default"]),
        (("",), "580.82", ["cu126", "default", "cpu"]),
        (("",), "", ["cpu", "default"]),
    ],
)
def test_that_the_table_gives_the_build(capabilities: tuple[str, ...], driver: str, tried: list[str]) -> None:
    choice = choose_builds(gpus(*capabilities), driver)

    assert [build.name for build in choice.builds] == tried
    assert choice.reason.endswith(".")


def test_that_a_host_whose_driver_is_too_old_is_told_which_one_would_do() -> None:
    assert "580 or newer" in choose_builds(gpus("12.0"), "575.57").advice
    assert "525 or newer" in choose_builds(gpus("8.6"), "470.1").advice
    assert choose_builds(gpus("8.6"), "580.1").advice == ""


def test_that_the_user_has_the_last_word() -> None:
    choice = choose_builds(gpus("12.0"), "590.10", "cpu")

    assert [build.name for build in choice.builds] == ["cpu"]


def test_that_a_build_is_pinned_to_its_own_index() -> None:
    assert build_named("cu126").arguments == (
        f"torch=={TORCH}+cu126",
        f"torchvision=={TORCHVISION}+cu126",
        "--index-url",
        f"{WHEEL_INDEX}/cu126",
    )
    assert "--index-url" not in build_named("default").arguments


def test_that_it_is_the_pair_that_a_checkout_is_set_up_with() -> None:
    assert build_named("default").arguments == dev.TORCH


def test_that_a_build_that_does_not_exist_is_named() -> None:
    assert require_build_name("auto") == "auto"
    assert require_build_name("cu132") == "cu132"
    with pytest.raises(UserError, match="no build of torch named 'gpu'"):
        require_build_name("gpu")
