"""The adapter for torchvision's detectors: which one, on which backbone, and where its weights come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal, cast

import timm
from pydantic import Field
from torch import Tensor, nn

from engine.checkpoints.read import start_from_weights, tensors_of
from engine.config.field import ConfigField
from engine.config.pretrained import PretrainedConfig
from engine.config.schema import ConfigSchema
from engine.config.setting import Setting
from engine.config.train import TrainConfig
from engine.errors import PluginError
from engine.plugin.adapters.bundled_weights import bundled_file, bundled_weights
from engine.plugin.adapters.detector_backbone import (
    TORCHVISION_PREFIX,
    Pyramid,
    backbone_names,
    extra_levels,
    make_body,
)
from engine.plugin.adapters.detector_kinds import KINDS, DetectorParts
from engine.plugin.adapters.detector_network import DetectorNetwork
from engine.plugin.adapters.hub import quick_refusal_without_network
from engine.plugin.adapters.torch_model import TorchModel

DetectorName = Literal["fcos", "retinanet", "ssdlite", "faster_rcnn", "mask_rcnn"]
_FETCH_REFUSALS = (OSError, RuntimeError, ValueError, LookupError)


class DetectorConfig(PretrainedConfig):
    """The settings of a training, and which detector."""

    architecture: Annotated[
        DetectorName,
        Setting(
            label="Detector",
            group="model",
            help="fcos and retinanet look once, ssdlite is the fastest; faster_rcnn looks twice; "
            "mask_rcnn also gives masks and needs a dataset that has them.",
        ),
    ] = "fcos"
    backbone: Annotated[
        str,
        Setting(
            label="Backbone",
            group="model",
            help="One of timm's networks, or one of torchvision's after torchvision/.",
        ),
    ] = "tf_efficientnet_lite0"
    pyramid_channels: Annotated[
        int,
        Field(ge=32, le=512),
        Setting(
            label="Pyramid width",
            group="model",
            step=32,
            help="Channels of the feature pyramid and the heads; 256 is usual on a GPU.",
            advanced=True,
        ),
    ] = 64
    head_depth: Annotated[
        int,
        Field(ge=1, le=4),
        Setting(label="Head depth", group="model", help="Convolutions of each head.", advanced=True),
    ] = 2
    anchor_scale: Annotated[
        float,
        Field(ge=1, le=16),
        Setting(
            label="Anchor scale",
            group="model",
            help="Side of the smallest anchor over the stride; smaller for small objects.",
            advanced=True,
            visible_when={"architecture": ["retinanet", "ssdlite", "faster_rcnn", "mask_rcnn"]},
        ),
    ] = 3.0
    nms_overlap: Annotated[
        float,
        Field(gt=0, le=1),
        Setting(
            label="Most overlap",
            group="model",
            help="Of two boxes of a class that overlap more, only the surer one is told.",
            advanced=True,
        ),
    ] = 0.5
    max_objects: Annotated[
        int,
        Field(ge=1, le=1000),
        Setting(label="Most objects", group="model", help="Objects told of one image.", advanced=True),
    ] = 100
    least_score: Annotated[
        float,
        Field(ge=0, lt=1),
        Setting(
            label="Least score",
            group="model",
            help="Objects less sure than this are never told; metrics want it low.",
            advanced=True,
        ),
    ] = 0.02


class TorchvisionDetector(TorchModel):
    """A detector of torchvision on a feature pyramid. A plugin may fix `architecture` or `backbone_name`."""

    Config: ClassVar[type[TrainConfig]] = DetectorConfig
    architecture: ClassVar[DetectorName | None] = None
    """Set by a plugin that is about one detector."""
    backbone_name: ClassVar[str | None] = None
    """Set by a plugin that is about one backbone."""

    @classmethod
    def get_config_schema(cls) -> ConfigSchema:
        """As TorchModel's, without what the plugin fixes, and with the backbones as options."""
        schema = super().get_config_schema()
        fixed = {"architecture": cls.architecture, "backbone": cls.backbone_name}
        fields = [
            _with_backbones(field) if field.name == "backbone" else field
            for field in schema.fields
            if fixed.get(field.name) is None
        ]
        return schema.model_copy(update={"fields": fields})

    def build(self) -> nn.Module:
        """Make the detector, its backbone filled with the weights that the settings ask for.

        Raises:
            PluginError: `architecture_unknown`, `backbone_unknown`, `backbone_unfit`, `weights_missing`,
                `weights_unreachable`.
        """
        settings = self._detector_settings
        kind = self.architecture or settings.architecture
        if kind not in KINDS:
            raise PluginError(
                "architecture_unknown",
                f"There is no detector {kind!r}.",
                f"The detectors are: {', '.join(KINDS)}.",
            )
        body, levels = self._filled_body(self.backbone_name or settings.backbone)
        pyramid = Pyramid(body, levels, settings.pyramid_channels, extra_levels(levels, self.image_size))
        parts = DetectorParts(
            pyramid=pyramid,
            num_classes=self.num_classes,
            image_size=self.image_size,
            depth=settings.head_depth,
            anchor_scale=settings.anchor_scale,
            least_score=settings.least_score,
            most_overlap=settings.nms_overlap,
            most_objects=settings.max_objects,
        )
        network = DetectorNetwork(KINDS[kind](parts))
        if settings.pretrained == "file":
            self.start_from_file(network)
        return network

    def backbone(self) -> nn.Module | None:
        """The body under the pyramid."""
        pyramid = cast("DetectorNetwork", self.network).detector.backbone
        return pyramid.body if isinstance(pyramid, Pyramid) else None

    def backbone_parameters(self) -> Iterable[nn.Parameter]:
        part = self.backbone()
        return part.parameters() if part is not None else ()

    @property
    def _detector_settings(self) -> DetectorConfig:
        settings = self.settings
        return settings if isinstance(settings, DetectorConfig) else DetectorConfig.from_flat(self.config)

    def _filled_body(self, name: str) -> tuple[nn.Module, list[tuple[int, int]]]:
        source = self._detector_settings.pretrained
        if name.startswith(TORCHVISION_PREFIX) or source in ("off", "file"):
            if source == "hub":
                raise PluginError(
                    "weights_missing",
                    f"Weights of {name} are not fetched.",
                    "Name the same network without the prefix to take timm's, or set pretrained to file.",
                )
            if source == "auto":
                self.notes.append(f"{name} starts from chance, which needs more images and epochs.")
            return self._shaped_by(make_body(name))
        if source == "auto" and bundled_file(name) is not None:
            body, levels = make_body(name)
            whole: dict[str, Tensor] = tensors_of(timm.create_model(name))
            start_from_weights(body, _shared(bundled_weights(name, whole), body), "the bundled weights")
            return self._shaped_by((body, levels))
        return self._shaped_by(self._fetched_body(name, required=source == "hub"))

    def _fetched_body(self, name: str, *, required: bool) -> tuple[nn.Module, list[tuple[int, int]]]:
        try:
            with quick_refusal_without_network():
                return make_body(name, pretrained=True)
        except _FETCH_REFUSALS as error:
            message = f"The weights of {name} could not be fetched from the hub ({type(error).__name__})."
            if required:
                hint = "Connect to the internet, or set pretrained to auto, file or off."
                raise PluginError("weights_unreachable", message, hint) from error
            self.notes.append(
                f"{message} The training starts from chance, which needs more images and epochs."
            )
            return make_body(name)

    def _shaped_by(
        self, made: tuple[nn.Module, list[tuple[int, int]]]
    ) -> tuple[nn.Module, list[tuple[int, int]]]:
        """Take over the normalisation that the body's weights expect."""
        data: Mapping[str, object] = getattr(made[0], "default_cfg", None) or {}
        if "mean" in data and "std" in data:
            self.input_mean = tuple(cast("tuple[float, ...]", data["mean"]))
            self.input_std = tuple(cast("tuple[float, ...]", data["std"]))
        return made


def _shared(weights: dict[str, Tensor], body: nn.Module) -> dict[str, Tensor]:
    """Those of a whole classifier that its body has too."""
    own = tensors_of(body)
    return {name: tensor for name, tensor in weights.items() if name in own}


def _with_backbones(field: ConfigField) -> ConfigField:
    return field.model_copy(update={"type": "select", "options": backbone_names()})
