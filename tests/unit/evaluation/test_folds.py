from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.lab.evaluation.protocols.folder_pairs import folder_pairs
from ml.lab.evaluation.protocols.folds import NO_FOLD, folds_of_pairs
from ml.lab.evaluation.protocols.photos import Photos, ProtocolError


def photos_of(*counts: int) -> Photos:
    person = np.repeat(np.arange(len(counts)), counts)
    paths = tuple(Path(f"{one}/{row}.jpg") for row, one in enumerate(person))
    return Photos(paths, person, tuple(map(str, range(len(counts)))))


def people_of_folds(a: np.ndarray, b: np.ndarray, fold: np.ndarray) -> list[set[int]]:
    return [set(a[fold == one]) | set(b[fold == one]) for one in np.unique(fold) if one != NO_FOLD]


@given(arrays(np.int64, (40, 2), elements=st.integers(0, 30)))
def test_no_person_is_in_two_folds(pairs):
    _, numbered = np.unique(pairs, return_inverse=True)
    a, b = numbered.reshape(pairs.shape).T
    if max(a.max(), b.max()) < 3:
        return
    people = people_of_folds(a, b, folds_of_pairs(a, b))
    assert sum(map(len, people)) == len(set().union(*people))


def test_people_who_are_paired_stay_together_where_that_leaves_ten_folds():
    a = np.arange(0, 40, 2)
    fold = folds_of_pairs(np.concatenate([a, a]), np.concatenate([a, a + 1]))
    assert NO_FOLD not in fold
    assert len(np.unique(fold)) == 10


def test_pairs_across_folds_are_in_none_where_everybody_is_linked():
    a, b = np.triu_indices(20)
    fold = folds_of_pairs(a, b)
    assert (fold != NO_FOLD).sum() == 20 + 10
    assert set(np.bincount(fold[fold != NO_FOLD])) == {3}


def test_a_folder_gives_all_genuine_pairs_and_as_many_impostors_inside_its_folds():
    photos = photos_of(*[4] * 30)
    pairs = folder_pairs(photos)
    assert pairs.same.sum() == 30 * 6
    assert (~pairs.same).sum() == 30 * 6
    person = photos.person
    people = people_of_folds(person[pairs.a], person[pairs.b], pairs.fold)
    assert [len(some) for some in people] == [3] * 10
    assert len(set(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True))) == len(pairs.a)


def test_the_same_folder_gives_the_same_pairs():
    a, b = folder_pairs(photos_of(*[3] * 8)), folder_pairs(photos_of(*[3] * 8))
    np.testing.assert_array_equal(a.b, b.b)


@pytest.mark.parametrize(
    ("counts", "complaint"), [((3, 3, 3), "too few people: 3"), ((1,) * 6, "two photos")]
)
def test_a_folder_that_cannot_be_paired_is_refused_with_the_reason(counts, complaint):
    with pytest.raises(ProtocolError, match=complaint):
        folder_pairs(photos_of(*counts))
