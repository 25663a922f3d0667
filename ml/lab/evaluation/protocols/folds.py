"""Ten folds of pairs, disjoint by person."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

FOLDS = 10
# Fold of pairs that join people of two folds; the accuracy by folds ignores them.
NO_FOLD = -1
# A fold needs two people for an impostor pair, and a threshold needs another fold.
FEWEST_PEOPLE = 4


def fold_count(people: int) -> int:
    """Return ten, or fewer so that each fold has two people."""
    return min(FOLDS, people // 2)


def deal_people(group: np.ndarray, folds: int) -> np.ndarray:
    """Assign people to folds of nearly equal size.

    Args:
        group: int (people,); people of one group go to one fold.
        folds: number of folds.

    Returns:
        int (people,), the fold of each person.
    """
    groups, sizes = np.unique(group, return_counts=True)
    filled = np.zeros(folds, np.int64)
    fold_of = {}
    for index in np.argsort(-sizes, kind="stable"):
        emptiest = int(filled.argmin())
        fold_of[groups[index]] = emptiest
        filled[emptiest] += sizes[index]
    return np.array([fold_of[one] for one in group])


def folds_of_pairs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Assign pairs to folds that are disjoint by person.

    People linked by impostor pairs go to one fold, so that no pair is lost. If the linked people
    exceed a fold, they are assigned one by one, and pairs that join two folds have none.

    Args:
        a, b: int (n,), the people of each pair, numbered from 0 without gaps.

    Returns:
        int (n,), from 0 on, or `NO_FOLD`.
    """
    people = int(max(a.max(), b.max())) + 1
    folds = fold_count(people)
    links = coo_matrix((np.ones(len(a)), (a, b)), shape=(people, people))
    _, group = connected_components(links, directed=False)
    too_large = np.bincount(group)[group] > people / folds
    group = np.where(too_large, people + np.arange(people), group)
    fold = deal_people(group, folds)
    return np.where(fold[a] == fold[b], fold[a], NO_FOLD)
