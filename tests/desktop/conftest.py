"""What every test of the window gets."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.desktop.patient_bot import PatientBot


@pytest.fixture(autouse=True)
def garbage_of_this_thread() -> Iterator[None]:
    """Collect garbage between tests, as the application does: never in a worker's thread, which would crash Qt."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """As that of pytest-qt, with more patience."""
    del qapp
    return PatientBot(request)
