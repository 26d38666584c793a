"""ResNet-50 (He et al. 2016) from torchvision."""

from __future__ import annotations

from torch import nn
from torchvision.models import ResNet50_Weights, resnet50

from engine.plugin import ModelMetadata, PluginError, PretrainedConfig, TorchModel


class ResNet50(TorchModel):
    """The classic of image classification."""

    Config = PretrainedConfig

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(
            name="resnet50",
            author="torchvision",
            framework="torchvision",
            task_type="classification",
            description="ResNet-50 (He et al. 2016), 25.6 million parameters: the common yardstick.",
            tags=["resnet", "cnn"],
            min_gpu_memory_gb=4.0,
            recommended_batch_size=32,
            licence="BSD-3-Clause",
            pretrain_data="ImageNet-1k",
            pretrain_score="80.9 % top-1 on ImageNet-1k at 224 px (torchvision's IMAGENET1K_V2)",
        )

    def build(self) -> nn.Module:
        network = resnet50(weights=None)
        source = self.config.get("pretrained", "auto")
        if source in ("auto", "hub"):
            self._download(network, required=source == "hub")
        network.fc = nn.Linear(network.fc.in_features, self.num_classes)
        if source == "file":
            self.start_from_file(network)
        return network

    def _download(self, network: nn.Module, *, required: bool) -> None:
        try:
            weights = ResNet50_Weights.IMAGENET1K_V2.get_state_dict(progress=False, check_hash=True)
        except (OSError, RuntimeError) as error:
            message = f"ImageNet weights for ResNet-50 could not be downloaded ({type(error).__name__})."
            if required:
                hint = "Connect to the internet, or set pretrained to file or off."
                raise PluginError("weights_unreachable", message, hint) from error
            self.notes.append(
                f"{message} The training starts from chance, which needs more images and epochs."
            )
            return
        network.load_state_dict(weights)

    def backbone_parameters(self) -> list[nn.Parameter]:
        head = {id(parameter) for parameter in self._head().parameters()}
        return [parameter for parameter in self.network.parameters() if id(parameter) not in head]

    def _head(self) -> nn.Module:
        return self.network.get_submodule("fc")
