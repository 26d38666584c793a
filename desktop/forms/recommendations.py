"""What a plugin's metadata means for its form: defaults, bounds and warnings."""

from __future__ import annotations

from collections.abc import Mapping

from engine.config.field import ConfigField
from engine.config.schema import ConfigSchema
from engine.protocol.catalog import ModelMetadata

BATCH = "batch_size"
SIDE = "image_size"


def recommended(schema: ConfigSchema, metadata: ModelMetadata | None) -> ConfigSchema:
    """Let the recommended batch size be the default, and the supported image sizes the bounds."""
    if metadata is None:
        return schema
    fields = [_with_metadata(field, metadata) for field in schema.fields]
    return schema.model_copy(update={"fields": fields})


def size_choices(field: ConfigField, metadata: ModelMetadata | None) -> tuple[int, ...]:
    """Give the values that the field offers beside free typing; empty for most fields."""
    if metadata is None or field.name != SIDE or field.type != "int":
        return ()
    return tuple(sorted(set(metadata.supported_image_sizes)))


def size_warning(values: Mapping[str, object], metadata: ModelMetadata | None) -> str:
    """Say that an image size is none of those the model was made for; empty when it is one."""
    sizes = sorted(set(metadata.supported_image_sizes)) if metadata is not None else []
    value = values.get(SIDE)
    if not sizes or not isinstance(value, int) or value in sizes:
        return ""
    return f"This model is made for {_listed(sizes)} px."


def memory_warning(metadata: ModelMetadata | None, gpu_memory_gb: float | None) -> str:
    """Say that the model asks for more GPU memory than there is; empty when it does not.

    Args:
        metadata: the plugin's.
        gpu_memory_gb: of the largest GPU of the machine; 0 where there is none, None where that is not known.
    """
    wanted = metadata.min_gpu_memory_gb if metadata is not None else None
    if not wanted or gpu_memory_gb is None or gpu_memory_gb >= wanted:
        return ""
    if gpu_memory_gb <= 0:
        return f"This model asks for {wanted:g} GB of GPU memory, and there is no GPU: it will be slow."
    return (
        f"This model asks for {wanted:g} GB of GPU memory; the GPU has {gpu_memory_gb:.1f} GB. "
        "A smaller batch or image size may still fit."
    )


def _with_metadata(field: ConfigField, metadata: ModelMetadata) -> ConfigField:
    if field.name == BATCH and field.type == "int" and metadata.recommended_batch_size:
        return field.model_copy(update={"default": metadata.recommended_batch_size})
    sizes = size_choices(field, metadata)
    if sizes:
        nearest = min(sizes, key=lambda size: abs(size - _number(field.default)))
        bounds = {"min": float(sizes[0]), "max": float(sizes[-1])}
        return field.model_copy(update={"default": nearest, **bounds})
    return field


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _listed(sizes: list[int]) -> str:
    words = [str(size) for size in sizes]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
