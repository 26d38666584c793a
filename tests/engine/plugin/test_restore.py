from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from engine.checkpoints.write import write_checkpoint
from engine.device.policy import SingleDevice
from engine.device.resolved import Resolved, write_resolved
from engine.errors import PluginError, UserError
from engine.inference.records import to_record
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.contract import BaseModel
from engine.plugin.restore import build_model, network_of, restore_model, tensor_input
from engine.protocol.checkpoint import META_NAME, PLUGIN_CHECKPOINT, WEIGHTS_NAME, CheckpointMeta
from engine.protocol.job import AttemptSpec, JobSpec, PluginRef
from engine.protocol.run_folder import RunFolder, write_record
from engine.tasks.predictions import ClassScores
from tests.engine.plugin.texts import FULL_CONTROL, write_plugin

CLASSES = ("ant", "bee", "cat")
ADAPTER = """from torch import nn

from engine.plugin import ModelMetadata, TorchModel


class Small(TorchModel):
    @classmethod
    def get_metadata(cls):
        return ModelMetadata(name="small", task_type="classification")

    def build(self):
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, self.num_classes)]
        network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), *head)
        if self.config.get("pretrained") == "file":
            self.start_from_file(network)
        return network
"""
OWN_SETTINGS: dict[str, object] = {
    "optimizer_type": "adam",
    "learning_rate": 1e-3,
    "weight_decay": 0.0,
    "attention_layers": ["layer3"],
    "dropout_rate": 0.5,
}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def pictures(count: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    sizes = [(30 + number % 7, 50 - number % 5) for number in range(count)]
    return [rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for height, width in sizes]


def make_run(path: Path, text: str, config: Mapping[str, object]) -> RunFolder:
    """Write the parts of a run folder that a model is made from."""
    folder = RunFolder(path)
    source = write_plugin(folder.plugin, text)
    job = JobSpec(
        run=path.name,
        created="2026-01-01T00:00:00+00:00",
        plugin=PluginRef(id="mine", model="", source_hash=source.source_hash),
        config={"image_size": 24, "epochs": 1, **config},
    )
    write_record(folder.job_path, job)
    write_record(folder.attempt(1).spec_path, AttemptSpec(attempt=1))
    return folder


def meta_of(folder: RunFolder, **changes: object) -> CheckpointMeta:
    facts: dict[str, object] = {
        "kind": "best", "run": folder.run, "attempt": 1, "epoch": 1, "step": 4, "plugin": "mine",
        "plugin_hash": "0", "config_hash": "0", "class_names": CLASSES, "input_size": (3, 24, 24),
    }  # fmt: skip
    return CheckpointMeta.model_validate({**facts, **changes})


def built(folder: RunFolder, **changes: object) -> BaseModel:
    config = {**folder.effective_config(), **changes}
    return build_model(folder, CLASSES, "cpu", config=config)


def wake(network: nn.Module) -> None:
    """Give weights and statistics that no construction would give."""
    generator = torch.Generator().manual_seed(11)
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.1)


def adapter_run(path: Path, **config: object) -> tuple[TorchModel, Path]:
    """Write a run of an adapter with one checkpoint; gives the model that it is of."""
    folder = make_run(path, ADAPTER, config)
    model = built(folder)
    assert isinstance(model, TorchModel)
    wake(model.network)
    mean, std = model.normalisation()
    checkpoint = folder.checkpoints / "best"
    write_checkpoint(checkpoint, model.network.state_dict(), {}, meta_of(folder, mean=mean, std=std))
    return model, checkpoint


def full_control_run(path: Path, text: str = FULL_CONTROL) -> tuple[BaseModel, Path]:
    """Write a run of a full-control plugin with one checkpoint; gives the model that it is of."""
    folder = make_run(path, text, OWN_SETTINGS)
    model = built(folder)
    network = network_of(model)
    assert network is not None
    wake(network)
    checkpoint = folder.checkpoints / "best"
    target = checkpoint / PLUGIN_CHECKPOINT
    target.parent.mkdir(parents=True)
    model.save_checkpoint(str(target), 1, {})
    write_record(checkpoint / META_NAME, meta_of(folder))
    return model, checkpoint


def table(answers: object) -> np.ndarray:
    assert isinstance(answers, list)
    assert all(isinstance(answer, ClassScores) for answer in answers)
    return np.stack([answer.probs for answer in answers])


# ---- adapters


def test_that_a_restored_adapter_answers_as_the_trained_one(tmp_path: Path) -> None:
    model, checkpoint = adapter_run(tmp_path / "run-1")

    restored = restore_model(checkpoint)

    images = pictures(40)
    assert restored.class_names == CLASSES
    np.testing.assert_allclose(table(restored.infer(images)), table(model.infer(images)), atol=1e-6)


@pytest.mark.parametrize("is_last", [True, False])
def test_that_a_model_comes_to_a_device_in_the_memory_order_of_its_training(
    tmp_path: Path, is_last: bool
) -> None:
    _, checkpoint = adapter_run(tmp_path / "run-1")
    folder = RunFolder(tmp_path / "run-1")
    write_resolved(
        folder.resolved_path, Resolved(device_type="meta", channels_last=is_last, precision="bf16")
    )
    placed: list[nn.Module] = []
    place = SingleDevice.place

    def watched(policy: SingleDevice, network: nn.Module) -> None:
        place(policy, network)
        placed.append(network)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SingleDevice, "place", watched)
        restore_model(checkpoint, "meta")

    (network,) = placed
    weights = [tensor for tensor in network.parameters() if tensor.ndim == 4 and tensor.shape[1] > 1]
    assert {str(tensor.device) for tensor in network.parameters()} == {"meta"}
    assert {tensor.dtype for tensor in network.parameters()} == {torch.float32}
    assert weights or not is_last
    assert all(tensor.is_contiguous(memory_format=torch.channels_last) == is_last for tensor in weights)


@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="the answers of a GPU are compared, and there is none"
)
def test_that_a_gpu_answers_as_the_cpu_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)  # as the predictor's process does
    _, checkpoint = adapter_run(tmp_path / "run-1")

    on_gpu = table(restore_model(checkpoint, "cuda:0").infer(pictures()))

    np.testing.assert_allclose(on_gpu, table(restore_model(checkpoint).infer(pictures())), atol=1e-4)


def test_that_answers_become_records_with_the_names_of_the_classes(tmp_path: Path) -> None:
    _, checkpoint = adapter_run(tmp_path / "run-1")
    restored = restore_model(checkpoint)

    (answer,) = restored.infer(pictures(1))
    record = to_record(Path("a.png"), answer, restored.class_names)

    assert record.label in CLASSES
    assert sum(one.confidence for one in record.top) == pytest.approx(1, abs=1e-5)


def test_that_a_run_folder_that_moved_is_restored_as_before(tmp_path: Path) -> None:
    model, checkpoint = adapter_run(tmp_path / "here" / "run-1")
    shutil.move(tmp_path / "here", tmp_path / "there ä")

    moved = tmp_path / "there ä" / checkpoint.relative_to(tmp_path / "here")

    answers = table(restore_model(moved).infer(pictures()))
    np.testing.assert_allclose(answers, table(model.infer(pictures())), atol=1e-6)


def test_that_images_are_prepared_as_the_settings_of_the_run_say(tmp_path: Path) -> None:
    settings = {"preprocessing.mean": "0.1, 0.2, 0.3", "preprocessing.resize_method": "nearest"}
    model, checkpoint = adapter_run(tmp_path / "run-1", **settings)
    restored = restore_model(checkpoint)

    prepared = tensor_input(restored.meta, "cpu")(pictures())
    with torch.no_grad():
        by_hand = torch.softmax(model.network.eval()(prepared), dim=1).numpy()

    np.testing.assert_allclose(table(restored.infer(pictures())), by_hand, atol=1e-6)
    plain = tensor_input(meta_of(RunFolder(tmp_path / "run-1")), "cpu")(pictures())
    assert not torch.allclose(plain, prepared)


def test_that_a_model_is_restored_though_the_file_it_started_from_is_gone(tmp_path: Path) -> None:
    _, checkpoint = adapter_run(tmp_path / "first")
    start = tmp_path / "second" / "artifacts" / "start.safetensors"
    start.parent.mkdir(parents=True)
    shutil.copy(checkpoint / WEIGHTS_NAME, start)
    names = {"pretrained": "file", "pretrained_path": "artifacts/start.safetensors"}
    model, second = adapter_run(tmp_path / "second", **names)
    start.unlink()

    answers = table(restore_model(second).infer(pictures()))

    np.testing.assert_allclose(answers, table(model.infer(pictures())), atol=1e-6)


def test_that_weights_of_other_classes_are_refused(tmp_path: Path) -> None:
    model, checkpoint = adapter_run(tmp_path / "run-1")
    meta = meta_of(RunFolder(tmp_path / "run-1"), class_names=("a", "b"))
    write_checkpoint(checkpoint, model.network.state_dict(), {}, meta)

    with pytest.raises(
        UserError, match=r"belongs to another model: 6\.weight is \(3, 4\) instead of \(2, 4\)"
    ):
        restore_model(checkpoint)


def test_that_a_truncated_checkpoint_is_told(tmp_path: Path) -> None:
    _, checkpoint = adapter_run(tmp_path / "run-1")
    weights = checkpoint / WEIGHTS_NAME
    weights.write_bytes(weights.read_bytes()[:-20])

    with pytest.raises(UserError) as caught:
        restore_model(checkpoint)
    assert caught.value.code == "checkpoint_damaged"


def test_that_a_checkpoint_outside_of_a_run_is_told(tmp_path: Path) -> None:
    _, checkpoint = adapter_run(tmp_path / "run-1")
    lonely = tmp_path / "elsewhere" / "checkpoints" / "best"
    shutil.copytree(checkpoint, lonely)

    with pytest.raises(UserError, match="does not lie in a run's folder"):
        restore_model(lonely)


def test_that_a_folder_without_meta_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        restore_model(tmp_path)
    assert caught.value.code == "checkpoint_missing"


# ---- full control


def test_that_a_restored_full_control_plugin_answers_raw_images(tmp_path: Path) -> None:
    model, checkpoint = full_control_run(tmp_path / "run-1")

    restored = restore_model(checkpoint)

    logits = model.infer(tensor_input(restored.meta, "cpu")(pictures()))
    by_hand = torch.softmax(logits, dim=1).numpy()
    np.testing.assert_allclose(table(restored.infer(pictures())), by_hand, atol=1e-6)


@pytest.mark.parametrize(
    ("saving", "loading"),
    [
        ("path + '.tar'", "path + '.tar'"),
        ("__import__('pathlib').Path(path).mkdir() or path + '/all.pt'", "path + '/all.pt'"),
    ],
    ids=["a suffix of its own", "a folder"],
)
def test_that_load_checkpoint_gets_the_path_that_save_checkpoint_got(
    saving: str, loading: str, tmp_path: Path
) -> None:
    text = FULL_CONTROL.replace(
        "self.optimizer.state_dict()}, path)", f"self.optimizer.state_dict()}}, {saving})"
    )
    text = text.replace("torch.load(path,", f"torch.load({loading},")
    model, checkpoint = full_control_run(tmp_path / "run-1", text)

    restored = restore_model(checkpoint)

    logits = model.infer(tensor_input(restored.meta, "cpu")(pictures()))
    by_hand = torch.softmax(logits, dim=1).numpy()
    np.testing.assert_allclose(table(restored.infer(pictures())), by_hand, atol=1e-6)


def test_that_a_checkpoint_without_the_plugins_part_is_told(tmp_path: Path) -> None:
    _, checkpoint = full_control_run(tmp_path / "run-1")
    (checkpoint / PLUGIN_CHECKPOINT).unlink()

    with pytest.raises(UserError, match="holds nothing that the plugin saved"):
        restore_model(checkpoint)


def test_that_what_a_plugins_infer_raises_is_told_as_its_own(tmp_path: Path) -> None:
    text = FULL_CONTROL.replace(
        "    def infer(self, image_or_batch):", "    def infer(self, image_or_batch):\n        1 / 0"
    )
    _, checkpoint = full_control_run(tmp_path / "run-1", text)

    with pytest.raises(PluginError, match="ZeroDivisionError") as caught:
        restore_model(checkpoint).infer(pictures())
    assert caught.value.code == "infer_failed"


# ---- construction


def test_that_equal_seeds_build_equal_weights_and_others_do_not(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run-1", ADAPTER, {})

    def first_of(seed: int) -> torch.Tensor:
        network = network_of(built(folder, seed=seed))
        assert network is not None
        return next(network.parameters()).detach()

    assert torch.equal(first_of(5), first_of(5))
    assert not torch.equal(first_of(5), first_of(6))


def test_that_a_constructor_gets_what_only_the_engine_knows(tmp_path: Path) -> None:
    text = ADAPTER.replace(
        "    def build(self):", "    def build(self):\n        self.seen = dict(self.config)"
    )
    folder = make_run(tmp_path / "run-1", text, {"pretrained_path": "artifacts/w.pt"})

    seen = vars(built(folder))["seen"]

    known = {"num_classes": 3, "class_names": list(CLASSES), "device": "cpu", "start_epoch": 0}
    assert {name: seen[name] for name in known} == known
    assert (seen["epochs"], seen["batch_size"], seen["image_size"], seen["seed"]) == (1, 32, 24, 0)
    assert seen["pretrained_path"] == str(tmp_path / "run-1" / "artifacts" / "w.pt")


def test_that_overrides_of_later_attempts_hold_for_a_restored_model(tmp_path: Path) -> None:
    model, checkpoint = adapter_run(tmp_path / "run-1")
    folder = RunFolder(tmp_path / "run-1")
    spec = AttemptSpec(attempt=2, reason="retry", overrides={"label_smoothing": 0.3})
    write_record(folder.attempt(2).spec_path, spec)

    again = built(folder)

    assert isinstance(again, TorchModel)
    assert (model.settings.label_smoothing, again.settings.label_smoothing) == (0.0, 0.3)
    assert restore_model(checkpoint).class_names == CLASSES


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        ({"network": "a", "teacher": "b"}, "a"),
        ({"model": "a", "teacher": "b"}, "a"),
        ({"classifier": "a", "other": 3}, "a"),
        ({"student": "a", "teacher": "b"}, None),
        ({"other": 3}, None),
    ],
)
def test_that_the_network_is_found_by_its_name_or_because_it_is_alone(
    attributes: dict[str, object], found: str | None
) -> None:
    modules = {name: nn.Linear(1, 1) for name in "ab"}
    values = {name: modules.get(str(value), value) for name, value in attributes.items()}

    network = network_of(SimpleNamespace(**values))  # pyright: ignore[reportArgumentType]  # any object will do

    assert network is (modules[found] if found is not None else None)
