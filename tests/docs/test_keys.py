"""The page of keys tells the same as the window's list."""

from __future__ import annotations

from pathlib import Path

from desktop.key_list import KEYS


def test_that_every_key_of_the_window_is_on_the_page(repository: Path) -> None:
    page = (repository / "docs" / "keys.md").read_text(encoding="utf-8")

    told = [key for _, keys in KEYS for key, _ in keys]
    assert [key for key in told if f"| {key} |" not in page] == []
