"""FRR at FAR 1e-3 by number of anchors and matching rule.

People with at least six photos are enrolled with some of them, drawn several times; all other
photos are probes. Photos without a face cannot be anchors; as probes they are rejected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ml.arrays import Integers
from ml.error_rates import Trials
from ml.lab.evaluation.embed import Embedded
from ml.lab.evaluation.measures.anchors import DRAWS, LEAST_PHOTOS, drawn_trials
from ml.lab.evaluation.measures.impostors import REFUSED
from ml.lab.evaluation.measures.resampling import Estimate, PairTrials, PersonTrials, accuracy
from ml.matching import match_rules
from ml.normalisation import Normalised

ANCHOR_COUNTS = (1, 2, 3, 5)
FAR = 1e-3
# The threshold at that FAR, in every resample, is among the most similar impostor trials.
KEPT_SHARE = 20 * FAR


@dataclass(frozen=True)
class AnchorsResult:
    """FRR at FAR 1e-3 of one rule and number of anchors, and the threshold."""

    rule: str
    anchors: int
    threshold: float
    frr: Estimate


def measure_anchors(
    embedded: Embedded, *, mirrored: bool, rules: Sequence[str] = match_rules
) -> list[AnchorsResult]:
    """Measure every number of anchors with every rule; nothing if nobody has six photos.

    With one anchor all rules are equal, so it is measured once.
    """
    if enrollable(embedded) < 2:
        return []
    wanted = [(anchors, rule) for anchors in ANCHOR_COUNTS for rule in rules]
    wanted = [(anchors, rule) for anchors, rule in wanted if anchors > 1 or rule == rules[0]]
    view = embedded.view(mirrored)
    return [
        _measured(embedded, view, anchors, rule)
        for anchors, rule in tqdm(wanted, "several anchors", unit="rule", leave=False)
    ]


def enrollable(embedded: Embedded) -> int:
    """Return the number of people with LEAST_PHOTOS usable photos or more."""
    photos = np.bincount(embedded.photos.person[embedded.usable])
    return int((photos >= LEAST_PHOTOS).sum())


def _measured(embedded: Embedded, view: Normalised, anchors: int, rule: str) -> AnchorsResult:
    person, usable = embedded.photos.person, embedded.usable
    draws = drawn_trials(view[usable], person[usable], anchors, rule)
    enrolled = np.unique(draws[0].anchor)
    trials = _joined([*draws, *[_refused(person[~usable], enrolled)] * DRAWS])
    genuine, impostor = split_trials(trials, len(embedded.photos.names))
    point = accuracy(genuine, impostor, [FAR], len(embedded.photos.names)).points[0]
    return AnchorsResult(rule, anchors, point.threshold, point.tar.complement())


def split_trials(trials: Trials, people: int) -> tuple[PersonTrials, PairTrials]:
    """Split the trials of a draw, in which everybody tries every enrolled identity, by kind.

    Args:
        trials: trials; each photo is compared with everybody enrolled.
        people: number of people.
    """
    genuine = trials.genuine
    enrolled = np.isin(np.arange(people), trials.anchor)
    tries = np.bincount(trials.probe[~genuine], minlength=people)
    sides = np.stack([enrolled, tries / np.maximum(enrolled.sum() - enrolled, 1)])
    similarity = trials.similarity[~genuine]
    anchor, probe = trials.anchor[~genuine], trials.probe[~genuine]
    kept = np.argsort(-similarity, kind="stable")[: max(int(KEPT_SHARE * len(similarity)), 1000)]
    return (
        PersonTrials.of(trials.similarity[genuine], trials.probe[genuine]),
        PairTrials(similarity[kept], anchor[kept], probe[kept], sides),
    )


def _refused(probes: np.ndarray, enrolled: Integers) -> Trials:
    """Return the trials of photos without a face against everybody enrolled."""
    return Trials(
        np.full(len(probes) * len(enrolled), REFUSED, np.float32),
        np.tile(probes, len(enrolled)),
        np.repeat(enrolled, len(probes)),
    )


def _joined(parts: list[Trials]) -> Trials:
    return Trials(
        np.concatenate([part.similarity for part in parts]),
        np.concatenate([part.probe for part in parts]),
        np.concatenate([part.anchor for part in parts]),
    )
