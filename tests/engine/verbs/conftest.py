"""What the tests of `lensmith hosts` share: no keyring of this machine, and a folder of wheels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from engine.executors.ssh.credentials import Secrets
from engine.protocol.home import Home
from tests.engine.executors.ssh.wheel_maker import add_stub


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch, lensmith_home: Path) -> Iterator[None]:
    """No keyring of this machine is touched, by this process or those it starts; no keeper is left behind."""
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    yield
    Secrets(Home(lensmith_home)).forget("box")
    keyring.set_keyring(before)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder of wheels, so that no test looks for a network."""
    (tmp_path / "wheels").mkdir()
    add_stub(tmp_path / "wheels", "torch", "2.14.1")
    return tmp_path / "wheels"
