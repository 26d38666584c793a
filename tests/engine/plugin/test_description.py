from __future__ import annotations

from pathlib import Path

import pytest

from engine.plugin import plugin_process
from engine.plugin.describer import describe
from engine.plugin.description import describe_source
from engine.plugin.isolation import Limits
from engine.plugin.plugin_process import describe_apart
from engine.protocol.catalog import PluginEntry, PluginProblem
from engine.protocol.home import Home
from tests.engine.plugin.texts import (
    FULL_CONTROL,
    IMPORTS,
    SCHEMA,
    line_of,
    model_class,
    plugin_text,
    write_plugin,
)

SHORT = Limits(1.5)


def described(folder: Path, files: dict[str, str] | str) -> list[PluginEntry]:
    return describe_source(write_plugin(folder, files))[0].entries


def only_problem(entries: list[PluginEntry]) -> PluginProblem:
    (entry,) = entries
    (problem,) = entry.problems
    assert not entry.is_usable
    return problem


def test_that_a_good_full_control_plugin_is_described(tmp_path: Path) -> None:
    (entry,) = described(tmp_path / "mine", FULL_CONTROL)

    assert entry.problems == []
    assert entry.is_usable
    assert entry.full_control
    assert (entry.id, entry.model, entry.folder) == ("mine", "my-custom-resnet50", str(tmp_path / "mine"))
    assert entry.config_schema is not None
    assert set(entry.config_schema.presets) == {"easy", "medium", "advanced"}
    assert {"attention_layers", "epochs", "batch_size", "early_stopping.enabled"} <= set(
        entry.config_schema.names()
    )


def test_that_an_adapter_is_not_called_full_control(tmp_path: Path) -> None:
    text = (
        plugin_text("m", schema="")
        .replace("BaseModel", "TorchModel")
        .replace("ConfigField, ConfigSchema, ", "")
    )
    text += "\n    def build(self):\n        return None\n"

    (entry,) = described(tmp_path / "p", text)

    assert not entry.full_control
    assert entry.problems == []


def test_that_every_model_of_a_file_has_an_entry(tmp_path: Path) -> None:
    text = IMPORTS + model_class("a", class_name="A") + model_class("b", class_name="B", schema="")

    first, second = described(tmp_path / "p", text)

    assert (first.model, first.problems) == ("a", [])
    assert second.model == "b"
    assert [problem.code for problem in second.problems] == ["method_missing"]


def test_that_a_syntax_error_is_told_with_its_file_and_line(tmp_path: Path) -> None:
    source = write_plugin(
        tmp_path / "p", {"model.py": "from . import layers\n", "layers.py": "x = 1\ny = = 2\n"}
    )

    problem = only_problem(describe_source(source)[0].entries)

    assert problem.code == "plugin_syntax_error"
    assert (Path(problem.file).name, problem.line) == ("layers.py", 2)
    assert "y = = 2" in problem.hint


def test_that_a_failing_import_is_told_at_the_last_line_inside_the_plugin(tmp_path: Path) -> None:
    text = "import json\n\n\ndef read():\n    return json.loads('{')\n\n\nSETTINGS = read()\n"

    problem = only_problem(described(tmp_path / "p", text))

    assert problem.code == "plugin_import_failed"
    assert problem.line == 5
    assert "JSONDecodeError" in problem.message
    assert "engine/plugin/loading.py" not in problem.traceback


@pytest.mark.parametrize(
    "statement",
    [
        "raise SystemExit(3)",
        "raise KeyboardInterrupt",
        "raise BaseException('odd')",
        "import sys; sys.exit()",
    ],
)
def test_that_an_import_cannot_end_the_process_by_an_exception(tmp_path: Path, statement: str) -> None:
    problem = only_problem(described(tmp_path / "p", f"x = 1\n{statement}\n"))

    assert (problem.code, problem.line) == ("plugin_import_failed", 2)


def test_that_a_missing_method_is_told_at_the_class(tmp_path: Path) -> None:
    text = plugin_text("m").replace("def validate(", "def validate_all(")
    source = write_plugin(tmp_path / "p", text)

    problem = only_problem(describe_source(source)[0].entries)

    assert problem.code == "method_missing"
    assert "'validate'" in problem.message
    assert problem.line == line_of(source, "class Model")


def test_that_a_method_that_takes_other_arguments_is_told_at_its_line(tmp_path: Path) -> None:
    text = plugin_text("m").replace(
        "def save_checkpoint(self, path, epoch, metrics)", "def save_checkpoint(self, path)"
    )
    source = write_plugin(tmp_path / "p", text)

    problem = only_problem(describe_source(source)[0].entries)

    assert problem.code == "method_signature"
    assert problem.line == line_of(source, "def save_checkpoint")


@pytest.mark.parametrize(
    ("old", "new", "marked", "said"),
    [
        (
            'task_type="classification"',
            'task_type="clasification"',
            "task_type=",
            "did you mean 'classification'?",
        ),
        ('name="m",', "", "return ModelMetadata(", "'name' cannot be used: field required"),
        ('name="m"', 'name=" "', "name=", "name is empty"),
        ('tags=["small"]', "tags=3", "tags=", "'tags' cannot be used"),
        (
            "return ModelMetadata(",
            "return dict(",
            "def get_metadata",
            "gives a dict instead of ModelMetadata",
        ),
        (
            "    @classmethod\n    def get_metadata",
            "    def get_metadata",
            "def get_metadata",
            "get_metadata failed",
        ),
    ],
)
def test_that_wrong_metadata_are_told_at_their_line(
    tmp_path: Path, old: str, new: str, marked: str, said: str
) -> None:
    source = write_plugin(tmp_path / "p", plugin_text("m").replace(old, new))

    problem = only_problem(describe_source(source)[0].entries)

    assert said in problem.message
    assert problem.line is not None
    lines = source.model_path.read_text().splitlines()
    assert marked in lines[problem.line - 1]


def test_that_an_unknown_framework_is_only_warned_of(tmp_path: Path) -> None:
    (entry,) = described(tmp_path / "p", plugin_text("m", framework="pytorh"))

    assert entry.is_usable
    assert [problem.severity for problem in entry.problems] == ["warning"]
    assert "did you mean 'pytorch'?" in entry.problems[0].message


SPREAD_SCHEMA = """
    @classmethod
    def get_config_schema(cls):
        return ConfigSchema(
            fields=[
                ConfigField(
                    name="depth",
                    type="int",
                    default=2,
                    min=1,
                    max=9,
                ),
            ],
            presets={
                "easy": {
                    "depth": 3,
                },
            },
        )
"""


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ('type="int"', 'type="integer"', "schema_invalid", "no field type 'integer'; did you mean 'int'?"),
        ("min=1", "minimum=1", "schema_invalid", "no key 'minimum'"),
        ("default=2", "default=12", "default_invalid", "must be at most 9, not 12"),
        ('"depth": 3', '"dept": 3', "preset_setting_unknown", "did you mean 'depth'?"),
        ('"depth": 3', '"depth": 0', "preset_value_invalid", "must be at least 1, not 0"),
    ],
)
def test_that_a_wrong_schema_is_told_at_its_line(
    tmp_path: Path, old: str, new: str, code: str, said: str
) -> None:
    source = write_plugin(tmp_path / "p", plugin_text("m", schema=SPREAD_SCHEMA.replace(old, new)))

    problem = only_problem(describe_source(source)[0].entries)

    assert problem.code == code
    assert said in problem.message
    assert problem.line == line_of(source, new)


def test_that_a_schema_that_raises_is_told_at_its_line(tmp_path: Path) -> None:
    source = write_plugin(
        tmp_path / "p", plugin_text("m", schema=SCHEMA.replace("return", "1 / 0\n        return"))
    )

    problem = only_problem(describe_source(source)[0].entries)

    assert (problem.code, problem.line) == ("schema_failed", line_of(source, "1 / 0"))


def test_that_a_schema_of_a_pydantic_model_that_no_form_can_show_is_told(tmp_path: Path) -> None:
    text = "import pydantic\n\n\nclass Settings(pydantic.BaseModel):\n    when: object = None\n\n\n"
    schema = SCHEMA.partition("return")[0] + "return ConfigSchema.from_pydantic(Settings)\n"
    source = write_plugin(tmp_path / "p", text + plugin_text("m", schema=schema))

    problem = only_problem(describe_source(source)[0].entries)

    assert problem.code == "schema_invalid"
    assert "when" in problem.message
    assert problem.line == line_of(source, "from_pydantic")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"int"', '"itn"', "did you mean 'int'?"),
        ('"default": 3', '"default": 30', "must be at most 9"),
        ('"width": 4', '"widht": 4', "did you mean 'width'?"),
        ('"width": 4', '"width": 40', "must be at most 9"),
        ('"max": 9', '"max": 9,,', "not JSON"),
    ],
)
def test_that_a_wrong_schema_file_is_told_at_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    schema = """{
  "fields": [
    {
      "name": "width",
      "type": "int",
      "default": 3,
      "max": 9
    }
  ],
  "presets": {
    "easy": {
      "width": 4
    }
  }
}"""
    files = {"model.py": plugin_text("m", schema=""), "config_schema.json": schema.replace(old, new)}
    source = write_plugin(tmp_path / "p", files)

    problem = only_problem(describe_source(source)[0].entries)

    assert said in problem.message
    assert Path(problem.file).name == "config_schema.json"
    assert problem.line == line_of(source, new, "config_schema.json")


HARMFUL = {
    "bang": "import os\nprint('last words', flush=True)\nos._exit(7)\n",
    "endless": "x = 0\n\n\nwhile True:\n    x += 1\n",
    "sleepy": "import threading\nthreading.Event().wait()\n",
    "segfault": "import ctypes\n\n\nctypes.string_at(0)\n",
    "deep": "def f():\n    return f()\n\n\nf()\n",
    "loud": "print('{\"path\": 3}')\nimport sys\nsys.stdout.write('x' * 100000)\n"
    + plugin_text("loud-model"),
    "thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
    + plugin_text("thread"),
    "input": "input()\n",
    "good": plugin_text("good-model"),
}


@pytest.fixture(scope="module")
def harmed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, PluginEntry]:
    folder = tmp_path_factory.mktemp("harmful")
    sources = [write_plugin(folder / name, text) for name, text in HARMFUL.items()]
    return {found.entries[0].id: found.entries[0] for found in describe_apart(sources, SHORT)}


def test_that_harm_done_by_one_import_is_that_plugins_problem_only(harmed: dict[str, PluginEntry]) -> None:
    assert list(harmed) == list(HARMFUL)
    assert {name for name, entry in harmed.items() if entry.is_usable} == {"good", "loud", "thread"}


@pytest.mark.parametrize(
    ("name", "code", "line"),
    [
        ("bang", "plugin_import_crashed", None),
        ("endless", "plugin_import_endless", (4, 5)),
        ("sleepy", "plugin_import_endless", (2,)),
        ("segfault", "plugin_import_crashed", (4,)),
        ("deep", "plugin_import_failed", (2,)),
        ("input", "plugin_import_failed", (1,)),
    ],
)
def test_that_harm_is_told_with_the_line_where_it_was_done(
    harmed: dict[str, PluginEntry], name: str, code: str, line: tuple[int, ...] | None
) -> None:
    (problem,) = harmed[name].problems

    assert problem.code == code
    assert Path(problem.file).name == "model.py"
    assert problem.line is None if line is None else problem.line in line


def test_that_an_ended_process_is_told_with_its_code_and_last_words(harmed: dict[str, PluginEntry]) -> None:
    assert "exit code 7" in harmed["bang"].problems[0].message
    assert "last words" in harmed["bang"].problems[0].traceback
    assert "SIGSEGV" in harmed["segfault"].problems[0].message


def test_that_an_endless_import_ends_within_the_limit_given_to_describe(home: Home) -> None:
    write_plugin(home.plugins / "endless", HARMFUL["endless"])

    (entry,) = describe(home, limit_s=0.5).entries

    assert entry.problems[0].code == "plugin_import_endless"
    assert "0.5 seconds" in entry.problems[0].message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("bang", "plugin_import_crashed"),
        ("endless", "plugin_import_endless"),
        ("thread", None),
        ("loud", None),
    ],
)
def test_that_a_system_that_cannot_double_a_process_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str | None
) -> None:
    monkeypatch.setattr(plugin_process, "can_fork", lambda: False)
    source = write_plugin(tmp_path / name, HARMFUL[name])

    (found,) = describe_apart([source], SHORT)

    assert [problem.code for problem in found.entries[0].problems] == ([] if code is None else [code])
