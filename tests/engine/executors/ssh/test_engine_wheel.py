"""The engine's wheel is what pip takes, holds what runs here, and has the same bytes every time."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.utils import parse_wheel_filename

from engine.executors.ssh.engine_wheel import build_wheel, engine_wheel, needed

STATED = [
    "numpy<2.4,>=2.2",
    'torch>=2.9; extra == "engine"',
    'PySide6-Essentials==6.11.3; extra == "desktop"',
    'coremltools>=8.3; sys_platform != "win32" and extra == "export"',
]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "engine"
    (folder / "part" / "__pycache__").mkdir(parents=True)
    for name in ("__init__.py", "cli.py", "part/__init__.py"):
        (folder / name).write_text("", encoding="utf-8")
    (folder / "cli.py").write_text("def main() -> int:\n    return 0\n", encoding="utf-8")
    (folder / "part" / "table.json").write_text("{}", encoding="utf-8")
    (folder / "part" / "__pycache__" / "cli.cpython-311.pyc").write_bytes(b"x")
    return folder


def names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return sorted(archive.namelist())


def test_that_the_wheel_holds_code_and_data_and_nothing_else(package: Path) -> None:
    wheel = build_wheel(package, "1.2", STATED)

    info = f"lensmith-{wheel.version}.dist-info"
    assert names(wheel.content) == sorted(
        [
            "engine/__init__.py",
            "engine/cli.py",
            "engine/part/__init__.py",
            "engine/part/table.json",
            f"{info}/METADATA",
            f"{info}/RECORD",
            f"{info}/WHEEL",
            f"{info}/entry_points.txt",
        ]
    )


def test_that_the_same_sources_give_the_same_bytes_and_others_another_name(package: Path) -> None:
    first = build_wheel(package, "1.2", STATED)
    os.utime(package / "cli.py", (1, 1))
    assert build_wheel(package, "1.2", STATED) == first

    (package / "cli.py").write_text("def main() -> int:\n    return 1\n", encoding="utf-8")
    changed = build_wheel(package, "1.2", STATED)
    assert changed.sha256 != first.sha256
    assert changed.file_name != first.file_name
    assert build_wheel(package, "1.2", ["numpy"]).sha256 != changed.sha256


def test_that_only_the_engines_requirements_are_stated() -> None:
    assert needed(STATED) == (["numpy<2.4,>=2.2"], ["torch>=2.9"])


def test_that_the_name_is_a_valid_one(package: Path) -> None:
    wheel = build_wheel(package, "1.2", STATED)

    name, version, _, _ = parse_wheel_filename(wheel.file_name)
    assert name == "lensmith"
    assert str(version) == wheel.version
    assert wheel.version == f"1.2+h{wheel.sha256[:12]}"


def test_that_pip_installs_it(package: Path, tmp_path: Path) -> None:
    wheel = build_wheel(package, "1.2", [])
    (tmp_path / wheel.file_name).write_bytes(wheel.content)
    target = tmp_path / "target"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-cache-dir"]
    command += ["--target", str(target), f"{tmp_path / wheel.file_name}[engine]"]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
    program = "import engine.cli; print(engine.cli.__file__); raise SystemExit(engine.cli.main())"
    told = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(target)!r}); {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip().startswith(str(target))
    assert (target / "bin" / "lensmith").exists() or (target / "Scripts" / "lensmith.exe").exists()


def test_that_the_real_engine_is_packed_without_plugins_tests_and_window() -> None:
    wheel = engine_wheel()

    packed = names(wheel.content)
    assert "engine/worker.py" in packed
    assert {name.split("/")[0] for name in packed} == {"engine", f"lensmith-{wheel.version}.dist-info"}
    stated = " ".join(wheel.requirements)
    assert "torch" in stated
    assert "pydantic" in stated
    assert "PySide6" not in stated
    assert len(wheel.content) < 4 << 20
