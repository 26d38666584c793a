"""`lensmith rehearse` in a process of its own: one document, progress beside it, and nothing left however it ends."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.protocol.rehearsal import Proposal, Rehearsal, TriedBatch
from engine.verbs.rehearsal_text import bytes_text, seconds_text
from tests.conftest import REPOSITORY, CommandLine
from tests.engine.jobs.run_maker import write_pictures

SMALL = ("--plugin", "example_minimal", "--data", "pictures", "--set", "image_size=32")


@pytest.fixture
def pictures(lensmith: CommandLine, tmp_path: Path) -> CommandLine:
    """The command line with a dataset of two classes."""
    data = write_pictures(tmp_path / "data", per_class=12)
    lensmith("data", "import", data, "--name", "pictures")
    return lensmith


def left_in(home: Path) -> list[Path]:
    return [*(home / "scratch").iterdir(), *(home / "runs").iterdir()]


@pytest.mark.parametrize("given", ["nan", "inf", "0", "a while"])
def test_that_no_time_to_speak_of_is_refused(given: str, lensmith: CommandLine) -> None:
    ended = lensmith.run("rehearse", *SMALL, "--seconds", given)

    assert ended.returncode == 2
    assert "not a number of seconds from 1 to 3600" in ended.stderr


@pytest.mark.slow
def test_that_it_answers_with_one_document_and_keeps_nothing(pictures: CommandLine) -> None:
    ended = pictures.run("rehearse", *SMALL, "--set", "batch_size=64", "--seconds", "4", "--json")

    assert ended.returncode == 0, ended.stderr
    found = Rehearsal.model_validate(json.loads(ended.stdout)["rehearsal"])
    assert found.device == "cpu"
    assert found.images_per_s > 0
    assert [one.code for one in found.warnings] == ["batch_larger_than_split"]
    told = [json.loads(line)["progress"] for line in ended.stderr.splitlines() if line.startswith("{")]
    assert "Training steps" in {line["phase"] for line in told}
    assert {line["total"] for line in told} == {4}
    assert left_in(pictures.home) == []
    assert pictures("runs", "list")["runs"] == []


@pytest.mark.slow
def test_that_a_person_reads_figures_and_the_command_with_the_proposals(pictures: CommandLine) -> None:
    ended = pictures.run("rehearse", *SMALL, "--set", "batch_size=64", "--set", "epochs=3", "--seconds", "4")

    assert ended.returncode == 0, ended.stderr
    command = next(line for line in ended.stdout.splitlines() if line.startswith("lensmith train"))
    assert shlex.split(command)[-6:] == [
        "--set",
        "image_size=32",
        "--set",
        "epochs=3",
        "--set",
        "batch_size=2",
    ]
    assert "Whole training" in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["terminated", "input closed", "killed"])
def test_that_nothing_is_left_however_it_is_ended(pictures: CommandLine, ending: str) -> None:
    if ending != "input closed" and sys.platform == "win32":
        pytest.skip("Windows has no polite signal")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "engine", "rehearse", *SMALL, "--attended", "--json"],
        env={**os.environ, "LENSMITH_HOME": str(pictures.home), "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stdin is not None
    assert any("Loading the engine" in line for line in process.stderr)
    assert left_in(pictures.home) != []
    if ending == "terminated":
        process.send_signal(signal.SIGTERM)
    elif ending == "killed":
        process.kill()
    else:
        process.stdin.close()
    code = process.wait(timeout=120)

    if ending == "killed":
        assert left_in(pictures.home) != []
        pictures("runs", "list")  # whatever ticks the queue sweeps too
    else:
        assert code in (2, 143)
    assert left_in(pictures.home) == []


ORDER = """
import os, sys
from engine.jobs import rehearsal
def stop(*_):
    print(os.environ["CUDA_DEVICE_ORDER"], file=sys.stderr)
    os._exit(7)
rehearsal.rehearse = stop
from engine.cli import main
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_that_gpus_have_the_numbers_that_the_queue_gives_them(pictures: CommandLine) -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-c", ORDER, "rehearse", *SMALL],
        env={**os.environ, "LENSMITH_HOME": str(pictures.home), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 7, ended.stderr
    assert "PCI_BUS_ID" in ended.stderr


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.96, "10.0 s"), (59.4, "59 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")],
)
def test_that_times_are_shown_in_two_units(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_that_bytes_are_shown_in_units_of_two() -> None:
    assert bytes_text(3 << 19) == "1.5 MiB"
    assert bytes_text(5 << 29) == "2.50 GiB"


def test_that_the_records_go_through_json_unchanged() -> None:
    proposal = Proposal(field="workers", label="Loader threads", current="auto", proposed=4, why="More.")
    tried = TriedBatch(batch_size=2, images_per_s=3.5, peak_memory_bytes=1, fits=True)
    assert Proposal.model_validate_json(proposal.model_dump_json()) == proposal
    assert TriedBatch.model_validate_json(tried.model_dump_json()) == tried
