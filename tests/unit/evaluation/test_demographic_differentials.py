from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from ml.lab.evaluation.protocols.photos import ProtocolError
from ml.lab.fairness.demographic_differentials import group_rate, groups_in


def test_the_share_of_pairs_that_pass_equals_a_slow_count() -> None:
    vectors = np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    slowly = np.mean([float(a @ b) >= 0.4 for a, b in combinations(vectors, 2)])
    measured = group_rate("anybody", vectors, 0.4)
    assert measured.far == pytest.approx(slowly)
    assert measured.low < measured.far < measured.high
    assert measured.photos == 20


def test_where_nobody_or_everybody_passes_there_is_no_doubt() -> None:
    same = np.repeat([[1.0, 0.0]], 30, axis=0)
    everybody = group_rate("one face", same, 0.9)
    assert (everybody.far, everybody.low, everybody.high) == pytest.approx((1, 1, 1))
    nobody = group_rate("strangers", np.eye(30), 0.9)
    assert (nobody.far, nobody.low, nobody.high) == (0, 0, 0)


def test_file_names_hold_the_group_and_others_are_left_out(tmp_path: Path) -> None:
    for name in (
        "30_0_1_2017.jpg",
        "8_1_2_2017.jpg",
        "70_1_0_2017.jpg",
        "15_0_0_2017.jpg",
        "x.jpg",
    ):
        (tmp_path / name).touch()
    groups = groups_in(tmp_path)
    assert {group: [path.name for path in paths] for group, paths in groups.items()} == {
        "Black men, 20 to 59": ["30_0_1_2017.jpg"],
        "children, 3 to 12": ["8_1_2_2017.jpg"],
        "65 and older": ["70_1_0_2017.jpg"],
    }


def test_a_folder_of_other_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="AGE_GENDER_ORIGIN"):
        groups_in(tmp_path)
