from __future__ import annotations

import numpy as np

from ml.faces.detector.boxes import regressed, squared, suppress

BOXES = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30], [2, 2, 6, 6]], float)
SCORES = np.array([0.7, 0.9, 0.8, 0.6])


def test_the_worse_of_two_overlapping_boxes_goes() -> None:
    assert suppress(BOXES, SCORES, 0.5, "union").tolist() == [1, 2, 3]


def test_overlap_with_the_smaller_box_drops_what_lies_inside() -> None:
    assert suppress(BOXES, SCORES, 0.5, "min").tolist() == [1, 2]


def test_boxes_apart_all_stay_best_first() -> None:
    assert suppress(BOXES[[0, 2]], SCORES[[0, 2]], 0.0, "union").tolist() == [1, 0]


def test_no_boxes_stay_no_boxes() -> None:
    assert suppress(np.empty((0, 4)), np.empty(0), 0.5, "union").size == 0


def test_squares_keep_the_middle_and_the_longer_side() -> None:
    np.testing.assert_allclose(squared(np.array([[10.0, 10, 20, 40]])), [[0, 10, 30, 40]])


def test_regression_moves_by_shares_of_the_sides() -> None:
    moved = regressed(np.array([[0.0, 0, 9, 19]]), np.array([[0.1, 0.1, -0.1, 0.5]]))
    np.testing.assert_allclose(moved, [[1, 2, 8, 29]])
