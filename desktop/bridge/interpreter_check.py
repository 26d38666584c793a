"""Whether a Python can run the engine: it is started once and asked; to be called in the background."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment

CHECK_TIMEOUT_S = 90.0
_QUESTION = """
import importlib.metadata, json, platform, sys
told = {"python": platform.python_version(), "devices": []}
try:
    import engine.cli
    try:
        told["engine"] = importlib.metadata.version("lensmith")
    except importlib.metadata.PackageNotFoundError:
        told["engine"] = "checkout"
except ImportError as error:
    told["missing"] = str(error)
try:
    import torch
    told["torch"] = torch.__version__
    told["cuda"] = torch.version.cuda or ""
    told["devices"] = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
    told["mps"] = bool(torch.backends.mps.is_available())
except ImportError as error:
    told.setdefault("missing", str(error))
sys.stdout.write(json.dumps(told))
"""


@dataclass(frozen=True, slots=True)
class InterpreterReport:
    """What a Python said about itself."""

    python: str
    engine: str = ""
    torch: str = ""
    cuda: str = ""
    """The version torch was built for; empty for a build without."""
    devices: list[str] = field(default_factory=list[str])
    mps: bool = False
    """Apple's GPU can be used."""
    missing: str = ""
    """What could not be imported, in Python's words."""

    @property
    def can_train(self) -> bool:
        return bool(self.engine and self.torch) and not self.missing

    def sentence(self) -> str:
        """Say it: `Python 3.11.9, torch 2.14.1, CUDA 13.0, NVIDIA RTX 4090.`"""
        if not self.can_train:
            return f"Python {self.python} cannot run the engine: {self.missing or 'torch is not installed'}."
        device = ", ".join(self.devices) or ("Apple GPU" if self.mps else "no GPU")
        cuda = f", CUDA {self.cuda}" if self.cuda else ""
        return f"Python {self.python}, torch {self.torch}{cuda}, {device}."


def examine_interpreter(interpreter: str, home: Home) -> InterpreterReport:
    """Start a Python and let it say what it has.

    Raises:
        UserError: `engine_missing` when it cannot be started, `engine_not_python` when it does not answer as one.
    """
    environment = child_environment({"LENSMITH_HOME": str(home.path)})
    try:
        ended = subprocess.run(
            [interpreter, "-P", "-X", "utf8", "-c", _QUESTION],
            capture_output=True,
            env=environment,
            cwd=Path.home() if Path.home().is_dir() else None,
            stdin=subprocess.DEVNULL,
            timeout=CHECK_TIMEOUT_S,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0) if os.name == "nt" else 0,
        )
    except OSError as error:
        raise UserError(
            "engine_missing",
            f"{interpreter} cannot be started ({error.strerror or error}).",
            "Choose the python (python.exe) of an environment with Lensmith's engine.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise UserError(
            "engine_not_python",
            f"{interpreter} did not answer within {CHECK_TIMEOUT_S:g} seconds.",
            "Try again when the machine is less busy, or choose another Python.",
        ) from error
    return _report(interpreter, ended.stdout, ended.stderr)


def _report(interpreter: str, said: bytes, errors: bytes) -> InterpreterReport:
    try:
        told = cast("dict[str, object]", json.loads(said))
        devices = [str(name) for name in cast("list[object]", told.get("devices") or [])]
        words = {name: str(told.get(name) or "") for name in ("python", "engine", "torch", "cuda", "missing")}
        if not words["python"]:
            raise ValueError("no version")
    except (ValueError, AttributeError, TypeError) as error:
        lines = errors.decode(errors="replace").strip().splitlines()
        last = f" It said: {lines[-1]}" if lines else ""
        raise UserError(
            "engine_not_python",
            f"{interpreter} does not answer as a Python of version 3.11 or newer.{last}",
            "Choose the python (python.exe) of an environment with Lensmith's engine.",
        ) from error
    return InterpreterReport(**words, devices=devices, mps=bool(told.get("mps")))
