"""Ten folds of pairs in which no person stands twice."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

FOLDS = 10
# The fold of pairs that join people of two folds; they take no part in the accuracy by folds.
NO_FOLD = -1
# A fold needs two people for an impostor pair, and a threshold needs another fold.
FEWEST_PEOPLE = 4


def fold_count(people: int) -> int:
    """Ten folds, or fewer so that each has two people."""
    return min(FOLDS, people // 2)


def deal_people(group: np.ndarray, folds: int) -> np.ndarray:
    """Deal people to folds of nearly equal size.

    Args:
        group: int (people,); who stands in one group goes to one fold.
        folds: how many.

    Returns:
        int (people,), the fold of each.
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
    """Fold of each pair, such that no person stands in two folds.

    People linked by impostor pairs go to one fold together, so that no pair is lost. Where so many
    are linked that they exceed a fold, they are dealt one by one, and pairs that then join people
    of two folds are in none.

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
