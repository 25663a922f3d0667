"""Batches depend on seed and step alone, and have the promised composition."""

from __future__ import annotations

import numpy as np
import pytest

from ml.lab.datasets.errors import DatasetError
from ml.lab.training.batches.samplers import PairSampler, PeopleSampler, Sampler, ShuffledSampler

LABELS = np.array([0] * 5 + [1] * 2 + [2] * 7 + [4] * 3 + [5])


def samplers(seed: int) -> list[Sampler]:
    return [
        PeopleSampler(LABELS, 3, 2, seed),
        PairSampler(LABELS, 4, seed),
        ShuffledSampler(len(LABELS), 4, seed),
    ]


@pytest.mark.parametrize("kind", range(3))
def test_a_batch_depends_on_seed_and_step_alone(kind: int) -> None:
    sampler = samplers(seed=1)[kind]
    forwards = [sampler.rows(step).tolist() for step in range(6)]
    backwards = [samplers(seed=1)[kind].rows(step).tolist() for step in reversed(range(6))]
    assert forwards == backwards[::-1]
    assert len({tuple(rows) for rows in forwards}) > 1
    assert forwards != [samplers(seed=2)[kind].rows(step).tolist() for step in range(6)]


def test_a_batch_has_the_requested_people_and_pictures() -> None:
    sampler = PeopleSampler(LABELS, 4, 2, seed=0)
    for step in range(50):
        people = LABELS[sampler.rows(step)].reshape(4, 2)
        assert (people[:, 0] == people[:, 1]).all()
        assert len(np.unique(people)) == 4


def test_pictures_repeat_only_where_a_person_has_too_few() -> None:
    sampler = PeopleSampler(LABELS, 5, 3, seed=0)
    for step in range(50):
        rows = sampler.rows(step)
        for person, count in zip(*np.unique(LABELS, return_counts=True), strict=True):
            of_person = rows[LABELS[rows] == person]
            assert count < 3 or len(np.unique(of_person)) == 3


def test_every_person_is_drawn_sooner_or_later() -> None:
    sampler = PeopleSampler(LABELS, 2, 2, seed=0)
    seen = np.concatenate([LABELS[sampler.rows(step)] for step in range(100)])
    assert set(seen) == {0, 1, 2, 4, 5}


def test_half_of_the_pairs_are_genuine() -> None:
    sampler = PairSampler(LABELS, 6, seed=0)
    for step in range(50):
        pairs = sampler.rows(step).reshape(6, 2)
        assert (pairs[:, 0] != pairs[:, 1]).all()
        assert (LABELS[pairs[:, 0]] == LABELS[pairs[:, 1]]).tolist() == [True] * 3 + [False] * 3


def test_a_round_of_shuffled_batches_repeats_nothing() -> None:
    sampler = ShuffledSampler(20, 5, seed=0)
    rounds = [np.concatenate([sampler.rows(4 * n + step) for step in range(4)]) for n in range(2)]
    for rows in rounds:
        assert sorted(rows) == list(range(20))
    assert rounds[0].tolist() != rounds[1].tolist()


def test_more_people_than_there_are_is_an_error() -> None:
    with pytest.raises(DatasetError, match="a batch of 6 people, but only 5 are there"):
        PeopleSampler(LABELS, 6, 2, seed=0)


def test_more_pictures_than_there_are_is_an_error() -> None:
    with pytest.raises(DatasetError, match="a batch of 9 pictures, but only 8 are there"):
        ShuffledSampler(8, 9, seed=0)


def test_pairs_of_people_with_one_picture_each_are_an_error() -> None:
    with pytest.raises(DatasetError, match="two people, one of them with two pictures"):
        PairSampler(np.arange(4), 2, seed=0)
