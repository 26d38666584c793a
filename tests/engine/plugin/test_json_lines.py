from __future__ import annotations

import pytest

from engine.plugin.json_lines import lines_of, nearest_line

TEXT = """{
  "fields": [
    {"name": "a\\"b", "min": -1.5e3},
    {
      "name": "c",
      "options": ["x", "y",
        "z"]
    }
  ],
  "presets": {"easy": {}, "best":
    {"c": null}}
}"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("fields",), 2),
        (("fields", 0), 3),
        (("fields", 0, "min"), 3),
        (("fields", 1), 4),
        (("fields", 1, "name"), 5),
        (("fields", 1, "options", 1), 6),
        (("fields", 1, "options", 2), 7),
        (("presets", "best"), 10),
        (("presets", "best", "c"), 11),
    ],
)
def test_that_every_value_of_a_text_has_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert lines_of(TEXT)[path] == line


def test_that_a_value_that_is_not_there_has_the_line_of_what_would_hold_it() -> None:
    assert nearest_line(lines_of(TEXT), ("fields", 1, "type")) == 4


@pytest.mark.parametrize("text", ["3", '"a"', "[]", "{}", " [ 1 , 2 ] "])
def test_that_small_texts_are_scanned_to_their_end(text: str) -> None:
    assert lines_of(text)[()] == 1


def test_that_a_text_that_is_not_json_is_refused() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        lines_of('{"a": }')
