"""What every test of the window gets."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def garbage_of_this_thread() -> Iterator[None]:
    """Collect garbage between tests, as the application does: never in a worker's thread, which would crash Qt."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()
