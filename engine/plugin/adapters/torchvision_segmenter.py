"""The adapter for torchvision's semantic segmenters: FCN, DeepLabV3 and LR-ASPP."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import torchvision
from torch import Tensor, nn

from engine.config.pretrained import PretrainedConfig
from engine.config.setting import Setting
from engine.config.train import TrainConfig
from engine.errors import PluginError
from engine.plugin.adapters.torch_model import TorchModel
from engine.tasks.segmentation.loss import AUXILIARY, OUT

Architecture = Literal[
    "lraspp_mobilenet_v3_large",
    "deeplabv3_mobilenet_v3_large",
    "deeplabv3_resnet50",
    "deeplabv3_resnet101",
    "fcn_resnet50",
    "fcn_resnet101",
]
_WITHOUT_AUXILIARY = frozenset({"lraspp_mobilenet_v3_large"})


class TorchvisionSegmenterConfig(PretrainedConfig):
    """The settings of a training, and which network."""

    architecture: Annotated[
        Architecture,
        Setting(
            label="Architecture",
            group="model",
            help="LR-ASPP is the fastest, DeepLabV3 with ResNet-101 the best and the largest.",
        ),
    ] = "lraspp_mobilenet_v3_large"
    auxiliary_loss: Annotated[
        bool,
        Setting(
            label="Auxiliary loss",
            group="model",
            help="A second head on an earlier layer, in training only; LR-ASPP has none.",
            advanced=True,
        ),
    ] = True


class Heads(nn.Module):
    """A segmenter of torchvision: all heads while it is trained, the logits (N, C, H, W) alone in eval mode."""

    def __init__(self, segmenter: nn.Module) -> None:
        super().__init__()
        self.segmenter = segmenter

    def forward(self, pixels: Tensor) -> dict[str, Tensor] | Tensor:
        outputs: dict[str, Tensor] = self.segmenter(pixels)
        if not self.training:
            return outputs[OUT]
        return {name: outputs[name] for name in (OUT, AUXILIARY) if name in outputs}


class TorchvisionSegmenter(TorchModel):
    """A segmenter of torchvision. A plugin may fix `architecture`; else it is a setting."""

    Config: ClassVar[type[TrainConfig]] = TorchvisionSegmenterConfig
    architecture: ClassVar[Architecture | None] = None
    """Set by a plugin that is about one architecture."""

    def build(self) -> nn.Module:
        """Make the network, with an ImageNet body where the settings ask for one and it can be had.

        Raises:
            PluginError: `architecture_unknown`, `weights_missing`, `weights_unreachable`.
        """
        source = str(self.config.get("pretrained", "auto"))
        segmenter = self._create(None)
        if source in ("auto", "hub"):
            segmenter = self._with_body(required=source == "hub") or segmenter
        network = Heads(segmenter)
        if source == "file":
            self.start_from_file(network)
        return network

    def backbone(self) -> nn.Module:
        return self.network.get_submodule("segmenter.backbone")

    @property
    def architecture_name(self) -> str:
        """The architecture in use."""
        named = self.architecture or self.config.get("architecture")
        return str(named or TorchvisionSegmenterConfig().architecture)

    def _with_body(self, *, required: bool) -> nn.Module | None:
        try:
            return self._create("DEFAULT")
        except (OSError, RuntimeError) as error:
            message = (
                f"The ImageNet weights for {self.architecture_name} could not be downloaded "
                f"({type(error).__name__})."
            )
            if required:
                hint = "Connect to the internet, or set pretrained to file or off."
                raise PluginError("weights_unreachable", message, hint) from error
            self.notes.append(
                f"{message} The training starts from chance, which needs more images and epochs."
            )
            return None

    def _create(self, body_weights: str | None) -> nn.Module:
        name = self.architecture_name
        if name not in torchvision.models.list_models(module=torchvision.models.segmentation):
            raise PluginError(
                "architecture_unknown",
                f"torchvision has no segmenter {name!r}.",
                "Choose lraspp_mobilenet_v3_large, deeplabv3_resnet50 or fcn_resnet50.",
            )
        extra: dict[str, Any] = {}
        if name not in _WITHOUT_AUXILIARY:
            extra["aux_loss"] = bool(self.config.get("auxiliary_loss", True))
        return torchvision.models.get_model(
            name, weights=None, weights_backbone=body_weights, num_classes=self.num_classes, **extra
        )
