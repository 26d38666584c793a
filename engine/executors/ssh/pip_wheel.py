"""pip itself as a wheel, for hosts whose Python comes without one: Debian keeps it in a package of its own."""

from __future__ import annotations

import importlib.util
import sysconfig
import zipfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from io import BytesIO
from pathlib import Path

from engine.errors import UserError


@dataclass(frozen=True, slots=True)
class PipWheel:
    """A wheel that Python can also run as it is."""

    file_name: str
    content: bytes


def pip_wheel() -> PipWheel:
    """Give the wheel of pip that came with this Python, or pack the pip that is installed here.

    Raises:
        UserError: `pip_missing` when this Python has neither.
    """
    for folder in _bundle_folders():
        wheels = sorted(folder.glob("pip-*-none-any.whl"))
        if wheels:
            return PipWheel(wheels[-1].name, wheels[-1].read_bytes())
    packed = pack_installed("pip")
    if packed is None:
        raise UserError(
            "pip_missing",
            "The host's Python comes without pip, and so does the one that Lensmith runs with, so none can be sent.",
            "On the host install it (`sudo apt install python3-venv`), or install pip here.",
        )
    return packed


def pack_installed(name: str) -> PipWheel | None:
    """Pack an installed pure-Python distribution into a wheel again; None when it is not installed."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in found.files or []:
            path = Path(str(found.locate_file(file)))
            if ".." not in file.parts and "__pycache__" not in file.parts and path.is_file():
                archive.writestr(zipfile.ZipInfo(file.as_posix(), (1980, 1, 1, 0, 0, 0)), path.read_bytes())
    return PipWheel(f"{name.replace('-', '_')}-{found.version}-py3-none-any.whl", buffer.getvalue())


def _bundle_folders() -> list[Path]:
    folders: list[Path] = []
    debian = sysconfig.get_config_var("WHEEL_PKG_DIR")
    if debian:
        folders.append(Path(str(debian)))
    found = importlib.util.find_spec("ensurepip")
    if found is not None and found.origin:
        folders.append(Path(found.origin).parent / "_bundled")
    return folders
