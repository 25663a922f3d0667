"""Matching rules: fuse the similarities of a person's anchors into one similarity.

A probe is compared with every anchor of a person. The rule, by its name in settings and files:
    best      maximum over the anchors
    mean      mean over the anchors
    top       mean of the three most similar anchors
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ml.arrays import Integers, Similarities

TOP_ANCHORS = 3
DEFAULT_RULE = "best"


@dataclass(frozen=True)
class Anchors:
    """Owners of the rows of a matrix of anchors.

    Attributes:
        starts: int (p,), ascending, first row of each person; starts[0] is 0.
        rows: number of rows.
    """

    starts: Integers
    rows: int

    @property
    def counts(self) -> Integers:
        """Number of anchors of each person, int (p,)."""
        return np.diff(np.append(self.starts, self.rows))


# A rule takes similarities (n,) or (n, probes) and returns (p,) or (p, probes).
Rule = Callable[[Similarities, Anchors], Similarities]


def _max(similarities: Similarities, anchors: Anchors) -> Similarities:
    return np.maximum.reduceat(similarities, anchors.starts, axis=0)


def _mean(similarities: Similarities, anchors: Anchors) -> Similarities:
    sums: Similarities = np.add.reduceat(similarities, anchors.starts, axis=0)
    return np.asarray((sums.T / anchors.counts).T, np.float32)


def _top_mean(similarities: Similarities, anchors: Anchors) -> Similarities:
    groups = np.split(similarities, anchors.starts[1:])
    means = [np.sort(group, axis=0)[-TOP_ANCHORS:].mean(axis=0) for group in groups]
    return np.array(means, np.float32)


_RULES: dict[str, Rule] = {
    "best": _max,
    "mean": _mean,
    "top": _top_mean,
}

match_rules = tuple(_RULES)


class UnknownRule(ValueError):
    """The matching rule does not exist; the text lists the rules that do."""


def person_similarities(
    similarities: Similarities, anchors: Anchors, rule: str = DEFAULT_RULE
) -> Similarities:
    """Fuse the similarities of anchors into one a person.

    Args:
        similarities: float32 (n,) for one probe, or (n, probes); row i belongs to anchor i.
        anchors: owners of the rows.
        rule: one of `match_rules`.

    Returns:
        float32 (p,) or (p, probes), in the order of `anchors`.

    Raises:
        UnknownRule: if the rule does not exist.

    >>> anchors = Anchors(np.array([0, 2]), 3)  # 2 anchors, then 1
    >>> similarities = np.array([0.75, 0.25, 0.5])
    >>> person_similarities(similarities, anchors).tolist()
    [0.75, 0.5]
    >>> person_similarities(similarities, anchors, rule="mean").tolist()
    [0.5, 0.5]
    """
    if rule not in _RULES:
        raise UnknownRule(f"unknown matching rule {rule!r}; known are {', '.join(match_rules)}")
    if not len(anchors.starts):
        return np.empty((0, *similarities.shape[1:]), np.float32)
    return _RULES[rule](np.asarray(similarities, np.float32), anchors).astype(np.float32)
