"""A run that shall start from a file of weights is refused before it is enqueued when no file is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.runner.frozen_weights import freeze_weights


@pytest.mark.parametrize("named", [None, "", "  "])
def test_that_weights_from_a_file_need_its_name(named: str | None, tmp_path: Path) -> None:
    config = {"pretrained": "file", "pretrained_path": named}

    with pytest.raises(UserError, match="names none") as refusal:
        freeze_weights(config, RunFolder(tmp_path / "run"), Home(tmp_path))
    assert refusal.value.code == "weights_unknown"


def test_that_a_configuration_without_weights_stays_as_it_is(tmp_path: Path) -> None:
    config: dict[str, object] = {"pretrained": "auto", "pretrained_path": None, "epochs": 3}

    assert freeze_weights(config, RunFolder(tmp_path / "run"), Home(tmp_path)) == config
