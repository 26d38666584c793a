"""Our engine as a wheel, made from the very files that run here: the same bytes for the same sources, no build tool."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from engine.errors import UserError
from engine.protocol.interpreter import PACKAGE_ROOT

DISTRIBUTION: Final = "lensmith"
EXTRA: Final = "engine"
"""The extra of ours that a host needs."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_TAG: Final = "py3-none-any"
_NOT_PACKED: Final = (".pyc", ".pyo", ".orig", ".rej", ".swp", "~")


@dataclass(frozen=True, slots=True)
class EngineWheel:
    """The wheel and what it is known by.

    Attributes:
        file_name: as pip wants it.
        content: its bytes.
        sha256: of its sources and requirements. Two desktops with the same engine give the same.
        version: of the distribution, with the beginning of `sha256` as its local part.
        requirements: what the host needs besides, as pip reads it; each needed with the extra `engine`.
    """

    file_name: str
    content: bytes
    sha256: str
    version: str
    requirements: tuple[str, ...]


@cache
def engine_wheel() -> EngineWheel:
    """Make the wheel of the engine that this process runs.

    Raises:
        UserError: `engine_not_installed` when nothing says what the engine requires.
    """
    try:
        return build_wheel(PACKAGE_ROOT / "engine", version(DISTRIBUTION), requires(DISTRIBUTION) or [])
    except PackageNotFoundError as error:
        raise UserError(
            "engine_not_installed",
            f"Lensmith under {PACKAGE_ROOT} is not installed in this Python, so that nothing says what it requires.",
            "In a checkout run `python3 dev.py setup`; elsewhere install Lensmith with pip.",
        ) from error


def build_wheel(package: Path, release: str, stated: list[str]) -> EngineWheel:
    """Make the wheel of one package folder.

    Args:
        package: the folder `engine`.
        release: version without a local part.
        stated: requirements as the metadata of the installed distribution states them.
    """
    base, extra = needed(stated)
    sources = {
        f"{package.name}/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.name.endswith(_NOT_PACKED)
    }
    digest = hashlib.sha256("\0".join([release, *base, "", *extra]).encode())
    for name, content in sources.items():
        digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
    sha256 = digest.hexdigest()
    # The letter keeps a hash of digits alone from being read as a number, whose leading zeros do not count.
    named = f"{release.partition('+')[0]}+h{sha256[:12]}"
    info = f"{DISTRIBUTION}-{named}.dist-info"
    files = sources | {
        f"{info}/METADATA": _metadata(named, base, extra),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: lensmith\nRoot-Is-Purelib: true\nTag: {_TAG}\n".encode(),
        f"{info}/entry_points.txt": b"[console_scripts]\nlensmith = engine.cli:main\n",
    }
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    name = f"{DISTRIBUTION}-{named}-{_TAG}.whl"
    return EngineWheel(name, _zipped(files), sha256, named, (*base, *extra))


def needed(stated: list[str]) -> tuple[list[str], list[str]]:
    """Pick the requirements without an extra, and those of the extra `engine` without their marker."""
    base: list[str] = []
    extra: list[str] = []
    for text in stated:
        requirement = Requirement(text)
        marker = str(requirement.marker or "")
        if "extra" not in marker:
            base.append(str(requirement))
        elif f'extra == "{EXTRA}"' in marker:
            requirement.marker = None
            extra.append(str(requirement))
    return sorted(base), sorted(extra)


def _metadata(named: str, base: list[str], extra: list[str]) -> bytes:
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {DISTRIBUTION}",
        f"Version: {named}",
        "Summary: The engine of Lensmith, as it runs on another machine.",
        "Requires-Python: >=3.11",
        f"Provides-Extra: {EXTRA}",
        *(f"Requires-Dist: {requirement}" for requirement in base),
        *(f'Requires-Dist: {requirement}; extra == "{EXTRA}"' for requirement in extra),
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _record(files: dict[str, bytes], own_name: str) -> bytes:
    lines: list[str] = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode("ascii")
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    return "".join([*lines, f"{own_name},,\n"]).encode()


def _zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
