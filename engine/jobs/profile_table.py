"""From the times of a profile's parts to its table: shares, and what to do about the large ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.protocol.profile import Part, ProfileOperator, ProfileRow

MOST_OPERATORS = 15
_ORDER: tuple[Part, ...] = (
    "data",
    "copy",
    "forward",
    "backward",
    "optimizer",
    "waiting",
    "other",
    "validation",
)
_NOTEWORTHY: dict[Part, float] = {
    "data": 0.1,
    "copy": 0.1,
    "forward": 0.4,
    "backward": 0.5,
    "optimizer": 0.15,
    "waiting": 0.15,
    "other": 0.1,
    "validation": 0.2,
}
"""From which share on there is something to be said."""


@dataclass(frozen=True, slots=True)
class Timed:
    """What was measured of some steps."""

    seconds: float
    """Of all of them, by the clock on the wall."""
    waited_s: float
    """Of waiting for images, as the loop saw it."""
    parts_s: Mapping[Part, float]
    """Of the parts that are told apart; empty for a plugin with a loop of its own."""
    validation_s: float = 0.0
    """What falls to as many steps."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What remedies depend on."""

    on_gpu: bool
    precision: str = ""
    compiles: bool = False
    caches: bool = True
    own_loop: bool = False


def rows_of(timed: Timed, setup: Setup) -> list[ProfileRow]:
    """Lay the time out in parts that add up to it, with what to do about the large ones."""
    parts = dict(timed.parts_s)
    known = sum(parts.values())
    rest = max(0.0, timed.seconds - known)
    # A GPU computes while the loop waits: only what it stands idle for counts, on images first.
    parts["data"] = min(timed.waited_s, rest)
    parts["waiting" if setup.on_gpu and not setup.own_loop else "other"] = rest - parts["data"]
    if timed.validation_s > 0:
        parts["validation"] = timed.validation_s
    total = max(1e-9, sum(parts.values()))
    return [
        ProfileRow(
            name=name,
            seconds=parts[name],
            share=parts[name] / total,
            remedy=_remedy(name, setup) if parts[name] / total >= _NOTEWORTHY[name] else "",
        )
        for name in _ORDER
        if name in parts
    ]


def operators_of(times: Mapping[str, tuple[int, float]]) -> list[ProfileOperator]:
    """Give the most expensive operators, from calls and seconds by name."""
    total = max(1e-9, sum(seconds for _, seconds in times.values()))
    found: Sequence[tuple[str, tuple[int, float]]] = sorted(
        times.items(), key=lambda pair: pair[1][1], reverse=True
    )
    return [
        ProfileOperator(name=name, calls=calls, seconds=seconds, share=seconds / total)
        for name, (calls, seconds) in found[:MOST_OPERATORS]
        if seconds > 0
    ]


def _remedy(name: Part, setup: Setup) -> str:
    if name in ("forward", "backward"):
        return _of_computing(setup)
    if name == "data":
        if not setup.caches:
            return "Set cache to auto or disk, so that each image is decoded once only; or use more workers."
        return (
            "The first epoch decodes every image. If later ones wait too: more workers, or less augmentation."
        )
    if name == "other":
        if setup.own_loop:
            return "The plugin's own loop: see the operators and the trace for what it does."
        return "Blending images (mixup_alpha, cutmix_alpha) and averaging weights (ema.enabled) are counted here."
    return {
        "copy": "Take a smaller image_size; a network that works longer on each image hides the copying too.",
        "optimizer": "Take a larger batch_size, or accumulate_steps: the weights are moved less often then.",
        "waiting": "The GPU is faster than it is told what to do: take a larger batch_size, or set compile.",
        "validation": "Validate less often: validation.val_interval.",
    }[name]


def _of_computing(setup: Setup) -> str:
    if setup.on_gpu and setup.precision == "fp32":
        return "Set precision to auto: half precision takes about half the time on most GPUs."
    if setup.on_gpu and not setup.compiles:
        return "The GPU computes: that is as it should be. compile may save some of it in a long training."
    if setup.on_gpu:
        return "The GPU computes: that is as it should be. A smaller image_size or model takes less."
    return "The processor computes: take a smaller image_size or model, freeze the backbone, or use a GPU."
