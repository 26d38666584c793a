"""The predictor's process keeps out of a training's way: below normal priority, on no GPU, and at rest in between."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engine.protocol.interpreter import child_environment, engine_command

REST_S = 2.0
MOST_SHARE = 0.01


@pytest.fixture
def process(lensmith_home: Path) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        engine_command("serve"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment({"LENSMITH_HOME": str(lensmith_home)}),
    )
    yield started
    assert started.stdin is not None
    started.stdin.close()
    started.wait(timeout=60)


@pytest.mark.slow
def test_that_the_process_is_below_normal_priority_and_rests_between_questions(
    process: subprocess.Popen[str],
) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write('{"id": 1, "verb": "ping"}\n')
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["ok"]
    watched = psutil.Process(process.pid)
    threads = watched.threads()

    before = watched.cpu_times()
    time.sleep(REST_S)
    after = watched.cpu_times()

    assert watched.nice() >= 5
    assert after.user + after.system - before.user - before.system <= MOST_SHARE * REST_S
    assert len(watched.threads()) <= len(threads)
