"""The adapter for torchvision's detectors: which one, on which backbone, and where its weights come from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, cast

from pydantic import Field
from torch import nn

from engine.config.field import ConfigField
from engine.config.pretrained import PretrainedConfig
from engine.config.schema import ConfigSchema
from engine.config.setting import Setting
from engine.config.train import TrainConfig
from engine.errors import PluginError
from engine.plugin.adapters.detector_backbone import Pyramid, backbone_names, make_body
from engine.plugin.adapters.detector_kinds import KINDS, DetectorParts
from engine.plugin.adapters.detector_network import DetectorNetwork
from engine.plugin.adapters.detector_settings import LeastScore, MostObjects, MostOverlap
from engine.plugin.adapters.torch_model import TorchModel

DetectorName = Literal["fcos", "retinanet", "ssdlite", "faster_rcnn", "mask_rcnn"]
_FOR_CLASSES = {"augmentation.mixup_alpha", "augmentation.cutmix_alpha", "label_smoothing"}


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
    nms_overlap: MostOverlap = 0.5
    max_objects: MostObjects = 100
    least_score: LeastScore = 0.001


class TorchvisionDetector(TorchModel):
    """A detector of torchvision on a feature pyramid. A plugin may fix `architecture` or `backbone_name`."""

    Config: ClassVar[type[TrainConfig]] = DetectorConfig
    architecture: ClassVar[DetectorName | None] = None
    """Set by a plugin that is about one detector."""
    backbone_name: ClassVar[str | None] = None
    """Set by a plugin that is about one backbone."""

    @classmethod
    def get_config_schema(cls) -> ConfigSchema:
        """As TorchModel's, without what the plugin fixes or boxes do not need, and with the backbones as options."""
        schema = _without_what_only_classes_need(super().get_config_schema())
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
            PluginError: `architecture_unknown`, `architecture_no_features`, `weights_missing`,
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
        body = make_body(self.backbone_name or settings.backbone, settings.pretrained, self.notes)
        self.input_mean, self.input_std = body.mean, body.std
        pyramid = Pyramid(body, settings.pyramid_channels, self.image_size)
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


def _without_what_only_classes_need(schema: ConfigSchema) -> ConfigSchema:
    """Leave out settings that mean nothing for boxes, from fields and presets."""
    fields = [field for field in schema.fields if field.name not in _FOR_CLASSES]
    presets = {
        name: {key: value for key, value in preset.items() if key not in _FOR_CLASSES}
        for name, preset in schema.presets.items()
    }
    return schema.model_copy(update={"fields": fields, "presets": presets})


def _with_backbones(field: ConfigField) -> ConfigField:
    return field.model_copy(update={"type": "select", "options": backbone_names()})
