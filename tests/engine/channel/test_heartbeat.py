"""The sign of life goes on by itself, and ends when it is closed."""

from __future__ import annotations

import os
import time
from pathlib import Path

from engine.channel.heartbeat import Heartbeat


def has_changed(path: Path, before: int, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if path.stat().st_mtime_ns != before:
            return True
        time.sleep(0.005)
    return False


def set_back(path: Path) -> int:
    os.utime(path, ns=(0, 0))
    return 0


def test_that_the_file_is_there_at_once(tmp_path: Path) -> None:
    with Heartbeat(tmp_path / "heartbeat", interval_s=3600):
        assert (tmp_path / "heartbeat").is_file()


def test_that_it_beats_again_and_again_until_closed(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"
    with Heartbeat(path, interval_s=0.01):
        for _ in range(3):
            assert has_changed(path, set_back(path), within_s=10)

    assert not has_changed(path, set_back(path), within_s=0.1)


def test_that_closing_does_not_wait_for_the_next_beat(tmp_path: Path) -> None:
    heartbeat = Heartbeat(tmp_path / "heartbeat", interval_s=3600)
    began = time.monotonic()
    heartbeat.close()

    assert time.monotonic() - began < 60


def test_that_a_folder_that_is_gone_does_not_end_it(tmp_path: Path) -> None:
    folder = tmp_path / "attempt"
    with Heartbeat(folder / "heartbeat", interval_s=0.01):
        folder.mkdir()
        deadline = time.monotonic() + 10
        while not (folder / "heartbeat").exists() and time.monotonic() < deadline:
            time.sleep(0.005)

        assert (folder / "heartbeat").exists()
