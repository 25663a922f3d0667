"""Matching rules: from the similarities of a person's anchors to one similarity for the person.

A probe is compared with every anchor of a person; the rule says how these numbers become one.
The rules:
    best      the most similar anchor
    mean      the mean over all anchors
    top       the mean of the most similar three
    share     "at least half of the anchors lie above the threshold", written as the similarity of
              the anchor on which that hangs, so that it is compared with a threshold like any other
    template  the cosine with the person's averaged anchor, which is the mean similarity divided by
              the length of the mean of the anchors' embeddings
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

TOP_ANCHORS = 3
AGREEING_SHARE = 0.5
DEFAULT_RULE = "best"


@dataclass(frozen=True)
class Anchors:
    """How the rows of a matrix of anchors belong to people.

    Attributes:
        starts: int (p,), ascending, where each person's rows begin; starts[0] is 0.
        rows: how many rows there are.
        template_lengths: float32 (p,), the length of the mean of each person's embeddings, 0 to 1.
    """

    starts: np.ndarray
    rows: int
    template_lengths: np.ndarray

    @classmethod
    def of(cls, embeddings: np.ndarray, starts: np.ndarray) -> Anchors:
        """Describe anchors: embeddings (n, d) of unit length, and where each person begins."""
        if not len(starts):
            return cls(starts, 0, np.empty(0, np.float32))
        counts = np.diff(np.append(starts, len(embeddings)))
        means = np.add.reduceat(embeddings, starts, axis=0) / counts[:, None]
        return cls(starts, len(embeddings), np.linalg.norm(means, axis=1).astype(np.float32))

    @property
    def counts(self) -> np.ndarray:
        """How many anchors each person has, int (p,)."""
        return np.diff(np.append(self.starts, self.rows))


# A rule takes similarities (n,) or (n, probes) and the anchors, and returns (p,) or (p, probes).
Rule = Callable[[np.ndarray, Anchors], np.ndarray]


def _best(similarities: np.ndarray, anchors: Anchors) -> np.ndarray:
    return np.maximum.reduceat(similarities, anchors.starts, axis=0)


def _mean(similarities: np.ndarray, anchors: Anchors) -> np.ndarray:
    sums = np.add.reduceat(similarities, anchors.starts, axis=0)
    return (sums.T / anchors.counts.astype(np.float32)).T


def _top(similarities: np.ndarray, anchors: Anchors) -> np.ndarray:
    groups = np.split(similarities, anchors.starts[1:])
    return np.array([np.sort(group, axis=0)[-TOP_ANCHORS:].mean(axis=0) for group in groups])


def _share(similarities: np.ndarray, anchors: Anchors) -> np.ndarray:
    groups = np.split(similarities, anchors.starts[1:])
    agreeing = [int(np.ceil(AGREEING_SHARE * len(group))) for group in groups]
    return np.array([np.sort(group, axis=0)[-n] for group, n in zip(groups, agreeing, strict=True)])


def _template(similarities: np.ndarray, anchors: Anchors) -> np.ndarray:
    return (_mean(similarities, anchors).T / anchors.template_lengths).T


_RULES: dict[str, Rule] = {
    "best": _best,
    "mean": _mean,
    "top": _top,
    "share": _share,
    "template": _template,
}

match_rules = tuple(_RULES)


class UnknownRule(ValueError):
    """No matching rule of that name; the text lists those there are."""


def person_similarities(
    similarities: np.ndarray, anchors: Anchors, rule: str = DEFAULT_RULE
) -> np.ndarray:
    """Reduce anchors' similarities to one a person.

    Args:
        similarities: float32 (n,) for one probe, or (n, probes), against the n anchors' rows.
        anchors: which rows belong to whom.
        rule: one of `match_rules`.

    Returns:
        float32 (p,) or (p, probes), one similarity a person, in their order.

    Raises:
        UnknownRule: if `rule` is not known.
    """
    if rule not in _RULES:
        raise UnknownRule(f"unknown matching rule {rule!r}; known are {', '.join(match_rules)}")
    if not len(anchors.starts):
        return np.empty((0, *similarities.shape[1:]), np.float32)
    return _RULES[rule](np.asarray(similarities, np.float32), anchors).astype(np.float32)
