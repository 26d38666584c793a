"""The loss of classification."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy


def classification_loss(outputs: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy, nats.

    Args:
        outputs: logits (N, C); computed in float32 whatever the autocast type.
        targets: int64 (N,) classes, or float (N, C) soft targets whose rows sum to 1.
        label_smoothing: share of each target that is spread evenly over all classes.
    """
    return cross_entropy(outputs.float(), targets, label_smoothing=label_smoothing)
