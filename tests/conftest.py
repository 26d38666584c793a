"""What every test gets: a fresh user folder, one thread for torch, no way out to the network."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

# Before anything imports torch or albumentations; child processes inherit it.
os.environ.update(
    OMP_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    HF_HUB_OFFLINE="1",
    YOLO_OFFLINE="True",
    YOLO_CONFIG_DIR=str(Path(tempfile.gettempdir()) / "lensmith-test-ultralytics"),
    NO_ALBUMENTATIONS_UPDATE="1",
    MLFLOW_DISABLE_TELEMETRY="true",
    QT_QPA_PLATFORM=os.environ.get("QT_QPA_PLATFORM", "offscreen"),
    QT_SCALE_FACTOR="1",
    QT_FONT_DPI="96",
)

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def lensmith_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give this test a user folder of its own, that does not exist yet, and name it in LENSMITH_HOME."""
    folder = tmp_path_factory.mktemp("user") / "lensmith"
    monkeypatch.setenv("LENSMITH_HOME", str(folder))
    return folder


@pytest.fixture
def shared_data() -> Path:
    """Give the folder of real data sets beside the checkout, or skip where there is none."""
    folder = Path(os.environ.get("LENSMITH_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the real data sets are not beside this checkout")
    return folder


@pytest.fixture
def repository() -> Path:
    """Give the folder of the checkout."""
    return REPOSITORY
