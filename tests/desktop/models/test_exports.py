"""Exports as they are listed: what is said of each, and the program that runs its file."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from desktop.models.exports import explanation, list_exports, size_text, verdict
from desktop.models.exports_formats import FORMATS, format_offers
from desktop.models.exports_snippet import CLASS_PROGRAM, python_snippet
from desktop.models.exports_table import CHECK, ExportTableModel
from engine.export import onnx_file
from engine.protocol.events import ExportWritten, RunEnded
from engine.protocol.home import Home
from engine.protocol.interpreter import PACKAGE_ROOT
from engine.protocol.job import Failure
from engine.runner.supervision import add_supervision
from engine.store.database import Store
from engine.store.rebuild import take_run
from engine.verbs.export import FORMATS as ENGINE_FORMATS
from tests.desktop.measured_runs import MeasuredRun, measured_run


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home)


@pytest.fixture
def trained(home: Home, tmp_path: Path) -> MeasuredRun:
    return measured_run(home, tmp_path)


def export_of(trained: MeasuredRun, number: int, **written: object) -> MeasuredRun:
    made = MeasuredRun(
        trained.home, f"20260101-00{number:02}00-eeee", trained.manifest, kind="export", parent=trained.run
    ).create()
    if written:
        path = made.folder.exports / "model.onnx"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"0" * 1_500_000)
        facts = {"path": "exports/model.onnx", "format": "onnx", "size_bytes": 1_500_000, **written}
        made.said.append(ExportWritten.model_validate(facts))
    return made


def test_that_without_a_store_nothing_is_listed(home: Home) -> None:
    assert list_exports(home) == []


@pytest.mark.parametrize(
    ("written", "said", "tone", "advice"),
    [
        ({"verified": True, "max_error": 6e-8}, "✓ Verified", "ok", "agree with PyTorch"),
        ({"verified": False, "max_error": 0.3}, "✕ Differs", "bad", "Do not use it"),
        ({"verified": False, "max_error": None}, "Not compared", "warn", "Test it before"),
    ],
)
def test_that_an_export_says_whether_it_agrees_with_pytorch(
    home: Home, trained: MeasuredRun, written: dict[str, object], said: str, tone: str, advice: str
) -> None:
    export_of(trained, 1, **written).tell()

    fact = list_exports(home)[0]

    assert verdict(fact) == (said, tone)
    assert advice in explanation(fact)
    assert size_text(fact) == "1.5 MB"
    assert fact.model.startswith("Tiny")
    assert fact.row.parent == trained.run


def test_that_a_file_that_was_moved_away_is_told(home: Home, trained: MeasuredRun) -> None:
    made = export_of(trained, 1, verified=True, max_error=0.0).tell()
    shutil.rmtree(made.folder.exports)

    fact = list_exports(home)[0]

    assert fact.path is None
    assert verdict(fact) == ("File is gone", "bad")


def test_that_a_failed_export_keeps_its_reason(home: Home, trained: MeasuredRun) -> None:
    made = export_of(trained, 1)
    failure = Failure(cause="plugin", code="x", message="The operator is not known.", hint="Choose opset 20.")
    add_supervision(made.folder.attempt(1), RunEnded(state="failed", failure=failure))
    with Store.open(home.store_path) as store:
        take_run(store, made.folder)

    fact = list_exports(home)[0]

    assert verdict(fact) == ("Failed", "bad")
    assert explanation(fact) == "The operator is not known. Choose opset 20."


def test_that_the_newest_export_comes_first_and_a_damaged_folder_hides_nothing(
    home: Home, trained: MeasuredRun
) -> None:
    first = export_of(trained, 1, verified=True, max_error=0.0).tell()
    second = export_of(trained, 2, verified=True, max_error=0.0).tell()
    first.folder.job_path.write_text("{")

    assert [fact.run for fact in list_exports(home)] == [second.run, first.run]


def test_that_a_table_row_changes_in_place_while_an_export_goes_on(home: Home, trained: MeasuredRun) -> None:
    made = export_of(trained, 1).tell("running")
    model = ExportTableModel()
    model.show_facts(list_exports(home))
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    assert model.index(0, CHECK).data() == "Exporting"

    path = made.folder.exports / "model.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"0")
    made.said.append(ExportWritten(path="exports/model.onnx", format="onnx", verified=True, max_error=0.0))
    made.tell()
    model.show_facts(list_exports(home))

    assert model.index(0, CHECK).data() == "✓ Verified"
    assert resets == []


def test_that_exactly_the_formats_of_the_engine_are_offered() -> None:
    assert tuple(entry.key for entry in FORMATS) == ENGINE_FORMATS


def test_that_a_format_works_where_its_packages_are(home: Home) -> None:
    offer = format_offers(home)[0]

    assert offer.status.available


def test_that_the_packages_of_the_engines_own_python_count(home: Home) -> None:
    bare = home.ensure().path / "bare-python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n', encoding="utf-8")
    bare.chmod(0o755)
    home.settings_path.write_text(json.dumps({"engine": {"interpreter": str(bare)}}), encoding="utf-8")

    offer = format_offers(home)[0]

    assert not offer.status.available
    assert "onnx" in offer.status.reason
    assert "lensmith[export]" in offer.status.install


def test_that_an_engine_that_does_not_answer_is_told(home: Home) -> None:
    home.ensure().settings_path.write_text('{"engine": {"interpreter": "/nowhere/python"}}', encoding="utf-8")

    offer = format_offers(home)[0]

    assert not offer.status.available
    assert "/nowhere/python" in offer.status.reason


@pytest.mark.parametrize("inside", [True, False])
def test_that_the_program_to_copy_runs_the_file_and_names_the_likeliest_class(
    tmp_path: Path, inside: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch
    from PIL import Image
    from torch import nn

    class Redness(nn.Module):
        """Class 1 where the picture is red."""

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            red = pixels[:, 0].mean(dim=(1, 2)) - pixels[:, 2].mean(dim=(1, 2))
            return torch.stack([-red, red], dim=1)

    deployment = onnx_file.Deployment(
        class_names=("blue", "red"),
        input_size=(3, 16, 16),
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
        include_preprocessing=inside,
        include_postprocessing=inside,
    )
    model = tmp_path / "odd “name” 'model.onnx"
    onnx_file.export_onnx(Redness(), model, deployment)
    Image.new("RGB", (40, 24), (200, 40, 60)).save(tmp_path / "image.jpg")
    options = {"include_preprocessing": inside, "include_postprocessing": inside}
    program = python_snippet(model, options, CLASS_PROGRAM)
    program = program.replace('"image.jpg"', repr(str(tmp_path / "image.jpg")))

    exec(compile(program, "snippet", "exec"), {})  # the program is ours, and what is tested

    first = capsys.readouterr().out.splitlines()[0]
    assert first.endswith("red")
    red, blue = (200 / 255 - 0.5) / 0.25, (60 / 255 - 0.5) / 0.25
    expected = float(torch.softmax(torch.tensor([-(red - blue), red - blue]), dim=0)[1])
    assert float(first.split("%")[0]) == pytest.approx(100 * expected, abs=0.6)
    assert PACKAGE_ROOT.name not in program
