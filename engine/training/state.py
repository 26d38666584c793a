"""The exact state of a training between two optimizer steps: taken for a checkpoint, and put back on resume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from torch import Tensor, nn
from torch.optim import Optimizer

from engine.checkpoints.read import StoredCheckpoint, load_weights, tensors_of
from engine.device.policy import DevicePolicy
from engine.device.randomness import capture_randomness, restore_randomness
from engine.training.ema import Ema
from engine.training.job import BestRecord
from engine.training.loss_log import EpochSums
from engine.training.patience import Patience
from engine.training.schedule import Schedule

STATE_VERSION = 1


@dataclass(slots=True)
class Position:
    """How far the training is. Lies always between two optimizer steps."""

    epoch: int = 0
    """Finished epochs: the number, from 0, of the one that is being trained."""
    batch: int = 0
    """Batches of that epoch that were trained on; all of them when only its end is missing."""
    step: int = 0
    """Optimizer steps done."""
    elapsed_s: float = 0.0
    best: BestRecord | None = None
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    """The newest validation's, by full name."""
    last_command: int = 0


@dataclass(slots=True, eq=False)
class TrainingState:
    """Everything that the next step depends on, each part owned by its module."""

    network: nn.Module
    ema: Ema | None
    optimizer: Optimizer
    schedule: Schedule
    policy: DevicePolicy
    stopping: Patience
    sums: EpochSums
    position: Position
    batch_size: int

    @property
    def judged_network(self) -> nn.Module:
        """The network that is validated and handed out: the averaged one if there is one."""
        return self.network if self.ema is None else self.ema.network

    def weights(self) -> dict[str, Tensor]:
        """What inference loads."""
        return tensors_of(self.judged_network)

    def capture(self) -> dict[str, object]:
        """Take all that is not in `weights`; holds the live tensors, not copies."""
        state: dict[str, object] = {
            "version": STATE_VERSION,
            "optimizer": self.optimizer.state_dict(),
            "optimizer_kind": type(self.optimizer).__name__,
            "schedule": self.schedule.state_dict(),
            "policy": self.policy.state_dict(),
            "stopping": self.stopping.state_dict(),
            "sums": self.sums.state_dict(),
            "position": asdict(self.position),
            "batch_size": self.batch_size,
            "randomness": capture_randomness(self.policy.device),
        }
        if self.ema is not None:
            state["network"] = tensors_of(self.network)
        return state

    def restore(self, stored: StoredCheckpoint, origin: str) -> list[str]:
        """Put a checkpoint back. Gives sentences about what could not be taken over.

        Raises:
            UserError: `checkpoint_mismatch`.
        """
        state = stored.state
        raw = cast("Mapping[str, Tensor]", state.get("network", stored.weights))
        load_weights(self.network, raw, origin)
        if self.ema is not None:
            load_weights(self.ema.network, stored.weights, origin)
        self.position = _position(state.get("position"))
        self._fit_batches(int(cast("int", state.get("batch_size", self.batch_size))))
        told = self._restore_optimizer(state)
        self.schedule.restore(_part(state, "schedule"), self.position.step)
        self.policy.load_state_dict(_part(state, "policy"))
        self.stopping.load_state_dict(_part(state, "stopping"))
        self.sums = EpochSums.from_state(state.get("sums"))
        if "randomness" in state:
            restore_randomness(_part(state, "randomness"), self.policy.device)
        return told

    def _restore_optimizer(self, state: Mapping[str, object]) -> list[str]:
        kind = state.get("optimizer_kind")
        saved = dict(_part(state, "optimizer"))
        fresh = self.optimizer.state_dict()
        sizes = [len(group["params"]) for group in fresh["param_groups"]]
        if kind != type(self.optimizer).__name__ or sizes != [
            len(group["params"]) for group in cast("list[dict[str, Any]]", saved.get("param_groups", []))
        ]:
            return [f"The optimizer starts anew: the checkpoint holds that of {kind} with other groups."]
        # Settings are those of now (a retry may have lowered the rate); what was learned is of then.
        saved["param_groups"] = fresh["param_groups"]
        self.optimizer.load_state_dict(saved)
        return []

    def _fit_batches(self, before: int) -> None:
        """A retry may have changed the batch size: stay at the same image."""
        if before != self.batch_size:
            self.position.batch = self.position.batch * before // self.batch_size


def _part(state: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = state.get(name)
    return cast("Mapping[str, object]", part) if isinstance(part, Mapping) else {}


def _position(stored: object) -> Position:
    values = dict(cast("Mapping[str, Any]", stored)) if isinstance(stored, Mapping) else {}
    best = values.pop("best", None)
    known = {name: value for name, value in values.items() if name in Position.__dataclass_fields__}
    return Position(**known, best=BestRecord(**best) if best else None)
