"""Who finds what, against the rule written as loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.comparison.box_matching import OVERLAPS, Placed, ranks, right_at_overlaps


def overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    common = max(width, 0) * max(height, 0)
    return float(common / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - common))


def test_that_boxes_choose_as_a_loop_over_them_does() -> None:
    rng = np.random.default_rng(0)

    def placed(count: int) -> Placed:
        corner = rng.uniform(0, 25, (count, 2))
        corners = np.hstack([corner, corner + rng.uniform(15, 25, (count, 2))]).astype(np.float32)
        return Placed(rng.integers(0, 5, count), corners)

    boxes, objects = placed(60), placed(40)
    found = right_at_overlaps(boxes, objects)

    assert 5 < found[0].sum() < 40
    assert found[-1].sum() < found[0].sum()
    for row, least in enumerate(OVERLAPS):
        taken: set[int] = set()
        for box in range(60):
            best, chosen = least, -1
            for thing in range(40):
                met = overlap(boxes.corners[box].astype(float), objects.corners[thing].astype(float))
                if boxes.group[box] == objects.group[thing] and thing not in taken and met >= best:
                    best, chosen = met, thing
            taken |= {chosen} - {-1}
            assert found[row, box] == (chosen >= 0)


def test_that_nothing_is_found_where_there_is_nothing() -> None:
    none = Placed(np.zeros(0, dtype=np.int64), np.zeros((0, 4), dtype=np.float32))
    one = Placed(np.zeros(1, dtype=np.int64), np.array([[0, 0, 4, 4]], dtype=np.float32))

    assert right_at_overlaps(none, one).shape == (10, 0)
    assert not right_at_overlaps(one, none).any()
    assert right_at_overlaps(one, one).all()


def test_that_boxes_are_counted_within_their_group() -> None:
    assert ranks(np.array([7, 3, 7, 7, 3])).tolist() == [0, 0, 1, 2, 1]
    assert ranks(np.zeros(0, dtype=np.int64)).tolist() == []
