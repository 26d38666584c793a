"""A library of its own for each test of datasets."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.datasets.library import Library
from engine.protocol.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").ensure()


@pytest.fixture
def library(home: Home) -> Library:
    return Library(home)
