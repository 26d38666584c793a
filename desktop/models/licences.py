"""What Lensmith is made of and under which licences; docs/dependencies.md says why each of it is there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One thing of somebody else's that comes with Lensmith or is installed beside it."""

    name: str
    licence: str
    purpose: str
    package: str = ""
    """Name of the distribution, where it has one of its own."""


OWN_LICENCE = "Apache-2.0"
FONTS = {"Inter": "fontpkg_inter", "JetBrains Mono": "fontpkg_jetbrains_mono"}
"""Fonts whose whole licence is shown, and the package it comes in."""
PARTS = (
    Part("Inter", "OFL-1.1", "text", "fontpkg-inter"),
    Part("JetBrains Mono", "OFL-1.1", "code and logs", "fontpkg-jetbrains-mono"),
    Part("Phosphor Icons", "MIT", "icons"),
    Part("Qt and PySide6", "LGPL-3.0", "the window", "PySide6-Essentials"),
    Part("pyqtgraph", "MIT", "charts", "pyqtgraph"),
    Part("qtawesome", "MIT", "icons as fonts", "qtawesome"),
    Part("nvidia-ml-py", "BSD-3-Clause", "load of NVIDIA GPUs", "nvidia-ml-py"),
    Part("NumPy", "BSD-3-Clause", "arrays", "numpy"),
    Part("Pillow", "MIT-CMU", "image files", "pillow"),
    Part("platformdirs", "MIT", "places for data", "platformdirs"),
    Part("psutil", "BSD-3-Clause", "processes", "psutil"),
    Part("pydantic", "MIT", "settings and events", "pydantic"),
    Part("packaging", "Apache-2.0 or BSD-2-Clause", "requirements of plugins", "packaging"),
    Part("rich", "MIT", "command line", "rich"),
    Part("sqlite-utils", "Apache-2.0", "store", "sqlite-utils"),
    Part("PyTorch", "BSD-3-Clause", "training", "torch"),
    Part("torchvision", "BSD-3-Clause", "models and operators", "torchvision"),
    Part("timm", "Apache-2.0", "models", "timm"),
    Part("MLflow", "Apache-2.0", "tracking", "mlflow"),
    Part("ONNX", "Apache-2.0", "exported files", "onnx"),
    Part("ONNX Runtime", "MIT", "verifying exports", "onnxruntime"),
)
"""The window's own parts first, then the engine's larger ones, which may live in another environment."""
