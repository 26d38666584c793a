"""Gathers the scores of an evaluation in buffers on the model's device; nothing is copied or computed until the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import nll_loss

from engine.data.batch import Batch
from engine.errors import PluginError
from engine.metrics.ranking import log_losses
from engine.tasks.classification.judge import ScoreTable, judge_scores, stack_scores
from engine.tasks.task import Judgement, Prediction

MAX_DEVICE_BYTES = 1 << 30
"""Scores beyond this are gathered in ordinary memory."""


class ScoreCollector:
    """One evaluation of at most `capacity` images. Implements `engine.tasks.task.Collector`."""

    def __init__(self, class_names: Sequence[str], capacity: int) -> None:
        self._class_names = tuple(class_names)
        self._capacity = capacity
        self._filled = 0
        self._targets = np.zeros(capacity, dtype=np.int64)
        self._items = np.zeros(capacity, dtype=np.int64)
        self._probs: Tensor | None = None
        self._losses: Tensor | None = None
        self._loss_sum: Tensor | None = None

    def add_outputs(self, outputs: Tensor, loss: Tensor | None, batch: Batch) -> None:
        """Take logits (n, C), and the batch's mean loss or its (n,) losses; without any, the cross-entropy."""
        if outputs.ndim != 2 or outputs.shape[1] != len(self._class_names):
            raise PluginError(
                "outputs_shape",
                f"The network gave outputs of shape {tuple(outputs.shape)} for {len(self._class_names)} classes.",
                "A classifier's network gives logits of shape (batch, classes).",
            )
        logarithms = torch.log_softmax(outputs.detach().float(), dim=1)
        targets = batch.targets.to(outputs.device, non_blocking=True)
        if loss is not None and loss.ndim > 0:
            own = loss.detach().float()
        else:
            own = nll_loss(logarithms, targets, reduction="none")
        mean = loss.detach() if loss is not None and loss.ndim == 0 else own.mean()
        weighted = mean.double() * len(batch)
        probs, losses = self._buffers(outputs.device)
        part = self._take(batch)
        probs[part] = logarithms.exp_().to(probs.device)
        losses[part] = own.to(losses.device)
        self._loss_sum = weighted if self._loss_sum is None else self._loss_sum + weighted

    def add_predictions(self, predictions: Sequence[Prediction], batch: Batch) -> None:
        """Take one ClassScores an image; their loss is the cross-entropy of the probabilities."""
        rows = stack_scores(predictions, len(self._class_names))
        probs, losses = self._buffers(torch.device("cpu"))
        part = self._take(batch)
        probs[part] = torch.from_numpy(rows)
        losses[part] = torch.from_numpy(log_losses(rows, self._targets[part]).astype(np.float32))

    def judgement(self) -> Judgement:
        """Copy the buffers from the device once, and judge."""
        count = self._filled
        mean_loss = float(self._loss_sum) / count if self._loss_sum is not None and count else None
        table = ScoreTable(
            probs=self._taken(self._probs, (0, len(self._class_names))),
            targets=self._targets[:count],
            losses=self._taken(self._losses, (0,)),
            items=self._items[:count],
            mean_loss=mean_loss,
        )
        return judge_scores(table, self._class_names)

    def _buffers(self, device: torch.device) -> tuple[Tensor, Tensor]:
        if self._probs is None or self._losses is None:
            size = self._capacity * len(self._class_names) * 4
            place = device if size <= MAX_DEVICE_BYTES else torch.device("cpu")
            self._probs = torch.zeros((self._capacity, len(self._class_names)), device=place)
            self._losses = torch.zeros(self._capacity, device=place)
        return self._probs, self._losses

    def _take(self, batch: Batch) -> slice:
        part = slice(self._filled, self._filled + len(batch))
        self._targets[part] = batch.targets.numpy()
        self._items[part] = batch.indices.numpy()
        self._filled = part.stop
        return part

    def _taken(self, buffer: Tensor | None, empty: tuple[int, ...]) -> NDArray[np.float32]:
        if buffer is None:
            return np.zeros(empty, dtype=np.float32)
        return buffer[: self._filled].cpu().numpy()
