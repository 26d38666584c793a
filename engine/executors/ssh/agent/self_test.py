"""Whether a Python here can train: it imports what is needed, and convolves forth and back on each GPU it sees."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.executors.ssh.agent.words import Arguments

IMPORTS = ("torch", "torchvision", "cv2", "safetensors", "engine.cli")
TIMEOUT_S = 600.0
"""The first import of torch on a slow disk takes minutes."""
NOT_FOR_PYTHON = (
    "PYTHON",
    "VIRTUAL_ENV",
    "CONDA_",
    "PIP_USER",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_REQUIRE",
    "__PYVENV",
)
PROGRAM = """
import importlib, importlib.metadata, json, platform, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
import torch
tested = {}
names = {}
fault = ""
if torch.cuda.is_available():
    for index in range(torch.cuda.device_count()):
        device = "cuda:%d" % index
        names[device] = torch.cuda.get_device_name(index)
        try:
            picture = torch.ones(2, 3, 32, 32, device=device, requires_grad=True)
            torch.nn.Conv2d(3, 4, 3).to(device)(picture).square().mean().backward()
            torch.cuda.synchronize(index)
            tested[device] = bool(torch.isfinite(picture.grad).all())
        except RuntimeError as error:
            tested[device] = False
            fault = str(error).splitlines()[0][:300]
print("LENSMITH " + json.dumps({
    "python": platform.python_version(),
    "engine": importlib.metadata.version("lensmith"),
    "torch": torch.__version__,
    "cuda": torch.version.cuda or "",
    "tested": tested,
    "names": names,
    "fault": fault,
}))
"""


def clean_environment() -> dict[str, str]:
    """This process's environment without what would lead another Python astray."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_FOR_PYTHON)}
    kept.update(
        PYTHONNOUSERSITE="1", PYTHONUTF8="1", NO_ALBUMENTATIONS_UPDATE="1", MLFLOW_DISABLE_TELEMETRY="true"
    )
    return kept


def run_self_test(python: str) -> Arguments:
    """Test one Python in a process of its own.

    Returns:
        What the test prints, with `ok` true; or `ok` false and the last lines `said`.
    """
    command = [python, "-I", "-X", "utf8", "-c", PROGRAM, *IMPORTS]
    try:
        ended = subprocess.run(
            command,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"ok": False, "said": [f"{python}: {error}"]}
    for line in ended.stdout.decode("utf-8", "replace").splitlines():
        if ended.returncode == 0 and line.startswith("LENSMITH "):
            told: Arguments = json.loads(line[len("LENSMITH ") :])
            told["ok"] = True
            return told
    said = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-12:]
    return {"ok": False, "said": said or [f"It ended with code {ended.returncode}."]}


def device_ok(told: Arguments) -> bool | None:
    """Whether one GPU at least passed; None when there was none to be tried."""
    tested: Arguments = told.get("tested") or {}
    return any(tested.values()) if tested else None


def build_of(told: Arguments) -> str:
    """The build that a torch turned out to be: `cpu`, `cu130`."""
    cuda = str(told.get("cuda") or "")
    return "cu" + cuda.replace(".", "") if cuda else "cpu"
