"""What tests of pages share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from engine.protocol.home import Home
from tests.desktop.measured_runs import MeasuredRun, measured_run
from tests.desktop.pages.data_stage import make_pets


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    return make_pets(tmp_path / "pets")


@pytest.fixture
def context(qtbot: QtBot, lensmith_home: Path) -> Iterator[Context]:
    made = Context(Home(lensmith_home).ensure())
    yield made
    made.close()


@pytest.fixture
def told(context: Context) -> list[Told]:
    messages: list[Told] = []
    context.told.connect(messages.append)
    return messages


@pytest.fixture
def run(context: Context, tmp_path: Path) -> MeasuredRun:
    """A run that was trained, validated and saved."""
    return measured_run(context.home, tmp_path)
