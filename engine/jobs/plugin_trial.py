"""A plugin's training for a few batches only: its model can be asked afterwards, and nothing is measured meanwhile."""

from __future__ import annotations

from dataclasses import replace

from engine.plugin.contract import BaseModel
from engine.plugin.full_control import PluginTraining
from engine.plugin.plugin_config import PluginConfig


def for_trial(training: PluginTraining, built: list[BaseModel]) -> PluginTraining:
    """Give the training without the engine's validation after each epoch; the model it builds is added to `built`."""
    build, config = training.build, training.run_config

    def kept(settings: PluginConfig) -> BaseModel:
        built.append(build(settings))
        return built[-1]

    unmeasured = config.validation.model_copy(update={"enabled": False})
    return replace(
        training, build=kept, validate=None, run_config=config.model_copy(update={"validation": unmeasured})
    )
