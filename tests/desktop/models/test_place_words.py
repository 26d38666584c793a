"""How machines, contact and transfers are said."""

from __future__ import annotations

import pytest

from desktop.models.place_words import (
    ago_words,
    device_of,
    gpu_names,
    is_under_way,
    last_seen_words,
    machine_label,
    place_label,
    place_of,
    short_gpu,
    transfer_numbers,
    transfer_title,
)
from engine.protocol.events import Contact, Transfer
from engine.protocol.hosts import GpuFacts, HostFacts


@pytest.mark.parametrize(
    ("resource", "place", "device"),
    [
        ("ssh:box/cuda:0", "ssh:box", "cuda:0"),
        ("ssh:box", "ssh:box", ""),
        ("cuda:0,cuda:1", "local", "cuda:0,cuda:1"),
        ("cpu", "local", "cpu"),
        (None, "local", ""),
    ],
)
def test_that_a_device_of_the_queue_says_its_machine(resource: str | None, place: str, device: str) -> None:
    assert (place_of(resource), device_of(resource)) == (place, device)


def test_that_a_machine_is_read_with_its_gpus() -> None:
    card = GpuFacts(index=0, name="NVIDIA GeForce RTX 4090")
    assert machine_label("ssh:box", HostFacts(gpus=(card,))) == "box · RTX 4090"
    assert machine_label("ssh:box", HostFacts(gpus=(card, card))) == "box · 2 × RTX 4090"
    assert machine_label("ssh:box", None) == "box"
    assert place_label("local") == place_label("inline") == "This machine"


def test_that_the_maker_is_left_out_of_a_gpus_name() -> None:
    assert short_gpu("NVIDIA H100 80GB HBM3") == "H100 80GB HBM3"
    assert short_gpu("Tesla T4") == "T4"
    assert short_gpu("NVIDIA") == "NVIDIA"
    assert gpu_names(["Tesla T4", "NVIDIA A10", "Tesla T4"]) == "2 × T4, A10"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "just now"), (12.7, "12 s ago"), (180, "3 min ago"), (7300, "2 h ago"), (200_000, "2 d ago")],
)
def test_that_the_last_sight_is_said_in_seconds_then_in_larger_units(seconds: float, words: str) -> None:
    assert ago_words(seconds) == words


def test_that_a_machine_never_seen_has_no_time() -> None:
    gone = Contact(host="box", reachable=False, last_seen=100.0)
    assert last_seen_words(gone, 112.0) == "last seen 12 s ago"
    assert last_seen_words(Contact(host="box", reachable=False, last_seen=0.0), 112.0) == "not seen yet"


def test_that_a_transfer_says_what_how_much_how_fast_and_how_long_still() -> None:
    sent = Transfer(
        host="box",
        direction="there",
        what="data",
        done_bytes=1_200_000_000,
        total_bytes=3_400_000_000,
        bytes_per_s=45e6,
        eta_s=48.9,
    )
    assert transfer_title(sent) == "Sending the dataset to box"
    assert transfer_numbers(sent) == "1.2 GB of 3.4 GB  ·  45.0 MB/s  ·  49 s left"
    assert is_under_way(sent)
    home = Transfer(host="ssh:box", direction="home", what="checkpoint", done_bytes=5, total_bytes=5)
    assert transfer_title(home) == "Bringing a checkpoint home from box"
    assert transfer_numbers(home) == "5 B of 5 B"
    assert not is_under_way(home)
