from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from engine.plugin.discovery import source_at
from engine.plugin.requirements import missing_requirements
from tests.engine.plugin.texts import write_plugin


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let exactly two packages be installed."""
    installed = {"einops": "0.8.1", "early": "2.0rc1"}

    def version(name: str) -> str:
        if name not in installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(importlib.metadata, "version", version)


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("einops", []),
        ("einops>=0.8,<1", []),
        ("einops>=0.9", ["einops>=0.9"]),
        ("early>=1", []),
        ("absent", ["absent"]),
        ("absent[extra]==1.0  # why", ["absent[extra]==1.0"]),
        ("absent; sys_platform == 'plan9'", []),
        ("# absent", []),
        ("", []),
    ],
)
def test_that_a_requirement_is_compared_with_what_is_installed(
    tmp_path: Path, line: str, missing: list[str]
) -> None:
    source = write_plugin(tmp_path / "p", {"model.py": "", "requirements.txt": f"{line}\n"})

    assert missing_requirements(source) == (missing, [])


def test_that_a_line_that_cannot_be_read_is_told_with_its_number(tmp_path: Path) -> None:
    source = write_plugin(tmp_path / "p", {"model.py": "", "requirements.txt": "einops\n--index-url x\n"})

    missing, (problem,) = missing_requirements(source)

    assert missing == []
    assert (problem.code, problem.line, problem.severity) == ("requirement_unreadable", 2, "warning")


def test_that_a_plugin_of_one_file_takes_no_requirements_from_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("absent\n")
    (tmp_path / "single.py").touch()

    assert missing_requirements(source_at(tmp_path / "single.py")) == ([], [])
