"""The contact sheet shows what was taken, names what was not, and keeps nothing of earlier recordings."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from tests.recorder.contact_sheet import read_shots, remove_old, write_sheet
from tests.recorder.shot import Shot

TAKEN = Shot("train", "failed_nan", "dark", 2)
MISSED = Shot("train", "paused", "dark", 1, "the run did not <come about>")


def test_that_a_picture_is_named_by_page_state_theme_and_scale() -> None:
    assert TAKEN.file == "train-failed_nan-dark-2x.png"


def test_that_of_a_shot_taken_twice_the_last_counts(tmp_path: Path) -> None:
    lines = [json.dumps(asdict(shot)) for shot in (Shot("train", "failed_nan", "dark", 2, "not yet"), TAKEN)]
    (tmp_path / "shots-2x.jsonl").write_text("\n".join(lines), encoding="utf-8")

    assert read_shots(tmp_path) == [TAKEN]


def test_that_the_sheet_shows_pictures_and_says_what_is_missing(tmp_path: Path) -> None:
    text = write_sheet(tmp_path, [TAKEN, MISSED], "On a virtual screen.").read_text(encoding="utf-8")

    assert 'src="train-failed_nan-dark-2x.png"' in text
    assert "the run did not &lt;come about&gt;" in text
    assert "1 pictures, 1 not taken. On a virtual screen." in text


def test_that_pictures_of_earlier_recordings_go_and_other_files_stay(tmp_path: Path) -> None:
    for name in (TAKEN.file, "train-gone-dark-1x.png", "mine.png"):
        (tmp_path / name).touch()

    remove_old(tmp_path, [TAKEN])

    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.png", TAKEN.file]
