"""Who is trained on, who is validated on, who is tested on: disjoint by person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.datasets.chips import Chips
from ml.datasets.errors import DatasetError

# Genuine and impostor pairs both need two people with two pictures.
FEWEST_PEOPLE = 2


@dataclass(frozen=True, eq=False)
class Splits:
    """Three sets without a person in common; `test` may be empty."""

    train: Chips
    validation: Chips
    test: Chips


def split_people(chips: Chips, *, validation_share: float, test_share: float, seed: int) -> Splits:
    """Deal people, with all their chips, to training, validation and test.

    Args:
        chips: of known people.
        validation_share: of the people, 0 to 1; at least two people.
        test_share: likewise; 0 for none.
        seed: decides who goes where.

    Raises:
        DatasetError: if a set that is asked for would have fewer than two people.
    """
    order = np.random.default_rng(seed).permutation(len(chips.people))
    validation = max(round(validation_share * len(order)), FEWEST_PEOPLE)
    test = max(round(test_share * len(order)), FEWEST_PEOPLE) if test_share else 0
    if len(order) - validation - test < FEWEST_PEOPLE:
        raise DatasetError(
            f"{len(order)} people are too few for training, validation"
            f"{' and test' if test else ''}: each set needs {FEWEST_PEOPLE} or more"
        )
    return Splits(
        train=_of(chips, order[validation + test :]),
        validation=_of(chips, order[:validation]),
        test=_of(chips, order[validation : validation + test]),
    )


def _of(chips: Chips, people: np.ndarray) -> Chips:
    return chips.only(np.flatnonzero(np.isin(chips.labels, people)))
