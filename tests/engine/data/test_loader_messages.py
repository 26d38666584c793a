"""Messages and targets come out of the pipe as they went in."""

from __future__ import annotations

import io

import numpy as np
import pytest

from engine.data.loader_messages import Drop, pack_targets, receive, send, unpack_targets
from engine.data.shared_block import SharedBlock


def test_that_messages_are_read_one_by_one_until_nobody_writes() -> None:
    pipe = io.BytesIO()
    send(pipe, Drop(3))
    send(pipe, {"large": bytes(70_000)})
    pipe.seek(0)

    assert receive(pipe) == Drop(3)
    assert receive(pipe) == {"large": bytes(70_000)}
    with pytest.raises(EOFError):
        receive(pipe)


@pytest.mark.parametrize("room", [0, 15_000, 100_000])
def test_that_targets_are_the_same_wherever_they_travel(room: int) -> None:
    rng = np.random.default_rng(0)
    masks = [rng.integers(0, 9, (100, 100)).astype(np.uint8) for _ in range(4)]
    targets = [3, None, {"boxes": rng.random((2, 4)).astype(np.float32)}, *masks]
    block = SharedBlock(room)
    view = block.bytes_at(0, room)

    packed = pack_targets(targets, view)
    found = unpack_targets(packed, view)
    view[:] = bytes(room)  # the slot is used again

    assert len(packed.places) == min(4, room // 10_000)
    assert len(packed.pickled) < 2_000 + 10_000 * (4 - len(packed.places))
    assert found[:2] == [3, None]
    assert np.array_equal(found[2]["boxes"], targets[2]["boxes"])  # type: ignore[index]  # a dict
    assert all(np.array_equal(one, other) for one, other in zip(found[3:], masks, strict=True))
