"""`lensmith train`, as it is typed: what is refused before anything is enqueued."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine import cli


@pytest.mark.parametrize(
    ("gpus", "code"), [("first", "gpus_invalid"), ("0,1", "gpus_several"), ("7", "device_unknown")]
)
def test_that_gpus_a_run_cannot_use_are_refused(
    lensmith_home: Path,
    shared_data: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    gpus: str,
    code: str,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert cli.main(["data", "import", str(shared_data / "classification_sign_digits"), "--name", "d"]) == 0
    capsys.readouterr()

    assert cli.main(["train", "--plugin", "example_minimal", "--data", "d", "--gpus", gpus, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code
    assert list((lensmith_home / "runs").iterdir()) == []
