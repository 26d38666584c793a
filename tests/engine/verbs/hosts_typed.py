"""Verbs of `lensmith hosts` as the tests type them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from tests.fixtures.ssh_host import SshHost


def told(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, Any]:
    """Run a verb in this process with `--json`."""
    ended = main([*map(str, arguments), "--json"])
    out = capsys.readouterr().out
    assert ended == code, out
    return json.loads(out)


def options(host: SshHost, wheels: Path, **changes: object) -> list[object]:
    said: dict[str, object] = {
        "host": "127.0.0.1",
        "port": host.port,
        "key": host.key,
        "folder": host.root,
        "python": sys.executable,
        "wheels": wheels,
    }
    return [part for name, value in (said | changes).items() for part in (f"--{name}", value)]
