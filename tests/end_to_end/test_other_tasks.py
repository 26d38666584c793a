"""Detection and segmentation by commands, in the processes that users have, with models of an author's own."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import CommandLine
from tests.engine.jobs.scenes import CLASSES as SCENE_CLASSES
from tests.engine.jobs.scenes import write_scenes
from tests.engine.tasks.detection.detection_run import CLASSES as SQUARE_CLASSES
from tests.engine.tasks.detection.detection_run import write_squares

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@dataclass(frozen=True)
class Way:
    """One plugin's way from a folder to an answer."""

    plugin: str
    task: str
    metric: str
    learning_rate: float
    export_code: int = 0


WAYS = (
    Way("own_detector", "detection", "map50", 0.005, export_code=2),
    Way("own_segmenter", "segmentation", "miou", 0.05),
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.plugin)
def test_that_a_folder_becomes_a_model_that_is_measured_asked_and_exported(
    lensmith: CommandLine, repository: Path, tmp_path: Path, way: Way
) -> None:
    is_detection = way.task == "detection"
    data = (
        write_squares(tmp_path / "data", {"train": 8, "val": 4, "test": 4})
        if is_detection
        else write_scenes(tmp_path / "data")
    )
    own = lensmith.home / "plugins" / way.plugin
    shutil.copytree(repository / "tests" / "fixtures" / way.plugin, own)
    assert lensmith("plugins", "check", way.plugin)["problems"] == []
    made = lensmith("data", "import", data, "--name", "made")
    assert made["task"] == way.task
    shown = lensmith("data", "show", "made")
    assert shown["classes"] == list(SQUARE_CLASSES if is_detection else SCENE_CLASSES)

    wanted = ("epochs=2", "image_size=64", "batch_size=4", f"learning_rate={way.learning_rate}")
    settings = [part for one in wanted for part in ("--set", one)]
    trained = lensmith("train", "--plugin", way.plugin, "--data", "made", *settings, timeout_s=900)
    assert trained["state"] == "completed"
    assert trained["best"]["metric"] in ("val/map", "val/miou")
    tested = lensmith("evaluate", trained["run"], "--split", "test", timeout_s=600)
    assert tested["images"] == 4
    assert f"test/{way.metric}" in tested["metrics"]

    pictures = sorted((data / "test" if is_detection else data / "images" / "test").glob("*.png"))
    told = lensmith("predict", trained["run"], *pictures, "--masks", tmp_path / "masks")["predictions"]
    assert [record["error"] for record in told] == [None] * 4
    if is_detection:
        assert all(isinstance(record["boxes"], list) for record in told)
    else:
        mask = np.asarray(Image.open(told[0]["mask"]))
        assert (mask.shape, set(np.unique(mask)) <= {0, 1}) == ((24, 36), True)

    exported = lensmith("export", trained["run"], "--format", "onnx", code=way.export_code, timeout_s=600)
    if way.export_code:
        assert exported["error"]["code"] == "export_unsupported"
    else:
        assert exported["verified"]


def test_that_a_plugin_for_another_task_is_refused_before_a_run_is_made(
    lensmith: CommandLine, tmp_path: Path
) -> None:
    lensmith("data", "import", write_scenes(tmp_path / "data"), "--name", "made")

    told = lensmith("train", "--plugin", "torchvision_detector", "--data", "made", code=2)["error"]

    assert told["code"] == "task_differs"
    assert "torchvision-detector is for detection" in told["message"]
    assert lensmith("runs", "list")["runs"] == []
