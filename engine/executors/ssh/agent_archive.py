"""The agent as one file: its modules in a zip that Python runs, the same bytes for the same sources."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.protocol.interpreter import PACKAGE_ROOT

_AGENT = Path(__file__).parent / "agent"
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Archive:
    """The bytes of `agent.pyz`."""

    content: bytes
    sha256: str


@cache
def agent_archive() -> Archive:
    """Zip the agent's modules under the names they import each other by."""
    names = {"__main__.py": (_AGENT / "__main__.py").read_bytes()}
    for path in sorted(_AGENT.glob("*.py")):
        names[path.relative_to(PACKAGE_ROOT).as_posix()] = path.read_bytes()
    for folder in (_AGENT.parent, _AGENT.parents[1], _AGENT.parents[2]):
        names[(folder / "__init__.py").relative_to(PACKAGE_ROOT).as_posix()] = b""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(names):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), names[name], zipfile.ZIP_DEFLATED)
    content = buffer.getvalue()
    return Archive(content, hashlib.sha256(content).hexdigest())
