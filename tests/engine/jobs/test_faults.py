"""However a training dies, it ends with a typed cause, a sentence, what to do next, and the good checkpoint kept."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from engine.checkpoints import write
from engine.data import samples
from engine.protocol import events as said
from engine.protocol.checkpoint import list_checkpoints
from engine.protocol.job import Failure
from engine.runner.attempts import remedy_for
from tests.engine.jobs.run_maker import MadeRun, make_run, write_pictures

MODEL = """
import torch
from torch import nn
from engine.plugin import ModelMetadata, TorchModel

class Faulty(TorchModel):
    calls = 0

    @classmethod
    def get_metadata(cls):
        return ModelMetadata(name="faulty", task_type="classification")

    def build(self):
        return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, self.num_classes))

    def loss(self, outputs, targets):
        type(self).calls += 1
        if type(self).calls == {call}:
            {fault}
        return super().loss(outputs, targets)
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "data")


def faulty_run(tmp_path: Path, data: Path, fault: str, call: int = 7, **settings: object) -> MadeRun:
    plugin = tmp_path / f"faulty_{call}"
    plugin.mkdir()
    text = MODEL.replace("{call}", str(call)).replace("{fault}", fault)
    (plugin / "model.py").write_text(text, encoding="utf-8")
    return make_run(tmp_path / "home", data, {"epochs": 3, **settings}, plugin)


def failure_of(run: MadeRun) -> Failure:
    ended = run.work()
    assert ended.state == "failed"
    assert ended.failure is not None
    exit_record = run.folder.latest_attempt().exit_record()
    assert exit_record is not None
    assert exit_record.failure == ended.failure
    assert ended.failure.message.endswith(".")
    assert ended.failure.hint
    return ended.failure


def epochs_kept(run: MadeRun) -> dict[str, int]:
    return {name: meta.epoch for name, meta in list_checkpoints(run.folder.checkpoints)}


def test_that_memory_that_does_not_suffice_is_told_with_a_smaller_batch_as_remedy(
    data: Path, tmp_path: Path
) -> None:
    run = faulty_run(
        tmp_path, data, "raise torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 20 GiB')"
    )

    failure = failure_of(run)

    assert failure.cause == "oom"
    assert epochs_kept(run)["last"] == 1
    assert remedy_for(failure, run.folder.effective_config()) == {"batch_size": 2, "accumulate_steps": 2}


def test_that_the_remedy_for_memory_goes_on_where_the_run_was(data: Path, tmp_path: Path) -> None:
    run = faulty_run(tmp_path, data, "raise torch.OutOfMemoryError('CUDA out of memory')")
    failure = failure_of(run)

    remedy = remedy_for(failure, run.folder.effective_config())
    ended = run.again("checkpoints/last", **remedy).work()

    assert ended.state == "completed"
    last = [event for event in run.events() if isinstance(event, said.Progress)][-1]
    assert (last.epoch, last.epochs, last.step) == (3, 3, last.steps_total)


def test_that_a_loss_that_is_not_a_number_keeps_the_last_good_checkpoint(data: Path, tmp_path: Path) -> None:
    run = faulty_run(tmp_path, data, "return outputs.sum() * float('nan')")

    failure = failure_of(run)

    assert (failure.cause, failure.code) == ("nan", "loss_not_finite")
    assert set(epochs_kept(run).values()) == {1}
    assert remedy_for(failure, run.folder.effective_config())["optimizer.lr"] == pytest.approx(0.001)


def test_that_what_a_plugin_raises_names_its_line(data: Path, tmp_path: Path) -> None:
    failure = failure_of(faulty_run(tmp_path, data, "raise KeyError('scale')"))

    assert failure.cause == "plugin"
    assert "KeyError: 'scale'" in failure.message
    assert "model.py" in failure.traceback


def test_that_a_plugin_that_exits_is_told_and_not_taken_for_an_end(data: Path, tmp_path: Path) -> None:
    failure = failure_of(faulty_run(tmp_path, data, "raise SystemExit(0)"))

    assert failure.cause in ("plugin", "bug")
    assert "SystemExit" in failure.message


def test_that_a_full_disk_is_told_and_leaves_the_older_checkpoint(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = faulty_run(tmp_path, data, "pass")
    real = write.torch.save
    saved: list[object] = []

    def save(state: object, path: Path) -> None:
        saved.append(path)
        if len(saved) > 1:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        real(state, path)

    monkeypatch.setattr(write.torch, "save", save)

    failure = failure_of(run)

    assert failure.cause == "disk_full"
    assert set(epochs_kept(run).values()) == {1}
    assert not list(run.folder.checkpoints.glob(".draft*"))


def test_that_a_dataset_that_went_away_is_a_passing_fault(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = faulty_run(tmp_path, data, "pass", cache="off", epochs=9)
    read = samples.read_image
    count = [0]

    def read_and_lose(path: Path) -> object:
        count[0] += 1
        if count[0] == 30:
            shutil.rmtree(data)
        return read(path)

    monkeypatch.setattr(samples, "read_image", read_and_lose)

    failure = failure_of(run)

    assert (failure.cause, failure.code) == ("network", "dataset_unreachable")


def test_that_unreadable_images_are_told_once_each_and_training_goes_on(data: Path, tmp_path: Path) -> None:
    run = make_run(tmp_path / "home", data, {"cache": "off", "epochs": 3})
    (data / "train" / "dark" / "0.png").write_bytes(b"x")
    (data / "val" / "light" / "1.png").write_bytes(b"x")

    assert run.work().state == "completed"

    told = [
        e.data["file"] for e in run.events() if isinstance(e, said.Notice) if e.code == "image_unreadable"
    ]
    assert sorted(str(file) for file in told) == ["train/dark/0.png", "val/light/1.png"]


def test_that_a_dataset_without_any_readable_image_is_told(data: Path, tmp_path: Path) -> None:
    run = make_run(tmp_path / "home", data, {})
    for file in (data / "train").rglob("*.png"):
        file.write_bytes(b"x")

    failure = failure_of(run)

    assert (failure.cause, failure.code) == ("data", "no_readable_image")


def test_that_a_plugin_whose_import_fails_is_told(data: Path, tmp_path: Path) -> None:
    run = faulty_run(tmp_path, data, "pass")
    (run.folder.plugin / "model.py").write_text("import a_module_that_is_not_there\n")

    failure = failure_of(run)

    assert failure.cause == "plugin"
    assert "a_module_that_is_not_there" in failure.message


def test_that_a_job_of_a_later_version_is_refused(data: Path, tmp_path: Path) -> None:
    run = faulty_run(tmp_path, data, "pass")
    path = run.folder.job_path
    path.write_text(path.read_text(encoding="utf-8").replace('"kind": "train"', '"kind": "tune"'))

    assert failure_of(run).code == "job_unknown"


def test_that_the_log_tail_is_part_of_the_failure(data: Path, tmp_path: Path) -> None:
    run = faulty_run(tmp_path, data, "raise KeyError('x')")
    run.folder.latest_attempt().log_path.write_text("\n".join(f"line {n}" for n in range(80)))

    tail = failure_of(run).log_tail

    assert (tail[-1], len(tail)) == ("line 79", 50)


def test_that_the_last_event_is_the_end(data: Path, tmp_path: Path) -> None:
    run = faulty_run(tmp_path, data, "pass")
    run.work()

    assert isinstance(run.events()[-1], said.RunEnded)
