"""What a plugin's constructor gets when it goes on in the middle of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.plugin.plugin_config import config_of_attempt, knows_start_epoch


@pytest.mark.parametrize(
    ("text", "knows"),
    [
        ("range(config['start_epoch'], config['epochs'])", True),
        ('config.get("start_epoch", 0)', True),
        ("settings.start_epoch", True),
        ("def f(start_epoch=0): pass", True),
        ("# start_epoch is not for us\nrange(9)", False),
        ('"""Ignores start_epoch."""', False),
        ("def broken(:  # 'start_epoch'", False),
        ("range(config['epochs'])", False),
    ],
)
def test_that_only_code_that_uses_the_name_knows_it(text: str, knows: bool, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "model.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "deep" / "loop.py").write_text(text, encoding="utf-8")

    assert knows_start_epoch(tmp_path) is knows


@pytest.mark.parametrize(
    ("text", "done", "given"),
    [("", 0, (5, 0)), ("", 2, (3, 0)), ("x['start_epoch']", 2, (5, 2)), ("", 7, (0, 0))],
    ids=["fresh", "remaining", "total and start", "nothing left"],
)
def test_that_the_epochs_that_are_left_are_given(
    text: str, done: int, given: tuple[int, int], tmp_path: Path
) -> None:
    (tmp_path / "model.py").write_text(text, encoding="utf-8")

    config = config_of_attempt({"epochs": 5, "own": "kept"}, 5, done, knows_start_epoch(tmp_path))

    assert (config["epochs"], config["start_epoch"]) == given
    assert config["own"] == "kept"
