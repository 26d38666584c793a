from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.conftest import CommandLine
from tests.engine.plugin.texts import plugin_text, write_plugin

LONGEST_S = 60.0


def processes_of(folder: Path) -> list[int]:
    """Read which processes the plugin ran in."""
    return [int(line) for file in folder.glob("pid*") for line in file.read_text(encoding="utf-8").split()]


def is_at_work(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot ask a process to end")
def test_that_a_check_that_is_cancelled_leaves_no_training_behind(
    lensmith: CommandLine, tmp_path: Path
) -> None:
    note = tmp_path / "notes"
    note.mkdir()
    text = plugin_text("endless").replace(
        "        pass\n\n    def validate",
        "        import os, time\n"
        f"        open({str(note / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        "        while True:\n            time.sleep(0.01)\n\n    def validate",
    )
    source = write_plugin(tmp_path / "endless", text)
    check = lensmith.start("plugins", "check", source.path, "--json")
    deadline = time.monotonic() + LONGEST_S
    while not processes_of(note) and time.monotonic() < deadline:
        time.sleep(0.05)
    (training,) = processes_of(note)
    assert is_at_work(training)

    check.terminate()
    check.communicate(timeout=LONGEST_S)
    while is_at_work(training) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not is_at_work(training)
