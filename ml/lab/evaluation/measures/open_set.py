"""How often a gallery takes a stranger for somebody (FPIR), by its size: for calibrating 1:N.

Galleries are drawn several times among the people with several photos and, where those do not
suffice, filled with strangers of whom one photo is known. Whoever is not enrolled searches with
every photo. FPIR is the share of these searches that return somebody (ISO/IEC 19795-1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.error_rates import confidence_limits, resampled_people, threshold_at_far
from ml.lab.evaluation.measures.anchors import DRAWS, SEED
from ml.matching import Anchors, person_similarities

GALLERY_SIZES = (10, 30, 90, 300, 900)
FPIRS = (0.1, 0.03, 0.01, 0.003)
# Fewer people who search leave nothing to say about one in three hundred.
FEWEST_SEARCHING = 20
ROUNDS = 300


@dataclass(frozen=True)
class StrangerSearches:
    """Searches by people who are not enrolled, over all draws.

    Attributes:
        top: float32 (n,), similarity of the best candidate.
        person: int (n,), who searched.
    """

    top: np.ndarray
    person: np.ndarray

    def threshold(self, fpir: float) -> float:
        """The lowest similarity at which no larger share than `fpir` of searches finds somebody."""
        return threshold_at_far(self.top, fpir)

    def interval(self, threshold: float) -> tuple[float, float]:
        """95 % interval of FPIR at a threshold, by bootstrap over the people who search."""
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
    embeddings: np.ndarray,
    person: np.ndarray,
    identified: int,
    *,
    size: int,
    anchors: int,
    rule: str,
) -> StrangerSearches | None:
    """Let everybody who is not enrolled search galleries of `size` people.

    Args:
        embeddings: float32 (n, d), of usable photos.
        person: int (n,), who is in them; from `identified` on, people with one photo each.
        identified: how many people may have several photos.
        size: people enrolled.
        anchors: photos enrolled of each.
        rule: the matching rule.

    Returns:
        The searches, or None where there are too few people, or too few with so many photos.
    """
    generator = np.random.default_rng(SEED)
    photos = np.bincount(person)
    able = np.flatnonzero(photos[:identified] >= anchors)
    filling = np.arange(identified, len(photos)) if anchors == 1 else np.empty(0, np.int64)
    filling = filling[photos[filling] > 0]
    present = np.flatnonzero(photos)
    if size > len(able) + len(filling) or len(present) - size < FEWEST_SEARCHING:
        return None
    tops, searching = [], []
    for _ in range(DRAWS):
        enrolled = np.concatenate([generator.permutation(able), generator.permutation(filling)])
        enrolled = enrolled[:size]
        rows = np.concatenate(
            [generator.permutation(np.flatnonzero(person == one))[:anchors] for one in enrolled]
        )
        gallery = embeddings[rows]
        layout = Anchors.of(gallery, np.arange(size) * anchors)
        probes = np.flatnonzero(~np.isin(person, enrolled))
        similarity = person_similarities(gallery @ embeddings[probes].T, layout, rule)
        tops.append(similarity.max(axis=0))
        searching.append(person[probes])
    return StrangerSearches(np.concatenate(tops), np.concatenate(searching))
