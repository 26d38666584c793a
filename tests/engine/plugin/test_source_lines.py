from __future__ import annotations

from pathlib import Path

import pytest

from engine.plugin.json_lines import JsonPath
from engine.plugin.source_lines import ModelSource

TEXT = """class Other:
    def get_config_schema(self):
        return [Field(name="depth", default=1)]


class Model:
    def get_config_schema(self):
        return Schema(
            [
                Field(
                    name="depth",
                    default=2,
                ),
                Field("width", 3),
            ],
            presets={
                "easy": {
                    "depth": 3,
                    "missing": 4,
                },
                "best": BEST,
            },
        )


BEST = {"deep": 9}
"""


@pytest.fixture
def source(tmp_path: Path) -> ModelSource:
    (tmp_path / "model.py").write_text(TEXT)
    return ModelSource(tmp_path / "model.py", "Model")


@pytest.mark.parametrize(
    ("path", "field", "line"),
    [
        (("fields", 0, "default"), "depth", 12),
        (("fields", 0, "name"), "depth", 11),
        (("fields", 0, "max"), "depth", 10),
        (("fields", 1, "default"), "width", 14),
        (("fields", 2, "default"), "computed", 7),
        (("presets", "easy", "depth"), "", 18),
        (("presets", "easy", "missing"), "", 19),
        (("presets", "best", "deep"), "", 26),
        (("presets", "best", "computed"), "", 21),
    ],
)
def test_that_a_part_of_a_schema_is_found_as_near_as_the_text_allows(
    source: ModelSource, path: JsonPath, field: str, line: int
) -> None:
    assert source.of_schema(path, field).line == line


def test_that_classes_and_methods_are_found(source: ModelSource) -> None:
    assert source.of_class().line == 6
    assert source.of_method("get_config_schema").line == 7
    assert source.of_method("inherited").line == 6


def test_that_an_argument_is_found_in_the_call_that_begins_on_a_line(source: ModelSource) -> None:
    assert source.of_argument(10, "default").line == 12
    assert source.of_argument(10, "other").line == 10


def test_that_a_file_that_cannot_be_read_has_no_lines(tmp_path: Path) -> None:
    source = ModelSource(tmp_path / "gone.py", "Model")

    assert source.of_class().line is None
    assert source.of_schema(("fields", 0), "x").line is None
