"""From a folder of pictures to a verified ONNX file, by commands, in the processes that users have."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from engine.data.preprocessing import prepare_image
from engine.datasets.decode import decode_image
from engine.protocol.events import UnknownEvent, parse_event
from tests.conftest import CommandLine
from tests.end_to_end.conftest import QUICK, Trained

pytestmark = pytest.mark.slow


def strings_in(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings_in(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings_in(part)]
    return [value] if isinstance(value, str) else []


def test_that_a_training_ends_with_its_best_value_and_leaves_a_whole_run_folder(trained: Trained) -> None:
    shown = trained.lensmith("runs", "show", trained.run)

    assert (shown["state"], shown["epoch"], shown["failure"]) == ("completed", 3, None)
    assert shown["best"]["metric"] == "val/accuracy"
    assert shown["best"]["value"] > 0.6
    assert trained.folder.name == trained.run
    for name in ("job.json", "plugin/model.py", "dataset/manifest.json", "resolved.json", "checkpoints/best"):
        assert (trained.folder / name).exists(), name


def test_that_a_run_is_found_by_its_name(trained: Trained) -> None:
    assert trained.lensmith("runs", "show", "first")["run"] == trained.run


def test_that_neither_job_nor_manifest_holds_a_path_of_this_machine(trained: Trained) -> None:
    for name in ("job.json", "dataset/manifest.json"):
        document = json.loads((trained.folder / name).read_text(encoding="utf-8"))
        assert [text for text in strings_in(document) if Path(text).is_absolute()] == []


def test_that_every_event_is_known_and_numbered_without_a_gap(trained: Trained) -> None:
    for path in sorted((trained.folder / "attempts" / "0001").glob("*.jsonl")):
        events = [parse_event(line) for line in path.read_bytes().splitlines()]
        assert [event.seq for event in events if event is not None] == list(range(len(events)))
        assert not any(isinstance(event, UnknownEvent) for event in events)


def test_that_the_store_has_what_the_events_say(trained: Trained) -> None:
    metrics = trained.lensmith("runs", "metrics", trained.run, "--name", "val/accuracy")["metrics"]

    assert [row["epoch"] for row in metrics] == [1, 2, 3]
    assert (
        max(row["value"] for row in metrics) == trained.lensmith("runs", "show", trained.run)["best"]["value"]
    )


def test_that_phases_before_the_first_step_have_their_times(trained: Trained) -> None:
    with sqlite3.connect(trained.lensmith.home / "store.db") as connection:
        rows = dict(connection.execute("SELECT name, seconds FROM phases WHERE run = ?", (trained.run,)))

    assert {"read_data", "load_plugin", "build_model", "first_step"} <= set(rows)
    assert all(seconds is not None for seconds in rows.values())


def test_that_the_run_is_tracked_in_mlflow_under_the_users_folder(trained: Trained) -> None:
    with sqlite3.connect(trained.lensmith.home / "mlflow" / "mlflow.db") as connection:
        names = {row[0] for row in connection.execute("SELECT DISTINCT key FROM metrics")}
        params = dict(connection.execute("SELECT key, value FROM params"))

    assert {"train/loss", "val/accuracy"} <= names
    assert params["optimizer.lr"] == "0.01"
    assert list((trained.lensmith.home / "mlflow").rglob("weights.safetensors"))


def test_that_evaluation_agrees_with_scikit_learn_and_with_the_training(trained: Trained) -> None:
    shown = trained.lensmith("runs", "show", trained.run)
    on_val = trained.lensmith("evaluate", trained.run, "--split", "val")
    on_test = trained.lensmith("evaluate", trained.run, "--split", "test")

    assert on_val["metrics"]["test/accuracy"] == pytest.approx(shown["best"]["value"])
    result = Path(on_test["folder"]) / "results" / "0001"
    target, predicted = (np.load(result / f"image_{name}.npy") for name in ("target", "predicted"))
    assert on_test["metrics"]["test/accuracy"] == pytest.approx(accuracy_score(target, predicted))
    assert on_test["metrics"]["test/f1_macro"] == pytest.approx(f1_score(target, predicted, average="macro"))
    assert np.array_equal(
        np.load(result / "confusion.npy"), confusion_matrix(target, predicted, labels=[0, 1, 2])
    )
    assert on_test["confusion"] == confusion_matrix(target, predicted, labels=[0, 1, 2]).tolist()
    assert on_test["classes"] == ["blue", "green", "red"]
    assert set(on_test["per_class"]) >= {"precision", "recall", "f1"}


def test_that_the_exported_file_says_the_same_as_the_predictor(trained: Trained) -> None:
    import onnxruntime

    exported = trained.lensmith("export", trained.run, "--format", "onnx")
    assert (exported["verified"], exported["format"]) == (True, "onnx")
    assert exported["size_bytes"] == Path(exported["path"]).stat().st_size
    pictures = sorted((trained.data / "test").rglob("*.png"))[:5]
    predicted = trained.lensmith("predict", trained.run, *pictures)["predictions"]

    session = onnxruntime.InferenceSession(exported["path"], providers=["CPUExecutionProvider"])
    names = json.loads(Path(exported["path"]).with_suffix(".json").read_text(encoding="utf-8"))["class_names"]
    for picture, record in zip(pictures, predicted, strict=True):
        pixels = prepare_image(decode_image(picture), 32).transpose(2, 0, 1)[None].astype(np.float32)
        probabilities = np.asarray(session.run(None, {session.get_inputs()[0].name: pixels})[0])[0]
        assert names[int(probabilities.argmax())] == record["label"]
        assert float(probabilities.max()) == pytest.approx(record["confidence"], abs=1e-3)


def test_that_a_file_that_is_no_image_is_told_and_the_others_are_answered(
    trained: Trained, tmp_path: Path
) -> None:
    good = next((trained.data / "test").rglob("*.png"))
    bad = tmp_path / "broken.png"
    bad.write_bytes(b"no image at all")

    answers = trained.lensmith("predict", trained.run, good, bad)["predictions"]

    assert answers[0]["label"] is not None
    assert answers[1]["label"] is None
    assert "broken.png" in answers[1]["error"]


def test_that_predictions_can_be_written_as_a_table(trained: Trained, tmp_path: Path) -> None:
    table = tmp_path / "out.csv"
    trained.lensmith("predict", trained.run, trained.data / "test", "--csv", table)

    lines = table.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "file,label,confidence,error"
    assert len(lines) == 1 + 18


def test_that_a_run_can_start_from_the_weights_of_another(trained: Trained) -> None:
    answer = trained.lensmith(
        "train", "--plugin", "example_minimal", "--data", "colours", *QUICK,
        "--set", "epochs=1", "--set", f"start_from={trained.run}", "--set", "optimizer.lr=1e-8",
    )  # fmt: skip

    first = trained.lensmith("runs", "show", trained.run)["best"]["value"]
    assert answer["best"]["value"] == pytest.approx(first, abs=0.12)
    config = json.loads((Path(answer["folder"]) / "job.json").read_text(encoding="utf-8"))["config"]
    assert not Path(config["start_from"]).is_absolute()


def test_that_the_store_can_be_rebuilt_from_the_run_folders(trained: Trained) -> None:
    before = trained.lensmith("runs", "metrics", trained.run)
    trained.lensmith("store", "rebuild")

    assert trained.lensmith("runs", "metrics", trained.run) == before


def test_that_a_moved_run_and_dataset_go_on_elsewhere(trained: Trained, tmp_path: Path) -> None:
    elsewhere = CommandLine(tmp_path / "other home")
    data = tmp_path / "moved pictures"
    shutil.copytree(trained.data, data)
    elsewhere("data", "import", data, "--name", "colours")
    shutil.copytree(trained.folder, elsewhere.home / "runs" / trained.run)
    elsewhere("store", "rebuild")

    extended = elsewhere("runs", "extend", trained.run, "--epochs", 4)

    assert (extended["state"], extended["epoch"]) == ("completed", 4)
