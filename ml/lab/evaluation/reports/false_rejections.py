"""Which photos a model refuses though several anchors speak for them, for somebody to look at.

People are enrolled anew many times; a photo that is refused in most draws is hard in itself, or is
of somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.lab.evaluation.embed import Embedded
from ml.lab.evaluation.measures.anchors import LEAST_PHOTOS, SEED, draw_gallery
from ml.matching import DEFAULT_RULE

DRAWS = 20
ANCHORS = 5


@dataclass(frozen=True)
class Missed:
    """A photo that was refused.

    Attributes:
        photo: row of the set.
        refused: share of its tries.
        weight: its part of all refusals, of this and the other photos.
        nearest: row of its person's most similar other photo.
        similarity: to that photo.
    """

    photo: int
    refused: float
    weight: float
    nearest: int
    similarity: float


def missed_photos(embedded: Embedded, threshold: float, *, mirrored: bool) -> list[Missed]:
    """Photos that five anchors refuse at a threshold, the most often refused first.

    Args:
        embedded: everybody's photos; those without a face are counted elsewhere, not here.
        threshold: cosine from which on a probe is accepted.
        mirrored: which view is served.
    """
    rows = np.flatnonzero(embedded.usable)
    view, person = embedded.view(mirrored)[rows], embedded.photos.person[rows]
    tries, refusals = _tried(view, person, threshold)
    order = np.argsort(-refusals / np.maximum(tries, 1), kind="stable")
    found = []
    for row in order[refusals[order] > 0]:
        nearest = _nearest(row, view, person)
        found.append(
            Missed(
                photo=int(rows[row]),
                refused=float(refusals[row] / tries[row]),
                weight=float(refusals[row] / refusals.sum()),
                nearest=int(rows[nearest]),
                similarity=float(view[row] @ view[nearest]),
            )
        )
    return found


def _tried(view: np.ndarray, person: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """How often each photo was a probe for its own person, and how often refused, int (n,) each."""
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


def _nearest(row: int, view: np.ndarray, person: np.ndarray) -> int:
    others = np.flatnonzero(person == person[row])
    others = others[others != row]
    return int(others[np.argmax(view[others] @ view[row])])
