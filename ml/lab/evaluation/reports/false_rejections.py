"""Photos that a model rejects despite several anchors, for inspection.

People are enrolled many times with different anchors. A photo that is rejected in most draws is
hard, or shows another person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.arrays import Integers
from ml.lab.evaluation.embed import Embedded
from ml.lab.evaluation.measures.anchors import LEAST_PHOTOS, SEED, draw_gallery
from ml.matching import DEFAULT_RULE
from ml.normalisation import Normalised

DRAWS = 20
ANCHORS = 5


@dataclass(frozen=True)
class FalseRejection:
    """A photo that was rejected.

    Attributes:
        photo: row of the photo.
        refused: share of its trials that were rejected.
        weight: share of all rejections that are of this photo.
        nearest: row of the most similar other photo of its person.
        similarity: similarity to that photo.
    """

    photo: int
    refused: float
    weight: float
    nearest: int
    similarity: float


def false_rejections(
    embedded: Embedded, threshold: float, *, mirrored: bool
) -> list[FalseRejection]:
    """Return the photos rejected with five anchors at a threshold, by descending share.

    Args:
        embedded: photos of all people; photos without a face are not counted here.
        threshold: similarity from which a probe is accepted.
        mirrored: whether the model serves flip augmentation.
    """
    rows = np.flatnonzero(embedded.usable)
    view, person = embedded.view(mirrored)[rows], embedded.photos.person[rows]
    tries, refusals = _tried(view, person, threshold)
    order = np.argsort(-refusals / np.maximum(tries, 1), kind="stable")
    found = []
    for row in order[refusals[order] > 0]:
        nearest = _nearest(row, view, person)
        found.append(
            FalseRejection(
                photo=int(rows[row]),
                refused=float(refusals[row] / tries[row]),
                weight=float(refusals[row] / refusals.sum()),
                nearest=int(rows[nearest]),
                similarity=float(view[[row]].paired(view[[nearest]])[0]),
            )
        )
    return found


def _tried(view: Normalised, person: Integers, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of genuine trials and of rejections of each photo, int (n,) each."""
    generator = np.random.default_rng(SEED)
    tries, refusals = np.zeros(len(person), int), np.zeros(len(person), int)
    for _ in range(DRAWS):
        gallery = draw_gallery(
            view, person, ANCHORS, least_photos=LEAST_PHOTOS, generator=generator
        )
        similarities = gallery.similarities(view, DEFAULT_RULE)
        for place, one in enumerate(gallery.people):
            probes = np.setdiff1d(np.flatnonzero(person == one), gallery.rows)
            tries[probes] += 1
            refusals[probes] += similarities[place, probes] < threshold
    return tries, refusals


def _nearest(row: int, view: Normalised, person: Integers) -> int:
    others = np.flatnonzero(person == person[row])
    others = others[others != row]
    return int(others[np.argmax(view[others].similarities(view[[row]]))])
