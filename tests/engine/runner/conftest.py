"""Desktops that have a run on a real SSH host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.desktop_with_host import Desktop
from tests.fixtures.ssh_host import SshHost


@pytest.fixture
def desktop(tmp_path: Path, ssh_host: SshHost) -> Iterator[Desktop]:
    made = Desktop(tmp_path / "desktop", ssh_host)
    yield made
    made.end()


@pytest.fixture
def shaky(tmp_path: Path, own_ssh_host: SshHost) -> Iterator[Desktop]:
    """A desktop whose host may be broken."""
    made = Desktop(tmp_path / "desktop", own_ssh_host)
    yield made
    made.end()
