"""Pairs of a folder of people: every genuine pair, and impostor pairs for the accuracy by folds.

People are assigned to ten folds at random. A fold has all genuine pairs of its people and as many
impostor pairs between them, so that the accuracy is comparable with that of View 2.
"""

from __future__ import annotations

import numpy as np

from ml.arrays import Integers
from ml.lab.evaluation.protocols.folds import FEWEST_PEOPLE, deal_people, fold_count
from ml.lab.evaluation.protocols.photos import Pairs, Photos, ProtocolError

SEED = 20
# Two photos drawn at random may show one person, or be drawn twice.
OVERDRAWN = 4


def folder_pairs(photos: Photos) -> Pairs:
    """Pair the photos of a folder.

    Raises:
        ProtocolError: if there are too few people, or nobody has two photos.
    """
    people = len(photos.names)
    if people < FEWEST_PEOPLE:
        raise ProtocolError(
            f"too few people: {people}; folds disjoint by person need at least {FEWEST_PEOPLE}"
        )
    generator = np.random.default_rng(SEED)
    fold_of = deal_people(generator.permutation(people), fold_count(people))[photos.person]
    parts = [
        _pairs_of_fold(np.flatnonzero(fold_of == fold), photos.person, generator)
        for fold in range(fold_count(people))
    ]
    if not sum(len(genuine) for genuine, _ in parts):
        raise ProtocolError("nobody has two photos, so there is no genuine pair")
    pairs = np.concatenate([pair for part in parts for pair in part])
    a, b = pairs.T
    return Pairs(photos, a, b, photos.person[a] == photos.person[b], fold_of[a])


def _pairs_of_fold(
    rows: Integers, person: Integers, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return genuine and impostor pairs, int (n, 2) each, among the photos of a fold."""
    genuine = [
        np.column_stack([mine[left] for left in np.triu_indices(len(mine), k=1)])
        for mine in (rows[person[rows] == one] for one in np.unique(person[rows]))
    ]
    all_genuine = np.concatenate(genuine)
    drawn = np.sort(generator.choice(rows, (OVERDRAWN * len(all_genuine), 2)), axis=1)
    impostors = np.unique(drawn[person[drawn[:, 0]] != person[drawn[:, 1]]], axis=0)
    return all_genuine, generator.permutation(impostors)[: len(all_genuine)]
