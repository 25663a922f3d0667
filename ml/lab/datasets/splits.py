"""Splits into training, validation and test, disjoint by person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.arrays import Integers
from ml.lab.datasets.errors import DatasetError

# Genuine and impostor pairs need two people with two pictures.
FEWEST_PEOPLE = 2


@dataclass(frozen=True, eq=False)
class Splits:
    """Rows of three sets that share no person, int (n,) each; `test` may be empty."""

    train: Integers
    validation: Integers
    test: Integers


def split_people(
    labels: Integers, *, validation_share: float, test_share: float, seed: int
) -> Splits:
    """Assign people, with all their rows, to training, validation and test at random.

    Args:
        labels: int (n,), the person of each row.
        validation_share: share of the people, 0 to 1; at least two people.
        test_share: share of the people; 0 for no test set.
        seed: seed of the assignment.

    Raises:
        DatasetError: if a set would have fewer than two people.
    """
    people = np.random.default_rng(seed).permutation(np.unique(labels))
    validation = max(round(validation_share * len(people)), FEWEST_PEOPLE)
    test = max(round(test_share * len(people)), FEWEST_PEOPLE) if test_share else 0
    if len(people) - validation - test < FEWEST_PEOPLE:
        raise DatasetError(
            f"{len(people)} people are too few for training, validation"
            f"{' and test' if test else ''}: each set needs {FEWEST_PEOPLE} or more"
        )
    return Splits(
        train=_rows_of(labels, people[validation + test :]),
        validation=_rows_of(labels, people[:validation]),
        test=_rows_of(labels, people[validation : validation + test]),
    )


def _rows_of(labels: Integers, people: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.isin(labels, people))
