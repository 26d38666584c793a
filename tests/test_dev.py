"""`dev.py` decides when to install, survives what does not install, and says what to do next."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import dev


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a checkout with a `.venv` that has an interpreter, where pip is only written down."""
    (tmp_path / "engine").mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]", encoding="utf-8")
    (tmp_path / "constraints.txt").write_text("numpy==1", encoding="utf-8")
    interpreter = tmp_path / ".venv" / ("Scripts/python.exe" if dev.IS_WINDOWS else "bin/python")
    interpreter.parent.mkdir(parents=True)
    interpreter.touch()
    monkeypatch.delenv("LENSMITH_VENV", raising=False)
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "install_system_packages", lambda tools=(): None)
    return tmp_path


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Give the list of what pip was asked for, in order."""
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(dev, "pip", lambda what, *arguments: asked.append(arguments))
    monkeypatch.setattr(dev, "install_ultralytics", lambda: asked.append(("ultralytics",)))
    monkeypatch.setattr(dev, "make_environment", lambda: None)
    return asked


def test_that_torch_is_installed_alone_before_everything_else(
    checkout: Path, installed: list[tuple[str, ...]]
) -> None:
    dev.prepare(dev.BASIC)

    assert installed[0] == ("torch==2.14.1", "torchvision==0.29.1")
    assert installed[1][0] == "-e"


def test_that_nothing_is_installed_again_when_nothing_changed(
    checkout: Path, installed: list[tuple[str, ...]]
) -> None:
    dev.prepare(dev.BASIC)
    installed.clear()

    dev.prepare(dev.BASIC)

    assert installed == []


@pytest.mark.parametrize(
    ("changed", "text"), [("pyproject.toml", "[project]\nname = 'other'"), ("constraints.txt", "numpy==2")]
)
def test_that_a_changed_input_installs_again(
    changed: str, text: str, checkout: Path, installed: list[tuple[str, ...]]
) -> None:
    dev.prepare(dev.BASIC)
    installed.clear()
    (checkout / changed).write_text(text, encoding="utf-8")

    dev.prepare(dev.BASIC)

    assert installed != []


def test_that_another_lint_rule_installs_nothing(checkout: Path, installed: list[tuple[str, ...]]) -> None:
    dev.prepare(dev.BASIC)
    installed.clear()
    (checkout / "pyproject.toml").write_text("[project]\n[tool.ruff]\nline-length = 90", encoding="utf-8")

    dev.prepare(dev.BASIC)

    assert installed == []


def test_that_a_full_set_up_is_enough_for_a_basic_one_but_not_the_other_way_round(
    checkout: Path, installed: list[tuple[str, ...]]
) -> None:
    dev.prepare(dev.BASIC)
    installed.clear()

    dev.prepare(dev.FULL)
    assert installed != []
    installed.clear()
    dev.prepare(dev.BASIC)
    assert installed == []


def test_that_an_optional_package_that_does_not_install_is_named_and_breaks_nothing(
    checkout: Path,
    installed: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse() -> None:
        raise dev.SetupError("no wheel for this platform")

    monkeypatch.setattr(dev, "install_ultralytics", refuse)

    assert dev.prepare(dev.BASIC) == 0

    assert "Left out: ultralytics. no wheel for this platform" in capsys.readouterr().out
    assert "ultralytics" in json.loads(dev.stamp_path().read_text(encoding="utf-8"))["left_out"]


def test_that_a_set_up_that_was_cut_off_starts_again(
    checkout: Path, installed: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(what: str, *arguments: str) -> None:
        raise dev.SetupError("no space left on device")

    dev.prepare(dev.BASIC)
    (checkout / "constraints.txt").write_text("numpy==2", encoding="utf-8")
    monkeypatch.setattr(dev, "pip", break_off)

    with pytest.raises(dev.SetupError, match="no space"):
        dev.prepare(dev.BASIC)

    assert dev.read_stamp() == {}


def test_that_another_folder_can_hold_the_environment(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LENSMITH_VENV", str(tmp_path / "elsewhere"))

    assert Path(dev.python()).is_relative_to(tmp_path / "elsewhere")


def test_that_run_without_a_screen_says_so_and_names_the_demo(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)

    assert dev.main(["run"]) == 2

    said = capsys.readouterr().err
    assert "no screen" in said
    assert "dev.py demo" in said


def test_that_test_runs_every_stage_after_one_failed_and_exits_non_zero(
    checkout: Path,
    installed: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls: list[Sequence[str]] = []

    def fail_lint(command: Sequence[str], quiet: bool = False) -> int:
        calls.append(command)
        return 1 if "check" in command and "--check" not in command else 0

    monkeypatch.setattr(dev, "call", fail_lint)

    assert dev.main(["test", "-k", "one"]) == 1

    assert len(calls) == len(dev.stages(()))
    assert list(calls[-1][-2:]) == ["-k", "one"]
    assert "FAILED  lint" in capsys.readouterr().out


def test_that_an_unknown_stage_is_refused_with_the_names_there_are(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(["test", "--only", "typos"]) == 2

    assert "format, lint" in capsys.readouterr().err


def test_that_missing_system_libraries_are_printed_as_one_line_to_paste(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev.sys, "platform", "linux")
    monkeypatch.setattr(dev, "loads", lambda library: library != "libEGL.so.1")
    monkeypatch.setattr(dev, "apt_install", lambda packages: False)

    dev.install_system_packages()

    assert "sudo apt-get install -y --no-install-recommends libegl1\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("libX11.so.6", "libx11-6"),
        ("libdbus-1.so.3", "libdbus-1-3"),
        ("libglib-2.0.so.0", "libglib2.0-0"),
        ("libxcb-render-util.so.0", "libxcb-render-util0"),
        ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    ],
)
def test_that_a_library_is_in_the_package_that_debian_names_after_it(library: str, package: str) -> None:
    assert dev.debian_package(library) == package


def test_that_missing_screen_tools_join_the_line_only_where_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(dev.sys, "platform", "linux")
    monkeypatch.setattr(dev, "loads", lambda library: True)
    monkeypatch.setattr(dev, "apt_install", lambda packages: False)
    monkeypatch.setattr(dev, "SERVER_FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))

    dev.install_system_packages()
    assert capsys.readouterr().out == ""
    dev.install_system_packages(dev.SCREEN_TOOLS)

    assert "install -y --no-install-recommends xvfb xauth xdotool openbox\n" in capsys.readouterr().out


def test_that_the_tests_also_want_an_ssh_server_wherever_it_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(dev.sys, "platform", "linux")
    monkeypatch.setattr(dev, "loads", lambda library: True)
    monkeypatch.setattr(dev, "apt_install", lambda packages: False)
    programs, servers = tmp_path / "bin", tmp_path / "sbin"
    for folder in (programs, servers):
        folder.mkdir()
    for program, _ in dev.TEST_TOOLS:
        if program != "sshd":
            (programs / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(dev, "SERVER_FOLDERS", (str(servers),))

    dev.install_system_packages(dev.TEST_TOOLS)
    assert "install -y --no-install-recommends openssh-server\n" in capsys.readouterr().out

    (servers / "sshd").touch(mode=0o755)
    dev.install_system_packages(dev.TEST_TOOLS)
    assert capsys.readouterr().out == ""


def test_that_screenshots_runs_the_recorder_with_the_arguments_given(
    checkout: Path, installed: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Sequence[str]] = []
    monkeypatch.setattr(dev, "call", lambda command, quiet=False: calls.append(command) or 0)

    assert dev.main(["screenshots", "--out", "pictures", "--only", "train"]) == 0

    assert list(calls[-1][1:]) == ["-m", "tests.recorder", "--out", "pictures", "--only", "train"]


def test_that_a_missing_venv_module_is_named_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dev.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(dev, "apt_install", lambda packages: False)

    with pytest.raises(dev.SetupError, match=r"sudo apt-get install -y python3\.\d+-venv"):
        dev.make_environment()


def test_that_of_a_failed_install_the_reason_is_told_and_not_the_traceback() -> None:
    output = "\n".join(
        [
            "WARNING: Location 'file:///x/' is ignored: it is neither a file nor a directory.",
            '    File "wheel.py", line 251, in download_wheel',
            "      raise InstallFailedError(",
            "  The installation of tensorrt-cu13-libs for version 11.4.0.106 failed.",
            "note: This is an issue with the package mentioned above, not pip.",
            "hint: See above for details.",
        ]
    )

    assert dev.telling_lines(output) == [
        "The installation of tensorrt-cu13-libs for version 11.4.0.106 failed."
    ]


def test_that_every_pin_of_torch_agrees_with_the_constraints(repository: Path) -> None:
    pins = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()

    assert set(dev.TORCH) <= set(pins)
