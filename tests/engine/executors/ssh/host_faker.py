"""Pythons that see another host than there is: wrappers that a record names, for what cannot be changed here."""

from __future__ import annotations

import sys
from pathlib import Path

SMI = """#!/bin/sh
case "$*" in
  *compute_cap*) {with_capability} ;;
  *) {without} ;;
esac
"""
H100 = "0, NVIDIA H100 80GB HBM3, 81559, 81000, 3, 580.159.04, 9.0"
LATE = """
import runpy, sys, time
true = time.time
time.time = lambda: true() + {offset}
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def python_with_path(folder: Path, *programs: Path) -> str:
    """A Python whose programs are found in other folders first."""
    ahead = ":".join(str(program.parent) for program in programs)
    return _wrapper(folder, f'PATH="{ahead}:$PATH" exec "{sys.executable}" "$@"')


def python_with_settings(folder: Path, **settings: object) -> str:
    """A Python whose processes have these variables, as they would have from a host's own settings."""
    set_first = " ".join(f'{name}="{value}"' for name, value in settings.items())
    return _wrapper(folder, f'{set_first} exec "{sys.executable}" "$@"')


def python_at(folder: Path, offset_s: float) -> str:
    """A Python whose clock is off, when it runs a file."""
    late = folder / "late.py"
    late.write_text(LATE.format(offset=offset_s), encoding="utf-8")
    return _wrapper(
        folder,
        f'if [ "$2" = -c ]; then exec "{sys.executable}" "$@"; fi\n'
        f'shift; exec "{sys.executable}" -I "{late}" "$@"',
    )


def nvidia_smi(folder: Path, *lines: str, fault: str = "", knows_capability: bool = True) -> Path:
    """An `nvidia-smi` that prints these lines, or fails as the real one does."""
    told = "; ".join(f"echo '{line}'" for line in lines)
    if fault:
        told = f"echo '{fault}'; exit 9"
    refused = "echo 'Field \"compute_cap\" is not a valid field to query.'; exit 2"
    return _program(
        folder / "nvidia-smi", SMI.format(with_capability=told if knows_capability else refused, without=told)
    )


def _wrapper(folder: Path, script: str) -> str:
    return str(_program(folder / "python-wrapped", f"#!/bin/sh\n{script}\n"))


def _program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path
