from __future__ import annotations

import pytest

from desktop.models.host_words import (
    address_words,
    checks_summary,
    environment_words,
    facts_lines,
    gpu_lines,
    known_name,
    no_gpu_words,
    remedy,
    removed_words,
)
from engine.protocol.hosts import EnvironmentFacts, GpuFacts, HostCheck
from tests.desktop.host_stand_in import box, box_facts


def test_that_user_and_port_stand_in_an_address_only_where_they_were_given() -> None:
    assert address_words(box()) == "ada@box.local"
    assert address_words(box(user="", port=2222)) == "box.local:2222"
    assert (known_name(box()), known_name(box(port=2222))) == ("box.local", "[box.local]:2222")


def test_that_a_gpu_tells_its_memory_load_and_holder() -> None:
    gpus = (
        GpuFacts(
            index=0, name="A", memory_bytes=24 << 30, free_bytes=6 << 30, utilisation=97.4, holder="run-7"
        ),
        GpuFacts(index=1, name="B"),
        GpuFacts(index=2, name="C", memory_bytes=1 << 30, free_bytes=2 << 30),
    )
    first, second, third = gpu_lines(box_facts(gpus=gpus))

    assert (first.title, first.words) == ("GPU 0: A", "18.0 of 24.0 GB in use · 97% busy")
    assert (first.percent, first.holder) == (75.0, "run-7 runs on it")
    assert (second.words, second.percent) == ("Memory not known", None)
    assert third.percent == 0.0  # more free than there is: the driver's figures are of two moments


def test_that_only_figures_that_are_known_are_told() -> None:
    bare = box_facts(system="", cpus=0, memory_bytes=0, disk_free_bytes=0, python="", gpus=())

    assert [heading for heading, _value in facts_lines(bare)] == ["Environment"]
    assert dict(facts_lines(box_facts(upload_bytes_per_s=94e6, latency_s=0.0004)))["Speed"] == (
        "94.0 MB/s, answers in 0.4 ms"
    )
    assert no_gpu_words(box_facts(gpus=())) == "No NVIDIA GPU was found: trainings run on its 8 cores."


def test_that_an_environment_is_told_with_its_torch_and_size() -> None:
    ready = EnvironmentFacts(state="ready", torch="2.14.1", torch_build="cu126", bytes=5_800_000_000)

    assert environment_words(ready) == "Ready, torch 2.14.1 (cu126), 5.8 GB"
    assert environment_words(EnvironmentFacts(state="own")) == "Your own"
    assert environment_words(EnvironmentFacts()) == "Not prepared yet"


def test_that_checks_are_counted_by_result() -> None:
    checks = tuple(
        HostCheck(name="x", state=state, message="") for state in ("ok", "ok", "warning", "failed", "warning")
    )

    assert checks_summary(checks) == "2 fine, 2 warnings, 1 failed"
    assert checks_summary(()) == ""


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (
            "Free some space there (`lensmith hosts clean box --data`), or give a folder on another disk: "
            "lensmith hosts edit box --folder FOLDER",
            "Free some space there, or give a folder on another disk.",
        ),
        (
            "Start again: lensmith hosts prepare box. Give it more memory.",
            "Start again. Give it more memory.",
        ),
        ("Try another: lensmith hosts edit box --torch cpu; then lensmith hosts prepare box", "Try another."),
        ("Give it again with `lensmith hosts unlock box`.", "Give it again."),
        (
            "Put the key there with `ssh-copy-id`: user@host",
            "Put the key there with `ssh-copy-id`: user@host",
        ),
        ("", ""),
    ],
)
def test_that_remedies_name_no_commands_of_ours(hint: str, words: str) -> None:
    assert remedy("host_other", hint) == words


def test_that_the_window_has_remedies_of_its_own() -> None:
    assert remedy("host_passphrase_needed", "Give it.") == "Unlock the key here, or add it to your key agent."


def test_that_freed_space_is_told_also_when_it_is_none() -> None:
    assert removed_words("box", 5_000_000) == "5.0 MB came free on box"
    assert removed_words("box", 0) == "Nothing was removed on box"
