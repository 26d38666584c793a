from __future__ import annotations

from pathlib import Path

import pytest

from engine.plugin.schema_file import SchemaFileError, read_schema_file

GOOD = """{
  "fields": [
    {"name": "depth", "type": "int", "default": 3, "min": 1},
    {"name": "mode", "type": "select", "default": "a", "options": ["a", "b"]}
  ],
  "presets": {"easy": {"depth": 2}}
}
"""


def problems_of(path: Path, text: str) -> list[tuple[int | None, str]]:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaFileError) as raised:
        read_schema_file(path)
    assert {problem.file for problem in raised.value.problems} == {str(path)}
    return [(problem.line, problem.message) for problem in raised.value.problems]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config_schema.json"


def test_that_a_good_file_gives_its_fields_and_presets(path: Path) -> None:
    path.write_text(GOOD, encoding="utf-8-sig")  # some editors begin a file with a mark

    schema = read_schema_file(path)

    assert schema.names() == ["depth", "mode"]
    assert schema.preset_values("easy") == {"depth": 2}


def test_that_a_file_without_presets_has_none(path: Path) -> None:
    path.write_text('{"fields": [], "presets": null}')

    assert read_schema_file(path).presets == {}


def test_that_text_that_is_not_json_is_told_with_its_line(path: Path) -> None:
    ((line, message),) = problems_of(path, GOOD.replace('"int",', '"int"'))

    assert line == 3
    assert "not JSON" in message


def test_that_an_unknown_type_is_told_with_its_line_and_the_nearest_one(path: Path) -> None:
    assert problems_of(path, GOOD.replace('"select"', '"selct"')) == [
        (4, "There is no field type 'selct'; did you mean 'select'?")
    ]


def test_that_a_type_like_no_other_is_told_with_all_there_are(path: Path) -> None:
    ((_, message),) = problems_of(path, GOOD.replace('"select"', '"colour"'))

    assert message.endswith("there are: int, float, str, bool, select, multiselect.")


def test_that_unknown_keys_are_told_with_the_nearest_ones(path: Path) -> None:
    text = GOOD.replace('"min"', '"mim"').replace('"presets"', '"preset"')

    assert problems_of(path, text) == [
        (3, "There is no key 'mim'; did you mean 'min'?"),
        (6, "There is no key 'preset'; did you mean 'presets'?"),
    ]


def test_that_all_problems_are_told_at_once_and_named_in_the_error(path: Path) -> None:
    path.write_text(GOOD.replace('"type": "int", ', "").replace('"select"', '"selct"'))

    with pytest.raises(SchemaFileError) as raised:
        read_schema_file(path)

    assert len(raised.value.problems) == 2
    assert "config_schema.json, line 3: The key 'type' is missing." in raised.value.message
    assert "config_schema.json, line 4:" in raised.value.message


def test_that_a_second_field_with_one_name_is_told_at_its_line(path: Path) -> None:
    assert problems_of(path, GOOD.replace('"mode"', '"depth"')) == [
        (4, "These settings are declared twice: depth.")
    ]


def test_that_a_value_of_a_kind_that_no_setting_has_is_told_once(path: Path) -> None:
    ((line, message),) = problems_of(path, GOOD.replace('{"depth": 2}', '{"depth": {"a": 1}}'))

    assert line == 6
    assert message.startswith("The value of presets.easy.depth must be a number")


@pytest.mark.parametrize("text", ["[]", "3", '"fields"', "{}", '{"fields": 3}'])
def test_that_json_of_another_form_is_refused(path: Path, text: str) -> None:
    assert len(problems_of(path, text)) == 1


def test_that_a_file_that_is_no_text_is_refused(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(SchemaFileError) as raised:
        read_schema_file(path)

    assert raised.value.code == "schema_file_unreadable"
