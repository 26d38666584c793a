"""The transfers that are compared do what they say, and are compared in turn."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks import transfer
from benchmarks.transfer import Contest, ratios


def test_that_the_two_ways_take_turns_at_being_first_in_folders_of_their_own(tmp_path: Path) -> None:
    order: list[str] = []
    contest = Contest(
        "a",
        1.5,
        theirs=lambda target: order.append(f"theirs {target.relative_to(tmp_path)}"),
        ours=lambda target: order.append(f"ours {target.relative_to(tmp_path)}"),
        prepare=lambda _: order.append("prepare"),
    )

    contest.run(tmp_path / "first")
    contest.run(tmp_path / "second")

    assert order == [
        "theirs first/0",
        "prepare",
        "ours first/1",
        "prepare",
        "ours second/0",
        "theirs second/1",
    ]
    assert (len(contest.our_seconds), len(contest.their_seconds)) == (2, 2)


def test_that_the_ratio_is_that_of_the_medians_and_the_rounds_stand_beside_it() -> None:
    contest = Contest("small", 1.5, lambda _: None, lambda _: None, "tar")
    contest.our_seconds, contest.their_seconds = [3.0, 1.0, 9.0], [1.0, 2.0, 3.0]

    (figure,) = contest.figures()

    assert figure.value == 1.5
    assert figure.is_met
    assert figure.note == "tar: 3.00 s and 2.00 s; by round 3.00, 0.50, 3.00"
    assert ratios([3.0], [2.0]) == [1.5]


def test_that_one_small_round_runs_over_a_real_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which("rsync") is None:
        pytest.skip("rsync, which ours is measured against, is not installed")
    monkeypatch.setenv("HOME", str(tmp_path))

    code = transfer.main(["--rounds", "1", "--files", "30", "--megabytes", "3", "--folder", str(tmp_path)])

    told = capsys.readouterr().out
    assert code == 0
    assert [line.split("  ")[0] for line in told.splitlines()[1:]] == [
        "small files",
        "large file",
        "large file home",
        "unchanged",
    ]
    assert list(tmp_path.iterdir()) == []
