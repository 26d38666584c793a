"""Fills a folder with all wheels that a host needs, on this machine, for a host without internet."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from engine.errors import UserError
from engine.executors.ssh.environment import wanted_for
from engine.executors.ssh.torch_build import DEFAULT, TorchBuild
from engine.protocol.hosts import HostRecord

GLIBC_PLATFORMS: Final = (
    "manylinux_2_28",
    "manylinux_2_27",
    "manylinux_2_17",
    "manylinux2014",
    "manylinux1",
    "linux",
)
TORCH_NAMES: Final = ("torch", "torchvision")
_TOLD_LINES: Final = 6


@dataclass(frozen=True, slots=True)
class Target:
    """What the wheels are for.

    Attributes:
        python: version of the host's Python, `3.12`.
        machine: of its processor, `x86_64`.
        builds: of torch, in the order in which they are tried.
    """

    python: str
    machine: str
    builds: Sequence[TorchBuild]


def download_wheels(folder: Path, host: HostRecord, target: Target, log: Callable[[str], None]) -> TorchBuild:
    """Fill the folder; what is there already is not fetched again. Gives the build of torch that it was.

    Raises:
        UserError: `wheels_not_downloaded` with what pip said.
    """
    wanted = wanted_for(host.model_copy(update={"wheels": ""}))
    folder.mkdir(parents=True, exist_ok=True)
    build = _download_torch(folder, target, log)
    others = [text for text in wanted.wheel.requirements if Requirement(text).name not in TORCH_NAMES]
    pins = "".join(f"{name}\n" for name in build.arguments if "==" in name)
    with tempfile.TemporaryDirectory() as place:
        constraints = Path(place) / "constraints.txt"
        constraints.write_text(pins + wanted.constraints, encoding="utf-8")
        arguments = ["--find-links", str(folder), "--constraint", str(constraints), *others]
        said = _pip(folder, target, arguments, log)
        if said is not None and wanted.constraints:
            constraints.write_text(pins, encoding="utf-8")
            said = _pip(folder, target, arguments, log)
    if said is not None:
        raise _failed(said)
    return build


def _download_torch(folder: Path, target: Target, log: Callable[[str], None]) -> TorchBuild:
    said: list[str] = []
    for build in target.builds:
        told = _pip(folder, target, list(build.arguments), log)
        if told is None:
            return build
        said = said or told
        if build.name == DEFAULT:
            break  # the builds after it come from the same index as the first
    raise _failed(said)


def _pip(folder: Path, target: Target, arguments: list[str], log: Callable[[str], None]) -> list[str] | None:
    """Run `pip download`; None when it went well, else the last lines."""
    command = [sys.executable, "-m", "pip", "download", "--dest", str(folder), "--progress-bar", "off"]
    command += ["--only-binary", ":all:", "--python-version", target.python, "--implementation", "cp"]
    command += [word for name in GLIBC_PLATFORMS for word in ("--platform", f"{name}_{target.machine}")]
    command += ["--disable-pip-version-check", "--no-input", "--retries", "1", "--timeout", "20", *arguments]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    lines: list[str] = []
    assert child.stdout is not None  # asked for above
    for line in child.stdout:
        lines.append(line.rstrip())
        log(lines[-1])
    return None if child.wait() == 0 else lines[-_TOLD_LINES:]


def _failed(said: list[str]) -> UserError:
    errors = [line for line in said if line.startswith("ERROR")] or said[-2:]
    return UserError(
        "wheels_not_downloaded",
        f"The wheels cannot be downloaded here. {' '.join(errors)[:600]}",
        "Check the network of this machine, or take another build of torch or version of Python.",
    )
