from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from desktop.forms.form_state import FormState, field_matches
from engine.config.field import ConfigField
from engine.config.schema import ConfigSchema
from engine.config.validation import resolve_config
from engine.protocol.catalog import ModelMetadata
from tests.desktop.forms.exotic import exotic_schema

EPOCHS = ConfigField(name="epochs", type="int", default=10, min=1, max=100)
BATCH = ConfigField(name="batch_size", type="int", default=32, min=1)
SIDE = ConfigField(name="image_size", type="int", default=224, min=16, max=2048)
SIZES = ModelMetadata(name="m", task_type="classification", supported_image_sizes=[384, 224, 256])


@pytest.fixture
def state(engine_schema: ConfigSchema) -> FormState:
    return FormState(engine_schema)


def test_that_a_form_begins_with_the_easy_preset(state: FormState) -> None:
    assert state.preset == "easy"
    assert state.values() == resolve_config(state.schema, {}, "easy")
    assert state.changed_values() == {}
    assert state.is_valid


def test_that_only_what_differs_from_the_preset_counts_as_changed(state: FormState) -> None:
    state.set("epochs", 7)
    state.set("batch_size", 32)
    assert state.changed_values() == {"epochs": 7}
    state.set("epochs", 10)
    assert state.changed_values() == {}


def test_that_a_number_given_as_text_becomes_a_number(state: FormState) -> None:
    state.set("optimizer.lr", "5e-2")
    assert state.values()["optimizer.lr"] == 0.05


def test_that_a_value_given_back_to_its_default_follows_later_defaults(state: FormState) -> None:
    state.set("optimizer.lr", 0.5)
    state.set("optimizer.lr", 0.001)
    state.set("optimizer.type", "sgd")
    assert state.values()["optimizer.lr"] == 0.01


def test_that_a_change_survives_a_detour_over_a_choice_that_has_the_same_default(state: FormState) -> None:
    state.set("optimizer.lr", 0.01)
    state.set("optimizer.type", "sgd")
    assert not state.is_changed("optimizer.lr")
    state.set("optimizer.type", "adam")
    assert state.changed_values() == {"optimizer.lr": 0.01}


def test_that_hidden_settings_are_left_out_and_come_back_as_they_were(state: FormState) -> None:
    state.set("optimizer.beta1", 0.5)
    state.set("optimizer.type", "sgd")
    assert "optimizer.beta1" not in state.values()
    assert state.changed_values() == {"optimizer.type": "sgd"}
    state.set("optimizer.type", "adam")
    assert state.values()["optimizer.beta1"] == 0.5


def test_that_groups_count_their_changes_and_their_problems(state: FormState) -> None:
    state.set("epochs", 0)
    state.set("batch_size", 16)
    state.set("optimizer.lr", 50)
    counts = state.counts()
    assert (counts["Basic"].changed, counts["Basic"].to_fix) == (2, 1)
    assert (counts["Optimizer"].changed, counts["Optimizer"].to_fix) == (1, 1)
    assert (counts["Scheduler"].changed, counts["Scheduler"].to_fix) == (0, 0)


def test_that_the_groups_stand_in_the_planned_order_with_the_plugins_own_last() -> None:
    names = [
        "mine",
        "validation",
        "speed",
        "preprocessing",
        "augmentation",
        "scheduler",
        "optimizer",
        "training",
    ]
    schema = ConfigSchema(fields=[ConfigField(name=f"x_{name}", type="bool", group=name) for name in names])
    assert [group.title for group in FormState(schema).groups] == [
        "Basic",
        "Optimizer",
        "Scheduler",
        "Augmentation",
        "Preprocessing",
        "Validation",
        "Speed",
        "Mine",
    ]


def test_that_the_usual_settings_without_a_group_are_basic() -> None:
    state = FormState(ConfigSchema(fields=[ConfigField(name="widgets", type="int"), EPOCHS]))
    assert [group.title for group in state.groups] == ["Basic", "General"]


BAD_INPUT = [
    ("count", 10, "Must be at most 9 things."),
    ("count", 0, "Must be at least 1 things."),
    ("count", "1.5", "Takes a whole number, not 1.5."),
    ("count", "many", "Takes a whole number, not 'many'."),
    ("count", "", "Needs a value."),
    ("count", None, "Needs a value."),
    ("count", True, "Takes a whole number, not True."),
    ("rate", 0, "Must be above 0."),
    ("rate", "1e-", "Takes a number, not '1e-'."),
    ("rate", "0,5", "Takes a number, not '0,5'."),
    ("rate", float("nan"), "Takes a number, not nan."),
    ("rate", "inf", "Takes a number, not inf."),
    ("share", 1, "Must be below 1."),
    ("workers", "automatic", "Takes a whole number or auto, not 'automatic'."),
    ("low", 6, "May not be above Upper end (5)."),
    ("mean", "0.5, 0.5", "Takes 3 numbers, not 2."),
    ("mean", "0.5, 0.5, 7", "Must be at most 1."),
    ("on", "perhaps", "Takes true or false, not 'perhaps'."),
    ("kind", "e", "Cannot be 'e' (it takes: a, b, <b>c</b> & d)."),
    ("layers", ["l1", "l9"], "Cannot be 'l9' (it takes: l1, l2, l3)."),
    ("layers", {"l1": 1}, "Takes a list of its options, not {'l1': 1}."),
]


@pytest.mark.parametrize(("name", "value", "sentence"), BAD_INPUT)
def test_that_a_bad_value_stays_and_its_problem_is_said_without_the_settings_name(
    name: str, value: object, sentence: str
) -> None:
    state = FormState(exotic_schema())
    state.set("title", "x")
    state.set(name, value)
    assert state.problems() == {name: sentence}
    assert not state.is_valid
    shown = state.value(name)
    assert shown == value or shown != shown or str(shown) == str(value)


def test_that_a_required_setting_without_a_value_is_a_problem_from_the_beginning() -> None:
    assert FormState(exotic_schema()).problems() == {"title": "Needs a value."}


def test_that_a_problem_ends_with_its_correction(state: FormState) -> None:
    state.set("epochs", 0)
    state.set("epochs", 5)
    assert state.is_valid


def test_that_a_preset_replaces_changes_and_one_undo_brings_them_back(state: FormState) -> None:
    state.set("epochs", 77)
    state.set("seed", 3)
    assert state.apply_preset("medium") == 2
    assert state.preset == "medium"
    assert state.changed_values() == {}
    assert state.values()["epochs"] == 30
    state.undo()
    assert state.preset == "easy"
    assert state.changed_values() == {"epochs": 77, "seed": 3}
    state.undo()
    assert state.preset == "medium"


def test_that_a_preset_that_names_an_unknown_setting_is_told_for_the_whole_form() -> None:
    state = FormState(ConfigSchema(fields=[EPOCHS], presets={"easy": {"epoch": 3}}))
    assert state.unplaced_problems() == ["There is no setting 'epoch'; did you mean 'epochs'?"]
    assert state.values() == {"epochs": 10}


def test_that_resetting_one_setting_leaves_the_others(state: FormState) -> None:
    state.set("epochs", 7)
    state.set("seed", 3)
    state.reset("epochs")
    assert state.changed_values() == {"seed": 3}
    state.reset_all()
    assert state.changed_values() == {}
    state.undo()
    assert state.changed_values() == {"seed": 3}


def test_that_the_settings_of_another_run_become_changes_over_its_preset(state: FormState) -> None:
    config = resolve_config(state.schema, {"epochs": 4, "optimizer.type": "sgd"}, "medium")
    assert state.load("medium", {**config, "gone_since": 1}) == ["gone_since"]
    assert state.values() == config
    assert state.changed_values() == {"epochs": 4, "optimizer.type": "sgd"}


def test_that_a_preset_that_is_gone_counts_as_none(state: FormState) -> None:
    state.load("expert", {"epochs": 4})
    assert state.preset is None
    assert state.changed_values() == {"epochs": 4}


def test_that_every_change_is_told_once_and_no_change_not_at_all(qtbot: QtBot, state: FormState) -> None:
    told: list[int] = []
    state.changed.connect(lambda: told.append(1))
    state.set("epochs", 7)
    state.set("epochs", 7)
    state.set("epochs", "7")
    assert len(told) == 1


def test_that_an_unknown_setting_is_a_bug_of_the_caller(state: FormState) -> None:
    with pytest.raises(KeyError):
        state.set("epoch", 3)
    with pytest.raises(KeyError):
        state.apply_preset("expert")


def test_that_problems_of_others_are_shown_until_their_setting_changes(state: FormState) -> None:
    state.set_extra_problems({"epochs": "epochs must be odd.", "": "The plugin cannot be described."})
    assert state.problems()["epochs"] == "Must be odd."
    assert state.unplaced_problems() == ["The plugin cannot be described."]
    assert not state.is_valid
    state.set("epochs", 9)
    assert "epochs" not in state.problems()


def test_that_the_recommended_batch_size_is_the_default() -> None:
    about = ModelMetadata(name="m", task_type="classification", recommended_batch_size=48)
    assert FormState(ConfigSchema(fields=[BATCH]), about).values() == {"batch_size": 48}


def test_that_a_recommended_batch_size_changes_nothing_where_there_is_no_such_field() -> None:
    about = ModelMetadata(name="m", task_type="classification", recommended_batch_size=48)
    assert FormState(ConfigSchema(fields=[EPOCHS]), about).values() == {"epochs": 10}


def test_that_supported_image_sizes_bound_the_field_and_warn_in_between() -> None:
    state = FormState(ConfigSchema(fields=[SIDE]), SIZES)
    assert state.values() == {"image_size": 224}
    state.set("image_size", 500)
    assert state.problems() == {"image_size": "Must be at most 384."}
    state.set("image_size", 300)
    assert state.is_valid
    assert state.warnings() == {"image_size": "This model is made for 224, 256 or 384 px."}


@pytest.mark.parametrize(
    ("gpu_gb", "words"),
    [(None, None), (8.0, None), (6.0, "the GPU has 6.0 GB"), (0.0, "there is no GPU:")],
)
def test_that_too_little_gpu_memory_is_said_before_the_start(gpu_gb: float | None, words: str | None) -> None:
    about = ModelMetadata(name="m", task_type="classification", min_gpu_memory_gb=8.0)
    notices = FormState(ConfigSchema(fields=[EPOCHS]), about, gpu_memory_gb=gpu_gb).notices()
    assert notices == [] if words is None else words in notices[0] and "8 GB" in notices[0]


@pytest.mark.parametrize("text", ["learning", "optimizer.lr", "LR", "peak", "size step", "Optimizer rate"])
def test_that_a_search_looks_at_label_name_help_and_group(state: FormState, text: str) -> None:
    assert field_matches(state.fields["optimizer.lr"], text)


def test_that_a_search_needs_every_word(state: FormState) -> None:
    assert not field_matches(state.fields["optimizer.lr"], "learning cow")
