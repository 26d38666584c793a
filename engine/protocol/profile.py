"""RUN/profile/profile.json of a profile run: where the time of its training steps went."""

from __future__ import annotations

from typing import Final, Literal

from engine.protocol.job import Frozen

PROFILE_NAME: Final = "profile.json"
TRACE_NAME: Final = "trace.json.gz"

Part = Literal["data", "copy", "forward", "backward", "optimizer", "validation", "waiting", "other"]
"""`data`: waiting for images. `copy`: to the device, normalised and mixed. `waiting`: a device without work.

`validation`: the part of it that falls to as many steps as were timed. `other`: everything else in the loop; for a
plugin with a loop of its own, all that it does between two batches.
"""


class ProfileRow(Frozen):
    """One part of the time."""

    name: Part
    seconds: float
    share: float
    """Of `Profile.seconds`, 0 to 1."""
    remedy: str = ""
    """What to do about it, in words; empty where nothing is to be done."""


class ProfileOperator(Frozen):
    """One operator of torch."""

    name: str
    calls: int
    seconds: float
    """In itself, without the operators that it calls."""
    share: float
    """Of the time of all operators."""


class Profile(Frozen):
    """What a profile run found."""

    schema_version: int = 1
    device: str
    """`cpu`, `cuda:0`."""
    steps: int
    """That were timed, after the warm-up."""
    seconds: float
    """Of these steps, with validation's part of as many."""
    images_per_s: float = 0.0
    precision: str = ""
    batch_size: int = 0
    rows: tuple[ProfileRow, ...]
    operators: tuple[ProfileOperator, ...] = ()
    """The most expensive ones first."""
    traced_steps: int = 0
    """Steps that torch.profiler watched: those after the timed ones."""
    trace: str = ""
    """File beside this one, for chrome://tracing or ui.perfetto.dev; empty when it grew too large to keep."""
    notes: tuple[str, ...] = ()
    """Sentences about what could not be told apart."""
