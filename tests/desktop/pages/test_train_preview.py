"""The preview on the Train page, with the engine's own process: pictures beside the form, and what is said instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.train import TrainPage
from desktop.pages.train_preview import HELD
from desktop.viewers.label_view import TRUTH
from engine.config.schema import ConfigSchema
from engine.config.train import TrainConfig
from engine.datasets.library import Library
from engine.protocol.catalog import ModelMetadata, PluginEntry
from engine.store.database import Store
from tests.engine.datasets.labelled import coco, write_json, write_pictures
from tests.engine.plugin.test_previewing import PLAIN
from tests.engine.plugin.texts import write_plugin

WAIT_MS = 120_000
BOXES = PLAIN.replace("plain", "boxes").replace("classification", "detection")


@pytest.fixture
def page(context: Context, qtbot: QtBot, tmp_path: Path) -> TrainPage:
    names = [f"{number}.png" for number in range(1, 9)]
    objects = [{"image_id": number, "bbox": [4, 3, 20, 16]} for number in range(1, 9)]
    folder = write_pictures(tmp_path / "cells", *names)
    write_json(folder / "_annotations.coco.json", coco({name: int(name[0]) for name in names}, objects))
    Library(context.home).import_dataset(folder)
    source = write_plugin(context.home.plugins / "boxes", BOXES)
    with Store.open(context.home.store_path) as store:
        store.pause_queue()
    about = ModelMetadata(name="boxes", task_type="detection", framework="pytorch", recommended=True)
    schema = ConfigSchema.from_pydantic(TrainConfig, presets={"easy": {"image_size": 64}})
    context.catalogue.entries = [
        PluginEntry(id="boxes", model="boxes", folder=str(source.path), metadata=about, config_schema=schema)
    ]
    context.catalogue.is_loaded = True
    context.datasets.refresh()
    made = TrainPage(context)
    qtbot.addWidget(made)
    made.resize(1300, 800)
    qtbot.waitUntil(lambda: made.setup.form is not None)
    made.show()
    return made


@pytest.mark.slow
def test_that_pictures_follow_the_form_and_wait_while_it_is_wrong(page: TrainPage, qtbot: QtBot) -> None:
    setup, strip = page.setup, page.setup.preview
    assert setup.form is not None
    assert setup.state is not None
    setup.form.open_groups(True)
    qtbot.waitUntil(lambda: bool(strip.model.rows), timeout=WAIT_MS)
    before = strip.model.rows[0]
    assert before.original.labels.boxes.tolist() == [[4, 3, 24, 19]]
    assert strip.tiles[1].accessibleDescription() == "1 cat"

    setup.state.set("augmentation.enabled", False)
    qtbot.waitUntil(lambda: bool(strip.model.notes), timeout=WAIT_MS)
    assert strip.note.text() == "Augment is off: every epoch sees the same picture."
    still = strip.model.rows[0]
    assert still.variants[0].image == still.variants[1].image

    setup.state.set("image_size", 3)
    assert strip.note.text() == HELD
    assert not strip.model.is_waiting
    setup.state.reset("image_size")
    assert strip.note.text() != HELD

    strip.enlarge.click()
    assert page.right.currentWidget() is strip.panel
    qtbot.waitUntil(lambda: len(strip.model.rows) == 3 and not strip.model.is_waiting, timeout=WAIT_MS)
    labels = strip.panel.views[2][3].labels(TRUTH)
    assert labels is not None
    assert len(labels) == 1
    strip.panel.close_button.click()
    assert page.right.currentWidget() is page.empty


@pytest.mark.slow
def test_that_an_augmentation_that_cannot_be_shown_says_so(
    page: TrainPage, context: Context, qtbot: QtBot
) -> None:
    broken = "    def build_augmentation(self, config):\n        raise RuntimeError('no table of colours')\n"
    write_plugin(context.home.plugins / "boxes", BOXES + broken)
    strip = page.setup.preview
    assert page.setup.form is not None
    page.setup.form.open_groups(True)
    qtbot.waitUntil(lambda: strip.model.error is not None, timeout=WAIT_MS)
    assert "cannot be shown here" in strip.note.text()
    assert "no table of colours" in strip.note.text()
