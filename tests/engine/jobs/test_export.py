"""Exporting a plugin with its own loop: its own file first, the engine's where it leaves the format to us."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.protocol.events import ExportWritten
from engine.protocol.job import Failure
from engine.protocol.run_folder import write_record
from tests.engine.jobs.run_maker import make_run, write_pictures

PLAN_EXAMPLE = Path(__file__).resolve().parents[2] / "fixtures" / "plan_example"
REFUSAL = "        raise NotImplementedError(format)"
OWN = """        (__import__("pathlib").Path(path).parent / "options.txt").write_text(str(sorted(kwargs.items())))
        torch.onnx.export(
            self.model.eval(), (torch.zeros(1, 3, 32, 32),), path,
            input_names=["input"], output_names=["scores"], dynamo=False,
        )
        return path"""
SETTINGS: dict[str, object] = {
    "optimizer_type": "adam",
    "learning_rate": 3e-3,
    "weight_decay": 1e-4,
    "attention_layers": [],
    "dropout_rate": 0.0,
    "epochs": 1,
    "image_size": 32,
}


def export(
    tmp_path: Path, body: str, options: dict[str, object] | None = None
) -> tuple[Path, ExportWritten | None, Failure | None]:
    """Train a plugin whose `export` has this body, export it; give the folder of exports and what was said."""
    plugin = tmp_path / "own"
    plugin.mkdir()
    text = (PLAN_EXAMPLE / "model.py").read_text(encoding="utf-8")
    assert REFUSAL in text
    (plugin / "model.py").write_text(text.replace(REFUSAL, body), encoding="utf-8")
    data = write_pictures(tmp_path / "data")
    trained = make_run(tmp_path / "home", data, SETTINGS, plugin)
    assert trained.work().failure is None
    run = make_run(tmp_path / "home", data, SETTINGS, plugin, "export")
    wanted = {"parent_run": trained.folder.run, "checkpoint": "best", "options": options or {}}
    write_record(run.folder.job_path, run.folder.job().model_copy(update={"task_options": wanted}))
    failure = run.work().failure
    written = [event for event in run.events() if isinstance(event, ExportWritten)]
    return run.folder.exports, written[0] if written else None, failure


@pytest.mark.parametrize("error", ["NotImplementedError", "ValueError"])
def test_that_a_format_the_plugin_leaves_is_written_and_verified_by_the_engine(
    tmp_path: Path, error: str
) -> None:
    _, written, failure = export(tmp_path, f"        raise {error}(format)")

    assert failure is None
    assert written is not None
    assert written.verified


def test_that_a_plugins_own_file_is_verified_and_untouched_options_are_not_pressed_on_it(
    tmp_path: Path,
) -> None:
    folder, written, failure = export(tmp_path, OWN, {"opset": 18, "include_preprocessing": True})

    assert failure is None
    assert written is not None
    assert written.verified
    assert (folder / "options.txt").read_text() == "[]"


def test_that_an_option_the_user_has_changed_reaches_the_plugins_own_export(tmp_path: Path) -> None:
    folder, _, failure = export(tmp_path, OWN, {"opset": 17, "include_preprocessing": True})

    assert failure is None
    assert (folder / "options.txt").read_text() == "[('opset', 17)]"
