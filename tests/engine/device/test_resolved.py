"""What was measured once is used again, on the same kind of device."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.device.resolved import Resolved, read_resolved, write_resolved

CPU = torch.device("cpu")


def test_that_a_later_attempt_reads_what_the_first_one_chose(tmp_path: Path) -> None:
    chosen = Resolved(
        device_type="cpu", precision="bf16", channels_last=True, threads=3, measured_s={"fp32": 0.25}
    )
    write_resolved(tmp_path / "resolved.json", chosen)

    assert read_resolved(tmp_path / "resolved.json", CPU) == chosen
    assert chosen.torch_version == torch.__version__


def test_that_a_choice_for_another_kind_of_device_is_not_used(tmp_path: Path) -> None:
    write_resolved(tmp_path / "resolved.json", Resolved(device_type="cuda", precision="fp16"))

    assert read_resolved(tmp_path / "resolved.json", CPU) is None


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"precision": "fp7", "device_type": "cpu"}'])
def test_that_without_a_readable_choice_there_is_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "resolved.json").write_bytes(content)

    assert read_resolved(tmp_path / "resolved.json", CPU) is None
