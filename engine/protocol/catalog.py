"""What the describer tells about plugins: metadata, form schema and problems, as plain JSON."""

from __future__ import annotations

from pydantic import Field

from engine.config.schema import ConfigSchema
from engine.protocol.job import Frozen


class ModelMetadata(Frozen):
    """What a plugin author says about a model."""

    name: str
    version: str = "1.0.0"
    author: str = ""
    framework: str = "pytorch"
    """pytorch, timm, torchvision, ultralytics, custom."""
    task_type: str
    """classification, detection, segmentation."""
    description: str = ""
    tags: list[str] = Field(default_factory=list)
    min_gpu_memory_gb: float | None = None
    recommended_batch_size: int | None = None
    supported_image_sizes: list[int] = Field(default_factory=list)
    licence: str = ""
    recommended: bool = False
    """The one plugin of its task that runs well on a CPU with its easy preset."""
    pretrain_data: str = ""
    """What its weights were trained on before, such as `ImageNet-1k`; empty where the author does not say."""
    pretrain_score: str = ""
    """How well they did there, in the author's words, such as `80.9 % top-1 on ImageNet-1k`."""


class PluginProblem(Frozen):
    """One thing wrong with a plugin, with the place where it can be mended."""

    code: str
    message: str
    file: str = ""
    line: int | None = None
    hint: str = ""
    severity: str = "error"
    """error: the plugin cannot be used; warning: it can."""
    traceback: str = ""


class PluginEntry(Frozen):
    """One model of one plugin, or a plugin that could not be described (then `metadata` is None)."""

    id: str
    """Folder name: what `--plugin` takes."""
    model: str = ""
    """`metadata.name`: accepted by `--plugin` too."""
    folder: str
    builtin: bool = False
    source_hash: str = ""
    metadata: ModelMetadata | None = None
    config_schema: ConfigSchema | None = None
    problems: list[PluginProblem] = Field(default_factory=list)
    missing_requirements: list[str] = Field(default_factory=list)
    full_control: bool = False
    """Written straight on the nine methods, with its own loop."""

    @property
    def is_usable(self) -> bool:
        """Whether a run can start with it."""
        broken = any(problem.severity == "error" for problem in self.problems)
        return self.metadata is not None and not broken and not self.missing_requirements


class Catalogue(Frozen):
    """Everything the describer found."""

    entries: list[PluginEntry] = Field(default_factory=list)


class ModelCard(Frozen):
    """How large a model is with one configuration, found out by building it; None where that cannot be told."""

    plugin: str
    model: str
    image_size: int
    """Pixels, both ways."""
    classes: int
    parameters: int | None = None
    """Numbers that a training can change."""
    flops: float | None = None
    """Floating-point operations to look at one image; a multiply-add counts as two."""
    why_not: str = ""
    """A sentence that says why a number is missing."""
