"""The settings of a training as far as they have an effect in a trainer of Ultralytics; the others are not shown."""

from __future__ import annotations

from engine.config.field import ConfigField, ConfigValue
from engine.config.schema import ConfigSchema
from engine.plugin.adapters.ultralytics_networks import SMALLEST_SIDE, STRIDE

_WITHOUT_EFFECT = {
    "augmentation.mixup_alpha",
    "augmentation.cutmix_alpha",
    "label_smoothing",
    "compile",
    "ema.enabled",
    "ema.decay",
    "start_from",
}
"""What only classes need, or what its trainer always does in a way of its own (averaging the weights)."""
_OTHERWISE: dict[str, dict[str, ConfigValue]] = {
    "image_size": {"default": 320, "min": SMALLEST_SIDE, "step": STRIDE},
    "batch_size": {"default": 16},
}
_SCHEDULE = "scheduler.type"
_UNKNOWN_SCHEDULE = "plateau"
"""It follows the validation, of which the trainer does not learn."""


def for_ultralytics(schema: ConfigSchema) -> ConfigSchema:
    """Leave out what has no effect, from fields and presets."""
    fields = [
        field.model_copy(update=_OTHERWISE.get(field.name, {}))
        for field in map(_without_plateau, schema.fields)
        if field is not None and field.name not in _WITHOUT_EFFECT
    ]
    presets = {
        name: {key: value for key, value in preset.items() if key not in _WITHOUT_EFFECT}
        for name, preset in schema.presets.items()
    }
    return schema.model_copy(update={"fields": fields, "presets": presets})


def _without_plateau(field: ConfigField) -> ConfigField | None:
    if field.name == _SCHEDULE:
        options = [option for option in field.options or [] if option != _UNKNOWN_SCHEDULE]
        return field.model_copy(update={"options": options})
    shown = (field.visible_when or {}).get(_SCHEDULE)
    if not shown or _UNKNOWN_SCHEDULE not in shown:
        return field
    left = [value for value in shown if value != _UNKNOWN_SCHEDULE]
    if not left:
        return None
    return field.model_copy(update={"visible_when": {**(field.visible_when or {}), _SCHEDULE: left}})
