"""The confusions of a report, worked by hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from engine.reports.matrix import BACKGROUND, Confusions, matrix_html, read_confusions, worst_pairs

COUNTS = np.array([[8, 2, 0], [0, 4, 0], [5, 1, 4]])


def test_that_the_pairs_confused_most_come_first_with_their_share() -> None:
    found = worst_pairs(Confusions(COUNTS, ("a", "b", "c")))

    assert found == [("c", "a", 5, 0.5), ("a", "b", 2, 0.2), ("c", "b", 1, pytest.approx(0.1))]


def test_that_cells_are_told_in_percent_of_the_true_class() -> None:
    drawn = matrix_html(Confusions(COUNTS, ("a", "<b>", "c")))

    told = re.findall(r'<text class="cell[^>]*>([^<]*)</text>', drawn)
    assert told == ["80", "20", "", "", "100", "", "50", "10", "40"]
    assert "<title>a → &lt;b&gt;: 2</title>" in drawn


def test_that_what_is_made_up_where_nothing_is_is_told_as_a_number() -> None:
    counts = np.array([[3, 1], [7, 0]])

    drawn = matrix_html(Confusions(counts, ("a", BACKGROUND)))

    told = re.findall(r'<text class="cell[^>]*>([^<]*)</text>', drawn)
    assert told == ["75", "25", "7", ""]
    assert "made up" in drawn


def test_that_of_many_classes_the_worst_pairs_are_listed() -> None:
    counts = np.diag(np.full(40, 9))
    counts[3, 5] = 3
    names = tuple(f"class {n}" for n in range(40))

    told = matrix_html(Confusions(counts, names))

    assert "<svg" not in told
    assert "<td>class 3</td><td>class 5</td><td class=n>3</td><td class=n>25.0%</td>" in told
    assert "Nothing was confused" in matrix_html(Confusions(np.diag(np.full(40, 9)), names))


def test_that_a_matrix_that_is_missing_or_does_not_fit_is_left_out(tmp_path: Path) -> None:
    assert read_confusions(tmp_path, ("a", "b")) is None

    np.save(tmp_path / "confusion.npy", np.zeros((5, 5)))
    assert read_confusions(tmp_path, ("a", "b")) is None

    np.save(tmp_path / "confusion.npy", np.zeros((3, 3)))
    found = read_confusions(tmp_path, ("a", "b"))
    assert found is not None
    assert found.names == ("a", "b", BACKGROUND)

    (tmp_path / "confusion.npy").write_bytes(b"cut off")
    assert read_confusions(tmp_path, ("a", "b")) is None
