from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.errors import PluginError
from engine.plugin.loading import has_schema_of_file, load_model, load_source
from tests.engine.plugin.texts import (
    IMPORTS,
    METADATA,
    METHODS,
    SCHEMA,
    model_class,
    plugin_text,
    write_plugin,
)


def test_that_two_plugins_may_each_have_a_file_of_the_same_name(tmp_path: Path) -> None:
    text = "from .layers import NAME\n" + IMPORTS + model_class("m").replace('"m"', "NAME")
    first = write_plugin(tmp_path / "first", {"model.py": text, "layers.py": 'NAME = "one"'})
    second = write_plugin(tmp_path / "second", {"model.py": text, "layers.py": 'NAME = "two"'})

    names = [load_source(source)[0].get_metadata().name for source in (first, second, first)]

    assert names == ["one", "two", "one"]
    assert "layers" not in sys.modules


def test_that_two_versions_of_one_plugin_live_side_by_side(tmp_path: Path) -> None:
    old = load_source(write_plugin(tmp_path / "p", plugin_text("before")))[0]
    new = load_source(write_plugin(tmp_path / "p", plugin_text("after")))[0]

    assert (old.get_metadata().name, new.get_metadata().name) == ("before", "after")


def test_that_a_package_file_with_relative_imports_is_read(tmp_path: Path) -> None:
    source = write_plugin(
        tmp_path / "pack",
        {
            "__init__.py": "from .sizes import DEPTH\n",
            "sizes.py": "DEPTH = 3\n",
            "model.py": "from . import DEPTH\nfrom .parts.name import NAME\n"
            + IMPORTS
            + model_class("m").replace('"m"', 'f"{NAME}-{DEPTH}"'),
            "parts/name.py": 'from ..sizes import DEPTH\nNAME = "deep" * DEPTH\n',
        },
    )

    assert load_source(source)[0].get_metadata().name == "deepdeepdeep-3"


def test_that_all_models_of_a_file_are_found_in_its_order_and_imported_bases_are_not(tmp_path: Path) -> None:
    source = write_plugin(
        tmp_path / "several",
        {
            "model.py": "from .parents import Parent\n"
            + IMPORTS
            + f"\n\nclass Second(Parent):{METADATA.format(name='second', framework='custom', tag='')}"
            + model_class("first", class_name="First"),
            "parents.py": IMPORTS + model_class("parent", class_name="Parent"),
        },
    )

    assert [model.get_metadata().name for model in load_source(source)] == ["second", "first"]


def test_that_an_abstract_class_that_others_build_on_is_no_model(tmp_path: Path) -> None:
    text = (
        IMPORTS
        + f"\n\nclass Parent(BaseModel):{METHODS}"
        + model_class("child").replace("BaseModel", "Parent")
    )

    models = load_source(write_plugin(tmp_path / "p", text))

    assert [model.__name__ for model in models] == ["Model"]


def test_that_importing_leaves_no_byte_code_and_no_path_behind(tmp_path: Path) -> None:
    before = list(sys.path)

    load_source(write_plugin(tmp_path / "p", plugin_text("m")))

    assert [path.name for path in (tmp_path / "p").iterdir()] == ["model.py"]
    assert sys.path == before


def test_that_an_import_that_failed_can_be_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "once"
    flag = tmp_path / "flag"
    text = f"import pathlib\nif not pathlib.Path({str(flag)!r}).exists():\n    raise OSError('not yet')\n"
    source = write_plugin(folder, text + plugin_text("m"))
    with pytest.raises(OSError, match="not yet"):
        load_source(source)
    flag.touch()

    assert load_source(source)[0].get_metadata().name == "m"


def test_that_a_file_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as raised:
        load_source(write_plugin(tmp_path / "p", "x = 1\n"))

    assert raised.value.code == "plugin_without_model"


def test_that_a_model_is_found_by_name_or_as_the_only_one(tmp_path: Path) -> None:
    write_plugin(tmp_path / "one", plugin_text("only"))
    write_plugin(
        tmp_path / "two", IMPORTS + model_class("a", class_name="A") + model_class("b", class_name="B")
    )

    assert load_model(tmp_path / "one", "one", "another").get_metadata().name == "only"
    assert load_model(tmp_path / "two", "two", "b").get_metadata().name == "b"
    with pytest.raises(PluginError, match="It has: a, b"):
        load_model(tmp_path / "two", "two", "c")


def test_that_a_schema_file_answers_for_a_model_without_a_schema_of_its_own(tmp_path: Path) -> None:
    files = {
        "model.py": plugin_text("m", schema=""),
        "config_schema.json": '{"fields": [{"name": "width", "type": "int", "default": 3}]}',
    }

    (model,) = load_source(write_plugin(tmp_path / "p", files))

    assert model.get_config_schema().names() == ["width"]
    assert not getattr(model, "__abstractmethods__", None)


def test_that_a_schema_in_code_wins_over_the_file(tmp_path: Path) -> None:
    files = {"model.py": plugin_text("m"), "config_schema.json": '{"fields": []}'}

    (model,) = load_source(write_plugin(tmp_path / "p", files))

    assert model.get_config_schema().names() == ["depth"]


def test_that_a_schema_file_beside_an_adapter_adds_to_the_adapters_settings(tmp_path: Path) -> None:
    text = (
        "from engine.plugin import TorchModel, ModelMetadata\n\n\nclass Model(TorchModel):"
        + METADATA.format(name="m", framework="pytorch", tag="")
        + "\n    def build(self):\n        return None\n"
    )
    schema = '{"fields": [{"name": "width", "type": "int", "default": 3}], "presets": {"easy": {"width": 2}}}'

    (model,) = load_source(write_plugin(tmp_path / "p", {"model.py": text, "config_schema.json": schema}))

    names = model.get_config_schema().names()
    assert names[0] == "width"
    assert "optimizer.type" in names
    assert model.get_config_schema().preset_values("easy")["width"] == 2


def test_that_a_model_that_inherits_the_schema_of_the_file_is_known_to_have_it_from_there(
    tmp_path: Path,
) -> None:
    heirs = "\n\nclass Heir(Model):\n    pass\n" + f"\n\nclass Own(Model):{SCHEMA}"
    files = {"model.py": plugin_text("m", schema="") + heirs, "config_schema.json": '{"fields": []}'}

    models = load_source(write_plugin(tmp_path / "p", files))

    found = {model.__name__: has_schema_of_file(model) for model in models}
    assert found == {"Model": True, "Heir": True, "Own": False}
