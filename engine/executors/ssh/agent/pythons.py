"""The Pythons of this host: where they are, which version, and whether an environment can be made from them."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.executors.ssh.agent.words import Arguments

ASK_TIMEOUT_S = 15.0
MOST_PYTHONS = 16
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python")
FOLDERS = (
    "~/.local/bin",
    "/usr/local/bin",
    "/usr/bin",
    "~/miniconda3/bin",
    "~/miniforge3/bin",
    "~/anaconda3/bin",
    "~/micromamba/bin",
    "/opt/conda/bin",
    "/opt/miniconda3/bin",
    "/opt/miniforge3/bin",
    "~/.pyenv/versions/*/bin",
    "~/.local/share/uv/python/*/bin",
)
QUESTION = """
import importlib.util, json, os, sys, sysconfig
bundled = ""
if importlib.util.find_spec("ensurepip"):
    import ensurepip
    bundled = os.path.join(os.path.dirname(ensurepip.__file__), "_bundled")
    bundled = sysconfig.get_config_var("WHEEL_PKG_DIR") or bundled
print(json.dumps({
    "path": sys.executable,
    "version": "%d.%d.%d" % sys.version_info[:3],
    "venv": importlib.util.find_spec("venv") is not None,
    "ensurepip": bool(bundled),
    "pip": importlib.util.find_spec("pip") is not None,
    "bundled": bundled,
    "is_64": sys.maxsize > 2 ** 32,
    "has_gil": not sysconfig.get_config_var("Py_GIL_DISABLED"),
    "in_environment": sys.prefix != sys.base_prefix,
}))
"""


def find_pythons(named: str = "") -> list[Arguments]:
    """What each Python here says of itself; with a name, of that one alone."""
    places = [_place_of(named)] if named else _places()
    told: list[Arguments] = []
    seen: set[str] = set()
    for place in places:
        answer = _ask(place)
        if answer is None or os.path.realpath(answer["path"]) in seen:
            continue
        seen.add(os.path.realpath(answer["path"]))
        told.append(answer)
        if len(told) == MOST_PYTHONS:
            break
    return told


def pip_command(python: str) -> list[str] | None:
    """How pip is run with a Python here: its own, or out of the wheel that came with it; None when there is none."""
    answer = _ask(python)
    if answer is None:
        return None
    if answer["pip"]:
        return [python, "-m", "pip"]
    wheels = sorted(Path(answer["bundled"]).glob("pip-*.whl")) if answer["bundled"] else []
    return [python, str(wheels[-1] / "pip")] if wheels else None


def _place_of(named: str) -> str:
    wanted = os.path.expanduser(named)  # noqa: PTH111  # Path.expanduser raises where there is no home
    return wanted if os.sep in wanted else shutil.which(wanted) or wanted


def _places() -> list[str]:
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for pattern in FOLDERS:
        folders += sorted(glob.glob(os.path.expanduser(pattern)), reverse=True)  # noqa: PTH111, PTH207
    found: list[str] = []
    for folder in dict.fromkeys(folders):
        for name in NAMES:
            path = str(Path(folder) / name)
            if os.access(path, os.X_OK) and path not in found:
                found.append(path)
    return found


def _ask(python: str) -> Arguments | None:
    try:
        ended = subprocess.run(
            [python, "-I", "-c", QUESTION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ASK_TIMEOUT_S,
            check=False,
        )
        answer: Arguments = json.loads(ended.stdout.decode("utf-8"))
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    return answer if answer.get("path") else None
