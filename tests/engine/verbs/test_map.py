"""`lensmith map` writes a map that fits the result it was made of, and finds a copy in another split."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.cli import main
from engine.protocol.home import Home
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import write_record
from engine.store.database import Store
from engine.store.rebuild import take_run
from engine.verbs import map as map_verb
from tests.engine.jobs.run_maker import MadeRun, make_run, write_pictures


@pytest.fixture(autouse=True)
def usual_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of this process would stay low for all tests that follow."""
    monkeypatch.setattr(map_verb, "lower_priority", lambda: None)


def known_run(lensmith_home: Path, tmp_path: Path) -> MadeRun:
    """A run that the store knows, and that has no result yet."""
    home = Home(lensmith_home).ensure()
    run = make_run(home.path, write_pictures(tmp_path / "pictures"), {})
    with Store.open(home.store_path) as store:
        take_run(store, run.folder)
    return run


@pytest.mark.slow
def test_that_a_result_is_mapped_and_a_leak_is_found(
    lensmith_home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = Home(lensmith_home).ensure()
    data = write_pictures(tmp_path / "pictures", per_class=8)
    leaked = data / "val" / "dark" / "1.png"
    shutil.copyfile(data / "train" / "dark" / "5.png", leaked)
    run = make_run(home.path, data, {"epochs": 1, "image_size": 32})
    run.work()
    with Store.open(home.store_path) as store:
        take_run(store, run.folder)
    result = run.folder.results / "0001"

    code = main(["map", run.folder.run, "--result", "0001", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert (code, told["images"]) == (0, 6)
    assert json.loads((result / "map.json").read_text()) == told
    points = np.load(result / "map_points.npy")
    assert points.shape == (6, 2)
    assert np.isfinite(points).all()
    manifest = json.loads(run.folder.manifest_path.read_text())["items"]
    pairs = np.load(result / "map_pairs.npy")
    paths = {frozenset(manifest[int(item)]["path"] for item in pair) for pair in pairs}
    assert frozenset({"val/dark/1.png", "train/dark/5.png"}) in paths
    assert np.load(result / "map_alike.npy")[0] == pytest.approx(1, abs=1e-4)


def test_that_a_result_that_is_not_there_is_told(
    lensmith_home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = known_run(lensmith_home, tmp_path)

    code = main(["map", run.folder.run, "--result", "0009", "--json"])

    assert code != 0
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "result_missing"


@pytest.mark.parametrize(
    "changed", [{"dropped": "images", "columns": ()}, {"expected": 9, "columns": ("item",)}]
)
def test_that_a_result_whose_images_are_not_kept_or_not_all_there_is_refused(
    changed: dict[str, object],
    lensmith_home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = known_run(lensmith_home, tmp_path)
    told = {"task": "classification", "split": "val", "epoch": 1, "step": 1, **changed}
    write_record(run.folder.results / "0001" / "summary.json", ResultSummary.model_validate(told))

    code = main(["map", run.folder.run, "--result", "0001", "--json"])

    assert code != 0
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "map_no_images"


def test_that_a_disk_that_is_full_is_told_and_leaves_no_map_that_does_not_fit(
    lensmith_home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = known_run(lensmith_home, tmp_path)
    result = run.folder.results / "0001"
    told = {"task": "classification", "split": "val", "epoch": 1, "step": 1, "columns": ("item",)}
    write_record(result / "summary.json", ResultSummary.model_validate(told))
    np.save(result / "image_item.npy", np.arange(2))
    (result / "map.json").write_text("{}")
    made = SimpleNamespace(
        points=np.zeros((2, 2), np.float32), pairs=np.zeros((0, 2), np.int64), similarities=np.zeros(0)
    )
    for name, given in (("_checkpoint", tmp_path / "best"), ("_root", tmp_path), ("_made", made)):
        monkeypatch.setattr(map_verb, name, lambda *_, given=given: given)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.verbs.map.write_atomic", full)
    assert main(["map", run.folder.run, "--result", "0001", "--json"]) != 0

    assert json.loads(capsys.readouterr().out)["error"]["code"] == "disk_full"
    assert not (result / "map.json").exists()
