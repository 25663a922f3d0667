"""FPIR by size of the gallery, for the calibration of identification (ISO/IEC 19795-1).

Galleries are drawn several times among the people with several photos, then filled with strangers
of one photo. Everybody who is not enrolled searches with every photo. FPIR is the share of these
searches that return anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.arrays import Integers, Similarities
from ml.error_rates import confidence_limits, resampled_people, threshold_at_far
from ml.lab.evaluation.measures.anchors import DRAWS, SEED
from ml.matching import Anchors, person_similarities
from ml.normalisation import Normalised

GALLERY_SIZES = (10, 30, 90, 300, 900)
FPIRS = (0.1, 0.03, 0.01, 0.003)
# Fewer people cannot support an FPIR of 0.003.
FEWEST_SEARCHING = 20
ROUNDS = 300


@dataclass(frozen=True)
class StrangerSearches:
    """Searches by strangers, over all draws.

    Attributes:
        top: float32 (n,), similarity of the best candidate.
        person: int (n,), the stranger who searched.
    """

    top: Similarities
    person: Integers

    def threshold(self, fpir: float) -> float:
        """Return the lowest similarity with an FPIR of at most `fpir`."""
        return threshold_at_far(self.top, fpir)

    def interval(self, threshold: float) -> tuple[float, float]:
        """Return the 95 % interval of FPIR at a threshold, by bootstrap over the strangers."""
        people, number = np.unique(self.person, return_inverse=True)
        searches = np.bincount(number).astype(np.float64)
        found = np.bincount(number, weights=self.top >= threshold)
        shares = [
            float(times @ found) / max(float(times @ searches), 1)
            for times in resampled_people([np.arange(len(people))], ROUNDS, SEED)
        ]
        low, high = confidence_limits(np.array(shares))
        return float(low), float(high)


def search_as_strangers(
    embeddings: Normalised,
    person: Integers,
    identified: int,
    *,
    size: int,
    anchors: int,
    rule: str,
) -> StrangerSearches | None:
    """Search galleries of `size` people with the photos of everybody who is not enrolled.

    Args:
        embeddings: n rows, of usable photos.
        person: int (n,), the person in each; numbers from `identified` on have one photo each.
        identified: number of people who may have several photos.
        size: number of people enrolled.
        anchors: number of anchors a person.
        rule: the matching rule.

    Returns:
        The searches, or None if too few people have enough photos.
    """
    generator = np.random.default_rng(SEED)
    photos = np.bincount(person)
    candidates = np.flatnonzero(photos[:identified] >= anchors)
    distractors = np.arange(identified, len(photos)) if anchors == 1 else np.empty(0, np.int64)
    distractors = distractors[photos[distractors] > 0]
    present = np.flatnonzero(photos)
    if size > len(candidates) + len(distractors) or len(present) - size < FEWEST_SEARCHING:
        return None
    tops, searching = [], []
    for _ in range(DRAWS):
        enrolled = np.concatenate(
            [generator.permutation(candidates), generator.permutation(distractors)]
        )
        enrolled = enrolled[:size]
        rows = np.concatenate(
            [generator.permutation(np.flatnonzero(person == one))[:anchors] for one in enrolled]
        )
        gallery = embeddings[rows]
        layout = Anchors(np.arange(size) * anchors, len(gallery))
        probes = np.flatnonzero(~np.isin(person, enrolled))
        found = gallery.similarities(embeddings[probes])
        similarity = person_similarities(found, layout, rule)
        tops.append(similarity.max(axis=0))
        searching.append(person[probes])
    return StrangerSearches(np.concatenate(tops), np.concatenate(searching))
