"""No built-in plugins in these tests' catalogues: their frameworks take seconds to import."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.plugin import discovery
from engine.protocol.home import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Give a user's folder in which the only plugins are those that the test writes into `home.plugins`."""
    monkeypatch.setattr(discovery, "BUILTIN_FOLDER", tmp_path / "no-built-in-plugins")
    return Home(tmp_path / "home").ensure()
