from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desktop.forms.form_state import FormState
from desktop.forms.schema_form import SchemaForm
from desktop.theme.fonts import load_fonts
from desktop.theme.theme import theme
from desktop.theme.tokens import SIZE
from engine.config.field import ConfigField
from engine.config.schema import ConfigSchema
from engine.config.train import TRAIN_PRESETS, TrainConfig
from engine.protocol.catalog import Catalogue, PluginEntry

MakeForm = Callable[..., SchemaForm]


@pytest.fixture(autouse=True)
def _look(qapp: object) -> None:
    load_fonts()
    theme.choose("dark")


@pytest.fixture(scope="session")
def engine_schema() -> ConfigSchema:
    """The engine's own settings and presets, as every plugin of its training loop has them."""
    return ConfigSchema.from_pydantic(TrainConfig, TRAIN_PRESETS)


@pytest.fixture(scope="session")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> list[PluginEntry]:
    """The built-in plugins and the written-out example, as the describer tells them to the window."""
    repository = Path(__file__).resolve().parents[3]
    home = tmp_path_factory.mktemp("describe") / "home"
    (home / "plugins").mkdir(parents=True)
    (home / "plugins" / "plan_example").symlink_to(repository / "tests" / "fixtures" / "plan_example")
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "engine", "describe", "--json"],
        env={**os.environ, "LENSMITH_HOME": str(home), "PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    return list(Catalogue.model_validate(json.loads(ended.stdout)).entries)


@pytest.fixture
def make_form(qtbot: QtBot) -> MakeForm:
    """Show a form of these fields, as wide as the setup pane."""

    def make(
        *fields: ConfigField, state: FormState | None = None, height: int = 700, **more: Any
    ) -> SchemaForm:
        form = SchemaForm(state or FormState(ConfigSchema(fields=list(fields))), **more)
        qtbot.addWidget(form)
        form.resize(SIZE.setup_pane, height)
        form.show()
        qtbot.waitExposed(form)
        form.finish()
        return form

    return make


@pytest.fixture
def form(make_form: MakeForm, engine_schema: ConfigSchema) -> SchemaForm:
    return make_form(state=FormState(engine_schema))
