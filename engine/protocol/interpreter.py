"""The one place that names the Python, the arguments and the environment of a Lensmith process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from engine.protocol.home import Home

_ALLOWED = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "TEMP", "TMP", "LENSMITH_HOME", "HF_HOME",
    "HF_HUB_OFFLINE", "TORCH_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
    "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "LD_LIBRARY_PATH", "NVIDIA_VISIBLE_DEVICES", "OMP_NUM_THREADS",
    "PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF", "CUDA_CACHE_PATH", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR",
    "OMP_WAIT_POLICY", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC",
    "PATHEXT", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "USERPROFILE", "USERNAME", "NUMBER_OF_PROCESSORS",
    "VIRTUAL_ENV", "SSL_CERT_FILE",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
})  # fmt: skip
"""What a child may know. Credentials and Qt's variables are not in it."""

KEYHOLDERS = (
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_CURRENT_DESKTOP",
    "DISPLAY",
    "WAYLAND_DISPLAY",
)
"""Addresses, no secrets; but who has them may use the user's keys, so a worker and its plugin do not."""

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds the package `engine`: a checkout, or site-packages."""


def engine_interpreter(home: Home) -> str:
    """Give the Python that Lensmith's engine processes run with.

    That is the one of settings.json (`{"engine": {"interpreter": PATH}}`), since the window may live in an
    environment without torch; else the Python of this process.
    """
    try:
        settings: object = json.loads(home.settings_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return sys.executable
    part = cast("dict[str, object]", settings).get("engine") if isinstance(settings, dict) else None
    named = cast("dict[str, object]", part).get("interpreter") if isinstance(part, dict) else None
    return named.strip() if isinstance(named, str) and named.strip() else sys.executable


def engine_command(*arguments: str, interpreter: str | None = None) -> list[str]:
    """Give the argv of `python -m engine ARGUMENTS`.

    `-P` keeps the current folder, which may be a run folder with a plugin in it, off the module path.
    """
    return [interpreter or sys.executable, "-P", "-X", "utf8", "-m", "engine", *arguments]


def is_checkout() -> bool:
    """Say whether this engine runs from its sources."""
    return (PACKAGE_ROOT / "pyproject.toml").is_file()


def keyholders() -> dict[str, str]:
    """Where the agent of SSH and the system's keyring are reached: for processes that log in to other machines."""
    return {name: os.environ[name] for name in KEYHOLDERS if name in os.environ}


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the environment of a Lensmith process: an allow-list of ours, what it needs to import us, and `extra`."""
    environment = {name: value for name, value in os.environ.items() if name in _ALLOWED}
    if is_checkout():
        # Not for an installed engine: the folder it lies in holds packages of an interpreter that may be another.
        environment["PYTHONPATH"] = str(PACKAGE_ROOT)
    environment |= {
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "NO_ALBUMENTATIONS_UPDATE": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "YOLO_AUTOINSTALL": "false",
        # Else CUDA numbers the GPUs by their speed, and `cuda:0` may be another one than the driver's first.
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    }
    # Compute threads that spin while they wait for each other make a busy machine several times slower.
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return environment | dict(extra or {})
