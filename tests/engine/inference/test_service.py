"""The predictor answers a line for each line, whatever it is asked, and keeps the models used last."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import UserError
from engine.inference import service
from engine.inference.heat_map import HeatMap
from engine.inference.model_place import ModelPlace
from engine.inference.preview_wish import Wish
from engine.inference.service import MODELS_KEPT, Service, serve
from engine.tasks.predictions import ClassScores
from tests.engine.datasets.pictures import write_picture


class Model:
    class_names: tuple[str, ...] = ("a", "b")

    def infer(self, images: list[np.ndarray]) -> list[ClassScores]:
        if images[0].shape[0] == 13:
            raise ZeroDivisionError("unlucky")
        return [ClassScores(np.array([0.25, 0.75], dtype=np.float32)) for _ in images]


class Asked:
    """A service with what it loaded."""

    def __init__(self, place: ModelPlace | None = None) -> None:
        self.loaded: list[str] = []
        self.model: type[Model] = Model
        self.service = Service(self._load, self._validate, self._preview, place)

    def _load(self, checkpoint: Path) -> Model:
        if checkpoint.name == "none":
            raise UserError("checkpoint_missing", "There is none.", "Choose another.")
        self.loaded.append(checkpoint.name)
        return self.model()

    def _validate(self, plugin: str, config: Mapping[str, object]) -> dict[str, object]:
        return {"config": {**config, "plugin": plugin}}

    def _preview(self, wish: Wish) -> dict[str, object]:
        return {"pictures": [], "classes": [wish.dataset]}

    def __call__(self, **request: object) -> dict[str, Any]:
        return dict(self.service.answer(json.dumps(request)))


def test_that_pictures_are_answered_with_the_number_of_the_request(tmp_path: Path) -> None:
    file = write_picture(tmp_path / "x.png")

    answer = Asked()(id=7, verb="predict", checkpoint="/c/best", files=[str(file)], threshold=0.5)

    assert (answer["id"], answer["ok"]) == (7, True)
    (record,) = answer["predictions"]
    assert (record["label"], record["confidence"]) == ("b", 0.75)
    assert json.dumps(answer)


class Seeing(Model):
    """Looks at the left half."""

    def explain(self, image: np.ndarray, label: int | None = None) -> HeatMap:
        chosen = 1 if label is None else label
        return HeatMap(np.array([[1, 0], [1, 0]], np.float32), (4.0, 0.0, 12.0, 8.0), chosen)


def test_that_a_heat_map_comes_as_a_gray_picture_with_its_place(tmp_path: Path) -> None:
    file = write_picture(tmp_path / "x.png", size=(16, 8))
    asked = Asked()
    asked.model = Seeing

    given = asked(id=3, verb="explain", checkpoint="/c/best", file=str(file))
    other = asked(id=4, verb="explain", checkpoint="/c/best", file=str(file), **{"class": "a"})

    assert (given["ok"], given["label"], given["area"], given["size"]) == (True, "b", [4, 0, 12, 8], [16, 8])
    assert not given["is_empty"]
    assert (other["label"], other["map"] != given["map"]) == ("a", True)
    with Image.open(given["map"]) as picture:
        gray = np.asarray(picture)
    assert gray.shape == (224, 224)
    assert gray[:, :8].min() > 250
    assert gray[:, -8:].max() < 5


def test_that_two_models_do_not_write_their_heat_maps_into_one_file(tmp_path: Path) -> None:
    file = write_picture(tmp_path / "x.png", size=(16, 8))
    asked = Asked()
    asked.model = Seeing

    maps = {
        asked(id=number, verb="explain", checkpoint=f"/c/{name}", file=str(file))["map"]
        for number, name in enumerate(("best", "last", "best"))
    }

    assert len(maps) == 2


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"checkpoint": "/c/best", "class": "zebra"}, "class_unknown"),
        ({"checkpoint": "/c/best"}, "explanation_unavailable"),
        ({"checkpoint": "/c/none"}, "checkpoint_missing"),
        ({}, "request_invalid"),
    ],
)
def test_that_what_cannot_be_explained_is_refused(
    tmp_path: Path, request_: dict[str, object], code: str
) -> None:
    file = write_picture(tmp_path / "x.png")

    answer = Asked()(id=3, verb="explain", file=str(file), **request_)

    assert (answer["ok"], answer["error"]["code"]) == (False, code)


def test_that_a_checkpoint_that_was_written_anew_is_loaded_again(tmp_path: Path) -> None:
    asked = Asked()
    meta = tmp_path / "best" / "meta.json"
    meta.parent.mkdir()
    for moment in (1, 1, 2, 2):
        meta.write_text("{}")
        os.utime(meta, ns=(moment, moment))
        asked(id=1, verb="load", checkpoint=str(meta.parent))

    assert asked.loaded == ["best", "best"]
    assert len(asked(id=2, verb="ping")["models"]) == 1


def test_that_models_stay_loaded_and_the_oldest_goes(tmp_path: Path) -> None:
    asked = Asked()
    for name in ("one", "two", "one", "three", "one", "two"):
        asked(id=1, verb="load", checkpoint=f"/c/{name}")

    assert MODELS_KEPT == 2
    assert asked.loaded == ["one", "two", "three", "two"]
    assert len(asked(id=2, verb="ping")["models"]) == 2


def test_that_every_kind_of_nonsense_gets_an_answer(tmp_path: Path) -> None:
    asked = Asked()
    unlucky = write_picture(tmp_path / "x.png", size=(5, 13))

    refusals: dict[str, dict[str, Any]] = {
        "not json": asked.service.answer("{"),
        "not an object": asked.service.answer("[1]"),
        "verb": asked(id=1, verb="dance"),
        "no checkpoint": asked(id=2, verb="load"),
        "missing": asked(id=3, verb="load", checkpoint="/c/none"),
        "no file": asked(id=4, verb="predict", checkpoint="/c/x", files=["/nowhere.png"]),
        "bug": asked(id=5, verb="predict", checkpoint="/c/x", files=[str(unlucky)]),
    }

    assert all(answer["ok"] is False for answer in refusals.values())
    errors = {name: dict(answer)["error"] for name, answer in refusals.items()}
    assert {name: error["code"] for name, error in errors.items()} == {
        "not json": "request_invalid", "not an object": "request_invalid", "verb": "verb_unknown",
        "no checkpoint": "request_invalid", "missing": "checkpoint_missing", "no file": "file_missing", "bug": "bug",
    }  # fmt: skip
    assert "unlucky" in errors["bug"]["message"]


class OnGpu(ModelPlace):
    """Takes every device that is named, without having it."""

    def take(self, request: Mapping[str, object]) -> dict[str, object]:
        self.device = str(request["device"])
        return {"device": self.device, "problem": ""}


class Greedy(Model):
    """Needs more memory than a GPU has."""

    def infer(self, images: list[np.ndarray]) -> list[ClassScores]:
        raise torch.OutOfMemoryError("CUDA out of memory.")


def test_that_models_are_loaded_anew_where_the_predictor_is_moved_to(tmp_path: Path) -> None:
    asked = Asked(OnGpu())
    for number, device in enumerate(("cpu", "cuda:0", "cuda:0", "cpu")):
        assert asked(id=number, verb="place", device=device)["device"] == device
        asked(id=9, verb="load", checkpoint="/c/best")

    assert asked.loaded == ["best"] * 3


def test_that_a_device_that_is_left_keeps_no_model() -> None:
    asked = Asked(OnGpu())
    asked(id=1, verb="place", device="cuda:0")
    asked(id=2, verb="load", checkpoint="/c/best")

    asked(id=3, verb="place", device="cpu")

    assert asked(id=4, verb="ping")["models"] == []


def test_that_a_gpu_without_enough_memory_is_told_as_such_and_the_cpus_lack_as_a_bug(tmp_path: Path) -> None:
    file = write_picture(tmp_path / "x.png")
    asked = Asked(OnGpu())
    asked.model = Greedy
    codes = []
    for device in ("cuda:0", "cpu"):
        asked(id=1, verb="place", device=device)
        codes.append(asked(id=2, verb="predict", checkpoint="/c/best", files=[str(file)])["error"]["code"])

    assert codes == ["gpu_memory_full", "bug"]


def test_that_without_a_gpu_the_cpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    answer = Asked()(id=1, verb="place", device="cuda:0", threads=None)

    assert (answer["ok"], answer["device"]) == (True, "cpu")
    assert answer["problem"]


def test_that_a_configuration_is_checked_by_the_plugin() -> None:
    answer = Asked()(id=1, verb="validate", plugin="p", config={"epochs": 3})

    assert answer["config"] == {"epochs": 3, "plugin": "p"}


def test_that_a_preview_is_asked_for_with_what_was_wished() -> None:
    answer = Asked()(id=1, verb="preview", plugin="p", config={}, dataset="pets")

    assert (answer["ok"], answer["pictures"], answer["classes"]) == (True, [], ["pets"])


def test_that_serving_answers_line_by_line_below_normal_priority_until_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lowered: list[bool] = []
    monkeypatch.setattr(service, "lower_priority", lambda: lowered.append(True))
    answers = io.StringIO()

    code = serve(
        Asked().service, io.StringIO('{"id": 1, "verb": "ping"}\n\n{"id": 2, "verb": "ping"}\n'), answers
    )

    assert (code, lowered) == (0, [True])
    assert [json.loads(line)["id"] for line in answers.getvalue().splitlines()] == [1, 2]


PRINTING = """
import io, os, sys
from pathlib import Path
from engine.inference.service import Service, answers_only, serve

def load(checkpoint):
    print("a plugin prints")
    os.write(1, b"so does a library\\n")
    return type("Model", (), {"class_names": ("ä",)})

requests = io.StringIO('{"id": 1, "verb": "load", "checkpoint": "/c"}\\n')
with answers_only() as answers:
    serve(Service(load, lambda plugin, config: {}, lambda wish: {}), requests, answers)
print("afterwards")
"""


def test_that_what_a_plugin_prints_is_never_taken_for_an_answer() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PRINTING], capture_output=True, text=True, encoding="utf-8", check=True
    )

    assert [json.loads(line) for line in ended.stdout.splitlines()[:-1]] == [
        {"id": 1, "ok": True, "classes": ["ä"]}
    ]
    assert ended.stdout.splitlines()[-1] == "afterwards"
    assert {"a plugin prints", "so does a library"} <= set(ended.stderr.splitlines())
