"""Ultralytics' package writes only into Lensmith's folder, asks no network, patches nothing, and may be missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.jobs.run_maker import REPOSITORY

TRAIN = """
import os, socket, sys, torch
from PIL import Image
asked = []
def refuse(*arguments, **named):
    asked.append(arguments)
    raise OSError("no network here")
socket.getaddrinfo = socket.create_connection = refuse
save, open_image, variables = torch.save, Image.open, set(os.environ)
from tests.engine.tasks.detection.detection_run import make_detection_run, write_squares
from tests.engine.jobs.run_maker import REPOSITORY
from pathlib import Path
place = Path(sys.argv[1])
data = write_squares(place / "data", {"train": 4, "val": 2})
config = {"architecture": "yolo26n", "pretrained": "off"}
run = make_detection_run(place / "home", data, REPOSITORY / "plugins" / "ultralytics_yolo", config)
ended = run.work()
assert ended.failure is None, ended.failure
assert "ultralytics" in sys.modules
assert not asked, asked
assert (torch.save, Image.open) == (save, open_image)
new = set(os.environ) - variables
assert new <= {"YOLO_AUTOINSTALL", "YOLO_OFFLINE"}, new
"""
DESCRIBE = """
import sys
from engine.plugin.discovery import BUILTIN_FOLDER, source_at
from engine.plugin.loading import load_source
for name in ("ultralytics_yolo", "ultralytics_classifier"):
    (model,) = load_source(source_at(BUILTIN_FOLDER / name))
    assert model.get_metadata().licence == "AGPL-3.0"
    options = model.get_config_schema().field("architecture").options
    assert options[0].startswith("yolo26n")
assert "ultralytics" not in sys.modules
"""
MISSING = """
import sys
sys.modules["ultralytics"] = None
from engine.errors import UserError
from engine.plugin.discovery import BUILTIN_FOLDER, source_at
from engine.plugin.loading import load_source
(model,) = load_source(source_at(BUILTIN_FOLDER / "ultralytics_yolo"))
try:
    model({"num_classes": 2, "image_size": 64})
except UserError as error:
    assert error.code == "feature_missing"
    assert "lensmith[ultralytics]" in error.hint
else:
    raise AssertionError("it was built")
"""


def run_apart(code: str, folder: Path, *arguments: str) -> None:
    """Run in a process whose home, settings and working folder are fresh, with nothing said about Ultralytics."""
    for name in ("user", "work", "lensmith", "temporary"):
        (folder / name).mkdir()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("YOLO_", "XDG_"))
    }
    environment |= {
        "HOME": str(folder / "user"),
        "USERPROFILE": str(folder / "user"),
        "APPDATA": str(folder / "user"),
        "LENSMITH_HOME": str(folder / "lensmith"),
        "TMPDIR": str(folder / "temporary"),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder / "work",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.timeout(360)
def test_that_a_training_writes_nothing_outside_lensmiths_folders_and_asks_no_network(tmp_path: Path) -> None:
    run_apart(TRAIN, tmp_path, str(tmp_path / "made"))

    assert not list((tmp_path / "user").rglob("*"))
    assert not list((tmp_path / "work").rglob("*"))
    assert not [path for path in (tmp_path / "temporary").rglob("*") if "ltralytics" in path.name]
    settings = list((tmp_path / "lensmith" / "cache" / "ultralytics").rglob("settings.json"))
    assert len(settings) == 1
    text = settings[0].read_text(encoding="utf-8")
    assert '"sync": false' in text
    assert '"mlflow": false' in text
    # Nothing of its own is left in the run's folder either.
    written = {path.name for path in (tmp_path / "made" / "home").rglob("*")}
    assert not written & {"args.yaml", "results.csv", "last.pt", "best.pt", "labels.cache"}


def test_that_the_plugins_are_described_without_the_package(tmp_path: Path) -> None:
    run_apart(DESCRIBE, tmp_path)


def test_that_a_missing_package_is_told_with_the_line_that_installs_it(tmp_path: Path) -> None:
    run_apart(MISSING, tmp_path)
