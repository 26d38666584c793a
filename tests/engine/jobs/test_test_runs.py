"""Test runs of classifiers: own splits, other datasets with other class names, folders without labels, bad input."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss, roc_auc_score

from engine.datasets.library import ImportOptions, Library
from engine.errors import UserError
from engine.evaluation import result_folder
from engine.protocol.events import MetricsLogged, Notice
from engine.runner.given_data import Wanted
from tests.engine.jobs.run_maker import QUICK, MadeRun, make_run, write_pictures
from tests.engine.jobs.tested_runs import Outcome, enqueued, home_of, known_to_store, outcome_of


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> MadeRun:
    """A classifier of the classes dark and light."""
    folder = tmp_path_factory.mktemp("trained")
    run = make_run(folder / "home", write_pictures(folder / "pictures"), QUICK | {"epochs": 4})
    assert run.work().failure is None
    return known_to_store(run)


def write_others(folder: Path, names: dict[str, int], count: int = 5) -> Path:
    """A folder of each class, each with its mean brightness."""
    rng = np.random.default_rng(7)
    for name, level in names.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(level - 50, level + 50, (26, 30, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def imported(run: MadeRun, folder: Path) -> str:
    options = ImportOptions(is_test_only=True)
    return Library(home_of(run)).import_dataset(folder, name=folder.name, options=options).name


def require_scikit_learns_numbers(done: Outcome, classes: int) -> None:
    target, predicted, scores = (done.column(name) for name in ("target", "predicted", "scores"))
    known = done.summary.metrics
    assert known["test/accuracy"] == pytest.approx(accuracy_score(target, predicted))
    macro = f1_score(target, predicted, average="macro")
    assert known["test/f1_macro"] == pytest.approx(macro, abs=1e-6)
    every = list(range(classes))
    assert known["test/loss"] == pytest.approx(log_loss(target, scores, labels=every), abs=1e-4)
    if len(set(target.tolist())) == classes == 2:
        area = roc_auc_score(target, scores[:, 1])
        assert known["test/roc_auc_macro"] == pytest.approx(area, abs=1e-6)
    confusion = np.load(done.folder / "confusion.npy")
    assert np.array_equal(confusion, confusion_matrix(target, predicted, labels=every))


@pytest.mark.parametrize(("split", "images"), [("val", 6), ("train", 12), ("all", 18)])
def test_that_a_split_of_its_own_data_is_measured_as_scikit_learn_does(
    trained: MadeRun, split: str, images: int
) -> None:
    done = outcome_of(trained, Wanted(split=split))

    assert (done.summary.images, done.summary.split) == (images, split)
    assert done.summary.seen_in_training == 0
    require_scikit_learns_numbers(done, classes=2)


def test_that_a_validation_and_a_test_run_on_its_images_have_one_number(trained: MadeRun) -> None:
    validated = {e.epoch: e.values for e in trained.events() if isinstance(e, MetricsLogged) and e.values}
    done = outcome_of(trained, Wanted(split="val"))

    accuracy = validated[done.summary.epoch]["val/accuracy"]
    assert done.summary.metrics["test/accuracy"] == pytest.approx(accuracy)


def test_that_classes_of_another_dataset_are_matched_mapped_and_left_out(
    trained: MadeRun, tmp_path: Path
) -> None:
    name = imported(trained, write_others(tmp_path / "found", {"Light": 140, "night": 60, "void": 220}))

    done = outcome_of(trained, Wanted(name, mapping={"night": "dark"}))

    assert done.summary.class_names == ("dark", "light")
    assert (done.summary.images, done.summary.dataset) == (10, "found")
    assert np.bincount(done.column("target")).tolist() == [5, 5]
    told = done.run.folder.job().task_options["classes"]
    assert told == {"matched": {"Light": "light", "night": "dark"}, "left_out": ["void"], "missing": []}
    require_scikit_learns_numbers(done, classes=2)


def test_that_a_dataset_without_one_of_the_classes_is_measured(trained: MadeRun, tmp_path: Path) -> None:
    name = imported(trained, write_others(tmp_path / "bright", {"light": 140}))

    done = outcome_of(trained, Wanted(name))

    assert done.summary.images == 5
    assert done.run.folder.job().task_options["classes"] == {
        "matched": {"light": "light"}, "left_out": [], "missing": ["dark"],
    }  # fmt: skip
    require_scikit_learns_numbers(done, classes=2)


def test_that_images_that_the_model_has_learnt_from_are_counted(trained: MadeRun, tmp_path: Path) -> None:
    folder = write_others(tmp_path / "again", {"light": 140, "dark": 60}, count=2)
    pictures = Path(trained.folder.latest_attempt().spec().placement.dataset_root or "")
    shutil.copy(pictures / "train" / "light" / "0.png", folder / "light" / "old.png")

    done = outcome_of(trained, Wanted(imported(trained, folder)))

    assert (done.summary.images, done.summary.seen_in_training) == (5, 1)


def test_that_a_folder_without_labels_is_only_asked_about(trained: MadeRun, tmp_path: Path) -> None:
    folder = write_others(tmp_path / "photos", {"2024": 140, "2025": 60})
    (folder / "broken.png").write_bytes(b"no image")

    done = outcome_of(trained, Wanted(folder=folder))

    summary = done.summary
    assert (summary.is_labelled, summary.images, summary.metrics, summary.dataset) == (False, 10, {}, "")
    assert "target" not in summary.columns
    assert not (done.folder / "confusion.npy").exists()
    scores = done.column("scores")
    assert np.array_equal(done.column("predicted"), scores.argmax(axis=1))
    assert done.column("confidence") == pytest.approx(scores.max(axis=1))
    assert not [e for e in done.run.events() if isinstance(e, MetricsLogged)]
    problems = [problem.file for problem in done.run_manifest().problems]
    assert "broken.png" in problems


def test_that_images_that_break_after_the_import_are_left_out_and_counted(
    trained: MadeRun, tmp_path: Path
) -> None:
    folder = write_others(tmp_path / "worn", {"light": 140, "dark": 60})
    name = imported(trained, folder)
    whole = (folder / "light" / "1.png").read_bytes()
    (folder / "light" / "1.png").write_bytes(whole[: len(whole) // 2])

    done = outcome_of(trained, Wanted(name))

    assert (done.summary.images, done.summary.left_out) == (9, 1)
    assert "light/1.png" in {e.data.get("file") for e in done.run.events() if isinstance(e, Notice)}


def test_that_a_run_of_nothing_but_broken_images_fails_in_a_sentence(
    trained: MadeRun, tmp_path: Path
) -> None:
    folder = write_others(tmp_path / "gone", {"light": 140, "dark": 60}, count=1)
    made = enqueued(trained, Wanted(imported(trained, folder)))
    for file in folder.rglob("*.png"):
        file.write_bytes(b"no image")

    failure = made.work().failure

    assert failure is not None
    assert failure.code == "no_readable_image"


def test_that_what_would_say_nothing_is_refused_before_a_run_is_made(
    trained: MadeRun, tmp_path: Path
) -> None:
    pets = imported(trained, write_others(tmp_path / "pets", {"cat": 140, "dog": 60}))
    half = imported(trained, write_others(tmp_path / "half", {"cat": 140, "dark": 60}))
    before = len(list(home_of(trained).runs.iterdir()))

    for wanted, code, told in (
        (Wanted(pets), "classes_differ", "has no class in common with the model"),
        (Wanted(half), "classes_differ", "has only the class dark in common"),
        (Wanted(pets, split="val"), "classes_differ", "cat, dog"),
        (Wanted(pets, mapping={"cat": "lihgt"}), "map_unknown", "no class 'lihgt'"),
        (Wanted(pets, mapping={"cow": "light"}), "map_unknown", "no class 'cow'"),
        (Wanted("petz"), "dataset_unknown", "petz"),
        (Wanted(split="test"), "split_empty", "no labelled image in the split test"),
        (Wanted(folder=tmp_path / "none"), "path_missing", "There is no folder"),
    ):
        with pytest.raises(UserError, match=told) as refused:
            enqueued(trained, wanted)
        assert refused.value.code == code, wanted
    assert len(list(home_of(trained).runs.iterdir())) == before


def test_that_a_folder_without_images_and_one_that_is_unplugged_are_refused(
    trained: MadeRun, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    drive = write_others(tmp_path / "drive", {"light": 140, "dark": 60})
    name = imported(trained, drive)
    drive.rename(tmp_path / "unplugged")

    with pytest.raises(UserError) as empty:
        enqueued(trained, Wanted(folder=tmp_path / "empty"))
    with pytest.raises(UserError) as away:
        enqueued(trained, Wanted(name))

    assert (empty.value.code, away.value.code) == ("no_images", "dataset_unreachable")


def test_that_a_dataset_that_is_unplugged_meanwhile_fails_in_a_sentence(
    trained: MadeRun, tmp_path: Path
) -> None:
    folder = write_others(tmp_path / "stick", {"light": 140, "dark": 60})
    made = enqueued(trained, Wanted(imported(trained, folder)))
    folder.rename(tmp_path / "elsewhere")

    failure = made.work().failure

    assert failure is not None
    assert failure.code == "dataset_unreachable"


def test_that_a_checkpoint_that_is_deleted_meanwhile_fails_in_a_sentence(
    trained: MadeRun, tmp_path: Path
) -> None:
    made = enqueued(trained, Wanted(split="val"), checkpoint="last")
    kept = tmp_path / "last"
    (trained.folder.checkpoints / "last").rename(kept)

    failure = made.work().failure

    kept.rename(trained.folder.checkpoints / "last")
    assert failure is not None
    assert failure.code == "checkpoint_missing"


def test_that_batch_size_and_checkpoint_are_as_asked_for(trained: MadeRun) -> None:
    done = outcome_of(trained, Wanted(split="val"), checkpoint="last", changes={"batch_size": 1})

    assert done.summary.checkpoint == "last"
    assert done.run.folder.effective_config()["batch_size"] == 1
    assert trained.folder.effective_config()["batch_size"] == 4


def test_that_class_names_with_odd_characters_come_through(tmp_path: Path) -> None:
    names = {"grün=blau": 60, "a, b; 'c' 100%": 140}
    data = tmp_path / "odd"
    for split in ("train", "val", "test"):
        write_others(data / split, names)
    run = make_run(tmp_path / "home", data, QUICK | {"epochs": 1})
    assert run.work().failure is None

    done = outcome_of(known_to_store(run), Wanted(split="test"))

    assert set(done.summary.per_class["support"]) == set(names)
    require_scikit_learns_numbers(done, classes=2)


def test_that_a_training_that_is_deleted_meanwhile_is_told(tmp_path: Path) -> None:
    run = make_run(tmp_path / "home", write_pictures(tmp_path / "pictures"), QUICK | {"epochs": 1})
    assert run.work().failure is None
    made = enqueued(known_to_store(run), Wanted(split="val"))
    run.folder.path.rename(tmp_path / "trash")

    failure = made.work().failure

    assert failure is not None
    assert failure.code == "parent_missing"


def test_that_a_full_disk_leaves_no_half_of_a_result(
    trained: MadeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = enqueued(trained, Wanted(split="val"))

    def refuse(path: Path, *_array: object, **_told: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(result_folder.np, "save", refuse)
    failure = made.work().failure

    assert failure is not None
    assert (failure.code, "full" in failure.message) == ("disk_full", True)
    assert list(made.folder.results.iterdir()) == []


def test_that_a_dataset_that_changed_since_the_training_is_measured_as_it_was(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "pictures")
    run = make_run(tmp_path / "home", data, QUICK | {"epochs": 1})
    assert run.work().failure is None
    known_to_store(run)
    library = Library(home_of(run))
    library.import_dataset(data)
    (data / "val" / "dark" / "0.png").unlink()
    changed = library.import_dataset(data)

    own = outcome_of(run, Wanted(split="val"))
    now = outcome_of(run, Wanted("pictures", split="val"))

    before = run.folder.job().dataset
    assert before is not None
    assert own.run_manifest().version == before.version != changed.version
    assert (own.summary.images, own.summary.left_out) == (5, 1)
    assert now.run_manifest().version == changed.version
    assert (now.summary.images, now.summary.left_out) == (5, 0)
