"""Every setting of a training does something: changed alone, it changes what the training comes to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.config.schema import ConfigSchema
from engine.config.train import TrainConfig
from engine.data.loader import Loader, LoaderSettings
from engine.data.targets import Targeting
from engine.datasets.manifest import Manifest
from engine.device.policy import SingleDevice
from engine.jobs import desk
from engine.training import telemetry
from tests.engine.jobs.run_maker import MadeRun, make_run, write_pictures

Values = Mapping[str, object]

# The setting, its other value, and what else must be set so that it applies.
CHANGES: list[tuple[str, object, Values]] = [
    ("epochs", 1, {}),
    ("batch_size", 3, {}),
    ("image_size", 24, {}),
    ("seed", 1, {}),
    ("max_hours", 1e-9, {}),
    ("accumulate_steps", 2, {}),
    ("clip_norm", 1e-3, {"optimizer.type": "sgd"}),
    ("label_smoothing", 0.3, {}),
    ("freeze_epochs", 1, {}),
    ("backbone_lr_factor", 0.1, {}),
    ("precision", "bf16", {}),
    ("optimizer.type", "sgd", {}),
    ("optimizer.lr", 0.02, {}),
    ("optimizer.weight_decay", 0.1, {}),
    ("optimizer.beta1", 0.5, {}),
    ("optimizer.beta2", 0.9, {}),
    ("optimizer.eps", 1e-3, {}),
    ("optimizer.amsgrad", True, {"epochs": 6}),
    ("optimizer.weight_decay", 0.2, {"optimizer.type": "adamw"}),
    ("optimizer.momentum", 0.0, {"optimizer.type": "sgd"}),
    ("optimizer.nesterov", True, {"optimizer.type": "sgd"}),
    ("optimizer.momentum", 0.9, {"optimizer.type": "rmsprop"}),
    ("optimizer.alpha", 0.5, {"optimizer.type": "rmsprop"}),
    ("scheduler.type", "onecycle", {}),
    ("scheduler.warmup_epochs", 1, {}),
    ("scheduler.min_lr", 0.005, {}),
    ("scheduler.step_size", 1, {"scheduler.type": "step"}),
    ("scheduler.gamma", 0.5, {"scheduler.type": "step", "scheduler.step_size": 1}),
    ("scheduler.gamma", 0.5, {"scheduler.type": "exponential"}),
    ("scheduler.pct_start", 0.7, {"scheduler.type": "onecycle"}),
    ("scheduler.div_factor", 2.0, {"scheduler.type": "onecycle"}),
    ("scheduler.patience", 5, {"scheduler.type": "plateau", "epochs": 6}),
    ("scheduler.factor", 0.5, {"scheduler.type": "plateau", "scheduler.patience": 0, "epochs": 6}),
    ("augmentation.enabled", False, {}),
    ("augmentation.random_flip", False, {}),
    ("augmentation.random_rotation", 0.0, {}),
    ("augmentation.random_crop", False, {}),
    ("augmentation.resize_scale_min", 0.3, {}),
    ("augmentation.resize_scale_max", 0.9, {}),
    ("augmentation.color_jitter.enabled", False, {}),
    ("augmentation.color_jitter.brightness", 0.6, {}),
    ("augmentation.color_jitter.contrast", 0.6, {}),
    ("augmentation.color_jitter.saturation", 0.6, {}),
    ("augmentation.color_jitter.hue", 0.2, {}),
    ("augmentation.random_grayscale", 1.0, {}),
    ("augmentation.gaussian_blur", 1.0, {}),
    ("augmentation.mixup_alpha", 0.5, {}),
    ("augmentation.cutmix_alpha", 0.5, {}),
    ("augmentation.auto_augment", "randaugment", {}),
    ("augmentation.auto_augment", "autoaugment", {}),
    ("preprocessing.normalize", False, {}),
    ("preprocessing.mean", "0.1, 0.1, 0.1", {}),
    ("preprocessing.std", "0.9, 0.9, 0.9", {}),
    ("preprocessing.resize_method", "nearest", {}),
    ("validation.enabled", False, {}),
    ("validation.val_interval", 2, {}),
    ("validation.metric", "loss", {"epochs": 6}),
    ("validation.save_best_only", False, {}),
    ("validation.keep", "numbers", {}),
    ("validation.keep", "newest_and_best", {"epochs": 3}),
    ("early_stopping.enabled", True, {"early_stopping.patience": 1, "epochs": 8}),
    (
        "early_stopping.patience",
        4,
        {"early_stopping.enabled": True, "epochs": 12, "early_stopping.min_delta": 1.0},
    ),
    (
        "early_stopping.min_delta",
        1.0,
        {
            "early_stopping.enabled": True,
            "early_stopping.patience": 2,
            "epochs": 8,
            "validation.metric": "loss",
        },
    ),
    ("checkpoint.every_epochs", 2, {"validation.save_best_only": False}),
    ("checkpoint.keep_last", 1, {"validation.save_best_only": False}),
    ("ema.enabled", True, {}),
    ("ema.decay", 0.5, {"ema.enabled": True, "epochs": 6}),
]
# These change how fast, or how often it is saved, and nothing else; each has a test of its own below.
ELSEWHERE = {
    "workers",
    "prefetch",
    "cache",
    "deterministic",
    "channels_last",
    "compile",
    "checkpoint.every_minutes",
    "validation.val_split",
    "validation.keep_mb",
    "start_from",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures") / "data")


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of few weights that says which part is its backbone."""
    folder = tmp_path_factory.mktemp("plugin") / "two_parts"
    folder.mkdir()
    (folder / "model.py").write_text(
        "from torch import nn\n"
        "from engine.plugin import ModelMetadata, TorchModel\n"
        "class TwoParts(TorchModel):\n"
        "    @classmethod\n"
        "    def get_metadata(cls):\n"
        "        return ModelMetadata(name='two-parts', task_type='classification')\n"
        "    def build(self):\n"
        "        body = nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(2))\n"
        "        return nn.Sequential(body, nn.Flatten(), nn.Linear(16, self.num_classes))\n"
        "    def backbone(self):\n"
        "        return self.network[0]\n",
        encoding="utf-8",
    )
    return folder


@pytest.fixture(scope="module")
def fingerprints() -> dict[str, str]:
    """Fingerprints of the unchanged trainings, by what they are."""
    return {}


def fingerprint(home: Path, data: Path, plugin: Path, config: dict[str, object]) -> str:
    run = make_run(home, data, config, plugin)
    ended = run.work()
    assert ended.failure is None, ended.failure
    return run.fingerprint()


@pytest.mark.parametrize(
    ("setting", "value", "others"), CHANGES, ids=[f"{name}={value}" for name, value, _ in CHANGES]
)
def test_that_a_changed_setting_reaches_the_training(
    setting: str,
    value: object,
    others: Values,
    data: Path,
    plugin: Path,
    tmp_path: Path,
    fingerprints: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telemetry, "READ_EVERY_S", 0.0)
    key = repr(sorted(others.items()))
    if key not in fingerprints:
        fingerprints[key] = fingerprint(tmp_path / "base", data, plugin, dict(others))

    changed = fingerprint(tmp_path / "changed", data, plugin, {**others, setting: value})

    assert changed != fingerprints[key]


def test_that_equal_settings_come_to_equal_results(data: Path, plugin: Path, tmp_path: Path) -> None:
    assert fingerprint(tmp_path, data, plugin, {}) == fingerprint(tmp_path, data, plugin, {})


def test_that_every_setting_is_in_one_of_the_lists() -> None:
    tested = {name for name, _, _ in CHANGES} | ELSEWHERE

    assert set(ConfigSchema.from_pydantic(TrainConfig).names()) - tested == set()


@pytest.mark.parametrize(("setting", "value"), [("workers", 3), ("prefetch", 7), ("cache", "disk")])
def test_that_a_setting_of_the_loader_reaches_it_and_changes_no_weight(
    setting: str, value: object, data: Path, plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[LoaderSettings] = []
    build = desk.build_loader

    def spy(
        manifest: Manifest, root: Path, split: str, settings: LoaderSettings, targeting: Targeting
    ) -> Loader:
        seen.append(settings)
        return build(manifest, root, split, settings, targeting)

    plain = fingerprint(tmp_path, data, plugin, {})
    monkeypatch.setattr(desk, "build_loader", spy)
    changed = fingerprint(tmp_path, data, plugin, {setting: value})

    assert {getattr(settings, setting) for settings in seen} == {value}
    assert changed == plain
    assert any((tmp_path / "cache").rglob("*.npy")) == (value == "disk")


def test_that_the_device_policy_gets_precision_memory_order_and_compile(
    data: Path, plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path, data, {"channels_last": "on", "precision": "bf16", "compile": True}, plugin)
    monkeypatch.setattr("torch.compile", lambda network, dynamic: network)
    compiled: list[bool] = []
    forward_of = SingleDevice.forward_of

    def spy(policy: SingleDevice, *given: object) -> object:
        compiled.append(policy.resolved.compile)
        return forward_of(policy, *given)  # pyright: ignore[reportArgumentType]  # passed on as it came

    monkeypatch.setattr(SingleDevice, "forward_of", spy)
    assert run.work().failure is None

    text = run.folder.resolved_path.read_text(encoding="utf-8")
    assert '"precision": "bf16"' in text
    assert '"channels_last": true' in text
    assert compiled == [True]


def test_that_deterministic_asks_torch_for_algorithms_that_repeat(
    data: Path, plugin: Path, tmp_path: Path
) -> None:
    import torch

    make_run(tmp_path, data, {"deterministic": True}, plugin).work()
    asked = torch.are_deterministic_algorithms_enabled()
    make_run(tmp_path, data, {}, plugin).work()

    assert (asked, torch.are_deterministic_algorithms_enabled()) == (True, False)


def test_that_the_validation_share_decides_how_much_of_the_training_images_is_held_back(
    plugin: Path, tmp_path: Path
) -> None:
    import json
    import shutil

    data = write_pictures(tmp_path / "data", per_class=10)
    shutil.rmtree(data / "val")
    images: list[int] = []
    for share in (0.2, 0.5):
        run = make_run(tmp_path / "home", data, {"validation.val_split": share}, plugin)
        assert run.work().failure is None
        summary = json.loads((run.folder.results / "0001" / "summary.json").read_text(encoding="utf-8"))
        images.append(summary["images"])

    assert images == [4, 10]


def test_that_a_plugin_may_bring_its_own_augmentation(data: Path, plugin: Path, tmp_path: Path) -> None:
    import shutil

    own = tmp_path / "own_augmentation"
    shutil.copytree(plugin, own)
    with (own / "model.py").open("a", encoding="utf-8") as file:
        file.write(
            "    def build_augmentation(self, config):\n"
            "        size = config.image_size\n"
            "        return lambda image, generator: image[:size, :size] // 2\n"
        )

    assert fingerprint(tmp_path / "a", data, own, {}) != fingerprint(tmp_path / "b", data, plugin, {})


def test_that_saving_every_few_minutes_saves_in_mid_epoch(
    data: Path, plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "READ_EVERY_S", 0.0)

    def saved(minutes: float) -> int:
        run: MadeRun = make_run(tmp_path, data, {"checkpoint.every_minutes": minutes}, plugin)
        run.work()
        return sum(event.model_dump().get("name") == "last" for event in run.events())

    assert saved(1e-9) > saved(0.0) == 2
