"""Where a restored model looks: its own explanation, else the evidence in a layer of its network, by Captum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.config.features import require_feature
from engine.data.normalisation import TensorInput
from engine.data.preprocessing import seen_area
from engine.errors import PluginError, UserError
from engine.inference.heat_map import HeatMap, unavailable
from engine.plugin.feature_layers import Deepest, deepest_map, places_of
from engine.tasks.task import Task

ClassScoring = Callable[[Tensor], Tensor]
"""From a network's input (N, 3, S, S) to (N, C), one number a class, with its gradient."""
_STEPS = 16
"""From a gray image to the one that is explained."""
_AT_ONCE = 4


class Explainer:
    """Tells the heat maps of one network.

    Args:
        network: in eval mode, on its device.
        task: what its outputs mean.
        tensor_input: what makes its input of an image.
        layer: of which the map is told; None looks for the deepest one that still has places.
        within: the part of the network in which it is looked for; None for all.
    """

    def __init__(
        self,
        network: nn.Module,
        task: Task,
        tensor_input: TensorInput,
        layer: nn.Module | None = None,
        within: nn.Module | None = None,
    ) -> None:
        self._network = network
        self._task = task
        self._tensor_input = tensor_input
        self._layer = layer
        self._within = within
        self._found: Deepest | None = None

    def __call__(self, image: NDArray[np.uint8], label: int | None) -> HeatMap:
        """Explain a class of an image (H, W, 3), else the one that is predicted.

        Raises:
            UserError: `explanation_unavailable`.
        """
        height, width = image.shape[:2]
        pixels = self._tensor_input([image])
        self._network.eval()
        with torch.enable_grad():
            scores = self._scores(pixels)
            chosen = int(scores[0].argmax()) if label is None else label
            values = self._map(pixels, chosen)
        area = seen_area(width, height, self._tensor_input.image_size, self._tensor_input.framing)
        return HeatMap(values, area, chosen)

    def _scores(self, pixels: Tensor) -> Tensor:
        try:
            outputs: object = self._network(pixels)
        except Exception as error:
            raise unavailable(
                f"The network does not take a batch of images by itself ({type(error).__name__}: {error})."
            ) from error
        scores = self._task.class_scores(outputs)
        if scores is None:
            raise unavailable(
                "What this model finds stands in its boxes: it gives no one score for a class, "
                "whose grounds a heat map could show."
            )
        return scores

    def _map(self, pixels: Tensor, label: int) -> NDArray[np.float32]:
        if self._found is None:
            found = deepest_map(self._network, pixels, self._within)
            if found is None and self._layer is None:
                raise unavailable("No layer of this network keeps the places of an image.")
            layer = self._layer or (found.layer if found is not None else self._network)
            self._found = Deepest(layer, found is not None and found.has_tokens_behind)
        return _evidence(self._scores, self._found, pixels, label)


def own_explanation(
    explain: Callable[..., object], image: NDArray[np.uint8], label: int, what: str
) -> HeatMap:
    """Ask a plugin's `explain(image, class)` for its map of the whole image.

    Raises:
        PluginError: `explanation_wrong`.
    """
    try:
        given: Any = explain(image, label)
        values = np.asarray(given.detach().cpu() if isinstance(given, Tensor) else given, dtype=np.float32)
    except UserError:
        raise
    except Exception as error:
        raise PluginError(
            "explanation_wrong",
            f"`explain` of {what} failed: {type(error).__name__}: {error}.",
            "See the predictor's log.",
        ) from error
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():  # rows and columns
        raise PluginError(
            "explanation_wrong",
            f"`explain` of {what} gave an array of shape {values.shape}, or one with values that are no numbers.",
            "Give a map (h, w) of the whole image: the higher a value, the more it speaks for the class.",
        )
    return HeatMap(_to_unit(values), (0.0, 0.0, float(image.shape[1]), float(image.shape[0])), label)


def _evidence(scores: ClassScoring, found: Deepest, pixels: Tensor, label: int) -> NDArray[np.float32]:
    """Tell what each place of a layer adds to the score of a class.

    Gradient times activation, which is Grad-CAM where a layer is averaged before the classes. Behind the patches of a
    transformer follows all of its attention: there one gradient says little, and those on the way from a gray image
    are summed.
    """
    require_feature("heat_maps")
    from captum.attr import (  # take half a second, which only explanations need
        LayerGradientXActivation,
        LayerIntegratedGradients,
    )

    if found.has_tokens_behind:
        integrated = LayerIntegratedGradients(scores, found.layer)
        gray = torch.zeros_like(pixels)
        told: object = integrated.attribute(
            pixels.clone(), gray, target=label, n_steps=_STEPS, internal_batch_size=_AT_ONCE
        )
    else:
        told = LayerGradientXActivation(scores, found.layer).attribute(pixels.clone(), target=label)
    values = told[0] if isinstance(told, tuple) else told
    by_place = places_of(values) if isinstance(values, Tensor) else None
    if by_place is None:
        raise unavailable(
            "The layer that this model names for its heat map does not keep the places of an image."
        )
    return _to_unit(by_place[0].sum(dim=0).detach().float().cpu().numpy())


def _to_unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Leave out what speaks against the class; the most telling place becomes 1."""
    kept = np.maximum(values, 0)
    most = float(kept.max())
    return (kept / most if most > 0 else kept).astype(np.float32)
