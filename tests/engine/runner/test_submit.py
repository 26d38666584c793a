"""What a run freezes when it is enqueued, and what is left when it cannot be."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.datasets.annotations import load_annotations
from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.catalog import ModelMetadata, PluginEntry
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment
from engine.protocol.run_folder import RunFolder, write_record
from engine.runner.frozen_weights import find_weights
from engine.runner.submit import SubmitRequest, new_run_id, submit
from engine.store.database import Store
from tests.fixtures.stand_in_runs import enqueue, quiet_home

SUBMIT = """
import resource, sys
from pathlib import Path
from engine.errors import UserError
from engine.protocol.catalog import PluginEntry
from engine.protocol.home import Home
from engine.runner.submit import SubmitRequest, submit
home, plugin, limit = Home(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    submit(SubmitRequest(entry=PluginEntry(id="tiny", folder=plugin), dataset="pictures", config={}), home)
except UserError as error:
    print(error.code)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """With a dataset, and a paused queue, so that nothing starts."""
    made = quiet_home(tmp_path / "home")
    with Store.open(made.store_path) as store:
        store.pause_queue()
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        for name in ("cat", "dog"):
            place = tmp_path / "pictures" / split / name
            place.mkdir(parents=True)
            for number in range(3):
                pixels = rng.integers(0, 255, (8, 8, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{number}.png")
    Library(made).import_dataset(tmp_path / "pictures", name="pictures")
    return made


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins" / "tiny"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__pycache__" / "model.pyc").write_bytes(b"old")
    (folder / "model.py").write_text("VERSION = 1\n", encoding="utf-8")
    (folder / "layers.py").write_text("LAYERS = 1\n", encoding="utf-8")
    return folder


def request(plugin: Path, **changes: Any) -> SubmitRequest:
    metadata = ModelMetadata(name="Tiny", task_type="classification")
    entry = PluginEntry(id="tiny", model="Tiny", folder=str(plugin), source_hash="a" * 64, metadata=metadata)
    return SubmitRequest(**{"entry": entry, "dataset": "pictures", "config": {"epochs": 3}, **changes})


def strings_in(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings_in(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings_in(part)]
    return [value] if isinstance(value, str) else []


def finished_run(home: Home, run: str, *checkpoints: str) -> RunFolder:
    folder = enqueue(home, run)
    for step, name in enumerate(checkpoints):
        place = folder.checkpoints / name
        meta = CheckpointMeta(
            kind="last",
            run=run,
            attempt=1,
            epoch=1,
            step=step,
            plugin="tiny",
            plugin_hash="0",
            config_hash="0",
        )
        write_record(place / "meta.json", meta)
        (place / "weights.safetensors").write_text(f"{run} {name}", encoding="utf-8")
    return folder


def test_that_everything_a_run_needs_lies_frozen_in_its_folder(home: Home, plugin: Path) -> None:
    run = submit(request(plugin, name="my run", preset="easy"), home)
    folder = RunFolder(home.runs / run)

    job = folder.job()
    assert (job.run, job.name, job.preset, job.kind, job.task) == (
        run, "my run", "easy", "train", "classification",
    )  # fmt: skip
    assert (job.plugin.id, job.plugin.model, job.plugin.file) == ("tiny", "Tiny", "model.py")
    assert sorted(path.name for path in folder.plugin.iterdir()) == ["layers.py", "model.py"]
    manifest = Manifest.load(folder.manifest_path)
    assert job.dataset is not None
    assert (len(manifest.items), manifest.version) == (12, job.dataset.version)
    with Store.open(home.store_path) as store:
        assert (store.run(run).state, [waiting.run for waiting in store.queue()]) == ("queued", [run])


def test_that_a_plugin_for_another_task_than_the_datasets_is_refused(home: Home, plugin: Path) -> None:
    metadata = ModelMetadata(name="tiny", task_type="segmentation")
    entry = PluginEntry(id="tiny", model="Tiny", folder=str(plugin), metadata=metadata)

    with pytest.raises(
        UserError, match="is for segmentation, the dataset pictures for classification"
    ) as refusal:
        submit(request(plugin, entry=entry), home)

    assert refusal.value.code == "task_differs"
    assert not any(home.runs.iterdir())


def test_that_no_path_of_this_machine_stands_in_job_and_manifest(home: Home, plugin: Path) -> None:
    source = finished_run(home, "earlier", "best")
    config = {"epochs": 3, "start_from": str(source.checkpoints / "best")}
    folder = RunFolder(home.runs / submit(request(plugin, config=config), home))

    for path in (folder.job_path, folder.manifest_path):
        texts = strings_in(json.loads(path.read_text(encoding="utf-8")))
        assert [text for text in texts if Path(text).is_absolute() or str(home.path) in text] == []
    assert folder.job().config["start_from"] == "artifacts/start_from/weights.safetensors"


def test_that_later_changes_touch_no_waiting_run(home: Home, plugin: Path, tmp_path: Path) -> None:
    folder = RunFolder(home.runs / submit(request(plugin), home))
    manifest = folder.manifest_path.read_bytes()
    (plugin / "model.py").write_text("VERSION = 2\n", encoding="utf-8")
    shutil.rmtree(tmp_path / "pictures" / "val" / "dog")
    shutil.copytree(tmp_path / "pictures" / "val" / "cat", tmp_path / "pictures" / "val" / "dog")
    Library(home).import_dataset(tmp_path / "pictures", name="pictures")

    assert (folder.plugin / "model.py").read_text(encoding="utf-8") == "VERSION = 1\n"
    assert folder.manifest_path.read_bytes() == manifest
    assert Library(home).get("pictures").version != Manifest.load(folder.manifest_path).version


def test_that_a_plugin_of_one_file_is_frozen_alone(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "single.py"
    file.write_text("ONE = 1\n", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("not yours", encoding="utf-8")
    folder = RunFolder(home.runs / submit(request(file), home))

    assert folder.job().plugin.file == "single.py"
    assert [path.name for path in folder.plugin.iterdir()] == ["single.py"]


@pytest.mark.skipif(
    sys.platform == "win32", reason="no limit of file sizes there, which stands for a full disk"
)
@pytest.mark.parametrize("limit", [0, 100, 4096])
def test_that_a_full_disk_leaves_no_half_run(home: Home, plugin: Path, limit: int) -> None:
    (plugin / "layers.py").write_text("#" * 3000, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-c", SUBMIT, str(home.path), str(plugin), str(limit)],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stdout.strip() == "disk_full", ended.stderr
    assert list(home.runs.iterdir()) == []
    with Store.open(home.store_path) as store:
        assert (store.runs(), store.queue()) == ([], [])


def test_that_a_store_that_cannot_be_written_leaves_no_half_run(
    home: Home, plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise UserError("disk_full", "The disk is full.")

    monkeypatch.setattr(Store, "enqueue", full)
    with pytest.raises(UserError, match="disk is full"):
        submit(request(plugin), home)

    assert list(home.runs.iterdir()) == []
    with Store.open(home.store_path) as store:
        assert store.runs() == []


def test_that_a_folder_that_cannot_be_written_is_told(
    home: Home, plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(shutil, "copytree", refused)
    with pytest.raises(UserError, match="Read-only file system") as caught:
        submit(request(plugin), home)
    assert caught.value.code == "home_read_only"


def test_that_a_device_that_is_not_here_is_refused(
    home: Home, plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    with pytest.raises(UserError, match="no device 'cuda:7'"):
        submit(request(plugin, resource="cuda:7"), home)
    assert list(home.runs.iterdir()) == []


def test_that_weights_come_from_the_best_checkpoint_of_a_run(home: Home, plugin: Path) -> None:
    finished_run(home, "earlier", "last", "best", "epoch-0002")
    for named, expected in (
        ("earlier", "best"),
        ("earlier/epoch-0002", "epoch-0002"),
        ("name of earlier", "best"),
    ):
        folder = RunFolder(home.runs / submit(request(plugin, config={"start_from": named}), home))
        frozen = folder.path / str(folder.job().config["start_from"])
        assert frozen.read_text(encoding="utf-8") == f"earlier {expected}"


def test_that_weights_of_a_file_are_copied(home: Home, plugin: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.pt"
    file.write_text("first", encoding="utf-8")
    folder = RunFolder(home.runs / submit(request(plugin, config={"pretrained_path": str(file)}), home))
    with file.open("r+", encoding="utf-8") as opened:
        opened.write("other")

    frozen = folder.path / str(folder.job().config["pretrained_path"])
    assert (frozen.name, frozen.read_text(encoding="utf-8")) == ("mine.pt", "first")


@pytest.mark.parametrize(
    "named", ["nothing", "earlier/epoch-9", "unfinished", "~nobody/x.pt", "readme.txt", "../.."]
)
def test_that_weights_nobody_knows_are_refused(home: Home, plugin: Path, named: str) -> None:
    finished_run(home, "earlier", "best")
    finished_run(home, "unfinished")
    before = sorted(home.runs.iterdir())

    with pytest.raises(UserError, match="start_from names") as caught:
        submit(request(plugin, config={"start_from": named}), home)
    assert caught.value.code == "weights_unknown"
    assert sorted(home.runs.iterdir()) == before


def test_that_a_checkpoint_saved_by_its_plugin_holds_no_weights_to_start_from(home: Home) -> None:
    folder = finished_run(home, "earlier", "best")
    (folder.checkpoints / "best" / "weights.safetensors").unlink()

    for named in ("earlier", "earlier/best", str(folder.checkpoints / "best")):
        with pytest.raises(UserError, match="was saved by its plugin"):
            find_weights(named, home)


def test_that_ids_are_sorted_by_time_and_never_alike() -> None:
    ids = [new_run_id() for _ in range(200)]

    assert len(set(ids)) == 200
    assert [name[:15] for name in ids] == sorted(name[:15] for name in ids)


def test_that_the_objects_of_a_dataset_are_frozen_too(home: Home, plugin: Path, shared_data: Path) -> None:
    library = Library(home)
    manifest = library.import_dataset(shared_data / "detection_bccd" / "coco", name="cells")

    metadata = ModelMetadata(name="Tiny", task_type="detection")
    entry = PluginEntry(id="tiny", model="Tiny", folder=str(plugin), source_hash="a" * 64, metadata=metadata)

    run = submit(request(plugin, dataset="cells", entry=entry), home)
    library.delete("cells")

    folder = RunFolder(home.runs / run)
    assert load_annotations(folder.annotations_path).digest() == manifest.annotations
    assert Manifest.load(folder.manifest_path) == manifest
