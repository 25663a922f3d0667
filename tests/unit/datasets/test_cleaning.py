"""People and pictures near held-out ones are removed from training, and reported."""

from __future__ import annotations

import numpy as np
import pytest

from ml.lab.datasets.cleaning import ReferenceEmbeddings, without_overlap
from ml.lab.datasets.splits import Splits
from ml.lab.training.config import DataConfig

pytestmark = pytest.mark.slow

PEOPLE = ("a", "b", "c", "d", "e", "f")
DIRECTIONS = np.eye(len(PEOPLE), dtype=np.float32)


def judged(changes: dict[int, np.ndarray]) -> ReferenceEmbeddings:
    """Return six people with three pictures each, templates at right angles except for changes."""
    labels = np.repeat(np.arange(len(PEOPLE)), 3)
    noise = np.random.default_rng(0).normal(0, 0.1, (len(labels), len(PEOPLE)))
    embeddings = DIRECTIONS[labels] + noise
    for row, value in changes.items():
        embeddings[row] = value
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return ReferenceEmbeddings(labels, PEOPLE, (embeddings / lengths).astype(np.float32))


SPLITS = Splits(train=np.arange(9), validation=np.arange(9, 15), test=np.arange(15, 18))
DATA = DataConfig(folder="people", near_person=0.9, near_copy=0.999, stray=0.3)


def test_people_apart_stay_where_they_are() -> None:
    splits, report = without_overlap(judged({}), SPLITS, DATA)
    assert splits.train.tolist() == SPLITS.train.tolist()
    assert splits.validation.tolist() == SPLITS.validation.tolist()
    assert report["training_near_held_out"] == {"people": [], "copies": 0}


def test_a_training_person_near_a_held_out_one_is_removed_and_reported() -> None:
    of_d = {row: DIRECTIONS[3] + 0.05 * DIRECTIONS[row % 3] for row in (3, 4, 5)}
    splits, report = without_overlap(judged(of_d), SPLITS, DATA)
    assert splits.train.tolist() == [0, 1, 2, 6, 7, 8]
    assert splits.validation.tolist() == SPLITS.validation.tolist()
    (near,) = report["training_near_held_out"]["people"]
    assert (near["person"], near["near"]) == ("b", "d")


def test_a_validation_person_near_a_test_person_is_removed() -> None:
    of_f = dict.fromkeys((12, 13, 14), DIRECTIONS[5])
    splits, report = without_overlap(judged(of_f), SPLITS, DATA)
    assert splits.validation.tolist() == [9, 10, 11]
    assert [one["person"] for one in report["validation_near_test"]["people"]] == ["e"]


def test_a_copy_of_a_held_out_picture_is_removed_alone() -> None:
    plain = judged({})
    splits, report = without_overlap(judged({4: plain.embeddings[10]}), SPLITS, DATA)
    assert 4 not in splits.train
    assert len(splits.train) == 8
    assert report["training_near_held_out"]["copies"] == 1


def test_a_mislabelled_training_picture_is_left_out_but_not_a_held_out_one() -> None:
    wrong = {1: DIRECTIONS[2], 10: DIRECTIONS[4]}
    splits, report = without_overlap(judged(wrong), SPLITS, DATA)
    assert splits.train.tolist() == [0, 2, 3, 4, 5, 6, 7, 8]
    assert splits.validation.tolist() == SPLITS.validation.tolist()
    assert report["strays"] == 1
