"""The Predict page and Settings say on which device predictions are computed, where there is a choice."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.bridge.machine import Machine
from desktop.bridge.predictor_place import SETTING
from desktop.context import Context
from desktop.models.predictions_models import ModelFile
from desktop.pages.predict import PredictPage
from desktop.pages.predict_device import DeviceLine
from desktop.pages.settings_devices import DevicesSection
from engine.runner.devices import UsableGpu

FIRST = UsableGpu("cuda:0", "NVIDIA H100", 60 * 2**30)
SECOND = UsableGpu("cuda:1", "NVIDIA RTX 4090", 20 * 2**30)


@pytest.fixture
def leases(context: Context, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What runs use, to be changed."""
    held: dict[str, str] = {}
    monkeypatch.setattr(context.runs, "leases", lambda: held)
    monkeypatch.setattr(context.runs, "is_loaded", True)
    monkeypatch.setattr(context.predictor, "ask", lambda *_given: 0)
    return held


def machine(*gpus: UsableGpu) -> Machine:
    return Machine(8, 0, 1, 0, 1, usable=list(gpus))


def see(context: Context, *gpus: UsableGpu) -> None:
    context.machine.sampled.emit(machine(*gpus))


def offered(line: DeviceLine) -> list[str]:
    return [line.box.itemText(place) for place in range(line.box.count())]


def test_that_there_is_no_choice_on_a_machine_without_a_gpu(
    qtbot: QtBot, context: Context, leases: dict[str, str]
) -> None:
    page = PredictPage(context)
    qtbot.addWidget(page)
    see(context)
    page.tools.show()
    page.show()

    assert not page.device.isVisibleTo(page)

    see(context, FIRST)
    assert page.device.isVisibleTo(page)


def test_that_the_device_at_work_is_told_with_its_reason(
    qtbot: QtBot, context: Context, leases: dict[str, str]
) -> None:
    see(context, FIRST, SECOND)
    line = DeviceLine(context.predictor_place)
    qtbot.addWidget(line)

    assert offered(line) == ["Auto", "CPU", "GPU 0 (NVIDIA H100)", "GPU 1 (NVIDIA RTX 4090)"]
    assert (line.box.device, line.words.whole_text()) == ("auto", "GPU 0 (NVIDIA H100): no run uses it")

    leases |= {"a": "cuda:0"}
    context.runs.changed.emit()
    assert line.words.whole_text() == "GPU 1 (NVIDIA RTX 4090): no run uses it"

    leases |= {"b": "cuda:1"}
    context.runs.changed.emit()
    assert line.words.whole_text() == "CPU: runs use all GPUs"


def test_that_a_gpu_that_a_run_uses_is_refused_and_the_choice_stays(
    qtbot: QtBot, context: Context, leases: dict[str, str]
) -> None:
    leases |= {"a": "cuda:0"}
    context.runs.changed.emit()
    see(context, FIRST)
    line = DeviceLine(context.predictor_place)
    qtbot.addWidget(line)
    told: list[Told] = []
    context.told.connect(told.append)

    line.box.setCurrentIndex(2)

    assert [one.title for one in told] == ["GPU 0 is not taken for predictions: a run uses the GPU."]
    assert (line.box.device, line.words.whole_text()) == ("auto", "CPU: a run uses the GPU")


def test_that_the_cpu_is_chosen_by_the_keyboard(
    qtbot: QtBot, context: Context, leases: dict[str, str]
) -> None:
    see(context, FIRST)
    line = DeviceLine(context.predictor_place)
    qtbot.addWidget(line)
    line.show()

    qtbot.keyClick(line.box, Qt.Key.Key_Down)

    assert (context.predictor_place.wish, line.words.whole_text()) == ("cpu", "CPU: as chosen")
    assert context.settings.get(SETTING, "auto") == "auto", "the page's choice is no default"


def test_that_a_given_up_gpu_is_shown_as_the_cpu(
    qtbot: QtBot, context: Context, leases: dict[str, str]
) -> None:
    see(context, FIRST)
    line = DeviceLine(context.predictor_place)
    qtbot.addWidget(line)
    line.box.setCurrentIndex(2)
    assert line.words.whole_text() == "GPU 0 (NVIDIA H100): as chosen"

    leases |= {"a": "cuda:0"}
    context.runs.changed.emit()

    assert line.box.device == "cpu"
    assert line.words.whole_text() == "CPU: GPU 0 was given up, as a run uses the GPU"


def test_that_an_exported_file_is_told_to_compute_on_the_cpu(
    qtbot: QtBot, context: Context, leases: dict[str, str]
) -> None:
    see(context, FIRST)
    line = DeviceLine(context.predictor_place)
    qtbot.addWidget(line)

    line.show_model(ModelFile("x", "ONNX of best", Path("model.onnx")))
    assert line.words.whole_text() == "CPU: exported files compute there"

    line.show_model(None)
    assert line.words.whole_text().startswith("GPU 0")


def test_that_settings_keep_the_default_where_there_is_a_gpu(
    qtbot: QtBot, context: Context, leases: dict[str, str]
) -> None:
    section = DevicesSection(context)
    qtbot.addWidget(section)
    section.show()
    section.show_machine(machine())
    assert not section.predicting.isVisible()

    see(context, FIRST)
    assert section.predicting.isVisible()
    section.predicting.setCurrentIndex(2)

    assert context.settings.get(SETTING, "") == "cuda:0"
    assert context.predictor_place.wish == "cuda:0"


def test_that_a_default_that_is_not_there_any_more_is_shown_as_such(
    qtbot: QtBot, context: Context, leases: dict[str, str]
) -> None:
    context.settings.set(SETTING, "cuda:3")
    section = DevicesSection(context)
    qtbot.addWidget(section)
    section.show_machine(machine(FIRST))

    assert section.predicting.currentText() == "GPU 3 (not there)"
    assert section.predicting.device == "cuda:3"
