"""Files for the model: gathered from folders, answered, saved without losing or overwriting anything."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from desktop.models import predictions
from desktop.models.predictions import Prediction, gather, to_csv, to_json
from desktop.models.predictions_board import PredictionBoard
from desktop.models.predictions_cache import free_name, keep_pasted
from desktop.models.predictions_saving import Save, save
from desktop.tasks.task import task_view
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.results import PredictionRecord, ScoredLabel

CLASSIFIER = task_view("classification")


def classifying() -> PredictionBoard:
    board = PredictionBoard()
    board.answers = CLASSIFIER
    return board


def answer(file: str, label: str = "star", confidence: float = 0.8) -> PredictionRecord:
    rest = ScoredLabel(label="ring", confidence=1 - confidence)
    return PredictionRecord(
        file=file,
        label=label,
        confidence=confidence,
        top=(ScoredLabel(label=label, confidence=confidence), rest),
    )


def failure(file: str) -> PredictionRecord:
    return PredictionRecord(file=file, error=f"The image {file} cannot be read: it is cut off.")


def test_that_folders_give_their_images_and_files_stay_what_they_are(tmp_path: Path) -> None:
    inside = tmp_path / "folder" / "deep"
    inside.mkdir(parents=True)
    for name in ("b.png", "a.JPG", "notes.txt"):
        (inside / name).write_bytes(b"")
    (tmp_path / "own.txt").write_bytes(b"")
    (tmp_path / "empty").mkdir()

    found = gather([tmp_path / "own.txt", tmp_path / "folder", tmp_path / "empty", inside / "b.png"])

    assert found.files == (tmp_path / "own.txt", inside / "a.JPG", inside / "b.png")
    assert found.empty_folders == (tmp_path / "empty",)
    assert not found.is_cut


def test_that_what_a_system_put_beside_pictures_is_none_of_them(tmp_path: Path) -> None:
    for name in ("a.png", "._a.png", ".thumbnails/a.png", "__MACOSX/a.png", "deep/b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")

    assert gather([tmp_path]).files == (tmp_path / "a.png", tmp_path / "deep" / "b.png")
    assert gather([tmp_path / "._a.png"]).files == (tmp_path / "._a.png",)


def test_that_a_folder_of_very_many_images_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions, "MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"{number}.png").write_bytes(b"")

    found = gather([tmp_path])

    assert len(found.files) == 3
    assert found.is_cut


def test_that_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)

    assert gather([tmp_path]).files == (tmp_path / "a.png",)


def test_that_a_file_is_on_the_board_once_and_answers_find_it() -> None:
    board = classifying()

    assert board.add([Path("a.png"), Path("b.png"), Path("a.png")]) == [Path("a.png"), Path("b.png")]
    assert board.add([Path("b.png")]) == []
    assert board.answer([failure("b.png"), answer("a.png"), answer("elsewhere.png")]) == [1, 0]
    assert board.counts() == (1, 0, 1)


def test_that_tiles_say_what_is_known() -> None:
    board = classifying()
    board.add([Path("a.png"), Path("b.png"), Path("c.png"), Path("d.png")])
    board.answer([answer("a.png"), failure("b.png"), answer("d.png", confidence=0.3)])
    board.threshold = 0.5

    assert [board.tile(n).caption for n in range(4)] == ["star", "Unreadable", "Waiting", "unsure"]
    assert "cut off" in board.tile(1).spoken
    assert "likeliest star" in board.tile(3).spoken


def test_that_another_model_has_to_answer_all_again() -> None:
    board = PredictionBoard()
    board.add([Path("a.png"), Path("b.png")])
    board.answer([answer("a.png")])

    assert board.forget_answers() == [Path("a.png"), Path("b.png")]
    assert board.counts() == (0, 0, 0)


def test_that_a_table_has_a_line_a_file_whatever_its_name() -> None:
    odd = 'odd, "name"\n.png'
    rows = [
        Prediction(Path(odd), answer(odd)),
        Prediction(Path("b.png"), failure("b.png")),
        Prediction(Path("waiting.png")),
    ]

    table = list(csv.DictReader(to_csv(rows, CLASSIFIER, 0.9).splitlines(keepends=True)))

    assert [line["file"] for line in table] == [odd, "b.png"]
    assert table[0]["label"] == "unsure"
    assert table[0]["top1"] == "star"
    assert float(table[0]["top2_confidence"]) == pytest.approx(0.2)
    assert "cut off" in table[1]["error"]
    assert table[1]["confidence"] == ""


def test_that_json_holds_the_records_with_the_threshold_applied() -> None:
    document = json.loads(
        to_json([Prediction(Path("a.png"), answer("a.png"))], CLASSIFIER, 0.9, "run / best")
    )

    assert document["checkpoint"] == "run / best"
    assert document["predictions"][0]["label"] is None
    assert PredictionRecord.model_validate(document["predictions"][0]).top[0].label == "star"


def test_that_the_proposed_name_is_a_free_one(tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").write_text("old")
    (tmp_path / "predictions-2.csv").write_text("old")

    assert free_name(tmp_path, "predictions", "csv").name == "predictions-3.csv"


def test_that_saving_says_how_many_files_it_tells_of(tmp_path: Path) -> None:
    entries = (Prediction(Path("a.png"), answer("a.png")), Prediction(Path("b.png")))

    assert save(tmp_path / "out.csv", Save("csv", entries, CLASSIFIER, 0.0, "")) == 1
    assert (tmp_path / "out.csv").read_text().count("\n") == 2


def test_that_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UserError) as refused:
        save(tmp_path / "file" / "out.csv", Save("csv", (), CLASSIFIER, 0.0, ""))
    assert refused.value.code == "file_not_saved"


def test_that_a_mask_that_is_gone_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    entries = []
    for name in ("a", "b"):
        mask = tmp_path / "cache" / f"{name}.png"
        mask.parent.mkdir(exist_ok=True)
        mask.write_bytes(b"mask")
        record = PredictionRecord(file=f"{name}.png", shares={"road": 1.0}, mask=str(mask))
        entries.append(Prediction(Path(f"{name}.png"), record))
    wanted = Save("json", entries, task_view("segmentation"), 0.0, "")
    (tmp_path / "out").mkdir()
    assert save(tmp_path / "out" / "answers.json", wanted) == 2
    before = sorted((tmp_path / "out").rglob("*"))

    (tmp_path / "cache" / "b.png").unlink()
    with pytest.raises(UserError, match=r"b\.png") as refused:
        save(tmp_path / "out" / "answers.json", wanted)

    assert refused.value.code == "mask_gone"
    assert sorted((tmp_path / "out").rglob("*")) == before


def test_that_a_pasted_picture_becomes_a_file_and_old_ones_go(lensmith_home: Path) -> None:
    home = Home(lensmith_home).ensure()
    old = home.cache / "pasted" / "pasted-old.png"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"")
    os.utime(old, (0, 0))
    image = QImage(4, 3, QImage.Format.Format_RGB32)
    image.fill(0)

    first, second = keep_pasted(home, image), keep_pasted(home, image)

    assert first != second
    assert QImage(str(first)).width() == 4
    assert not old.exists()
