from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine import cli
from engine.plugin import discovery
from tests.engine.plugin.texts import FULL_CONTROL, plugin_text, write_plugin


@pytest.fixture
def plugins(lensmith_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the user's plugin folder with one good and one broken plugin in it, and no others."""
    monkeypatch.setattr(discovery, "BUILTIN_FOLDER", tmp_path / "no-built-in-plugins")
    write_plugin(lensmith_home / "plugins" / "good", plugin_text("good-model", tag="tiny"))
    write_plugin(lensmith_home / "plugins" / "broken", "import os\nx = = 1\n")
    return lensmith_home / "plugins"


class Run:
    """Runs verbs in this process and reads what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def json(self, *arguments: str) -> tuple[int, Any]:
        code = cli.main([*arguments, "--json"])
        return code, json.loads(self._capsys.readouterr().out)

    def text(self, *arguments: str) -> tuple[int, str]:
        code = cli.main(list(arguments))
        captured = self._capsys.readouterr()
        return code, captured.out + captured.err


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


def test_that_list_tells_every_plugin_and_what_is_wrong_with_it(plugins: Path, run: Run) -> None:
    code, listed = run.json("plugins", "list")

    assert code == 0
    assert {one["name"]: one["usable"] for one in listed["plugins"]} == {"good": True, "broken": False}
    (problem,) = next(one for one in listed["plugins"] if one["name"] == "broken")["problems"]
    assert (problem["code"], problem["line"]) == ("plugin_syntax_error", 2)


@pytest.mark.parametrize(
    ("option", "value", "names"),
    [("--tag", "tiny", ["good"]), ("--framework", "timm", []), ("--task", "classification", ["good"])],
)
def test_that_list_is_filtered(plugins: Path, run: Run, option: str, value: str, names: list[str]) -> None:
    _, listed = run.json("plugins", "list", option, value)

    assert [one["name"] for one in listed["plugins"]] == names


def test_that_show_and_schema_take_the_folders_and_the_models_name(plugins: Path, run: Run) -> None:
    assert run.json("plugins", "show", "good-model")[1]["name"] == "good"
    _, shown = run.json("plugins", "schema", "good")
    assert shown["schema"]["fields"][0]["name"] == "depth"


def test_that_an_unknown_plugin_is_an_error_with_the_nearest_name(plugins: Path, run: Run) -> None:
    code, answer = run.json("plugins", "show", "goood")

    assert code == 2
    assert answer["error"]["code"] == "plugin_unknown"
    assert "'good'" in answer["error"]["hint"]


def test_that_validate_checks_settings_with_all_their_problems(plugins: Path, run: Run) -> None:
    assert run.json("plugins", "validate", "good", "--set", "depth=3")[1]["config"]["depth"] == 3

    code, answer = run.json("plugins", "validate", "good", "--set", "depth=30", "--set", "epoch=2")

    assert code == 2
    assert "at most 9" in answer["error"]["message"]
    assert "did you mean 'epochs'?" in answer["error"]["message"]


def test_that_the_settings_of_a_broken_plugin_are_refused(plugins: Path, run: Run) -> None:
    code, answer = run.json("plugins", "schema", "broken")

    assert (code, answer["error"]["code"]) == (2, "plugin_broken")


def test_that_check_takes_a_name_or_a_path_and_ends_with_2_for_errors(
    plugins: Path, run: Run, tmp_path: Path
) -> None:
    code, by_name = run.json("plugins", "check", "broken")
    assert (code, by_name["plugin"]) == (2, "broken")
    assert by_name["problems"][0]["line"] == 2

    by_path = run.json("plugins", "check", str(plugins / "broken" / "model.py"))
    assert by_path == (code, by_name)


def test_that_check_by_name_also_tells_what_only_the_catalogue_knows(plugins: Path, run: Run) -> None:
    write_plugin(plugins / "twin", plugin_text("good-model"))

    code, checked = run.json("plugins", "check", "twin")

    assert code == 2
    assert "plugin_name_clash" in [problem["code"] for problem in checked["problems"]]


def test_that_an_install_line_can_be_pasted_into_a_shell(plugins: Path, run: Run) -> None:
    (plugins / "good" / "requirements.txt").write_text("no-such-package-of-ours>=2\n", encoding="utf-8")

    code, told = run.json("train", "--plugin", "good", "--data", "any")

    assert code == 2
    assert told["error"]["hint"] == "Install them with `pip install 'no-such-package-of-ours>=2'`."


def test_that_check_ends_with_0_for_a_sound_plugin(plugins: Path, run: Run, tmp_path: Path) -> None:
    source = write_plugin(tmp_path / "mine", FULL_CONTROL)

    code, checked = run.json("plugins", "check", str(source.path))

    assert (code, checked["plugin"], checked["problems"]) == (0, "mine", [])
    assert {step["state"] for step in checked["checks"]} == {"passed"}


def test_that_new_starts_a_plugin_that_is_listed_at_once(plugins: Path, run: Run) -> None:
    code, made = run.json("plugins", "new", "mine", "--from", "good")

    assert (code, made["folder"]) == (0, str(plugins / "mine"))
    _, listed = run.json("plugins", "list")
    assert {one["name"]: one["model"] for one in listed["plugins"] if one["usable"]} == {
        "good": "good-model",
        "mine": "mine",
    }


def test_that_new_refuses_a_bad_name_with_a_sentence(plugins: Path, run: Run) -> None:
    code, text = run.text("plugins", "new", "../up", "--from", "good")

    assert code == 2
    assert "cannot be the name of a plugin" in text


def test_that_describe_prints_the_whole_catalogue(plugins: Path, run: Run) -> None:
    code, catalogue = run.json("describe")

    assert code == 0
    assert [entry["id"] for entry in catalogue["entries"]] == ["broken", "good"]


def test_that_card_tells_the_size_of_a_model_with_its_settings(lensmith_home: Path, run: Run) -> None:
    arguments = ("plugins", "card", "resnet50", "--set", "image_size=64", "--classes", "10")

    code, card = run.json(*arguments)

    assert code == 0
    assert (card["parameters"], card["image_size"], card["licence"]) == (23_528_522, 64, "BSD-3-Clause")
    assert "80.9 %" in card["pretrain_score"]
    assert "23,528,522" in run.text(*arguments)[1]


def test_that_card_refuses_settings_that_cannot_be(lensmith_home: Path, run: Run) -> None:
    assert run.json("plugins", "card", "resnet50", "--classes", "0")[1]["error"]["code"] == "usage"
    assert run.json("plugins", "card", "resnet50", "--set", "batch_size=0")[0] == 2
