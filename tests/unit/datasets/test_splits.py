"""No person is in two of training, validation and test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.lab.datasets.errors import DatasetError
from ml.lab.datasets.splits import split_people


@st.composite
def labels_of_many(draw: st.DrawFn) -> np.ndarray:
    """Return the labels of 20 to 31 people with one to four rows each, in any order."""
    rows = draw(st.lists(st.integers(1, 4), min_size=20, max_size=31))
    generator = np.random.default_rng(draw(st.integers(0, 1000)))
    return generator.permutation(np.repeat(np.arange(len(rows)), rows))


shares = st.floats(0.01, 0.4)


@given(labels_of_many(), shares, shares)
def test_splits_share_no_person_and_lose_no_row(
    labels: np.ndarray, validation: float, test: float
) -> None:
    splits = split_people(labels, validation_share=validation, test_share=test, seed=3)
    parts = [splits.train, splits.validation, splits.test]
    people = [set(labels[part]) for part in parts]
    assert not people[0] & people[1]
    assert not people[0] & people[2]
    assert not people[1] & people[2]
    assert all(len(part) >= 2 for part in people)
    assert sorted(np.concatenate(parts)) == list(range(len(labels)))


def test_the_seed_decides_each_persons_split() -> None:
    labels = np.repeat(np.arange(40), 3)

    def validation(seed: int) -> list[int]:
        splits = split_people(labels, validation_share=0.25, test_share=0, seed=seed)
        return splits.validation.tolist()

    assert validation(1) == validation(1)
    assert validation(1) != validation(2)


def test_without_a_share_nobody_is_tested() -> None:
    splits = split_people(np.arange(20), validation_share=0.1, test_share=0, seed=0)
    assert len(splits.test) == 0


def test_too_few_people_are_explained() -> None:
    with pytest.raises(DatasetError, match="5 people are too few for training, validation and te"):
        split_people(np.arange(5), validation_share=0.2, test_share=0.2, seed=0)
