from __future__ import annotations

import pytest

from desktop.models.dataset_problems import as_text, count_by_severity, group_problems
from engine.datasets.findings import content_problems
from engine.datasets.manifest import Item
from engine.protocol.results import Problem, Severity


def item(path: str, sha: str, label: int = 0, split: str = "train") -> Item:
    return Item(path=path, label=label, split=split, sha256=sha)


def problem(code: str, severity: Severity = "warning", file: str = "", message: str = "It is so.") -> Problem:
    return Problem(code=code, file=file, message=message, remedy="Mend it.", severity=severity)


def test_that_problems_are_gathered_by_code_with_the_worst_first() -> None:
    found = [problem("exif_rotation", "info"), problem("class_tiny"), problem("one_class", "error")]
    groups = group_problems([*found, problem("class_tiny")], [])
    assert [(group.code, group.count) for group in groups] == [
        ("one_class", 1),
        ("class_tiny", 2),
        ("exif_rotation", 1),
    ]


def test_that_a_code_nobody_knows_gets_its_name_as_title() -> None:
    assert group_problems([problem("moon_too_bright")], [])[0].title == "Moon too bright"


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (item("b.png", "x"), "image_duplicated"),
        (item("b.png", "x", split="val"), "image_in_two_splits"),
        (item("b.png", "x", label=1), "image_under_two_labels"),
    ],
)
def test_that_all_equal_files_are_named_though_the_engine_names_a_few(second: Item, code: str) -> None:
    items = [item("a.png", "x"), second, item("c.png", "y")]
    group = next(g for g in group_problems(content_problems(items, ["one", "two"]), items) if g.code == code)
    assert group.files == ("a.png", "b.png")


def test_that_hundreds_of_copies_are_all_counted() -> None:
    items = [item(f"{n}-{copy}.png", str(n)) for n in range(100) for copy in "ab"]
    group = next(
        g for g in group_problems(content_problems(items, ["one"]), items) if g.code == "image_duplicated"
    )
    assert group.count == 200


def test_that_files_listed_in_a_message_belong_to_its_group() -> None:
    items = [item(name, name) for name in ("a.png", "b, c.png", "d.png", "e.png")]
    told = problem(
        "exif_rotation", "info", "a.png", "9 images stored turned: a.png, d.png, e.png and 6 more."
    )
    assert group_problems([told], items)[0].files == ("a.png", "d.png", "e.png")


def test_that_a_file_that_is_left_out_of_the_dataset_belongs_to_its_group() -> None:
    assert group_problems([problem("image_unreadable", file="broken.jpg")], [])[0].files == ("broken.jpg",)


def test_that_the_list_holds_file_line_message_and_remedy_of_each() -> None:
    told = Problem(
        code="label_unknown", file="labels.csv", line=7, message="No such class.", remedy="Name it."
    )
    assert (
        as_text(group_problems([told], []))
        == "warning\tlabel_unknown\tlabels.csv:7\tNo such class.\tName it."
    )


def test_that_severities_are_counted() -> None:
    found = [problem("a"), problem("b", "error"), problem("c")]
    assert count_by_severity(found) == {"warning": 2, "error": 1}
