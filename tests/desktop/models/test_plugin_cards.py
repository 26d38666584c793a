from __future__ import annotations

import dataclasses

import pytest

from desktop.models.plugin_cards import (
    PROBLEMS,
    READY,
    CardFilter,
    breakable,
    byline,
    choices,
    compute_text,
    filtered,
    install_line,
    is_strict,
    last_words,
    licence_sentence,
    parameters_text,
    place_of,
    settings_sentence,
    status_of,
)
from engine.config.field import ConfigField
from engine.config.schema import ConfigSchema
from engine.protocol.catalog import ModelCard, ModelMetadata, PluginEntry, PluginProblem


def entry(name: str, **about: object) -> PluginEntry:
    facts = {"framework": "pytorch", "task_type": "classification"} | about
    metadata = ModelMetadata.model_validate({"name": name, **facts})
    return PluginEntry(id=name, model=name, folder=f"plugins/{name}", metadata=metadata)


def broken(name: str, *severities: str) -> PluginEntry:
    problems = [PluginProblem(code="c", message=f"{name} is wrong.", severity=one) for one in severities]
    return PluginEntry(id=name, folder=f"plugins/{name}", problems=problems)


def with_problem(one: PluginEntry, severity: str) -> PluginEntry:
    return one.model_copy(
        update={"problems": [PluginProblem(code="c", message="It is wrong.", severity=severity)]}
    )


ENTRIES = [
    broken("wreck", "error", "error"),
    entry("zebra", tags=["small", "cpu"]),
    entry("adder", framework="timm", task_type="detection", tags=["cpu"]),
    entry("mule", recommended=True, description="Carries anything."),
]


@pytest.mark.parametrize(
    ("plugin", "text", "tone"),
    [
        (entry("a"), "Ready", "ok"),
        (with_problem(entry("a"), "warning"), "Ready, 1 warning", "warn"),
        (with_problem(entry("a"), "error"), "1 problem", "bad"),
        (broken("a", "error", "error", "warning"), "2 problems", "bad"),
        (entry("a").model_copy(update={"missing_requirements": ["x>=1", "y"]}), "Needs 2 packages", "bad"),
        (PluginEntry(id="a", folder="a"), "1 problem", "bad"),
    ],
)
def test_that_a_status_says_in_words_and_in_a_sign_whether_a_plugin_is_ready(
    plugin: PluginEntry, text: str, tone: str
) -> None:
    status = status_of(plugin)

    assert (status.text, status.tone) == (text, tone)
    assert status.icon == {"ok": "ph.check-circle", "warn": "ph.warning", "bad": "ph.x-circle"}[tone]


def test_that_the_recommended_come_first_and_the_broken_last() -> None:
    assert [one.id for one in filtered(ENTRIES, CardFilter())] == ["mule", "adder", "zebra", "wreck"]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (CardFilter(words="CARRIES any"), ["mule"]),
        (CardFilter(words="wreck wrong"), ["wreck"]),
        (CardFilter(task="detection"), ["adder"]),
        (CardFilter(framework="pytorch"), ["mule", "zebra"]),
        (CardFilter(tag="cpu"), ["adder", "zebra"]),
        (CardFilter(tag="cpu", framework="timm", words="add"), ["adder"]),
        (CardFilter(state=READY), ["mule", "adder", "zebra"]),
        (CardFilter(state=PROBLEMS), ["wreck"]),
        (CardFilter(words="nothing has this"), []),
    ],
)
def test_that_a_filter_asks_for_everything_at_once(wanted: CardFilter, names: list[str]) -> None:
    assert [one.id for one in filtered(ENTRIES, wanted)] == names
    assert not wanted.is_open


def test_that_a_filter_of_blanks_is_open() -> None:
    assert CardFilter(words="  ").is_open
    assert not dataclasses.replace(CardFilter(), tag="cpu").is_open


def test_that_choices_are_those_of_the_plugins_that_could_be_described() -> None:
    assert choices(ENTRIES) == (["classification", "detection"], ["pytorch", "timm"], ["cpu", "small"])


def test_that_a_problem_is_summed_up_by_the_end_of_its_traceback_and_its_place() -> None:
    problem = PluginProblem(
        code="c",
        message="Importing failed.",
        file="/far/away/model.py",
        line=3,
        traceback="Traceback\n  File x\nKeyError: 'a'\n\n",
    )

    assert (last_words(problem), place_of(problem)) == ("KeyError: 'a'", "model.py:3")
    bare = problem.model_copy(update={"traceback": "", "file": ""})
    assert (last_words(bare), place_of(bare)) == ("Importing failed.", "")


def test_that_the_install_line_can_be_pasted_into_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.name", "posix")

    line = install_line(["einops>=0.8", "x"], "/opt/my python/bin/python")

    assert line == "'/opt/my python/bin/python' -m pip install 'einops>=0.8' x"


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (None, "not known"),
        (999_999, "999,999"),
        (4_652_008, "4.65 million"),
        (304_000_000, "304 million"),
        (1_844_000_000, "1.84 billion"),
    ],
)
def test_that_parameters_are_said_with_three_digits(parameters: int | None, text: str) -> None:
    assert (
        parameters_text(ModelCard(plugin="p", model="m", image_size=1, classes=1, parameters=parameters))
        == text
    )


@pytest.mark.parametrize(
    ("flops", "text"),
    [(None, "not known"), (8.18e9, "8.18 GFLOPs at 96 px"), (2.24e5, "0.224 MFLOPs at 96 px")],
)
def test_that_the_cost_of_an_image_names_its_size(flops: float | None, text: str) -> None:
    assert compute_text(ModelCard(plugin="p", model="m", image_size=96, classes=1, flops=flops)) == text


def test_that_settings_are_counted_with_their_groups_and_presets() -> None:
    fields = [ConfigField(name=name, type="int", default=1, group=name) for name in ("a", "b")]

    assert settings_sentence(ConfigSchema(fields=fields, presets={"easy": {}})) == (
        "2 settings in 2 groups; presets: easy."
    )
    assert settings_sentence(ConfigSchema(fields=fields[:1])) == "1 setting; no presets."


@pytest.mark.parametrize(
    ("licence", "strict"), [("AGPL-3.0", True), ("gpl-2.0", True), ("Apache-2.0", False)]
)
def test_that_licences_that_bind_are_told_apart(licence: str, strict: bool) -> None:
    assert is_strict(licence) is strict


def test_that_long_names_may_break_without_changing_what_is_read() -> None:
    assert breakable("a.b_c/d. e").replace("\u200b", "") == "a.b_c/d. e"
    assert breakable("a.b") == "a.\u200bb"


def test_that_the_models_of_a_task_stand_before_all_others() -> None:
    names = [one.id for one in filtered(ENTRIES, CardFilter(), task_first="detection")]
    assert names == ["adder", "mule", "zebra", "wreck"]


def test_that_a_byline_begins_with_framework_and_task_and_repeats_nothing() -> None:
    assert byline(entry("a", author="pytorch")) == "pytorch · classification · v1.0.0"


@pytest.mark.parametrize(
    ("licence", "words"),
    [("AGPL-3.0", "over a network"), ("GPL-3.0", "whole source"), ("Apache-2.0", ""), ("", "")],
)
def test_that_a_binding_licence_is_told_in_a_sentence(licence: str, words: str) -> None:
    told = licence_sentence(licence)
    assert words in told
    assert bool(told) == bool(words)
    assert ("network" in told) == licence.startswith("AGPL")
