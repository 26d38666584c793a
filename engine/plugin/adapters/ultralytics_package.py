"""The package of Ultralytics, imported so that it keeps to Lensmith's folder, asks no network, patches nothing.

Importing it writes a settings file, looks for a network, and replaces functions of torch and Pillow. No other module
of Lensmith may import it before `require_ultralytics` was called.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

from engine.config.features import require_feature
from engine.protocol.home import Home

FOLDER = "ultralytics"
"""In the home's cache: settings of the package, and weights that were fetched."""
_FOREIGN_SERVICES = ("clearml", "comet", "dvc", "mlflow", "raytune", "tensorboard", "wandb")


def ultralytics_folder() -> Path:
    """Name the folder that the package may write to."""
    return Home.default().cache / FOLDER


def require_ultralytics() -> None:
    """Import the package, once.

    Raises:
        UserError: `feature_missing` with the line that installs it.
    """
    if "ultralytics.utils" in sys.modules:
        return
    require_feature("ultralytics")
    folder = ultralytics_folder()
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "YOLO_CONFIG_DIR": str(folder),
        "YOLO_AUTOINSTALL": "false",
        "YOLO_OFFLINE": "true",
        "YOLO_VERBOSE": "false",
    }
    with _environment(settings), _unpatched():
        from ultralytics.utils import SETTINGS  # only with this environment

        wanted: dict[str, Any] = dict.fromkeys(_FOREIGN_SERVICES, False)
        wanted |= {"sync": False, "vscode_msg": False}
        wanted |= {name: str(folder / name) for name in ("datasets_dir", "weights_dir", "runs_dir")}
        if any(SETTINGS.get(name) != value for name, value in wanted.items()):
            SETTINGS.update(wanted)
    # Read when something is asked of it, not only on import.
    os.environ |= {name: settings[name] for name in ("YOLO_AUTOINSTALL", "YOLO_OFFLINE")}


@contextmanager
def network_allowed() -> Iterator[None]:
    """Let the package fetch a file that the user asked for."""
    before = os.environ.pop("YOLO_OFFLINE", None)
    try:
        yield
    finally:
        if before is not None:
            os.environ["YOLO_OFFLINE"] = before


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables; all that the block changes in the environment is undone."""
    before = dict(os.environ)
    os.environ |= values
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ |= before


@contextmanager
def _unpatched() -> Iterator[None]:
    """Undo what the block replaces in torch, Pillow, OpenCV and numpy.

    An image stays what `engine.datasets.decode` says.
    """
    save, open_image = torch.save, Image.open
    read, write, show = cv2.imread, cv2.imwrite, cv2.imshow
    printing = np.get_printoptions()
    try:
        yield
    finally:
        torch.save, Image.open = save, open_image
        cv2.imread, cv2.imwrite, cv2.imshow = read, write, show
        torch.set_printoptions(profile="default")
        np.set_printoptions(**printing)
