"""Which build of torch fits a host's GPUs and driver, and where pip finds it: a table, no guess of pip's.

A driver alone does not tell: a new driver runs old GPUs for which the newer builds hold no kernels. What is chosen here
is what is tried first; the judge is the self-test of the prepared environment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.errors import UserError
from engine.protocol.hosts import GpuFacts

TORCH: Final = "2.14.1"
TORCHVISION: Final = "0.29.1"
"""The pair that everything was proven with."""
WHEEL_INDEX: Final = "https://download.pytorch.org/whl"
DEFAULT: Final = "default"
"""The build of the host's own package index; on Linux one with CUDA."""
BUILDS: Final = ("cpu", "cu126", "cu130", DEFAULT)

_OLDEST_FOR_CUDA: Final = 5.0
_OLDEST_FOR_CUDA_13: Final = 7.5
_NEWEST_OF_CUDA_12: Final = 10.0
"""From this capability on, the build with CUDA 12 holds no kernels."""
_DRIVER_FOR_CUDA_12: Final = 525.6
_DRIVER_FOR_CUDA_13: Final = 580.0


@dataclass(frozen=True, slots=True)
class TorchBuild:
    """One build and what pip is asked for."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TorchChoice:
    """Builds in the order in which they are tried.

    Attributes:
        builds: the first one fits by the table; the others follow when it does not install or fails its self-test.
        reason: why the first, as a sentence for the user.
        advice: what would make a better build possible; empty when nothing would.
    """

    builds: tuple[TorchBuild, ...]
    reason: str
    advice: str = ""


def build_named(name: str) -> TorchBuild:
    """Give what pip is asked for to get one build."""
    if name == DEFAULT:
        return TorchBuild(DEFAULT, (f"torch=={TORCH}", f"torchvision=={TORCHVISION}"))
    pinned = (f"torch=={TORCH}+{name}", f"torchvision=={TORCHVISION}+{name}")
    return TorchBuild(name, (*pinned, "--index-url", f"{WHEEL_INDEX}/{name}"))


def require_build_name(name: str) -> str:
    """Give the name back, or say which there are.

    Raises:
        UserError: `torch_build_unknown`.
    """
    if name == "auto" or name in BUILDS or re.fullmatch(r"cu\d{3}", name):
        return name
    raise UserError(
        "torch_build_unknown",
        f"There is no build of torch named {name!r}.",
        f"Take auto, which looks at the GPU and its driver, or one of: {', '.join(BUILDS)}.",
    )


def choose_builds(gpus: Sequence[GpuFacts], driver: str, asked: str = "auto") -> TorchChoice:
    """Say which builds to try on a host.

    Args:
        gpus: as nvidia-smi tells them; none on a host without.
        driver: version of NVIDIA's driver, `580.65.06`.
        asked: the build that the user wants; auto leaves it to the table.
    """
    if asked != "auto":
        return TorchChoice((build_named(asked),), f"You asked for the build {asked}.")
    first, reason, advice = _by_table(gpus, driver)
    names = [first, DEFAULT]
    names += ["cu126"] if first == "cu130" and _newest(gpus) < _NEWEST_OF_CUDA_12 else []
    names += ["cpu"] if first != "cpu" else []
    return TorchChoice(tuple(map(build_named, names)), reason, advice)


def _by_table(gpus: Sequence[GpuFacts], driver: str) -> tuple[str, str, str]:
    """The build, why, and the advice."""
    if not gpus:
        return "cpu", "There is no NVIDIA GPU.", ""
    has = _number(driver)
    capabilities = [_number(gpu.capability) for gpu in gpus if gpu.capability]
    usable = [capability for capability in capabilities if capability >= _OLDEST_FOR_CUDA]
    if capabilities and not usable:
        return "cpu", f"{gpus[0].name} is too old for every build of torch {TORCH}.", ""
    newer = "With NVIDIA's driver {} or newer on the host, its GPU could be used."
    if has < _DRIVER_FOR_CUDA_12:
        return "cpu", f"NVIDIA's driver {driver or '(unknown)'} is too old.", newer.format(525)
    can_13 = has >= _DRIVER_FOR_CUDA_13
    if not usable:
        return "cu126", "What the GPU can do is unknown: the build for the most GPUs.", ""
    if max(usable) >= _NEWEST_OF_CUDA_12:
        if not can_13:
            return "cpu", f"{gpus[0].name} needs the driver 580; it has {driver}.", newer.format(580)
        if min(usable) < _OLDEST_FOR_CUDA_13:
            return "cu130", "The GPUs are of several ages: only the newer ones can be used.", ""
        return "cu130", f"The driver {driver} runs CUDA 13.", ""
    if min(usable) < _OLDEST_FOR_CUDA_13:
        return "cu126", "The oldest GPU has no kernels in the builds with CUDA 13.", ""
    if can_13:
        return "cu130", f"The driver {driver} runs CUDA 13.", ""
    return "cu126", f"The driver {driver} is older than 580, which CUDA 13 needs.", ""


def _newest(gpus: Sequence[GpuFacts]) -> float:
    return max((_number(gpu.capability) for gpu in gpus), default=0.0)


def _number(version: str) -> float:
    """The first two parts of a version; 0 for none."""
    found = re.match(r"(\d+)(?:\.(\d+))?", version)
    return float(f"{found[1]}.{found[2] or 0}") if found else 0.0
