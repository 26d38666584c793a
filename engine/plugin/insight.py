"""What a restored model tells beside its answers: where it looks, and the features by which it tells images apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.data.normalisation import TensorInput
from engine.errors import UserError
from engine.inference.heat_map import HeatMap, unavailable
from engine.plugin.contract import BaseModel
from engine.plugin.explaining import Explainer, own_explanation
from engine.plugin.feature_layers import features_of
from engine.tasks.predictions import ClassScores, SegmentationMap
from engine.tasks.registry import task_named

Images = list[NDArray[np.uint8]]


class Insight:
    """Asks a model's own `explain` and `features` where it has them, else its network.

    Args:
        model: with its weights, in eval mode.
        network: of the model; None where it cannot be told.
        task: its name.
        tensor_input: what makes the network's input of an image.
    """

    def __init__(
        self, model: BaseModel, network: nn.Module | None, task: str, tensor_input: TensorInput
    ) -> None:
        self._model = model
        self._network = network
        self._task = task_named(task)
        self._tensor_input = tensor_input
        self._explainer: Explainer | None = None

    @property
    def is_own(self) -> bool:
        """Whether the model says its heat maps itself; it needs to be told a class."""
        return self._own("explain") is not None

    def explain(self, image: NDArray[np.uint8], label: int | None) -> HeatMap:
        """Say where the model looks when it takes an image (H, W, 3) for a class; None takes the predicted one.

        Raises:
            UserError: `explanation_unavailable`, or PluginError: `explanation_wrong`.
        """
        own = self._own("explain")
        if own is not None:
            return own_explanation(own, image, label or 0, type(self._model).__name__)
        if self._network is None:
            raise unavailable("This model has no one network whose layers could be looked into.")
        if self._explainer is None:
            layer = self._own("explained_layer")
            named = cast("nn.Module | None", layer() if layer is not None else None)
            self._explainer = Explainer(
                self._network, self._task, self._tensor_input, named, self._backbone()
            )
        return self._explainer(image, label)

    def features(self, images: Images) -> NDArray[np.float32]:
        """Give float32 (N, D), a row an image (H, W, 3).

        Raises:
            UserError: `features_unavailable`.
        """
        own = self._own("features")
        if own is not None:
            rows: object = own(images)
        elif self._network is None:
            rows = None
        else:
            self._network.eval()
            rows = self._of_network(self._network, images)
        found = rows.detach().float().cpu().numpy() if isinstance(rows, Tensor) else np.asarray(rows)
        if found.ndim != 2 or len(found) != len(images):  # images and numbers
            raise UserError(
                "features_unavailable",
                "This model does not say its features.",
                "A plugin may say them: see `features` in the plugin guide.",
            )
        return found.astype(np.float32)

    def _of_network(self, network: nn.Module, images: Images) -> Tensor | None:
        try:
            return features_of(network, self._tensor_input(images), self._backbone())
        except (TypeError, ValueError, RuntimeError, LookupError, AttributeError):
            return None  # it does not take a plain batch

    def _backbone(self) -> nn.Module | None:
        find = self._own("backbone")
        found = find() if find is not None else None
        return found if isinstance(found, nn.Module) else None

    def _own(self, name: str) -> Callable[..., object] | None:
        found: object = getattr(self._model, name, None)
        return found if callable(found) and not isinstance(found, nn.Module) else None


def predicted_class(prediction: object) -> int:
    """Give the class that a prediction is about most: the likeliest, or the one with most pixels."""
    if isinstance(prediction, ClassScores):
        return prediction.best
    if isinstance(prediction, SegmentationMap):
        return int(np.bincount(prediction.labels.ravel()).argmax())
    return 0
