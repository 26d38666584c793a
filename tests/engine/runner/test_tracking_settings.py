"""Where runs are tracked is what settings.json says; what cannot be read there is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.runner.tracking import open_tracker
from engine.runner.tracking_settings import settings_trouble


@pytest.mark.parametrize("text", ['{"tracking": {"enabled": false}', "[1]"])
def test_that_settings_that_cannot_be_read_are_told_and_not_passed_over(text: str, tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert settings_trouble(home) is None
    home.settings_path.write_text(text, encoding="utf-8")

    tracker = open_tracker(home, RunFolder(tmp_path / "run"))

    assert tracker is not None
    (notice,) = tracker.new_notices()
    assert notice.code == "settings_unreadable"
    assert notice.hint
