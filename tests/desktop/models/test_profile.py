"""A profile is read once its run has ended; what is missing is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.models.profile import facts, part_words, read_profile, step_time
from engine.errors import UserError
from engine.protocol.profile import PROFILE_NAME, Profile, ProfileRow
from engine.protocol.run_folder import write_record

PROFILE = Profile(
    device="cuda:0",
    steps=20,
    seconds=4.0,
    images_per_s=160,
    precision="bf16",
    batch_size=32,
    rows=(
        ProfileRow(name="backward", seconds=3.0, share=0.75, remedy="Use a smaller model."),
        ProfileRow(name="data", seconds=1.0, share=0.25),
    ),
)


def test_that_what_was_written_is_read(tmp_path: Path) -> None:
    write_record(tmp_path / PROFILE_NAME, PROFILE)
    assert read_profile(tmp_path) == PROFILE


@pytest.mark.parametrize("content", [None, b"{", b'{"device": 3}'])
def test_that_a_missing_or_damaged_profile_is_told(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / PROFILE_NAME).write_bytes(content)
    with pytest.raises(UserError) as refused:
        read_profile(tmp_path)
    assert refused.value.code == "profile_unreadable"


def test_that_times_are_those_of_one_step() -> None:
    assert facts(PROFILE) == "GPU 0 · bf16 · batch size 32 · 20 steps of 200 ms · 160 images/s"
    assert step_time(PROFILE, 3.0) == "150 ms"
    assert [part_words(row) for row in PROFILE.rows] == ["Backward", "Waiting for images"]
