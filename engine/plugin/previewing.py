"""What a preview of the augmentation must know of a plugin: its checked configuration, and what it varies itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.config.validation import resolve_config
from engine.data.loader import Augment
from engine.datasets.manifest import Manifest
from engine.errors import PluginError, UserError
from engine.inference.augmentation_preview import Subject
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.describer import describe, find_entry
from engine.plugin.measuring import built_without_memory, model_class_of
from engine.protocol.catalog import PluginEntry
from engine.protocol.home import Home

_HIDDEN = "This plugin varies its images in a way of its own, which cannot be shown here."


def study(home: Home, plugin: str, config: Mapping[str, object], manifest: Manifest) -> Subject:
    """Check a configuration, and find the plugin's own augmentation if it has one.

    Raises:
        UserError: `plugin_unknown`, `plugin_broken`, `config_invalid`, `task_differs`; PluginError:
            `augmentation_hidden`.
    """
    entry = find_entry(describe(home), plugin)
    if entry.config_schema is None or entry.metadata is None:
        raise UserError(
            "plugin_broken", f"The plugin {plugin!r} cannot be described.", "See it on the Plugins page."
        )
    if entry.metadata.task_type != manifest.task:
        raise UserError(
            "task_differs",
            f"The plugin {entry.metadata.name} is for {entry.metadata.task_type}, the dataset {manifest.name} "
            f"for {manifest.task}.",
            "Choose another of them.",
        )
    resolved = resolve_config(entry.config_schema, config)
    return Subject(resolved, _own_augmentation(entry, resolved, manifest))


def _own_augmentation(entry: PluginEntry, config: Mapping[str, object], manifest: Manifest) -> Augment | None:
    """What the plugin puts in the place of the configured augmentation; a loop of its own gets the configured one."""
    path = Path(entry.folder)
    model_class = model_class_of(path, entry.model)
    if not issubclass(model_class, TorchModel):
        return None
    if model_class.build_augmentation is TorchModel.build_augmentation:
        return None
    values = {
        **config,
        "num_classes": len(manifest.classes),
        "class_names": list(manifest.classes),
        "pretrained": "off",
    }
    try:
        model = built_without_memory(path, entry.model, values)
        assert isinstance(model, TorchModel)  # its class is one
        return model.augmentation()
    except Exception as error:
        why = str(error) or type(error).__name__
        raise PluginError("augmentation_hidden", _HIDDEN, f"Asked for it, it says: {why}") from error
