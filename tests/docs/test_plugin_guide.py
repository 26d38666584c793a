"""The guide's examples are run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.plugin.conformance import check
from engine.plugin.discovery import source_at
from engine.plugin.loading import load_source
from tests.engine.jobs.run_maker import make_run, write_pictures
from tests.engine.jobs.scenes import write_scenes
from tests.engine.tasks.detection.detection_run import make_detection_run, write_squares


def examples(repository: Path) -> list[str]:
    text = (repository / "docs" / "plugin-guide.md").read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture
def guide_plugin(repository: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "two_blocks"
    folder.mkdir()
    (folder / "model.py").write_text(examples(repository)[0], encoding="utf-8")
    return folder


def test_that_the_first_example_trains(guide_plugin: Path, tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data")

    run = make_run(tmp_path / "home", data, {}, guide_plugin)

    assert run.work().state == "completed"


@pytest.mark.slow
def test_that_the_first_example_passes_the_check(guide_plugin: Path) -> None:
    assert [problem for problem in check(guide_plugin) if problem.severity == "error"] == []


def test_that_the_second_example_adds_its_setting_with_bounds_and_unit(
    repository: Path, tmp_path: Path
) -> None:
    methods = (
        "    @classmethod\n"
        "    def get_metadata(cls):\n"
        "        from engine.plugin import ModelMetadata\n"
        "        return ModelMetadata(name='wide', task_type='classification')\n"
        "    def build(self):\n"
        "        raise NotImplementedError\n"
    )
    folder = tmp_path / "wide"
    folder.mkdir()
    (folder / "model.py").write_text(examples(repository)[1] + methods, encoding="utf-8")
    (model,) = load_source(source_at(folder))

    field = model.get_config_schema().field("width")

    assert field is not None
    assert (field.default, field.min, field.max, field.unit) == (16, 4, 512, "channels")
    assert model.get_config_schema().presets["easy"]["width"] == 8


def whole_examples(repository: Path) -> dict[str, str]:
    """Those that are plugins as they stand, by the name of their model."""
    named = {re.search(r'name="(.+?)"', text): text for text in examples(repository)}
    return {found[1]: text for found, text in named.items() if found is not None}


@pytest.mark.parametrize("name", ["focal", "cells", "small-fcos", "streets", "plain", "yolo-cells"])
def test_that_every_whole_example_trains(repository: Path, tmp_path: Path, name: str) -> None:
    text = whole_examples(repository)[name]
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    (plugin / "model.py").write_text(text, encoding="utf-8")
    config: dict[str, object] = {"epochs": 1, "image_size": 64, "pretrained": "off", "gamma": 1.0}
    if 'task_type="detection"' in text:
        data = write_squares(tmp_path / "data", {"train": 4, "val": 4})
        run = make_detection_run(tmp_path / "home", data, plugin, config | {"pyramid_channels": 32})
    elif 'task_type="segmentation"' in text:
        run = make_run(tmp_path / "home", write_scenes(tmp_path / "data"), config, plugin)
    else:
        run = make_run(tmp_path / "home", write_pictures(tmp_path / "data"), config, plugin)

    assert run.work().failure is None


def test_that_no_whole_example_is_left_out(repository: Path) -> None:
    assert set(whole_examples(repository)) == {
        "two-blocks",
        "focal",
        "cells",
        "small-fcos",
        "streets",
        "plain",
        "yolo-cells",
    }
